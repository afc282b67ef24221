// Watches: a stream of changes that outlives connections, and says so when it has lost its place.

import JSON

extension KubernetesClient {
  /// Reports every change after `resourceVersion` (a list's; nil begins with all objects as added).
  /// When the connection ends the watch goes on from the last version it saw, bookmarks included.
  /// When the server no longer has that version the stream throws an `APIError` with status 410:
  /// list again and watch from there, or use `observe`, which does. Errors that no second try can
  /// mend end it too. Dropping the stream ends the watch. Up to 8,192 events and 32 MiB of their text
  /// may wait for the reader; a reader that lets more come up has lost its place, too.
  public func watch(
    _ type: ResourceType, namespace: String? = nil, name: String? = nil, labels: String? = nil,
    fields: String? = nil, form: ObjectForm = .whole, resourceVersion: String? = nil
  ) -> AsyncThrowingStream<WatchEvent, any Error> {
    let subject = WatchSubject(
      type: type, namespace: namespace, name: name, labels: labels, fields: fields, form: form)
    return .made { queue in
      var run = WatchRun(
        client: self, call: try self.call(subject), resourceVersion: resourceVersion)
      try await run.run { message in
        guard case .event(let event, let bytes) = message, event.kind != .bookmark else { return }
        try queue.offer(event, bytes: bytes)
      }
    }
  }

  func call(_ subject: WatchSubject) throws -> Call {
    let type = subject.type
    let path = try collectionPath(type, namespace: subject.namespace, verb: "watch")
    var call = Call(
      verb: "watch", object: type.describe(name: subject.name, namespace: subject.namespace),
      path: path)
    call.query = [("labelSelector", subject.labels), ("fieldSelector", subject.fieldSelector)]
    call.accept = subject.form.accept(kind: "PartialObjectMetadata")
    return call
  }
}

/// What a watch or an observation is about.
struct WatchSubject: Sendable {
  let type: ResourceType
  let namespace: String?
  let name: String?
  let labels: String?
  let fields: String?
  let form: ObjectForm

  /// One object is watched as a selection of its collection, which every server can do.
  var fieldSelector: String? {
    let selectors = [name.map { "metadata.name=\($0)" }, fields].compactMap { $0 }
    return selectors.isEmpty ? nil : selectors.joined(separator: ",")
  }
}

/// What a watch hands on.
enum WatchMessage: Sendable {
  /// A connection that begins with all objects as they are has been opened: what came before it is
  /// void.
  case beginning
  /// An event, with the bytes of its text.
  case event(WatchEvent, bytes: Int)
}

/// One watch over all its connections.
struct WatchRun {
  /// Seconds that the server is asked to keep a watch open. Below five minutes, as many a middlebox
  /// cuts connections then (kubernetes#6513), and spread, so that many watches do not come back at
  /// once.
  static let seconds = 270...295
  /// Seconds after which the client itself ends a watch that the server has not ended.
  static let grace = 15

  let client: KubernetesClient
  let call: Call
  var resourceVersion: String?
  /// True while the server is asked to begin with all objects and to mark their end. Never again
  /// once they are there: a resumed watch must not get them twice (kube-rs#1882).
  var wantsInitialEvents = false

  /// True when a server that cannot be reached for the first connection is an error.
  var failsWhenUnreachable = false
  /// True when the server has not said that the version is too old, only behaved like it.
  private(set) var doubtsVersion = false

  private var rules = WatchRules()
  /// When the headers of the present connection came.
  private var opened: ContinuousClock.Instant?

  init(client: KubernetesClient, call: Call, resourceVersion: String?) {
    self.client = client
    self.call = call
    self.resourceVersion = resourceVersion
  }

  /// Follows connection after connection until the place is lost or the watch is refused.
  mutating func run(_ emit: (WatchMessage) throws -> Void) async throws {
    while true {
      try Task.checkCancellation()
      opened = nil
      let step: WatchStep
      var failure: APIError?
      do {
        let messages = try await follow(emit)
        step = rules.closed(
          after: lasted, messages: messages, random: .random(in: 0...1))
      } catch let error as APIError {
        failure = error
        step = rules.failed(
          error, after: lasted,
          canRenewCredentials: client.credentials.canRenew, random: .random(in: 0...1))
      } catch is QueueOverflow {
        throw lostPlace("events came faster than they were used")
      }
      switch step {
      case .again(let pause):
        if failsWhenUnreachable, let failure, failure.isUnreachable { throw failure }
        if pause > .zero { try await Pause.sleep(for: pause) }
      case .relist(let reason):
        doubtsVersion = failure == nil
        throw failure ?? lostPlace(reason)
      case .fail: throw failure ?? lostPlace("")
      }
    }
  }

  private var lasted: Duration { opened.map { ContinuousClock.now - $0 } ?? .zero }

  private var request: Call {
    let seconds = Int.random(in: Self.seconds)
    var call = call
    call.isStream = true
    call.timeout = .seconds(seconds + Self.grace)
    call.query += [
      ("watch", "true"), ("allowWatchBookmarks", "true"), ("timeoutSeconds", String(seconds)),
    ]
    if wantsInitialEvents {
      call.query += [("sendInitialEvents", "true"), ("resourceVersionMatch", "NotOlderThan")]
    } else {
      call.query += [("resourceVersion", resourceVersion)]
    }
    return call
  }

  /// Follows one connection to its end and returns how many messages came.
  private mutating func follow(_ emit: (WatchMessage) throws -> Void) async throws -> Int {
    let stream = try await client.open(request)
    failsWhenUnreachable = false
    opened = .now
    if wantsInitialEvents { try emit(.beginning) }
    var framer = LineFramer()
    var count = 0
    do {
      for try await chunk in stream.chunks {
        for line in framer.append(chunk) {
          count += 1
          guard let message = WatchLine(line) else {
            throw purpose.notKubernetes(stream.head, body: line)
          }
          try deliver(message, bytes: line.count, emit)
        }
        guard framer.count <= LineFramer.limit else {
          throw purpose.notKubernetes(stream.head, body: framer.remainder)
        }
      }
    } catch let error as TransportError {
      throw purpose.error(error)
    }
    if let last = WatchLine(framer.remainder) {
      count += 1
      try deliver(last, bytes: framer.count, emit)
    }
    return count
  }

  private var purpose: Purpose { client.purpose(of: call) }

  private mutating func deliver(
    _ line: WatchLine, bytes: Int, _ emit: (WatchMessage) throws -> Void
  ) throws {
    switch line {
    case .failure(let status): throw purpose.error(status: status, code: 500)
    case .event(let event):
      // To skip it would be to go on from a wrong place later.
      guard !event.resourceVersion.isEmpty else {
        throw lostPlace("an event came without a resource version")
      }
      if !wantsInitialEvents || event.endsInitialEvents {
        // Before the mark the versions are those of single objects, in no order.
        resourceVersion = event.resourceVersion
        wantsInitialEvents = false
      }
      try emit(.event(event, bytes: bytes))
    }
  }

  private func lostPlace(_ message: String) -> APIError {
    APIError(
      cluster: client.cluster, verb: call.verb, object: call.object, status: 410,
      reason: "Expired", message: message)
  }
}
