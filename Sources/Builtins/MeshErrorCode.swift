// The codes of the errors that verbs raise; docs/errors.md lists them from this table.

import Interpreter

/// What can go wrong in a verb. The raw value is the code that diagnostics show.
public enum MeshErrorCode: String, CaseIterable, Sendable {
  // What the script said.
  case unknownContext = "E0501"
  case badKubeconfig = "E0502"
  case badArgument = "E0503"
  case unknownKind = "E0504"
  case outsideFence = "E0505"
  case badManifest = "E0506"
  // What a cluster said.
  case unreachable = "E0510"
  case unauthorized = "E0511"
  case forbidden = "E0512"
  case notFound = "E0513"
  case conflict = "E0514"
  case rejected = "E0515"
  case refused = "E0516"
  case notKubernetes = "E0517"
  case severalFailed = "E0518"
  // What did not come about.
  case timedOut = "E0520"
  case cannotHappen = "E0521"
  // What stands in the way of a mesh.
  case noIstio = "E0530"
  case immutableSelector = "E0531"
  case selfLink = "E0540"
  case doubleName = "E0541"
  case badClusterName = "E0542"
  case loopbackServer = "E0543"
  case noCredentials = "E0544"
  case unclearServer = "E0545"
  case secretMisplaced = "E0550"

  /// What the error means, in one line for the manual.
  public var meaning: String {
    switch self {
    case .unknownContext: "the kubeconfig has no context of that name"
    case .badKubeconfig: "the kubeconfig is missing, or cannot be read or used"
    case .badArgument: "an argument of a verb has the wrong type or a value that cannot work"
    case .unknownKind: "the cluster serves no resource of that kind or version"
    case .outsideFence: "the cluster's context is outside the script's fence"
    case .badManifest: "what is to be applied is no Kubernetes object"
    case .unreachable: "the cluster's API server cannot be reached"
    case .unauthorized: "the API server does not accept the credentials (401)"
    case .forbidden: "the credentials do not allow it (403)"
    case .notFound: "there is no such object (404)"
    case .conflict: "another field manager owns a field and means something else by it (409)"
    case .rejected: "the API server finds the object invalid (400, 422)"
    case .refused: "the API server refused for another reason"
    case .notKubernetes: "the server's answer is not one of a Kubernetes API server"
    case .severalFailed: "a verb failed on several clusters; each error is in .errors"
    case .timedOut: "what was waited for did not come about in time"
    case .cannotHappen: "what was waited for cannot come about any more"
    case .noIstio: "Istio's resources are not installed in the cluster"
    case .immutableSelector: "an existing Deployment selects pods that the new one would not make"
    case .selfLink: "a cluster would be linked to itself"
    case .doubleName: "two different clusters have the same name"
    case .badClusterName: "the cluster's name cannot be a cluster ID of Istio"
    case .loopbackServer: "the API address is one that other clusters cannot reach"
    case .noCredentials: "the cluster gives no token for its reader account"
    case .unclearServer: "one server address was given for several clusters"
    case .secretMisplaced: "a secret's value would be written where it can be read"
    }
  }
}

extension ScriptError {
  /// An error of a verb before anything is sent: kind `argument`.
  static func usage(
    _ code: MeshErrorCode, _ message: String, notes: [String] = [], label: String = ""
  ) -> ScriptError {
    ScriptError(kind: "argument", code: code.rawValue, message, notes: notes, label: label)
  }

  /// True when it was a cluster that failed, and not the script: an error of the API, a wait that
  /// ended, or several of these.
  public var isClusterFailure: Bool {
    switch kind {
    case "api", "timeout": return details.contains { $0.key == "cluster" }
    case "parallel":
      guard case .list(let errors)? = details.first(where: { $0.key == "errors" })?.value else {
        return false
      }
      return !errors.isEmpty
        && errors.allSatisfy { element in
          guard case .map(let pairs) = element,
            case .error(let error)? = pairs.first(where: { $0.key == "error" })?.value
          else { return false }
          return error.isClusterFailure
        }
    default: return false
    }
  }
}
