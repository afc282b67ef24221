// Names that Istio and Kubernetes give to labels, annotations and objects of a mesh.

import JSON

/// Labels, annotations and object names that more than one verb uses.
enum Names {
  /// The field manager of everything that msh applies.
  static let fieldManager = "msh"
  /// The field manager of `kubectl apply` without `--server-side`.
  static let clientSideManager = "kubectl-client-side-apply"
  /// Where Istio's control plane lives unless a verb is told otherwise.
  static let systemNamespace = "istio-system"
  /// The gateway that the guide and Istio's samples make; `expose` selects it by its label.
  static let gateway = "istio-eastwestgateway"

  /// Which network a namespace, a pod or a gateway Service is in.
  static let networkLabel = "topology.istio.io/network"
  /// Which control-plane revision injects a pod.
  static let revisionLabel = "istio.io/rev"
  /// Who made an object; `msh` for ours.
  static let managedByLabel = "app.kubernetes.io/managed-by"
  /// Marks the Secrets in which istiod looks for other clusters.
  static let multiClusterLabel = "istio/multiCluster"
  /// Which cluster a remote Secret is for.
  static let clusterAnnotation = "networking.istio.io/cluster"
  /// Which ServiceAccount a token Secret is for.
  static let serviceAccountAnnotation = "kubernetes.io/service-account.name"
  /// Where `kubectl apply` keeps a copy of what it applied, a Secret's data included.
  static let lastAppliedAnnotation = "kubectl.kubernetes.io/last-applied-configuration"

  /// The account whose token istiod of other clusters uses.
  static let readerAccount = "istio-reader-service-account"
  /// The Secret with which a token is asked for, as istioctl names it.
  static let readerTokenSecret = "istio-reader-service-account-istio-remote-secret-token"
  /// The type of Secrets that the token controller fills.
  static let tokenSecretType = "kubernetes.io/service-account-token"

  /// The Secret that makes a cluster known to another one's istiod.
  static func remoteSecret(_ cluster: String) -> String { "istio-remote-secret-\(cluster)" }

  /// The reader's ClusterRole and ClusterRoleBinding.
  static func readerRole(_ namespace: String) -> String { "istio-reader-clusterrole-\(namespace)" }
}

extension JSONValue {
  /// True when the object carries our bookkeeping label.
  var isMadeByMsh: Bool {
    self[path: "metadata", "labels", Names.managedByLabel]?.string == Names.fieldManager
  }
}
