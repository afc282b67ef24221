// What of a gateway is applied when a gateway of that name is there already.
//
// Ours (label app.kubernetes.io/managed-by: msh) is applied in full, except that an existing selector
// stays: it cannot be changed. A gateway that istioctl, Helm or a person made stays its maker's. To that
// one only what makes it a gateway of the network is applied, and what the script asked for by name. If
// one of these fields is owned by another manager who means something else, the API server answers with
// a conflict, and that is the error which the script sees: nothing is ever forced.

import Interpreter
import JSON

/// The gateway that a cluster has, as far as it matters for what is applied.
struct LiveGateway: Sendable {
  var deployment: JSONValue?
  var service: JSONValue?

  /// True when somebody else made the Deployment.
  var isForeignDeployment: Bool { deployment.map { !$0.isMadeByMsh } ?? false }
  /// True when somebody else made the Service.
  var isForeignService: Bool { service.map { !$0.isMadeByMsh } ?? false }
}

extension GatewaySpecification {
  /// The labels to select pods by: those of the Deployment that is there, else our own.
  func selector(of live: LiveGateway) -> JSONObject {
    live.deployment?[path: "spec", "selector", "matchLabels"]?.object ?? selector
  }

  /// Labels that the existing Deployment selects by with another value than its pods would get, as
  /// `key=value` of the Deployment.
  func contradictions(with live: LiveGateway) -> [String] {
    let selector = selector(of: live)
    let wanted = live.isForeignDeployment ? essentialPodLabels : podLabels(selector: selector)
    return selector.compactMap { key, value in
      guard let own = wanted[key], own != value else { return nil }
      return "\(key)=\(value.string ?? value.text())"
    }
  }

  private var essentialPodLabels: JSONObject {
    var labels: JSONObject = [Names.networkLabel: .string(network)]
    if let revision { labels[Names.revisionLabel] = .string(revision) }
    return labels
  }

  /// The Deployment to apply.
  func deployment(adopting live: LiveGateway) -> JSONValue {
    let selector = selector(of: live)
    guard live.isForeignDeployment else { return deployment(selector: selector) }
    var container: JSONValue = [
      "name": .string(containerName(of: live)), "env": [networkView],
    ]
    if let resources { container["resources"] = resources }
    return [
      "apiVersion": "apps/v1", "kind": "Deployment",
      "metadata": ["name": .string(name), "namespace": .string(namespace)],
      "spec": [
        "template": [
          "metadata": ["labels": .object(essentialPodLabels)],
          "spec": ["containers": [container]],
        ]
      ],
    ]
  }

  private func containerName(of live: LiveGateway) -> String {
    let containers = live.deployment?[path: "spec", "template", "spec", "containers"]?.array ?? []
    let names = containers.compactMap { $0["name"]?.string }
    return names.contains("istio-proxy") ? "istio-proxy" : names.first ?? "istio-proxy"
  }

  /// The Service to apply. Its selector is kept when the Deployment's pods answer to it.
  func service(adopting live: LiveGateway) -> JSONValue {
    guard live.isForeignService else { return service(selector: serviceSelector(of: live)) }
    var service: JSONValue = [
      "apiVersion": "v1", "kind": "Service",
      "metadata": [
        "name": .string(name), "namespace": .string(namespace),
        "labels": [Names.networkLabel: .string(network)],
      ],
      "spec": [:],
    ]
    if let type { service["spec"]?["type"] = .string(type) }
    if ports != nil || !servesTraffic(live) {
      service["spec"]?["ports"] = .array(servicePorts.map(\.manifest))
    }
    addRequests(to: &service)
    if service["spec"] == [:] { service["spec"] = nil }
    return service
  }

  /// The autoscaler to apply, in every version: of somebody else's only the bounds.
  func autoscaler(adopting live: LiveGateway) -> [JSONValue] {
    guard live.isForeignDeployment else { return autoscaler }
    return autoscaler.map { manifest in
      var bounds = manifest
      bounds["metadata"] = ["name": .string(name), "namespace": .string(namespace)]
      bounds["spec"]?["metrics"] = nil
      bounds["spec"]?["targetCPUUtilizationPercentage"] = nil
      return bounds
    }
  }

  private func serviceSelector(of live: LiveGateway) -> JSONObject {
    let selector = selector(of: live)
    guard let current = live.service?[path: "spec", "selector"]?.object else { return selector }
    let pods = podLabels(selector: selector)
    return current.allSatisfy { key, value in pods[key] == value } ? current : selector
  }

  private func servesTraffic(_ live: LiveGateway) -> Bool {
    let ports = live.service?[path: "spec", "ports"]?.array ?? []
    return ports.contains { $0["port"]?.int == GatewayPort.traffic }
  }
}
