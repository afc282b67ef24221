// The objects of an east-west gateway, as data.
//
// They are what Istio's Helm chart `gateway` renders with `networkGateway` set, with two differences.
// Labels that only keep Helm's books (helm.sh/chart, app.kubernetes.io/instance and /version) are left
// out, and app.kubernetes.io/managed-by is `msh`. And a NetworkPolicy opens the gateway's own ports,
// where the chart opens 80 and 443.
//
// Pods are made by injection: the image is `auto`, and the control plane's webhook fills in the rest.

import JSON

/// One port of the gateway's Service.
struct GatewayPort: Sendable, Hashable {
  var name: String
  var port: Int64
  var targetPort: Int64
  var nodePort: Int64?

  /// Health, mTLS traffic of other networks, and a control plane's two ports.
  static let standard = [
    GatewayPort(name: "status-port", port: 15021, targetPort: 15021),
    GatewayPort(name: "tls", port: 15443, targetPort: 15443),
    GatewayPort(name: "tls-istiod", port: 15012, targetPort: 15012),
    GatewayPort(name: "tls-webhook", port: 15017, targetPort: 15017),
  ]

  /// The port that istiod looks for before it takes a Service for a network's gateway.
  static let traffic: Int64 = 15443
  /// The port that load balancers ask for the gateway's health.
  static let status: Int64 = 15021

  var manifest: JSONValue {
    var port: JSONValue = [
      "name": .string(name), "port": .int(self.port), "targetPort": .int(targetPort),
      "protocol": "TCP",
    ]
    if let nodePort { port["nodePort"] = .int(nodePort) }
    return port
  }
}

/// What a script asks of a gateway in one cluster. Nil means that the script did not say.
struct GatewaySpecification: Sendable {
  var name = Names.gateway
  var namespace = Names.systemNamespace
  var network: String
  var revision: String?
  var type: String?
  var loadBalancerIP: String?
  var annotations: [(key: String, value: String)] = []
  var allow: [String] = []
  var ports: [GatewayPort]?
  var replicas: ClosedRange<Int64>?
  var resources: JSONValue?

  /// The type of the Service.
  var serviceType: String { type ?? "LoadBalancer" }
  /// The bounds of the autoscaler.
  var scale: ClosedRange<Int64> { replicas ?? 1...5 }
  /// The ports of the Service.
  var servicePorts: [GatewayPort] { ports ?? GatewayPort.standard }

  /// The labels that select the gateway's pods, when nothing else is selected yet. The second one is
  /// what Istio's Gateway resources select by.
  var selector: JSONObject {
    ["app": .string(name), "istio": .string(GatewaySpecification.istioLabel(of: name))]
  }

  /// A gateway's value of the label `istio`: its name without the prefix `istio-`.
  static func istioLabel(of name: String) -> String {
    name.hasPrefix("istio-") ? String(name.dropFirst("istio-".count)) : name
  }
}

extension GatewaySpecification {
  private var labels: JSONObject {
    var labels: JSONObject = [
      "app.kubernetes.io/name": .string(name),
      Names.managedByLabel: .string(Names.fieldManager),
      "app.kubernetes.io/part-of": "istio",
    ]
    for (key, value) in selector { labels[key] = value }
    labels["istio.io/dataplane-mode"] = "none"
    return labels
  }

  private func metadata(_ labels: JSONObject? = nil) -> JSONValue {
    [
      "name": .string(name), "namespace": .string(namespace),
      "labels": .object(labels ?? self.labels),
    ]
  }

  /// The namespace with its network, and nothing else of it.
  var systemNamespace: JSONValue {
    [
      "apiVersion": "v1", "kind": "Namespace",
      "metadata": [
        "name": .string(namespace), "labels": [Names.networkLabel: .string(network)],
      ],
    ]
  }

  var serviceAccount: JSONValue {
    ["apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata()]
  }

  var role: JSONValue {
    [
      "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": metadata(),
      "rules": [["apiGroups": [""], "resources": ["secrets"], "verbs": ["get", "watch", "list"]]],
    ]
  }

  var roleBinding: JSONValue {
    [
      "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": metadata(),
      "roleRef": [
        "apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": .string(name),
      ],
      "subjects": [["kind": "ServiceAccount", "name": .string(name)]],
    ]
  }

  /// The labels of the pods; `selector` is what a Deployment that is there already selects by.
  func podLabels(selector: JSONObject) -> JSONObject {
    var pod: JSONObject = ["sidecar.istio.io/inject": "true"]
    for (key, value) in labels { pod[key] = value }
    for (key, value) in selector where pod[key] == nil { pod[key] = value }
    if let revision { pod[Names.revisionLabel] = .string(revision) }
    pod[Names.networkLabel] = .string(network)
    return pod
  }

  func deployment(selector: JSONObject) -> JSONValue {
    let pod: JSONValue = [
      "metadata": [
        "annotations": [
          "inject.istio.io/templates": "gateway",
          "prometheus.io/path": "/stats/prometheus",
          "prometheus.io/port": "15020",
          "prometheus.io/scrape": "true",
          "sidecar.istio.io/inject": "true",
        ],
        "labels": .object(podLabels(selector: selector)),
      ],
      "spec": [
        "serviceAccountName": .string(name),
        "securityContext": [
          "sysctls": [["name": "net.ipv4.ip_unprivileged_port_start", "value": "0"]]
        ],
        "containers": [container],
        "terminationGracePeriodSeconds": 30,
      ],
    ]
    return [
      "apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata(),
      "spec": ["selector": ["matchLabels": .object(selector)], "template": pod],
    ]
  }

  private var container: JSONValue {
    [
      "name": "istio-proxy",
      "image": "auto",
      "securityContext": [
        "capabilities": ["drop": ["ALL"]],
        "allowPrivilegeEscalation": false,
        "privileged": false,
        "readOnlyRootFilesystem": true,
        "runAsNonRoot": true,
      ],
      "env": [networkView],
      "ports": [["containerPort": 15090, "protocol": "TCP", "name": "http-envoy-prom"]],
      "resources": resources ?? [
        "limits": ["cpu": "2000m", "memory": "1024Mi"],
        "requests": ["cpu": "100m", "memory": "128Mi"],
      ],
    ]
  }

  /// Makes the gateway see the endpoints of its own network only.
  var networkView: JSONValue {
    ["name": "ISTIO_META_REQUESTED_NETWORK_VIEW", "value": .string(network)]
  }

  func service(selector: JSONObject) -> JSONValue {
    var labels = labels
    labels[Names.networkLabel] = .string(network)
    var service: JSONValue = [
      "apiVersion": "v1", "kind": "Service", "metadata": metadata(labels),
      "spec": [
        "type": .string(serviceType),
        "ports": .array(servicePorts.map(\.manifest)),
        "selector": .object(selector),
      ],
    ]
    addRequests(to: &service)
    return service
  }

  /// Adds what the script said about the Service's address and who may reach it. Sources can only be
  /// told apart when nodes keep them, hence the external traffic policy.
  func addRequests(to service: inout JSONValue) {
    if !annotations.isEmpty {
      var object = JSONObject()
      for (key, value) in annotations { object[key] = .string(value) }
      service["metadata"]?["annotations"] = .object(object)
    }
    if let loadBalancerIP { service["spec"]?["loadBalancerIP"] = .string(loadBalancerIP) }
    guard !allow.isEmpty, serviceType != "ClusterIP" else { return }
    service["spec"]?["externalTrafficPolicy"] = "Local"
    guard serviceType == "LoadBalancer" else { return }
    service["spec"]?["loadBalancerSourceRanges"] = .array(allow.map { .string($0) })
  }
}

extension GatewaySpecification {
  /// The autoscaler in every version that clusters serve, newest first.
  var autoscaler: [JSONValue] {
    let target: JSONValue = [
      "apiVersion": "apps/v1", "kind": "Deployment", "name": .string(name),
    ]
    func object(_ version: String, _ rest: [(String, JSONValue)]) -> JSONValue {
      var specification: JSONValue = [
        "scaleTargetRef": target,
        "minReplicas": .int(scale.lowerBound), "maxReplicas": .int(scale.upperBound),
      ]
      for (key, value) in rest { specification[key] = value }
      return [
        "apiVersion": .string("autoscaling/\(version)"), "kind": "HorizontalPodAutoscaler",
        "metadata": metadata(), "spec": specification,
      ]
    }
    let metrics: JSONValue = [
      [
        "type": "Resource",
        "resource": [
          "name": "cpu", "target": ["averageUtilization": 80, "type": "Utilization"],
        ],
      ]
    ]
    return [
      object("v2", [("metrics", metrics)]), object("v2beta2", [("metrics", metrics)]),
      object("v1", [("targetCPUUtilizationPercentage", 80)]),
    ]
  }

  /// Keeps one pod through node maintenance; only sensible when there is a second one.
  func disruptionBudget(selector: JSONObject) -> [JSONValue] {
    ["v1", "v1beta1"].map { version in
      [
        "apiVersion": .string("policy/\(version)"), "kind": "PodDisruptionBudget",
        "metadata": metadata(),
        "spec": ["minAvailable": 1, "selector": ["matchLabels": .object(selector)]],
      ]
    }
  }

  /// Lets the allowed networks reach the gateway's ports, and everybody its health and metrics.
  func networkPolicy(selector: JSONObject) -> JSONValue {
    let open = [GatewayPort.status, 15020, 15090]
    let guarded = servicePorts.map(\.targetPort).filter { !open.contains($0) }
    return [
      "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": metadata(),
      "spec": [
        "podSelector": ["matchLabels": .object(selector)],
        "policyTypes": ["Ingress", "Egress"],
        "ingress": [
          ["ports": .array(open.map(policyPort))],
          [
            "from": .array(allow.map { ["ipBlock": ["cidr": .string($0)]] }),
            "ports": .array(guarded.map(policyPort)),
          ],
        ],
        "egress": [[:]],
      ],
    ]
  }

  private func policyPort(_ port: Int64) -> JSONValue { ["protocol": "TCP", "port": .int(port)] }
}
