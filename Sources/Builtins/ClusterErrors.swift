// Turns what the client reports into errors of scripts: with the cluster's name, a code and the way out.

import Interpreter
import JSON
import KubernetesClient
import Lexer

extension ScriptError {
  /// An error of a cluster's API: kind `api`, with `cluster`, `status`, `reason` and `details`.
  static func api(_ error: APIError, on cluster: Cluster, about object: ObjectReference)
    -> ScriptError
  {
    return ScriptError(
      kind: "api", code: code(of: error, object).rawValue, message(of: error, on: cluster),
      notes: wayOut(error, object),
      details: clusterDetails(cluster, status: error.status, reason: error.reason)
        + [("verb", .string(error.verb)), ("object", .string(error.object))]
        + [("details", error.details.map { .json($0) } ?? .null)])
  }

  /// `cluster1: apply services "x" in namespace "y": 409 Conflict: …`, in one line.
  private static func message(of error: APIError, on cluster: Cluster) -> String {
    if error.isUnreachable, error.verb == "version" {
      return "\(cluster.name): the API server cannot be reached: \(error.message)"
    }
    let conflicts = error.conflicts
    let owners = conflicts.isEmpty ? nil : conflicts.map(\.text).joined(separator: "; ")
    let named = APIError(
      cluster: cluster.name, verb: error.verb, object: error.object, status: error.status,
      reason: error.reason, message: owners ?? error.message,
      causes: owners == nil ? error.causes : [])
    return named.description
  }

  /// An error that a verb itself found out about one cluster.
  static func cluster(
    _ code: MeshErrorCode, _ cluster: Cluster, _ message: String, kind: String = "api",
    status: Int = 0,
    reason: String, notes: [String] = []
  ) -> ScriptError {
    ScriptError(
      kind: kind, code: code.rawValue, "\(cluster.name): \(message)", notes: notes,
      details: clusterDetails(cluster, status: status, reason: reason))
  }

  private static func clusterDetails(
    _ cluster: Cluster, status: Int, reason: String
  ) -> [(key: String, value: ScriptValue)] {
    [
      ("cluster", .string(cluster.name)), ("status", .int(Int64(status))),
      ("reason", .string(reason)),
    ]
  }

  /// The HTTP status of an error of a cluster; nil when there was no answer, and for other errors.
  var status: Int? {
    guard case .int(let status)? = detail("status"), status != 0 else { return nil }
    return Int(status)
  }

  /// Kubernetes' reason of an error of a cluster.
  var reason: String? {
    guard case .string(let reason)? = detail("reason") else { return nil }
    return reason
  }

  private func detail(_ key: String) -> ScriptValue? {
    details.first { $0.key == key }?.value
  }

  private static func code(of error: APIError, _ object: ObjectReference) -> MeshErrorCode {
    switch (error.status, error.reason) {
    case (_, "NotKubernetes"): .notKubernetes
    case (_, "UnknownResource"): object.group == "networking.istio.io" ? .noIstio : .unknownKind
    case (0, _) where error.isUnreachable: .unreachable
    case (401, _), (_, "Credentials"): .unauthorized
    case (403, _): .forbidden
    case (404, _): .notFound
    case (409, _) where !error.conflicts.isEmpty: .conflict
    case (400, _), (422, _), (0, "InvalidRequest"): .rejected
    default: .refused
    }
  }

  private static func wayOut(_ error: APIError, _ object: ObjectReference) -> [String] {
    switch code(of: error, object) {
    case .noIstio:
      return [
        "Istio's resource definitions are not in this cluster: is its control plane installed?"
      ]
    case .unknownKind:
      if let question = didYouMeanQuestion(object.kind, among: error.known) { return [question] }
      // A long list of everything that there is would help nobody.
      guard (1...5).contains(error.known.count) else { return [] }
      return ["the cluster serves \(error.known.joined(separator: ", "))"]
    case .conflict:
      let waysOut = "give the field the value that it has, leave it out, or delete the object first"
      let isOfKubectl = error.conflicts.contains { $0.manager == Names.clientSideManager }
      return [waysOut]
        + (isOfKubectl
          ? ["where the object is whole, `migrate: true` takes over what `kubectl apply` has set"]
          : [])
    case .unauthorized:
      return ["are the kubeconfig's credentials of this cluster, and still valid?"]
    case .forbidden:
      return ["the kubeconfig's user needs the right; `kubectl auth can-i` tells what it has"]
    default: return []
    }
  }

  /// A kubeconfig that cannot be used.
  static func kubeconfig(_ error: KubeconfigError) -> ScriptError {
    guard error.reason == .unknownContext, let context = error.context else {
      return ScriptError(
        kind: "kubeconfig", code: MeshErrorCode.badKubeconfig.rawValue, error.problems.first ?? "",
        notes: Array(error.problems.dropFirst()))
    }
    let known = error.known.isEmpty ? "it has none" : error.known.joined(separator: ", ")
    return ScriptError(
      kind: "kubeconfig", code: MeshErrorCode.unknownContext.rawValue,
      "the kubeconfig has no context \"\(context)\"", notes: ["contexts: \(known)"],
      label: didYouMeanQuestion(context, among: error.known) ?? "")
  }
}
