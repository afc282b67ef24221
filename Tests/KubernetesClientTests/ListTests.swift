// Lists whose items are decoded while they arrive: whole, in pieces, broken off, and what is no list.

import JSON
import Synchronization
import Testing

@testable import KubernetesClient

@Suite("Lists as they arrive", .timeLimit(.minutes(2)))
struct ListTests {
  private func withServer(
    _ reply: @escaping @Sendable (ScriptedServer.Request, Int) -> ScriptedServer.Reply,
    _ body: (KubernetesClient, ScriptedServer) async throws -> Void
  ) async throws {
    let server = try ScriptedServer(reply)
    let transport = Transport()
    defer {
      transport.shutdown()
      server.stop()
    }
    try await body(try server.client(transport), server)
  }

  private static let page =
    #"{"kind":"ConfigMapList","apiVersion":"v1","metadata":{"resourceVersion":"7"},"items":["#
    + #"{"metadata":{"name":"one"},"data":{"a":"}]\"é"}},{"metadata":{"name":"two"}}]}"#

  @Test("a page in pieces of one byte is the page")
  func pieces() async throws {
    let chunks = Self.page.map { String($0) }
    try await withServer { _, _ in
      .stream(chunks, staysOpen: false)
    } _: { client, _ in
      let list = try await client.list(Types.configMap)
      #expect(list.resourceVersion == "7")
      #expect(
        list.items == [
          [
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": "one"],
            "data": ["a": "}]\"é"],
          ],
          ["apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": "two"]],
        ])
      #expect(list.items[0].object?.keys == ["apiVersion", "kind", "metadata", "data"])
    }
  }

  @Test("a page that breaks off is read again from its beginning, no item twice")
  func brokenOff() async throws {
    let cut = String(Self.page.dropLast(3))
    try await withServer { _, before in
      before == 0 ? .cutShort(cut) : .json(Self.page)
    } _: { client, server in
      let list = try await client.list(Types.configMap)
      #expect(list.items.map { $0["metadata"]?["name"] } == ["one", "two"])
      #expect(server.requests.count == 2)
    }
  }

  @Test("a refusal tells its Status, and is retried as any other")
  func refusal() async throws {
    try await withServer { _, before in
      before == 0
        ? .answer(429, "slow down", [("Retry-After", "0"), ("Content-Type", "text/plain")])
        : .json(
          #"{"kind":"Status","code":403,"reason":"Forbidden","message":"no"}"#, status: 403)
    } _: { client, server in
      let error = await #expect(throws: APIError.self) {
        _ = try await client.list(Types.configMap)
      }
      #expect(error?.status == 403)
      #expect(error?.message == "no")
      #expect(server.requests.count == 2)
    }
  }

  @Test("a page of a proxy is told from a list")
  func proxy() async throws {
    let page = "<html><body>" + String(repeating: "Please log in. ", count: 100) + "</body></html>"
    try await withServer { _, _ in
      .answer(200, page, [("Content-Type", "text/html")])
    } _: { client, _ in
      let error = await #expect(throws: APIError.self) {
        _ = try await client.list(Types.configMap)
      }
      #expect(error?.reason == "NotKubernetes")
      #expect(error?.message.contains("<html><body>Please log in.") == true)
    }
  }

  @Test("broken JSON tells its place in the whole page")
  func brokenJSON() async throws {
    let page = Self.page.replacing(#""name":"two""#, with: #""name" "two""#)
    try await withServer { _, _ in
      .json(page)
    } _: { client, _ in
      let error = await #expect(throws: APIError.self) {
        _ = try await client.list(Types.configMap)
      }
      let place = try #require(throws: JSONError.self) { try JSONValue.parse(text: page) }
      #expect(error?.message == "the answer is broken JSON: \(place)")
    }
  }

  @Test("the bytes of a page are counted")
  func counted() async throws {
    let server = try ScriptedServer { _, _ in .json(Self.page) }
    let transport = Transport()
    defer {
      transport.shutdown()
      server.stop()
    }
    let received = Mutex<[Int]>([])
    let hooks = ClientHooks(onRequest: { trace in
      received.withLock { $0.append(trace.receivedBytes) }
    })
    _ = try await server.client(transport, hooks: hooks).list(Types.configMap)
    #expect(received.withLock { $0 } == [Self.page.utf8.count])
  }

  @Test("items keep what they say of themselves")
  func ownKinds() async throws {
    let page =
      #"{"kind":"List","items":[{"kind":"A","apiVersion":"a/v1"},{"kind":"B","x":1},{"x":2}]}"#
    try await withServer { _, _ in
      .json(page)
    } _: { client, _ in
      let items = try await client.list(Types.configMap).items
      #expect(
        items == [
          ["kind": "A", "apiVersion": "a/v1"], ["apiVersion": "v1", "kind": "ConfigMap", "x": 1],
          ["apiVersion": "v1", "kind": "ConfigMap", "x": 2],
        ])
    }
  }
}
