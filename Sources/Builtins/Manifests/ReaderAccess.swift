// The account that other clusters' control planes read a cluster with: its rights, and the Secret that
// asks for its token. The objects are those of Istio's charts `base` and `istiod`, without the labels
// that keep Helm's books.

import JSON

/// The reader account in one namespace.
struct ReaderAccess: Sendable {
  var namespace = Names.systemNamespace

  private static let labels: JSONValue = [
    "app": "istio-reader",
    Names.managedByLabel: .string(Names.fieldManager),
    "app.kubernetes.io/name": "istio-reader",
    "app.kubernetes.io/part-of": "istio",
  ]

  private var roleName: JSONValue { .string(Names.readerRole(namespace)) }

  var serviceAccount: JSONValue {
    [
      "apiVersion": "v1", "kind": "ServiceAccount",
      "metadata": [
        "labels": ReaderAccess.labels, "name": .string(Names.readerAccount),
        "namespace": .string(namespace),
      ],
    ]
  }

  var clusterRole: JSONValue {
    let read = ["get", "list", "watch"]
    return [
      "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
      "metadata": ["labels": ReaderAccess.labels, "name": roleName],
      "rules": [
        rule(
          [
            "config.istio.io", "security.istio.io", "networking.istio.io",
            "authentication.istio.io", "rbac.istio.io", "telemetry.istio.io",
            "extensions.istio.io",
          ], ["*"], read),
        rule(
          [""],
          [
            "endpoints", "pods", "services", "nodes", "replicationcontrollers", "namespaces",
            "secrets", "configmaps",
          ], read),
        rule(["networking.istio.io"], ["workloadentries"], ["get", "watch", "list"]),
        rule(
          ["networking.x-k8s.io", "gateway.networking.k8s.io"], ["gateways"],
          ["get", "watch", "list"]),
        rule(["apiextensions.k8s.io"], ["customresourcedefinitions"], read),
        rule(["discovery.k8s.io"], ["endpointslices"], read),
        rule(["multicluster.x-k8s.io"], ["serviceexports"], read + ["create", "delete"]),
        rule(["multicluster.x-k8s.io"], ["serviceimports"], read),
        rule(["apps"], ["replicasets"], read),
        rule(["authentication.k8s.io"], ["tokenreviews"], ["create"]),
        rule(["authorization.k8s.io"], ["subjectaccessreviews"], ["create"]),
      ],
    ]
  }

  private func rule(_ groups: [String], _ resources: [String], _ verbs: [String]) -> JSONValue {
    [
      "apiGroups": .array(groups.map { .string($0) }),
      "resources": .array(resources.map { .string($0) }),
      "verbs": .array(verbs.map { .string($0) }),
    ]
  }

  var clusterRoleBinding: JSONValue {
    [
      "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding",
      "metadata": ["labels": ReaderAccess.labels, "name": roleName],
      "roleRef": [
        "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": roleName,
      ],
      "subjects": [
        [
          "kind": "ServiceAccount", "name": .string(Names.readerAccount),
          "namespace": .string(namespace),
        ]
      ],
    ]
  }

  /// Asks the token controller for a token that does not expire; Kubernetes 1.24 and newer make none by
  /// themselves.
  var tokenSecret: JSONValue {
    [
      "apiVersion": "v1", "kind": "Secret",
      "metadata": [
        "annotations": [Names.serviceAccountAnnotation: .string(Names.readerAccount)],
        "name": .string(Names.readerTokenSecret), "namespace": .string(namespace),
      ],
      "type": .string(Names.tokenSecretType),
    ]
  }

  /// The namespace, for clusters that lack it.
  var systemNamespace: JSONValue {
    ["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": .string(namespace)]]
  }
}
