// Istio's Gateway resource that lets other networks reach services through the east-west gateway.

import JSON

/// What a script asks to be exposed.
struct Exposure: Sendable {
  var hosts = ["*.local"]
  var namespace = Names.systemNamespace
  /// The name of the gateway whose pods listen.
  var gateway = Names.gateway

  /// The name of the resource, as in Istio's samples.
  static let name = "cross-network-gateway"

  /// The resource in every version that Istio has served, newest first; their fields are the same.
  var manifests: [JSONValue] {
    ["v1", "v1beta1", "v1alpha3"].map { version in
      [
        "apiVersion": .string("networking.istio.io/\(version)"), "kind": "Gateway",
        "metadata": ["name": .string(Exposure.name), "namespace": .string(namespace)],
        "spec": [
          "selector": ["istio": .string(GatewaySpecification.istioLabel(of: gateway))],
          "servers": [
            [
              "port": ["number": 15443, "name": "tls", "protocol": "TLS"],
              "tls": ["mode": "AUTO_PASSTHROUGH"],
              "hosts": .array(hosts.map { .string($0) }),
            ]
          ],
        ],
      ]
    }
  }
}
