// A namespace of a test's own on one of the backends, and the objects that tests put there.

import Foundation
import JSON
import KubernetesClient
import Synchronization
import TestClusters
import Testing

/// A cluster with an empty namespace that nobody else uses.
struct Place {
  let client: KubernetesClient
  let namespace: String
  /// What the client has warned of.
  let warnings: Log
  /// Why its requests got no answer, where somebody collects that.
  let failures: Log

  /// Texts that closures collect.
  final class Log: Sendable {
    private let content = Mutex<[String]>([])
    var texts: [String] { content.withLock { $0 } }
    func add(_ text: String) { content.withLock { $0.append(text) } }
  }

  static func on(_ backend: Backend) async throws -> Place {
    let warnings = Log()
    let client = try await backend.client(
      hooks: ClientHooks(onWarning: { warnings.add($0) }))
    return try await Place(client: client, warnings: warnings)
  }

  init(
    client: KubernetesClient, warnings: Log = Log(), failures: Log = Log()
  ) async throws {
    self.client = client
    self.warnings = warnings
    self.failures = failures
    namespace = "api-" + UUID().uuidString.lowercased()
    _ = try await client.create(Types.namespace, ["metadata": ["name": .string(namespace)]])
  }

  // MARK: Objects

  @discardableResult
  func create(
    _ name: String, data: JSONValue = ["k": "1"], labels: JSONValue = [:],
    finalizers: JSONValue? = nil
  ) async throws -> JSONValue {
    var metadata: JSONValue = ["name": .string(name), "labels": labels]
    metadata["finalizers"] = finalizers
    return try await client.create(
      Types.map, ["metadata": metadata, "data": data], namespace: namespace)
  }

  @discardableResult
  func merge(_ name: String, _ patch: JSONValue) async throws -> JSONValue {
    try await client.patch(Types.map, name: name, namespace: namespace, patch)
  }

  /// The names of the test's own ConfigMaps; the cluster adds one to every namespace.
  func names(labels: String? = "mine") async throws -> [String] {
    try await client.list(Types.map, namespace: namespace, labels: labels).items
      .compactMap(\.name)
  }

  func createPod(_ name: String, labels: JSONValue = [:], containers: [String] = ["main"])
    async throws -> JSONValue
  {
    // Real servers let no pod in before its namespace has an account for it.
    try await client.waitFor(
      Types.account, name: "default", namespace: namespace, timeout: .seconds(60)
    ) { $0 != nil }
    return try await client.create(
      Types.pod,
      [
        "metadata": ["name": .string(name), "labels": labels],
        "spec": [
          "automountServiceAccountToken": false,
          "containers": .array(containers.map { ["name": .string($0), "image": "none:1"] }),
        ],
      ], namespace: namespace)
  }

  /// Sets a pod's status as its node would.
  func setPod(_ name: String, phase: String, ready: Bool) async throws {
    _ = try await client.patch(
      Types.pod, name: name, namespace: namespace,
      [
        "status": [
          "phase": .string(phase),
          "conditions": [["type": "Ready", "status": ready ? "True" : "False"]],
        ]
      ], subresource: "status")
  }

  static func deployment(_ name: String, replicas: Int64, image: String = "none:1") -> JSONValue {
    [
      "apiVersion": "apps/v1", "kind": "Deployment", "metadata": ["name": .string(name)],
      "spec": [
        "replicas": .int(replicas), "selector": ["matchLabels": ["app": .string(name)]],
        "template": [
          "metadata": ["labels": ["app": .string(name)]],
          "spec": ["containers": [["name": "main", "image": .string(image)]]],
        ],
      ],
    ]
  }
}

extension JSONValue {
  var name: String? { self[path: "metadata", "name"]?.string }
  var uid: String? { self[path: "metadata", "uid"]?.string }
  var version: String? { self[path: "metadata", "resourceVersion"]?.string }
}

/// Types that tests use without discovery.
enum Types {
  static let map = ResourceType(
    group: "", version: "v1", kind: "ConfigMap", plural: "configmaps", isNamespaced: true)
  static let namespace = ResourceType(
    group: "", version: "v1", kind: "Namespace", plural: "namespaces", isNamespaced: false)
  static let pod = ResourceType(
    group: "", version: "v1", kind: "Pod", plural: "pods", isNamespaced: true)
  static let account = ResourceType(
    group: "", version: "v1", kind: "ServiceAccount", plural: "serviceaccounts",
    isNamespaced: true)
  static let deployment = ResourceType(
    group: "apps", version: "v1", kind: "Deployment", plural: "deployments", isNamespaced: true)
  static let service = ResourceType(
    group: "", version: "v1", kind: "Service", plural: "services", isNamespaced: true)
}

/// Collects the elements of a stream until they satisfy a test; then the stream ends.
func collect<Element>(
  _ stream: AsyncThrowingStream<Element, any Error>, until isEnough: ([Element]) -> Bool
) async throws -> [Element] {
  var elements: [Element] = []
  for try await element in stream {
    elements.append(element)
    if isEnough(elements) { break }
  }
  return elements
}
