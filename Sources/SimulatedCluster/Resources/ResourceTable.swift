// The built-in resources, one row each. A resource is added here, with its fields in `KindShapes`.

enum ResourceTable {
  private typealias Row = ResourceType
  private typealias Version = ResourceType.Version

  /// All built-in resources in the order of discovery.
  static let builtIn: [ResourceType] = core + workloads + policy + access + cluster

  private static let core: [Row] = [
    Row("", "configmaps", "ConfigMap", short: ["cm"]),
    Row("", "endpoints", "Endpoints", short: ["ep"]),
    Row("", "events", "Event", short: ["ev"]),
    Row("", "namespaces", "Namespace", short: ["ns"], namespaced: false, sub: ["status"]),
    Row("", "nodes", "Node", short: ["no"], namespaced: false, sub: ["status"]),
    Row(
      "", "pods", "Pod", short: ["po"], categories: ["all"], sub: ["status", "log", "eviction"],
      returnsDeleted: true),
    Row("", "secrets", "Secret"),
    Row(
      "", "serviceaccounts", "ServiceAccount", short: ["sa"], sub: ["token"], returnsDeleted: true),
    Row(
      "", "services", "Service", short: ["svc"], categories: ["all"], sub: ["status"],
      returnsDeleted: true),
  ]

  private static let workloads: [Row] = [
    Row(
      "apps", "daemonsets", "DaemonSet", short: ["ds"], categories: ["all"], sub: ["status"],
      generation: true),
    Row(
      "apps", "deployments", "Deployment", short: ["deploy"], categories: ["all"],
      sub: ["scale", "status"], generation: true),
    Row(
      "apps", "replicasets", "ReplicaSet", short: ["rs"], categories: ["all"],
      sub: ["scale", "status"], generation: true),
    Row(
      "apps", "statefulsets", "StatefulSet", short: ["sts"], categories: ["all"],
      sub: ["scale", "status"], generation: true),
    autoscaler,
  ]

  /// Stored as v2 where that is served, and converted for v1.
  private static let autoscaler = Row(
    "autoscaling", "horizontalpodautoscalers", "HorizontalPodAutoscaler", short: ["hpa"],
    categories: ["all"],
    versions: [
      Version("v2", since: 23), Version("v1"), Version("v2beta2", until: 26),
    ], sub: ["status"])

  private static let policy: [Row] = [
    Row(
      "policy", "poddisruptionbudgets", "PodDisruptionBudget", short: ["pdb"],
      versions: [Version("v1", since: 21), Version("v1beta1", until: 25)], sub: ["status"],
      generation: true),
    Row(
      "networking.k8s.io", "networkpolicies", "NetworkPolicy", short: ["netpol"], generation: true),
    Row(
      "discovery.k8s.io", "endpointslices", "EndpointSlice",
      versions: [Version("v1", since: 21), Version("v1beta1", until: 25)], generation: true),
    Row("coordination.k8s.io", "leases", "Lease"),
  ]

  private static let access: [Row] = [
    Row(
      "rbac.authorization.k8s.io", "clusterrolebindings", "ClusterRoleBinding", namespaced: false),
    Row("rbac.authorization.k8s.io", "clusterroles", "ClusterRole", namespaced: false),
    Row("rbac.authorization.k8s.io", "rolebindings", "RoleBinding"),
    Row("rbac.authorization.k8s.io", "roles", "Role"),
    Row(
      "authentication.k8s.io", "tokenreviews", "TokenReview", namespaced: false, verbs: ["create"]),
    Row(
      "authorization.k8s.io", "selfsubjectaccessreviews", "SelfSubjectAccessReview",
      namespaced: false, verbs: ["create"]),
    Row(
      "authorization.k8s.io", "subjectaccessreviews", "SubjectAccessReview", namespaced: false,
      verbs: ["create"]),
  ]

  private static let cluster: [Row] = [
    Row(
      "apiextensions.k8s.io", "customresourcedefinitions", "CustomResourceDefinition",
      short: ["crd", "crds"], categories: ["api-extensions"], namespaced: false, sub: ["status"],
      generation: true)
  ]
}
