// `apply` on objects that `kubectl apply` has made: what belongs to whom, with and without `migrate`.

import Builtins
import Interpreter
import JSON
import KubernetesClient
import TestClusters
import Testing

@Suite("Taking over from kubectl apply", .timeLimit(.minutes(2)))
struct MigrationVerbTests {
  private static let maps = ResourceType(
    group: "", version: "v1", kind: "ConfigMap", plural: "configmaps", isNamespaced: true)

  /// What `kubectl apply` of the old kind leaves behind.
  private func leave(_ name: String, _ client: KubernetesClient) async throws {
    let last = "kubectl.kubernetes.io/last-applied-configuration"
    _ = try await client.create(
      Self.maps,
      [
        "metadata": ["name": .string(name), "annotations": [last: "{}"]],
        "data": ["old": "1", "kept": "1"],
      ], namespace: "default", fieldManager: "kubectl-client-side-apply")
  }

  private func manifest(_ name: String, _ data: JSONValue) -> ScriptValue {
    .json([
      "apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": .string(name)], "data": data,
    ])
  }

  private func data(_ name: String, _ client: KubernetesClient) async throws -> JSONValue? {
    try await client.get(Self.maps, name: name, namespace: "default")["data"]
  }

  @Test("a plain apply takes nothing, and says how to", arguments: Backend.available)
  func plain(backend: Backend) async throws {
    let client = try await backend.client("cluster1")
    try await leave("kubectl-plain", client)
    let script = try await backend.script()
    let c1 = try await script.cluster("cluster1")
    let error = await scriptError {
      try await script.call("apply", c1, manifest("kubectl-plain", ["kept": "2"]))
    }
    #expect(error.message.hasSuffix("kubectl-client-side-apply owns .data.kept"), "\(error)")
    #expect(error.notes.last?.contains("`migrate: true`") == true)
    try await script.call("apply", c1, manifest("kubectl-plain", ["new": "1"]))
    #expect(try await data("kubectl-plain", client) == ["kept": "1", "new": "1", "old": "1"])
  }

  @Test("with migrate the manifest is the whole object, once", arguments: Backend.available)
  func migrated(backend: Backend) async throws {
    let client = try await backend.client("cluster1")
    try await leave("kubectl-migrated", client)
    let script = try await backend.script()
    let c1 = try await script.cluster("cluster1")
    func apply(_ data: JSONValue) async throws {
      try await script.call(
        "apply", c1, manifest("kubectl-migrated", data), named: ["migrate": .bool(true)])
    }
    try await apply(["kept": "2"])
    let object = try await client.get(Self.maps, name: "kubectl-migrated", namespace: "default")
    #expect(object["data"] == ["kept": "2"])
    #expect(object[path: "metadata", "annotations"] == nil)
    let managers = object[path: "metadata", "managedFields"]?.array ?? []
    #expect(managers.map { $0["manager"] } == ["msh"])
    try await apply(["kept": "2"])
    #expect(script.mesh.report().operations.map(\.result) == [.changed, .unchanged])
    // It is our own now: what is left out goes without further words.
    try await script.call("apply", c1, manifest("kubectl-migrated", ["other": "1"]))
    #expect(try await data("kubectl-migrated", client) == ["other": "1"])
  }

  @Test("a change of owners alone counts as a change", arguments: Backend.available)
  func ownersOnly(backend: Backend) async throws {
    let client = try await backend.client("cluster1")
    try await leave("kubectl-owners", client)
    let script = try await backend.script()
    let c1 = try await script.cluster("cluster1")
    try await script.call(
      "apply", c1, manifest("kubectl-owners", ["old": "1", "kept": "1"]),
      named: ["migrate": .bool(true)])
    #expect(script.mesh.report().operations.map(\.result) == [.changed])
    #expect(try await data("kubectl-owners", client) == ["kept": "1", "old": "1"])
  }

  @Test("a manifest that the server refuses hands nothing over", arguments: Backend.available)
  func refused(backend: Backend) async throws {
    let client = try await backend.client("cluster1")
    try await leave("kubectl-refused", client)
    let script = try await backend.script()
    let c1 = try await script.cluster("cluster1")
    let error = await scriptError {
      try await script.call(
        "apply", c1, manifest("kubectl-refused", ["not a key!": "1"]),
        named: ["migrate": .bool(true)])
    }
    #expect(error.code == "E0515", "\(error)")
    let object = try await client.get(Self.maps, name: "kubectl-refused", namespace: "default")
    let managers = object[path: "metadata", "managedFields"]?.array ?? []
    #expect(managers.map { $0["manager"] } == ["kubectl-client-side-apply"])
    #expect(object["data"] == ["kept": "1", "old": "1"])
  }

  @Test(
    "where there is nothing to take over, migrate does what apply does",
    arguments: Backend.available)
  func fresh(backend: Backend) async throws {
    let script = try await backend.script()
    let c1 = try await script.cluster("cluster1")
    for _ in 0..<2 {
      try await script.call(
        "apply", c1, manifest("kubectl-fresh", ["k": "1"]), named: ["migrate": .bool(true)])
    }
    #expect(script.mesh.report().operations.map(\.result) == [.created, .unchanged])
  }
}
