// `wait` for several objects: a list of them, those that labels or fields select, and all of a kind.

import Builtins
import Interpreter
import JSON
import KubernetesClient
import Synchronization
import TestClusters
import Testing

@Suite("Waits for several objects", .timeLimit(.minutes(2)))
struct WaitVerbTests {
  private static let maps = ResourceType(
    group: "", version: "v1", kind: "ConfigMap", plural: "configmaps", isNamespaced: true)
  private static let long: ScriptValue = .duration(60_000_000_000)

  /// A namespace of the test's own with the ConfigMaps a, b and c; a and b are labelled.
  private func place(
    _ name: String, _ backend: Backend
  ) async throws -> (script: Script, c1: ScriptValue, client: KubernetesClient) {
    let client = try await backend.client("cluster1")
    let namespaces = try await client.resourceType(named: "namespaces")
    _ = try await client.create(namespaces, ["metadata": ["name": .string(name)]])
    for object in ["a", "b", "c"] {
      let labels: JSONValue = object == "c" ? [:] : ["mine": "1"]
      _ = try await client.create(
        Self.maps,
        ["metadata": ["name": .string(object), "labels": labels], "data": ["k": "old"]],
        namespace: name)
    }
    let script = try await backend.script()
    return (script, try await script.cluster("cluster1"), client)
  }

  private func set(
    _ client: KubernetesClient, _ namespace: String, _ name: String, _ value: String
  ) async throws {
    _ = try await client.patch(
      Self.maps, name: name, namespace: namespace, ["data": ["k": .string(value)]])
  }

  private func names(_ value: ScriptValue) -> [String?] {
    value.elements.map { $0.json?[path: "metadata", "name"]?.string }
  }

  @Test(
    "of a list and of a selection all are waited for, side by side", arguments: Backend.available)
  func met(backend: Backend) async throws {
    let namespace = "wait-met"
    let (script, c1, client) = try await place(namespace, backend)
    let waits: [(object: ScriptValue, labels: ScriptValue, fields: ScriptValue)] = [
      (["cm/a", "cm/b"], .null, .null), ("configmaps", "mine", .null), ("cm", ["mine": "1"], .null),
      ("ConfigMap", .null, "metadata.name!=kube-root-ca.crt,metadata.name!=c"),
    ]
    let tasks = waits.map { wait in
      Task {
        try await script.call(
          "wait", c1, wait.object,
          named: [
            "for": "jsonpath={.data.k}=new", "timeout": Self.long,
            "namespace": .string(namespace), "labels": wait.labels, "fields": wait.fields,
          ])
      }
    }
    // Both orders have to do: the second is met while the first is waited for.
    try await set(client, namespace, "b", "new")
    try await set(client, namespace, "a", "new")
    for task in tasks { #expect(names(try await task.value) == ["a", "b"]) }
  }

  @Test("one that is not met in time is named, and so is why", arguments: Backend.available)
  func unmet(backend: Backend) async throws {
    let namespace = "wait-unmet"
    let (script, c1, client) = try await place(namespace, backend)
    try await set(client, namespace, "a", "new")
    let error = await scriptError {
      try await script.call(
        "wait", c1, ["cm/a", "cm/b", "cm/none"],
        named: [
          "for": "jsonpath={.data.k}=new", "timeout": .duration(0),
          "namespace": .string(namespace),
        ])
    }
    #expect(error.kind == "parallel")
    #expect(error.message == "wait failed on 2 of 3 objects of cluster1")
    #expect(
      error.notes.first
        == "cluster1: waited 0s for ConfigMap \(namespace)/b: jsonpath={.data.k}=new: "
        + "its {.data.k} is old")
    #expect(error.notes.count == 2)
  }

  @Test(
    "all of a kind can be waited for to go, and there may be none of them",
    arguments: Backend.available)
  func gone(backend: Backend) async throws {
    let namespace = "wait-gone"
    let (_, _, client) = try await place(namespace, backend)
    let waiting = Atomic<Int>(0)
    let script = try await backend.script { options in
      options.onEvent = { event in
        if case .waiting = event { waiting.add(1, ordering: .relaxed) }
      }
    }
    let c1 = try await script.cluster("cluster1")
    func hold(_ finalizers: JSONValue) async throws {
      for name in ["a", "b"] {
        _ = try await client.patch(
          Self.maps, name: name, namespace: namespace, ["metadata": ["finalizers": finalizers]])
      }
    }
    try await hold(["msh.test/hold"])
    try await client.deleteAll(Self.maps, namespace: namespace, labels: "mine")
    let named: KeyValuePairs<String, ScriptValue> = [
      "for": "delete", "timeout": Self.long, "namespace": .string(namespace), "labels": "mine",
    ]
    let wait = Task { try await script.call("wait", c1, "cm", named: named) }
    while waiting.load(ordering: .relaxed) < 2 { await Task.yield() }
    try await hold(.null)
    let seen = try await wait.value.elements
    #expect(seen.map(\.isNull) == [true, true])
    #expect(try await script.call("wait", c1, "cm", named: named).elements.isEmpty)
    let none = await scriptError {
      try await script.call(
        "wait", c1, "cm", named: ["labels": "mine", "namespace": .string(namespace)])
    }
    #expect(none.code == "E0513")
    #expect(none.message.contains("no object is selected"))
    let all = try await script.call(
      "wait", c1, "cm",
      named: [
        "for": "jsonpath={.metadata.name}", "all": .bool(true), "namespace": .string(namespace),
        "timeout": Self.long,
      ])
    #expect(names(all).contains("c"))
  }

  @Test("creation is waited for where nothing is selected yet", arguments: Backend.available)
  func created(backend: Backend) async throws {
    let namespace = "wait-created"
    let (script, c1, client) = try await place(namespace, backend)
    let named: KeyValuePairs<String, ScriptValue> = [
      "for": "create", "timeout": Self.long, "namespace": .string(namespace), "labels": "late",
    ]
    let wait = Task { try await script.call("wait", c1, "cm", named: named) }
    _ = try await client.create(
      Self.maps, ["metadata": ["name": "d", "labels": ["late": "1"]]], namespace: namespace)
    #expect(names(try await wait.value) == ["d"])
  }

  @Test("a kind alone, and a name with a selection, are errors")
  func wrong() async throws {
    let script = try await Backend.simulated.script()
    let c1 = try await script.cluster("cluster1")
    let bare = await scriptError { try await script.call("wait", c1, "pods") }
    #expect(bare.code == "E0503")
    #expect(bare.notes == ["of a kind, `labels:`, `fields:` or `all: true` say which objects"])
    for object: ScriptValue in ["pod/x", ["pod/x"]] {
      let both = await scriptError {
        try await script.call("wait", c1, object, named: ["labels": "a=b"])
      }
      #expect(
        both.message == "wait: object must be a kind where labels, fields or all select objects")
    }
    let twice = await scriptError {
      try await script.call("wait", c1, "pods", named: ["labels": "a=b", "all": .bool(true)])
    }
    #expect(twice.message == "wait: object is selected twice: give all, or labels and fields")
    let missing = await scriptError { try await script.call("wait", c1) }
    #expect(missing.message == "wait: object is missing")
  }
}
