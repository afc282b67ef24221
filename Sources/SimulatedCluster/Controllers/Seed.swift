// What a new cluster has: its namespaces, a node, the administrator's role, the mesh's definitions.

import JSON

extension ControlPlane {
  mutating func seed(definitions: [JSONValue]) {
    for name in ["kube-system", "default", "kube-public", "kube-node-lease"] {
      ensure(Self.named(name, "v1", "Namespace"), "namespaces")
    }
    if !definitions.isEmpty { ensure(Self.named("istio-system", "v1", "Namespace"), "namespaces") }
    for definition in definitions { ensure(definition, Self.definitions) }
    seedNode()
    seedRoles()
    ensure(
      [
        "apiVersion": "v1", "kind": "Service",
        "metadata": [
          "name": "kubernetes", "namespace": "default",
          "labels": ["component": "apiserver", "provider": "kubernetes"],
        ],
        "spec": [
          "clusterIP": "10.96.0.1",
          "ports": [["name": "https", "port": 443, "protocol": "TCP", "targetPort": 6443]],
        ],
      ], "services")
    settle()
  }

  private static func named(_ name: String, _ version: String, _ kind: String) -> JSONValue {
    [
      "apiVersion": .string(version), "kind": .string(kind), "metadata": ["name": .string(name)],
    ]
  }

  private mutating func seedNode() {
    var node = Self.named("node1", "v1", "Node")
    node.setMeta("labels", ["kubernetes.io/hostname": "node1", "kubernetes.io/os": "linux"])
    node["spec"] = ["podCIDR": "10.244.0.0/24"]
    node["status"] = [
      "conditions": [["type": "Ready", "status": "True", "reason": "KubeletReady"]],
      "nodeInfo": ["kubeletVersion": .string("v\(settings.version.text)")],
    ]
    ensure(node, "nodes")
  }

  private mutating func seedRoles() {
    let group = "rbac.authorization.k8s.io"
    var role = Self.named("cluster-admin", "\(group)/v1", "ClusterRole")
    role["rules"] = [["apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]]]
    ensure(role, "clusterroles.\(group)")
    var binding = Self.named("cluster-admin", "\(group)/v1", "ClusterRoleBinding")
    binding["roleRef"] = [
      "apiGroup": .string(group), "kind": "ClusterRole", "name": "cluster-admin",
    ]
    binding["subjects"] = [
      ["apiGroup": .string(group), "kind": "Group", "name": "system:masters"]
    ]
    ensure(binding, "clusterrolebindings.\(group)")
  }
}
