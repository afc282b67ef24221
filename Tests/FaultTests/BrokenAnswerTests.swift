// Writes whose answer comes back cut: what was probably done, and what to do then.

import JSON
import TestClusters
import Testing

@testable import KubernetesClient

@Suite("Broken answers to writes", .timeLimit(.minutes(5)))
struct BrokenAnswerTests {
  private static let accounts = ResourceType(
    group: "", version: "v1", kind: "ServiceAccount", plural: "serviceaccounts",
    isNamespaced: true)

  /// A namespace of the test's own, and the objects that it works on.
  private func withPlace(
    _ backend: Backend, _ fault: Fault,
    _ body: (Setting, KubernetesClient, String) async throws -> Void
  ) async throws {
    try await withProxy(backend) { setting in
      let namespace = Things.name("broken")
      let namespaces = ResourceType(
        group: "", version: "v1", kind: "Namespace", plural: "namespaces", isNamespaced: false)
      _ = try await setting.direct.create(
        namespaces, ["metadata": ["name": .string(namespace)]])
      for name in ["a", "b"] {
        _ = try await setting.direct.create(
          Things.configMap, Things.configMap(name), namespace: namespace)
      }
      _ = try await setting.direct.create(
        Self.accounts, ["metadata": ["name": "reader"]], namespace: namespace)
      setting.proxy.play { $0.path == "/version" ? .none : fault }
      try await body(setting, setting.client(), namespace)
    }
  }

  private func names(_ setting: Setting, _ namespace: String) async throws -> [String] {
    try await setting.direct.list(Things.configMap, namespace: namespace).items
      .compactMap { $0[path: "metadata", "name"]?.string }.filter { $0 != "kube-root-ca.crt" }
  }

  private func value(_ setting: Setting, _ namespace: String) async throws -> String? {
    try await setting.direct.get(Things.configMap, name: "a", namespace: namespace)[
      path: "data", "value"]?.string
  }

  @Test(
    "an answer that is broken JSON says that it was probably carried out, and what to do",
    arguments: Backend.available)
  func truncated(backend: Backend) async throws {
    try await withPlace(backend, .truncated) { setting, client, namespace in
      func check(
        _ start: String, _ advice: String, _ call: () async throws -> Void
      ) async throws {
        let text = try await apiError(call).description
        #expect(text.hasPrefix("c1: \(start)"), "\(text)")
        #expect(text.contains(" NotKubernetes: the answer is broken JSON: "), "\(text)")
        #expect(text.hasSuffix("; it was probably carried out: \(advice)"), "\(text)")
      }
      let configMap = "configmaps \"a\" in namespace \"\(namespace)\": "
      try await check(
        "create configmaps \"c\" in namespace", "get the object before creating it again"
      ) {
        _ = try await client.create(
          Things.configMap, Things.configMap("c"), namespace: namespace)
      }
      #expect(try await names(setting, namespace) == ["a", "b", "c"])
      try await check(
        "create configmaps in namespace",
        "list what is there before creating another, as the name was not told"
      ) {
        _ = try await client.create(
          Things.configMap, ["metadata": ["generateName": "d-"]], namespace: namespace)
      }
      #expect(try await names(setting, namespace).count == 4)
      try await check("apply \(configMap)", "doing it again is safe") {
        _ = try await client.apply(
          Things.configMap, Things.configMap("a", "2"), namespace: namespace, force: true)
      }
      #expect(try await value(setting, namespace) == "2")
      try await check("patch \(configMap)", "doing it again is safe") {
        _ = try await client.patch(
          Things.configMap, name: "a", namespace: namespace, ["data": ["value": "3"]])
      }
      #expect(try await value(setting, namespace) == "3")
      try await check("patch \(configMap)", "get the object before patching it again") {
        _ = try await client.patch(
          Things.configMap, name: "a", namespace: namespace, kind: .json,
          [["op": "replace", "path": "/data/value", "value": "4"]])
      }
      #expect(try await value(setting, namespace) == "4")
      try await check("delete \(configMap)", "get the object before deleting it again") {
        try await client.delete(Things.configMap, name: "a", namespace: namespace)
      }
      #expect(try await !names(setting, namespace).contains("a"))
      try await check(
        "create serviceaccounts \"reader\" in namespace \"\(namespace)\" token: 201",
        "asking again gives another token"
      ) {
        _ = try await client.requestToken(serviceAccount: "reader", namespace: namespace)
      }
      try await check(
        "delete all configmaps in namespace", "list what is left before deleting again"
      ) {
        try await client.deleteAll(Things.configMap, namespace: namespace)
      }
      #expect(try await names(setting, namespace).isEmpty)
    }
  }

  @Test("reads and dry runs are never said to have done anything", arguments: Backend.available)
  func harmless(backend: Backend) async throws {
    try await withPlace(backend, .truncated) { setting, client, namespace in
      let read = try await apiError {
        try await client.get(Things.configMap, name: "a", namespace: namespace)
      }
      let trial = try await apiError {
        try await client.create(
          Things.configMap, Things.configMap("c"), namespace: namespace, dryRun: true)
      }
      for error in [read, trial] {
        #expect(error.message.contains("broken JSON"), "\(error)")
        #expect(!error.message.contains("carried out"), "\(error)")
      }
      #expect(try await names(setting, namespace) == ["a", "b"])
    }
  }

  @Test(
    "an answer that is cut off says that it may have been carried out", arguments: Backend.available
  )
  func cutOff(backend: Backend) async throws {
    for end in [Fault.End.fin, .reset] {
      try await withPlace(backend, .endInAnswer(end)) { setting, client, namespace in
        let error = try await apiError {
          try await client.create(
            Things.configMap, Things.configMap("c"), namespace: namespace)
        }
        #expect(
          error.description.hasPrefix(
            "c1: create configmaps \"c\" in namespace \"\(namespace)\": Interrupted: "), "\(error)")
        #expect(
          error.message.hasSuffix(
            "; it may have been carried out: get the object before creating it again"), "\(error)")
        #expect(try await names(setting, namespace) == ["a", "b", "c"])
        // Deleted without a UID, once.
        let deletion = try await apiError {
          try await client.delete(Things.configMap, name: "b", namespace: namespace)
        }
        #expect(
          deletion.message.hasSuffix(
            "; it may have been carried out: get the object before deleting it again"),
          "\(deletion)")
        #expect(try await names(setting, namespace) == ["a", "c"])
      }
    }
  }
}
