// How scripts name kinds and objects: `pods`, `deploy/istiod`, `gateways.networking.istio.io/x`.

import Interpreter
import KubernetesClient

/// A kind, or one object of it, as a script writes it.
struct Target: Sendable {
  let kind: String
  let name: String?

  /// Reads `kind/name`.
  init(_ text: String, _ call: VerbCall) throws(ScriptError) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else {
      throw call.bad(
        "object", "must be a kind and a name such as \"deploy/istiod\", found \"\(text)\"")
    }
    kind = parts[0]
    name = parts[1]
  }

  /// Reads a kind without a name.
  init(kind text: String, _ call: VerbCall) throws(ScriptError) {
    guard !text.isEmpty, !text.contains("/") else {
      throw call.bad("kind", "must be a kind such as \"pods\", found \"\(text)\"")
    }
    kind = text
    name = nil
  }

  /// The reference for one cluster, which must serve the kind. Objects of the whole cluster lose the
  /// namespace.
  func reference(
    on cluster: Cluster, namespace: String?, _ executor: Executor
  ) async throws -> ObjectReference {
    let type = try await executor.resource(kind, on: cluster)
    return ObjectReference(
      apiVersion: type.apiVersion, kind: type.kind, namespace: type.isNamespaced ? namespace : nil,
      name: name)
  }
}
