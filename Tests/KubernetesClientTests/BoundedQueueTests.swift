// What waits for a slow reader of a watch or a log: bounded in number and in bytes, and never in vain.

import JSON
import Testing

@testable import KubernetesClient

@Suite("Bounded queues", .timeLimit(.minutes(1)))
struct BoundedQueueTests {
  private func rest<T>(_ queue: BoundedQueue<T>) async throws -> [T] {
    queue.finish()
    var elements: [T] = []
    while let element = try await queue.next() { elements.append(element) }
    return elements
  }

  @Test("bytes are bounded, whatever the number, and room comes back with reading")
  func bytes() async throws {
    let queue = BoundedQueue<Int>()
    let mebibyte = 1 << 20
    for number in 0..<32 { try queue.offer(number, bytes: mebibyte) }
    #expect(throws: QueueOverflow.self) { try queue.offer(32, bytes: 1) }
    #expect(try await queue.next() == 0)
    try queue.offer(33, bytes: mebibyte)
    #expect(throws: QueueOverflow.self) { try queue.offer(34, bytes: 1) }
    #expect(try await rest(queue) == Array(1..<32) + [33])
  }

  @Test("the number is bounded, however small the elements are")
  func number() throws {
    let queue = BoundedQueue<Int>()
    for number in 0..<8192 { try queue.offer(number, bytes: 0) }
    #expect(throws: QueueOverflow.self) { try queue.offer(0, bytes: 0) }
  }

  @Test("an element above the bound is let in alone")
  func large() async throws {
    let queue = BoundedQueue<Int>(QueueBounds(elements: 9, bytes: 10))
    try queue.offer(1, bytes: 11)
    #expect(throws: QueueOverflow.self) { try queue.offer(2, bytes: 0) }
    #expect(try await queue.next() == 1)
    try queue.offer(3, bytes: 10)
    try queue.offer(4, bytes: 0)
    #expect(try await rest(queue) == [3, 4])
  }

  @Test("what takes the place of all leaves the whole room")
  func replacing() async throws {
    let queue = BoundedQueue<Int>(QueueBounds(elements: 3, bytes: 10))
    try queue.offer(1, bytes: 5)
    try queue.offer(2, bytes: 5)
    queue.replace(with: 3)
    try queue.offer(4, bytes: 10)
    #expect(try await rest(queue) == [3, 4])
  }

  @Test("a writer that waits goes on when something is read, in order")
  func waiting() async throws {
    let queue = BoundedQueue<Int>(QueueBounds(elements: 2, bytes: 100))
    let writer = Task {
      for number in 0..<1000 { try await queue.put(number, bytes: number % 60) }
      queue.finish()
    }
    var seen: [Int] = []
    while let number = try await queue.next() { seen.append(number) }
    #expect(seen == Array(0..<1000))
    try await writer.value
  }

  @Test("a cancelled writer and a cancelled reader stop waiting")
  func cancelled() async throws {
    let full = BoundedQueue<Int>(QueueBounds(elements: 1, bytes: 1))
    try full.offer(1, bytes: 1)
    let writer = Task { try await full.put(2, bytes: 1) }
    writer.cancel()
    await #expect(throws: CancellationError.self) { try await writer.value }
    #expect(try await rest(full) == [1])

    let empty = BoundedQueue<Int>()
    let reader = Task { try await empty.next() }
    reader.cancel()
    #expect(try await reader.value == nil)
  }

  @Test("what waits comes before the error, which comes once")
  func failure() async throws {
    let queue = BoundedQueue<Int>()
    try queue.offer(1, bytes: 1)
    queue.finish(throwing: QueueOverflow())
    #expect(try await queue.next() == 1)
    await #expect(throws: QueueOverflow.self) { try await queue.next() }
    #expect(try await queue.next() == nil)
  }

  @Test("a stream's task ends when the stream is dropped, and when its reader is cancelled")
  func ends() async throws {
    for isCancelled in [false, true] {
      let (ended, end) = AsyncStream<Void>.makeStream()
      let reader = Task {
        let stream = AsyncThrowingStream<Int, any Error>.made { queue in
          defer { end.finish() }
          try queue.offer(1, bytes: 1)
          try await Task.sleep(for: .seconds(600))
        }
        for try await _ in stream where !isCancelled { break }
      }
      if isCancelled { reader.cancel() }
      for await _ in ended {}
      try await reader.value
    }
  }
}

@Suite("Slow readers of watches", .timeLimit(.minutes(1)))
struct SlowReaderTests {
  private static let type = ResourceType(
    group: "", version: "v1", kind: "ConfigMap", plural: "configmaps", isNamespaced: true)

  private static func map(_ version: Int, bytes: Int = 0) -> String {
    let data = String(repeating: "x", count: bytes)
    return #"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","#
      + #""resourceVersion":"\#(version)"},"data":{"k":"\#(data)"}}"#
  }

  private static func events(_ versions: ClosedRange<Int>, bytes: Int) -> [String] {
    versions.map { #"{"type":"MODIFIED","object":\#(map($0, bytes: bytes))}"# + "\n" }
  }

  private func wait(until isTrue: () -> Bool) async throws {
    while !isTrue() { try await Task.sleep(for: .milliseconds(5)) }
  }

  private static let bounds = QueueBounds(elements: 8192, bytes: 100_000)

  @Test("a watch whose reader is slow keeps what fits by its bytes, then has lost its place")
  func watch() async throws {
    let server = try ScriptedServer { _, _ in
      .stream(Self.events(1...50, bytes: 9_800), staysOpen: true)
    }
    defer { server.stop() }
    let transport = Transport()
    defer { transport.shutdown() }
    let client = try server.client(transport)
    let stream = QueueBounds.$current.withValue(Self.bounds) {
      client.watch(Self.type, namespace: "n")
    }
    // The watch gives its connection up before anything has been read.
    try await wait { !server.requests.isEmpty && server.openConnections == 0 }
    var seen: [String] = []
    let error = await #expect(throws: APIError.self) {
      for try await event in stream { seen.append(event.resourceVersion) }
    }
    #expect(error?.status == 410)
    #expect(error?.message == "events came faster than they were used")
    #expect(seen == (1...10).map(String.init))
  }

  @Test("an observation whose reader is slow begins anew, in the place of what was not read")
  func observation() async throws {
    let server = try ScriptedServer { request, _ in
      let isWatch = request.query["watch"] != nil
      let isNew = request.query["resourceVersion"] != "1"
      if request.query["sendInitialEvents"] != nil {
        return .json(
          #"{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Invalid","code":422}"#,
          status: 422)
      }
      if isWatch {
        return isNew ? .silence : .stream(Self.events(2...51, bytes: 9_800), staysOpen: true)
      }
      // The second list is asked for from the version that the watch was at.
      let version = request.query["resourceVersion"] == nil ? 1 : 99
      return .json(
        #"{"kind":"ConfigMapList","apiVersion":"v1","metadata":{"resourceVersion":"\#(version)"},"#
          + #""items":[\#(Self.map(version, bytes: 200_000))]}"#)
    }
    defer { server.stop() }
    let transport = Transport()
    defer { transport.shutdown() }
    let client = try server.client(transport)
    let stream = QueueBounds.$current.withValue(Self.bounds) {
      Pause.$scale.withValue(0.01) { client.observe(Self.type, namespace: "n") }
    }
    try await wait {
      server.requests.contains {
        $0.query["watch"] != nil && $0.query["resourceVersion"] == "99"
      }
    }
    var iterator = stream.makeAsyncIterator()
    guard case .synced(let items) = try await iterator.next() else {
      Issue.record("the first element is not the newest state")
      return
    }
    #expect(items.map { $0[path: "metadata", "resourceVersion"] } == ["99"])
  }
}
