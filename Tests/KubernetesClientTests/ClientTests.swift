// The client against a server on loopback whose answers are written down here.

import JSON
import Synchronization
import Testing

@testable import KubernetesClient

@Suite("Client", .timeLimit(.minutes(2)))
struct ClientTests {
  private func withServer(
    _ reply: @escaping @Sendable (ScriptedServer.Request, Int) -> ScriptedServer.Reply,
    _ body: (ScriptedServer, Transport) async throws -> Void
  ) async throws {
    let server = try ScriptedServer(reply)
    let transport = Transport()
    defer {
      transport.shutdown()
      server.stop()
    }
    try await body(server, transport)
  }

  /// A page of a list.
  private func configMaps(
    _ version: String, next: String = "", _ names: [String]?
  ) -> ScriptedServer.Reply {
    let items = names.map { names in
      JSONValue.array(names.map { ["metadata": ["name": .string($0)]] })
    }
    let page: JSONValue = [
      "kind": "ConfigMapList", "apiVersion": "v1", "items": items ?? .null,
      "metadata": ["resourceVersion": .string(version), "continue": .string(next)],
    ]
    return .json(page.text())
  }

  @Test("a POST is sent once, even when its connection dies under it")
  func postOnce() async throws {
    try await withServer { _, before in
      before == 0 ? .json("{}") : .hangUp
    } _: { server, transport in
      let client = try server.client(transport)
      // The first request leaves a connection behind, which the second uses and loses.
      _ = try await client.serverVersion()
      let error = await #expect(throws: APIError.self) {
        _ = try await client.create(
          Types.configMap, ["metadata": ["name": "x"]], namespace: "y")
      }
      #expect(error?.reason == "Interrupted")
      #expect(error?.message.contains("may have been carried out") == true)
      #expect(server.requests.filter { $0.method == "POST" }.count == 1)
      #expect(server.requests.map(\.connection) == [1, 1])
    }
  }

  @Test("a GET is sent again when its connection dies under it")
  func getAgain() async throws {
    try await withServer { _, before in
      before == 1 ? .hangUp : .json(#"{"major":"1","minor":"29+","gitVersion":"v1.29.3"}"#)
    } _: { server, transport in
      let client = try server.client(transport)
      _ = try await client.serverVersion()
      let version = try await client.serverVersion()
      #expect(version == ServerVersion(major: 1, minor: 29, gitVersion: "v1.29.3"))
      #expect(server.requests.count == 3)
    }
  }

  @Test("Retry-After is followed, for a POST too")
  func retryAfter() async throws {
    try await withServer { _, before in
      before == 0
        ? .answer(429, "wait", [("Retry-After", "0"), ("Content-Type", "text/plain")])
        : .json(#"{"kind":"ConfigMap"}"#, status: 201)
    } _: { server, transport in
      let client = try server.client(transport)
      _ = try await client.create(Types.configMap, ["metadata": ["name": "x"]], namespace: "y")
      #expect(server.requests.count == 2)
    }
  }

  @Test("a body is sent whole, with its type, and answered errors are read")
  func bodies() async throws {
    let status =
      #"{"kind":"Status","code":409,"reason":"AlreadyExists","message":"configmaps \"x\" exists"}"#
    try await withServer { _, _ in
      .json(status, status: 409)
    } _: { server, transport in
      let client = try server.client(transport)
      let big = String(repeating: "é", count: 300_000)
      let error = await #expect(throws: APIError.self) {
        _ = try await client.create(
          Types.configMap, ["metadata": ["name": "x"], "data": ["k": .string(big)]], namespace: "y")
      }
      #expect(
        error?.description
          == "c1: create configmaps \"x\" in namespace \"y\": "
          + "409 AlreadyExists: configmaps \"x\" exists"
      )
      let request = try #require(server.requests.first)
      #expect(request.headers["content-type"] == "application/json")
      #expect(request.headers["expect"] == nil)
      #expect(request.headers["user-agent"]?.hasPrefix("msh/0.1 (linux/") == true)
      let sent = try JSONValue.parse(request.body)
      #expect(sent["apiVersion"] == "v1")
      #expect(sent["data"]?["k"]?.string == big)
    }
  }

  @Test("apply sends the intent without managed fields and tells whether it created")
  func apply() async throws {
    try await withServer { request, before in
      .json(String(decoding: request.body, as: UTF8.self), status: before == 0 ? 201 : 200)
    } _: { server, transport in
      let client = try server.client(transport)
      let object: JSONValue = [
        "metadata": [
          "name": "x", "namespace": "y", "managedFields": [], "creationTimestamp": .null,
        ]
      ]
      let first = try await client.apply(Types.deployment, object, force: true, dryRun: true)
      let second = try await client.apply(Types.deployment, object)
      #expect(first.isCreated)
      #expect(!second.isCreated)
      #expect(
        second.object == [
          "metadata": ["name": "x", "namespace": "y"], "apiVersion": "apps/v1",
          "kind": "Deployment",
        ])
      let request = server.requests[0]
      #expect(request.method == "PATCH")
      #expect(request.path == "/apis/apps/v1/namespaces/y/deployments/x")
      #expect(request.headers["content-type"] == "application/apply-patch+yaml")
      #expect(
        request.query == [
          "fieldManager": "msh", "fieldValidation": "Strict", "dryRun": "All", "force": "true",
        ])
      #expect(server.requests[1].query["force"] == "false")
    }
  }

  @Test("calls that cannot be meant are refused before anything is sent")
  func refusedEarly() async throws {
    try await withServer { _, _ in
      .json("{}")
    } _: { server, transport in
      let client = try server.client(transport)
      let attempts: [@Sendable () async throws -> Void] = [
        { _ = try await client.get(Types.configMap, name: "x") },
        { _ = try await client.get(Types.configMap, name: "x", namespace: "") },
        { _ = try await client.get(Types.configMap, name: "a/b", namespace: "y") },
        { _ = try await client.get(Types.configMap, name: "..", namespace: "y") },
        { _ = try await client.get(Types.configMap, name: "x", namespace: "../y") },
        { _ = try await client.delete(Types.configMap, name: "", namespace: "y") },
        { _ = try await client.create(Types.configMap, ["metadata": ["name": "x"]]) },
        { _ = try await client.apply(Types.configMap, ["metadata": [:]], namespace: "y") },
        { _ = try await client.apply(Types.configMap, ["kind": "Secret"], namespace: "y") },
        {
          _ = try await client.apply(
            Types.configMap, ["metadata": ["name": "x", "namespace": "z"]], namespace: "y")
        },
        { _ = try await client.raw(path: "/a b") },
      ]
      for attempt in attempts {
        let error = await #expect(throws: APIError.self) { try await attempt() }
        #expect(error?.reason == "InvalidRequest")
      }
      #expect(server.requests.isEmpty)
    }
  }

  @Test("swiftkube#9: lists come in pages, complete and with the first page's version")
  func pages() async throws {
    try await withServer { request, _ in
      switch request.query["continue"] {
      case nil:
        configMaps("7", next: "a b", ["one"])
      case "a%20b":
        configMaps("8", next: "c", nil)
      default:
        configMaps("9", ["two"])
      }
    } _: { server, transport in
      let list = try await server.client(transport).list(
        Types.configMap, namespace: "y", labels: "a=b")
      #expect(list.resourceVersion == "7")
      #expect(list.items.map { $0["metadata"]?["name"]?.string } == ["one", "two"])
      #expect(list.items.allSatisfy { $0["kind"] == "ConfigMap" && $0["apiVersion"] == "v1" })
      #expect(list.items.first?.object?.keys == ["apiVersion", "kind", "metadata"])
      #expect(server.requests.allSatisfy { $0.query["labelSelector"] == "a%3Db" })
      #expect(server.requests.allSatisfy { $0.query["limit"] == "500" })
    }
  }

  @Test("kube-rs#1199: a list without items has none, in every form")
  func nullItems() async throws {
    try await withServer { request, _ in
      request.headers["accept"]?.contains("as=Table") == true
        ? .json(#"{"kind":"Table","metadata":null,"columnDefinitions":null,"rows":null}"#)
        : .json(#"{"kind":"ConfigMapList","metadata":{"resourceVersion":"7"},"items":null}"#)
    } _: { server, transport in
      let client = try server.client(transport)
      for form in [ObjectForm.whole, .metadata] {
        let list = try await client.list(Types.configMap, form: form)
        #expect(list.items.isEmpty)
        #expect(list.resourceVersion == "7")
      }
      #expect(try await client.table(Types.configMap).rows.isEmpty)
    }
  }

  @Test("pages that have expired are replaced by one whole list")
  func expiredPages() async throws {
    try await withServer { request, _ in
      if request.query["continue"] != nil {
        return .json(#"{"kind":"Status","code":410,"reason":"Expired"}"#, status: 410)
      }
      return configMaps("7", next: request.query["limit"] == nil ? "" : "c", ["one"])
    } _: { server, transport in
      let list = try await server.client(transport).list(Types.configMap)
      #expect(list.items.count == 1)
      #expect(server.requests.count == 3)
    }
  }

  @Test("a watch goes on where it stopped, and tells when it has lost its place")
  func watch() async throws {
    func event(_ type: String, _ version: Int) -> String {
      #"{"type":"\#(type)","object":{"metadata":{"name":"x","resourceVersion":"\#(version)"}}}"#
        + "\n"
    }
    let first = event("ADDED", 5)
    let cut = first.index(first.startIndex, offsetBy: 20)
    let replies: [ScriptedServer.Reply] = [
      .stream(
        [String(first[..<cut]), String(first[cut...]) + event("BOOKMARK", 6)], staysOpen: false),
      .hangUp,
      .stream([event("MODIFIED", 7)], staysOpen: false),
      .stream(
        [#"{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired"}}"# + "\n"],
        staysOpen: true),
    ]
    try await withServer { _, before in
      replies[min(before, 3)]
    } _: { server, transport in
      let client = try server.client(transport)
      var events: [WatchEvent] = []
      let error = await #expect(throws: APIError.self) {
        for try await event in client.watch(
          Types.configMap, namespace: "y", name: "x", resourceVersion: "4")
        { events.append(event) }
      }
      #expect(error?.status == 410)
      #expect(events.map(\.kind) == [.added, .modified])
      #expect(server.requests.map { $0.query["resourceVersion"] } == ["4", "6", "6", "7"])
      #expect(server.requests.allSatisfy { $0.query["fieldSelector"] == "metadata.name%3Dx" })
      #expect(server.requests.allSatisfy { $0.query["allowWatchBookmarks"] == "true" })
    }
  }

  @Test("a watch that the server ends at once three times has lost its place")
  func silentExpiry() async throws {
    try await withServer { _, _ in
      .stream([], staysOpen: false)
    } _: { server, transport in
      let client = try server.client(transport)
      let error = await #expect(throws: APIError.self) {
        for try await _ in client.watch(Types.configMap, resourceVersion: "1") {}
      }
      #expect(error?.reason == "Expired")
      // An end that a busy machine noticed late does not count as one at once.
      #expect(server.requests.count >= 3)
    }
  }

  @Test("a wait sees the change that it waits for, and deletion as nothing")
  func wait() async throws {
    let events =
      #"{"type":"MODIFIED","object":{"metadata":{"resourceVersion":"5"},"data":{"a":"1"}}}"# + "\n"
      + #"{"type":"DELETED","object":{"metadata":{"resourceVersion":"6"},"data":{"a":"1"}}}"# + "\n"
    try await withServer { request, _ in
      request.query["watch"] == nil ? configMaps("4", ["x"]) : .stream([events], staysOpen: true)
    } _: { server, transport in
      let client = try server.client(transport)
      let ready = try await client.waitFor(
        Types.configMap, name: "x", namespace: "y", timeout: .seconds(60)
      ) { $0?["data"]?["a"] == "1" }
      #expect(ready?["metadata"]?["resourceVersion"] == "5")
      let gone = try await client.waitFor(
        Types.configMap, name: "x", namespace: "y", timeout: .seconds(60)
      ) { $0 == nil }
      #expect(gone == nil)
    }
  }

  @Test("a wait that runs out of time has the object as seen last")
  func waitTimeout() async throws {
    try await withServer { request, _ in
      request.query["watch"] == nil ? configMaps("4", ["x"]) : .stream([], staysOpen: true)
    } _: { server, transport in
      let client = try server.client(transport)
      for timeout in [Duration.zero, .milliseconds(300)] {
        let error = await #expect(throws: WaitTimeout.self) {
          try await client.waitFor(
            Types.configMap, name: "x", namespace: "y", timeout: timeout
          ) { _ in false }
        }
        #expect(error?.lastObject?["kind"] == "ConfigMap")
        #expect(error?.description.contains("configmaps \"x\" in namespace \"y\"") == true)
      }
    }
  }

  @Test("a time limit and a cancelled task end a call that gets no answer")
  func noAnswer() async throws {
    try await withServer { _, _ in
      .silence
    } _: { server, transport in
      let client = try server.client(transport, requestTimeout: .milliseconds(300))
      let error = await #expect(throws: APIError.self) { try await client.serverVersion() }
      #expect(error?.reason == "Timeout")
      let patient = try server.client(transport)
      let task = Task { try await patient.serverVersion() }
      while server.requests.count < 2 { await Task.yield() }
      task.cancel()
      await #expect(throws: CancellationError.self) { try await task.value }
      let early = Task {
        withUnsafeCurrentTask { $0?.cancel() }
        return try await patient.serverVersion()
      }
      await #expect(throws: CancellationError.self) { try await early.value }
    }
  }

  @Test("a cluster that nobody serves is unreachable, at once")
  func refused() async throws {
    let server = try ScriptedServer { _, _ in .hangUp }
    let transport = Transport()
    defer { transport.shutdown() }
    let client = try server.client(transport)
    server.stop()
    // The port is free once the listening thread has noticed.
    var error: APIError?
    repeat {
      error = await #expect(throws: APIError.self) { try await client.serverVersion() }
    } while error?.message.contains("Couldn't connect") != true
    #expect(error?.isUnreachable == true)
  }

  @Test("after a shutdown calls fail instead of hanging")
  func shutdown() async throws {
    try await withServer { _, _ in
      .silence
    } _: { server, transport in
      let client = try server.client(transport)
      let task = Task { try await client.serverVersion() }
      while server.requests.isEmpty { await Task.yield() }
      transport.shutdown()
      let open = await #expect(throws: APIError.self) { try await task.value }
      #expect(open?.reason == "Unavailable")
      let later = await #expect(throws: APIError.self) { try await client.serverVersion() }
      #expect(later?.reason == "Unavailable")
    }
  }

  @Test("hooks get warnings and requests, credentials never")
  func hooks() async throws {
    let seen = Mutex<[String]>([])
    let hooks = ClientHooks(
      onWarning: { text in seen.withLock { $0.append(text) } },
      onRequest: { trace in
        seen.withLock { $0.append("\(trace.method) \(trace.path) \(trace.status)") }
      })
    try await withServer { _, _ in
      .answer(200, "{}", [("Content-Type", "application/json"), ("Warning", #"299 - "old""#)])
    } _: { server, transport in
      let settings = try server.settings(credential: .token(Secret("s3cr3t")))
      let client = KubernetesClient(
        cluster: "c1", settings: settings, transport: transport, hooks: hooks)
      _ = try await client.raw(path: "/x?a=1", query: [("b", "2")])
      #expect(seen.withLock { $0 } == ["GET /x?a=1&b=2 200", "old"])
      // The connection is not encrypted.
      #expect(server.requests[0].headers["authorization"] == nil)
      #expect(server.requests[0].target == "/x?a=1&b=2")
    }
  }

  @Test("discovery is fetched once for all who ask, and once more for a name that is missing")
  func discovery() async throws {
    try await withServer { request, _ in
      switch request.path {
      case "/api": .json(#"{"kind":"APIVersions","versions":["v1"]}"#)
      case "/apis":
        .json(
          #"{"groups":[{"name":"apps","versions":[{"version":"v1"}]},"#
            + #"{"name":"down","versions":[{"version":"v1"}]}]}"#)
      case "/api/v1":
        .json(
          #"{"resources":[{"name":"pods","kind":"Pod","namespaced":true,"shortNames":["po"]}]}"#)
      case "/apis/apps/v1":
        .json(#"{"resources":[{"name":"deployments","kind":"Deployment","namespaced":true}]}"#)
      default: .answer(503, "", [("Retry-After", "3600")])
      }
    } _: { server, transport in
      let client = try server.client(transport)
      try await withThrowingTaskGroup(of: ResourceType.self) { tasks in
        for _ in 0..<20 { tasks.addTask { try await client.resourceType(named: "po") } }
        for try await type in tasks { #expect(type.plural == "pods") }
      }
      #expect(server.requests.count == 5)
      #expect(server.requests[0].headers["accept"]?.contains("APIGroupDiscoveryList") == true)
      let error = await #expect(throws: APIError.self) {
        try await client.resourceType(named: "deploymnts")
      }
      #expect(error?.reason == "UnknownResource")
      #expect(error?.known.contains("deployments") == true)
      #expect(error?.message.contains("down/v1") == true)
      #expect(server.requests.count == 10)
      #expect(try await client.servedVersions(group: "apps", kind: "Deployment").count == 1)
      #expect(server.requests.count == 10)
    }
  }

  @Test("a server that answers HTML is told as such by every call")
  func html() async throws {
    try await withServer { _, _ in
      .answer(200, "<html><title>Sign in</title></html>", [("Content-Type", "text/html")])
    } _: { server, transport in
      let client = try server.client(transport)
      let error = await #expect(throws: APIError.self) {
        try await client.resourceType(named: "pods")
      }
      #expect(error?.reason == "NotKubernetes")
      #expect(error?.message.contains("text/html") == true)
    }
  }
}
