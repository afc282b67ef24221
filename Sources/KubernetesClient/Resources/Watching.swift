// Watches: a stream of changes that outlives connections, and says so when it has lost its place.

import JSON

extension KubernetesClient {
  /// Reports every change after `resourceVersion` (a list's; nil begins with all objects as added).
  /// When the connection ends the watch goes on from the last version it saw. When the server no
  /// longer has that version the stream throws an `APIError` with status 410: list again and watch
  /// from there. Errors that no second try can mend end it too. Dropping the stream ends the watch.
  public func watch(
    _ type: ResourceType, namespace: String? = nil, name: String? = nil, labels: String? = nil,
    fields: String? = nil, resourceVersion: String? = nil
  ) -> AsyncThrowingStream<WatchEvent, any Error> {
    let selectors = [name.map { "metadata.name=\($0)" }, fields].compactMap { $0 }
    let (stream, continuation) = AsyncThrowingStream<WatchEvent, any Error>.makeStream(
      bufferingPolicy: .bufferingOldest(8192))
    let task = Task {
      do {
        let path = try collectionPath(type, namespace: namespace, verb: "watch")
        var call = Call(
          verb: "watch", object: type.describe(name: name, namespace: namespace), path: path)
        call.query = [
          ("labelSelector", labels),
          ("fieldSelector", selectors.isEmpty ? nil : selectors.joined(separator: ",")),
        ]
        var run = WatchRun(client: self, call: call, resourceVersion: resourceVersion)
        try await run.run(into: continuation)
      } catch {
        continuation.finish(throwing: error)
      }
    }
    continuation.onTermination = { _ in task.cancel() }
    return stream
  }
}

/// One watch over all its connections.
private struct WatchRun {
  let client: KubernetesClient
  let call: Call
  var resourceVersion: String?

  private var failures = 0
  private var emptyCloses = 0
  private static let firstPause = Duration.milliseconds(800)
  private static let longestPause = Duration.seconds(30)
  private static let emptyCloseLimit = 3

  init(client: KubernetesClient, call: Call, resourceVersion: String?) {
    self.client = client
    self.call = call
    self.resourceVersion = resourceVersion
  }

  mutating func run(
    into continuation: AsyncThrowingStream<WatchEvent, any Error>.Continuation
  ) async throws {
    while true {
      try Task.checkCancellation()
      let opened = ContinuousClock.now
      var count = 0
      do {
        count = try await follow(into: continuation)
      } catch let error as APIError {
        guard isWorthAnotherTry(error) else { throw error }
        let hint = error.details?["retryAfterSeconds"]?.int.map { Duration.seconds($0) }
        try await pause(atLeast: hint)
        continue
      }
      failures = 0
      try noteClose(count: count, lasted: ContinuousClock.now - opened)
    }
  }

  /// Follows one connection to its end and returns how many lines came.
  private mutating func follow(
    into continuation: AsyncThrowingStream<WatchEvent, any Error>.Continuation
  ) async throws -> Int {
    // Spread, so that many watches do not come back at once.
    let seconds = Int.random(in: 300...600)
    var call = call
    call.isStream = true
    call.timeout = .seconds(seconds + 15)
    call.query += [
      ("watch", "true"), ("allowWatchBookmarks", "true"), ("timeoutSeconds", String(seconds)),
      ("resourceVersion", resourceVersion),
    ]
    let stream = try await client.open(call)
    var framer = LineFramer()
    var count = 0
    do {
      for try await chunk in stream.chunks {
        for line in framer.append(chunk) {
          count += 1
          try deliver(line, stream.head, into: continuation)
        }
      }
    } catch let error as TransportError {
      throw purpose.error(error)
    }
    if let last = WatchLine(framer.remainder) {
      count += 1
      try deliver(last, into: continuation)
    }
    return count
  }

  private var purpose: Purpose { client.purpose(call.verb, call.object) }

  private mutating func deliver(
    _ line: [UInt8], _ head: HTTPHead,
    into continuation: AsyncThrowingStream<WatchEvent, any Error>.Continuation
  ) throws {
    guard let parsed = WatchLine(line) else { throw purpose.notKubernetes(head, body: line) }
    try deliver(parsed, into: continuation)
  }

  private mutating func deliver(
    _ line: WatchLine, into continuation: AsyncThrowingStream<WatchEvent, any Error>.Continuation
  ) throws {
    switch line {
    case .failure(let status): throw purpose.error(status: status, code: 500)
    case .event(let event):
      guard !event.resourceVersion.isEmpty else {
        throw expired("an event came without a resource version")
      }
      resourceVersion = event.resourceVersion
      failures = 0
      guard event.kind != .bookmark else { return }
      if case .dropped = continuation.yield(event) {
        throw expired("events came faster than they were used")
      }
    }
  }

  /// A watch from a version that is too old may end at once, cleanly and without a word.
  private mutating func noteClose(count: Int, lasted: Duration) throws {
    guard count == 0, lasted < .seconds(2) else {
      emptyCloses = 0
      return
    }
    emptyCloses += 1
    guard emptyCloses < Self.emptyCloseLimit else {
      throw expired("the server ended the watch at once, \(emptyCloses) times")
    }
  }

  private func expired(_ message: String) -> APIError {
    APIError(
      cluster: client.cluster, verb: call.verb, object: call.object, status: 410,
      reason: "Expired", message: message)
  }

  private func isWorthAnotherTry(_ error: APIError) -> Bool {
    switch error.status {
    case 0: ["Unreachable", "Timeout", "Interrupted"].contains(error.reason)
    case 401: client.credentials.canRenew && failures < 2
    case 429: true
    case 500...: error.reason != "NotKubernetes"
    default: false
    }
  }

  private mutating func pause(atLeast least: Duration?) async throws {
    var pause = Self.firstPause
    for _ in 0..<min(failures, 6) { pause *= 2 }
    failures += 1
    pause = min(pause, Self.longestPause) * Double.random(in: 1...2)
    try await Task.sleep(for: max(pause, least ?? .zero))
  }
}
