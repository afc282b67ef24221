// A real API server under load, and one whose etcd has forgotten what a client still asks for.

import JSON
import Synchronization
import TestClusters
import Testing

@testable import KubernetesClient

@Suite(
  "A real API server", .serialized, .timeLimit(.minutes(10)),
  .enabled(if: Backend.available.contains(.real)))
struct RealServerTests {
  private static let events = ResourceType(
    group: "", version: "v1", kind: "Event", plural: "events", isNamespaced: true)

  private func client(hooks: ClientHooks = ClientHooks()) async throws -> KubernetesClient {
    KubernetesClient(
      cluster: "c1", settings: try await ForgetfulCluster.shared().settings, hooks: hooks)
  }

  /// An empty namespace.
  private func namespace(_ client: KubernetesClient) async throws -> String {
    let type = ResourceType(
      group: "", version: "v1", kind: "Namespace", plural: "namespaces", isNamespaced: false)
    let name = Things.name("real")
    _ = try await client.create(type, ["metadata": ["name": .string(name)]])
    return name
  }

  private func fill(
    _ namespace: String, _ numbers: Range<Int>, _ client: KubernetesClient
  ) async throws {
    try await withThrowingTaskGroup(of: Void.self) { tasks in
      for number in numbers {
        tasks.addTask {
          var object = Things.configMap("many-\(number)")
          object["metadata"]?["labels"] = ["many": "1"]
          _ = try await client.create(Things.configMap, object, namespace: namespace)
        }
      }
      try await tasks.waitForAll()
    }
  }

  private func event(_ name: String, _ namespace: String) -> JSONValue {
    [
      "metadata": ["name": .string(name)], "reason": "Test", "type": "Normal", "count": 1,
      "involvedObject": [
        "kind": "Namespace", "name": .string(namespace), "namespace": .string(namespace),
      ],
    ]
  }

  @Test("3,000 objects, created side by side, come in pages of 500, each once")
  func manyObjects() async throws {
    let traces = Mutex<[RequestTrace]>([])
    let client = try await client(
      hooks: ClientHooks(onRequest: { trace in traces.withLock { $0.append(trace) } }))
    let namespace = try await namespace(client)
    try await fill(namespace, 0..<3000, client)
    #expect(traces.withLock { Set($0.compactMap(\.connection?.number)).count } <= 8)
    for form in [ObjectForm.whole, .metadata] {
      traces.withLock { $0 = [] }
      let (items, version) = try await client.list(
        Things.configMap, namespace: namespace, labels: "many=1", form: form)
      let names = Set(items.compactMap { $0[path: "metadata", "name"]?.string })
      #expect(items.count == 3000)
      #expect(names == Set((0..<3000).map { "many-\($0)" }))
      #expect(!version.isEmpty)
      let requests = traces.withLock { $0 }
      #expect(requests.count == 6)
      #expect(requests.filter { $0.path.contains("continue=") }.count == 5)
      #expect(requests.allSatisfy { $0.path.contains("limit=500") })
    }
  }

  @Test("pages that the server has forgotten come again as one list")
  func forgottenPages() async throws {
    let cluster = try await ForgetfulCluster.shared()
    try await withProxy(before: cluster.settings) { setting in
      let namespace = try await namespace(setting.direct)
      try await fill(namespace, 0..<30, setting.direct)
      let gate = Gate()
      setting.proxy.play { $0.target.contains("continue=") ? .held(gate) : .none }
      let list = Task { [client = setting.client()] in
        try await client.list(
          Things.configMap, namespace: namespace, labels: "many=1", pageSize: 10)
      }
      try await eventually { setting.proxy.arrived.contains { $0.target.contains("continue=") } }
      try await fill(namespace, 30..<31, setting.direct)
      let now = try await setting.direct.list(Things.configMap, namespace: namespace)
      try await cluster.forget(before: now.resourceVersion)
      gate.open()
      let (items, _) = try await list.value
      #expect(items.count >= 30)
      #expect(Set(items.compactMap { $0[path: "metadata", "name"]?.string }).count == items.count)
      let asked = setting.proxy.reached.map(\.target).filter { $0.contains("labelSelector") }
      // A page, the next one that fails, and everything at once.
      #expect(asked.map { $0.contains("continue=") } == [false, true, false])
      #expect(asked.last?.contains("limit=") == false, "\(asked)")
    }
  }

  @Test("a watch from a version that the server has forgotten fails with 410")
  func forgottenWatch() async throws {
    let cluster = try await ForgetfulCluster.shared()
    let client = try await client()
    let namespace = try await namespace(client)
    let old = try await client.list(Self.events, namespace: namespace).resourceVersion
    _ = try await client.create(Self.events, event("a", namespace), namespace: namespace)
    let now = try await client.list(Self.events, namespace: namespace).resourceVersion
    try await cluster.forget(before: now)
    let error = await #expect(throws: APIError.self) {
      for try await _ in client.watch(Self.events, namespace: namespace, resourceVersion: old) {}
    }
    #expect(error?.status == 410, "\(String(describing: error))")
    #expect(error?.verb == "watch")
  }

  @Test("an observation that loses its place to a compaction lists again and goes on")
  func forgottenPlace() async throws {
    let cluster = try await ForgetfulCluster.shared()
    try await withProxy(before: cluster.settings) { setting in
      let namespace = try await namespace(setting.direct)
      _ = try await setting.direct.create(
        Self.events, event("a", namespace), namespace: namespace)
      let gate = Gate()
      setting.proxy.play {
        $0.isWatch && !$0.target.contains("sendInitialEvents") ? .held(gate) : .none
      }
      let stream = Pause.$scale.withValue(0.05) {
        setting.client().observe(Self.events, namespace: namespace)
      }
      var seen: [[String]] = []
      for try await observation in stream {
        switch observation {
        case .synced(let objects):
          seen.append(objects.compactMap { $0[path: "metadata", "name"]?.string }.sorted())
        case .changed(let object):
          seen.append(["+", object[path: "metadata", "name"]?.string ?? ""])
        case .deleted: seen.append(["-"])
        }
        if seen.count == 1 {
          // The watch that follows the first list does not reach the server before its place is gone.
          _ = try await setting.direct.create(
            Self.events, event("b", namespace), namespace: namespace)
          // A watch from the version right before the oldest one that is kept would do.
          try await fill(namespace, 0..<1, setting.direct)
          let now = try await setting.direct.list(Self.events, namespace: namespace)
          try await cluster.forget(before: now.resourceVersion)
          gate.open()
        } else if seen.count == 2 {
          _ = try await setting.direct.create(
            Self.events, event("c", namespace), namespace: namespace)
        } else {
          break
        }
      }
      #expect(seen == [["a"], ["a", "b"], ["+", "c"]])
    }
  }

  @Test("an object of almost a megabyte is watched whole")
  func largeEvent() async throws {
    let client = try await client()
    let namespace = try await namespace(client)
    let version = try await client.list(Things.configMap, namespace: namespace).resourceVersion
    // Text that JSON writes with escapes and in several bytes, so that no piece ends well by chance.
    let value = String(repeating: "\u{2028}\"ä\\", count: 125_000)
    #expect(value.utf8.count == 875_000)
    _ = try await client.create(
      Things.configMap, Things.configMap("large", value), namespace: namespace)
    for try await event in client.watch(
      Things.configMap, namespace: namespace, name: "large", resourceVersion: version)
    {
      #expect(event.kind == .added)
      #expect(event.object[path: "data", "value"]?.string == value)
      break
    }
  }

  @Test("100 watches at once see the same change, and leave room for other calls")
  func manyWatches() async throws {
    let connections = Mutex<Set<Int>>([])
    let hooks = ClientHooks(onRequest: { trace in
      guard let number = trace.connection?.number else { return }
      _ = connections.withLock { $0.insert(number) }
    })
    let client = try await client(hooks: hooks)
    let namespace = try await namespace(client)
    let version = try await client.list(Things.configMap, namespace: namespace).resourceVersion
    let watches = (0..<100).map { _ in
      Task {
        for try await event in client.watch(
          Things.configMap, namespace: namespace, name: "seen", resourceVersion: version)
        {
          return event.object[path: "metadata", "name"]?.string
        }
        return nil
      }
    }
    for _ in 0..<20 { _ = try await client.serverVersion() }
    _ = try await client.create(
      Things.configMap, Things.configMap("seen"), namespace: namespace)
    for watch in watches { #expect(try await watch.value == "seen") }
    #expect(connections.withLock { $0.count } <= 8)
  }
}
