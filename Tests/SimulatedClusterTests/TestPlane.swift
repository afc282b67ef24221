// A cluster without sockets for tests: requests go straight to the API server's core.

import JSON
import Synchronization

@testable import SimulatedCluster

/// A control plane with an administrator's credentials and a clock of its own.
final class TestPlane {
  /// Seconds since 1970; tests move it on.
  let clock: TestClock

  /// A clock that closures can share.
  final class TestClock: Sendable {
    private let seconds = Mutex<Int64>(1_700_000_000)
    var now: Int64 { seconds.withLock { $0 } }
    func advance(_ seconds: Int64) { self.seconds.withLock { $0 += seconds } }
  }

  var plane: ControlPlane
  private static let token = "administrator"

  init(
    version: String = "1.32.0", loadBalancer: SimulatedCluster.LoadBalancer = .ip,
    deployments: SimulatedCluster.Readiness = .ready, historyLimit: Int = 1000, istio: Bool = true
  ) {
    let clock = TestClock()
    self.clock = clock
    plane = ControlPlane(
      settings: .init(
        name: "cluster1", version: KubernetesVersion(version), loadBalancer: loadBalancer,
        deployments: deployments, caPEM: "certificate authority\n", historyLimit: historyLimit,
        now: { clock.now }),
      adminToken: Self.token,
      definitions: istio
        ? MeshDefinitions.definitions(istioVersions: ["v1", "v1beta1", "v1alpha3"]) : [],
      index: 1)
  }

  struct Answer {
    let code: Int
    let json: JSONValue
    let response: APIResponse

    var reason: String { json["reason"]?.string ?? "" }
    var message: String { json["message"]?.string ?? "" }
    var items: [JSONValue] { json["items"]?.array ?? [] }
    var names: [String] { items.map(\.name) }
  }

  @discardableResult
  func send(
    _ method: String, _ target: String, _ body: JSONValue? = nil, type: String = "application/json",
    accept: String? = nil, token: String? = nil, raw: [UInt8]? = nil
  ) -> Answer {
    var headers = ["authorization": "Bearer \(token ?? Self.token)", "user-agent": "test/1.0"]
    if body != nil || raw != nil { headers["content-type"] = type }
    if let accept { headers["accept"] = accept }
    let request = APIRequest(
      method, target, headers: headers, body: raw ?? body?.bytes() ?? [])
    let response = plane.handle(request)
    let json = (try? JSONValue.parse(response.bytes)) ?? .null
    return Answer(code: response.code, json: json, response: response)
  }

  func get(_ target: String) -> Answer { send("GET", target) }

  @discardableResult
  func apply(
    _ target: String, _ object: JSONValue, manager: String = "test", force: Bool = false
  ) -> Answer {
    let separator = target.contains("?") ? "&" : "?"
    return send(
      "PATCH", "\(target)\(separator)fieldManager=\(manager)\(force ? "&force=true" : "")", object,
      type: "application/apply-patch+yaml")
  }

  @discardableResult
  func merge(_ target: String, _ patch: JSONValue) -> Answer {
    send("PATCH", target, patch, type: "application/merge-patch+json")
  }

  func settle() { plane.settle() }

  /// Opens a watch and returns its stream.
  func watch(_ target: String, accept: String? = nil) -> (EventStream, Int)? {
    let answer = send(
      "GET", target + (target.contains("?") ? "&" : "?") + "watch=1", accept: accept)
    guard case .stream(let stream, let id, _) = answer.response.body else { return nil }
    return (stream, id)
  }

  /// The events that wait in a stream, as type and object.
  static func events(_ stream: EventStream) -> [(type: String, object: JSONValue)] {
    stream.takeAll().split(separator: UInt8(ascii: "\n")).compactMap { line in
      guard let event = try? JSONValue.parse(line) else { return nil }
      return (event["type"]?.string ?? "", event["object"] ?? .null)
    }
  }
}

enum Sample {
  static let maps = "/api/v1/namespaces/default/configmaps"
  static let deployments = "/apis/apps/v1/namespaces/default/deployments"

  static func map(
    _ name: String, data: JSONValue = ["x": "1"], labels: JSONValue? = nil
  ) -> JSONValue {
    var metadata: JSONValue = ["name": .string(name)]
    metadata["labels"] = labels
    return ["apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data]
  }

  static func deployment(_ name: String = "web", replicas: Int64? = nil) -> JSONValue {
    var result: JSONValue = [
      "apiVersion": "apps/v1", "kind": "Deployment", "metadata": ["name": .string(name)],
      "spec": [
        "selector": ["matchLabels": ["app": "web"]],
        "template": [
          "metadata": ["labels": ["app": "web"]],
          "spec": [
            "containers": [
              [
                "name": "web", "image": "web:1",
                "resources": ["limits": ["cpu": "2000m", "memory": "1024Mi"]],
                "ports": [["containerPort": 80]],
              ]
            ]
          ],
        ],
      ],
    ]
    if let replicas { result.set(.int(replicas), at: ["spec", "replicas"]) }
    return result
  }

  static let pods = "/api/v1/namespaces/default/pods"

  static func pod(
    _ name: String, containers: [String] = ["main"], node: String? = nil
  ) -> JSONValue {
    var pod: JSONValue = [
      "apiVersion": "v1", "kind": "Pod",
      "metadata": ["name": .string(name), "labels": ["app": "web"]],
      "spec": [
        "containers": .array(containers.map { ["name": .string($0), "image": "none:1"] })
      ],
    ]
    if let node { pod.set(.string(node), at: ["spec", "nodeName"]) }
    return pod
  }

  static func gateway(version: String = "v1") -> JSONValue {
    [
      "apiVersion": .string("networking.istio.io/\(version)"), "kind": "Gateway",
      "metadata": ["name": "cross-network-gateway"],
      "spec": [
        "selector": ["istio": "eastwestgateway"],
        "servers": [
          [
            "port": ["number": 15443, "name": "tls", "protocol": "TLS"],
            "tls": ["mode": "AUTO_PASSTHROUGH"], "hosts": ["*.local"],
          ]
        ],
      ],
    ]
  }

  static func gateways(_ version: String = "v1") -> String {
    "/apis/networking.istio.io/\(version)/namespaces/istio-system/gateways"
  }

  static func secret(_ name: String, account: String) -> JSONValue {
    [
      "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/service-account-token",
      "metadata": [
        "name": .string(name),
        "annotations": ["kubernetes.io/service-account.name": .string(account)],
      ],
    ]
  }
}
