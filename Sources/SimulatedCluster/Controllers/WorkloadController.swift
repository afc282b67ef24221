// Workloads, load balancers and gateways: their status becomes what it would in a healthy cluster.

import JSON

extension ControlPlane {
  // MARK: - Services

  mutating func reconcileLoadBalancer(_ service: JSONValue) {
    guard !service.isBeingDeleted else { return }
    var changed = service
    let path = ["status", "loadBalancer", "ingress"]
    guard service.at(["spec", "type"])?.string == "LoadBalancer" else {
      guard service.at(path) != nil else { return }
      changed.set([:], at: ["status", "loadBalancer"])
      return write(changed, "services", status: true)
    }
    let wanted = service.at(["spec", "loadBalancerIP"])?.string
    guard service.at(path) == nil, let ingress = ingress(wanted) else { return }
    changed.set([ingress], at: path)
    write(changed, "services", status: true)
  }

  /// The address that the cluster's load balancer gives; nil where there is none.
  private mutating func ingress(_ wanted: String?) -> JSONValue? {
    switch settings.loadBalancer {
    case .none: return nil
    case .hostname: return ["hostname": .string(addresses.loadBalancerName())]
    case .ip:
      var ingress: JSONValue = ["ip": .string(wanted ?? addresses.loadBalancerIP())]
      if settings.version.minor >= 30 { ingress["ipMode"] = "VIP" }
      return ingress
    }
  }

  // MARK: - Deployments

  mutating func reconcileDeployment(_ deployment: JSONValue) {
    guard !deployment.isBeingDeleted, settings.deployments != .never else { return }
    var changed = deployment
    let revision = ["metadata", "annotations", "deployment.kubernetes.io/revision"]
    if deployment.at(revision) == nil {
      changed.set("1", at: revision)
      write(changed, "deployments.apps")
      guard let present = storage.object("deployments.apps", deployment.key) else { return }
      changed = present
    }
    changed["status"] = deploymentStatus(changed)
    write(changed, "deployments.apps", status: true)
  }

  private func deploymentStatus(_ deployment: JSONValue) -> JSONValue {
    let replicas = deployment.at(["spec", "replicas"]) ?? 1
    var failure: String?
    if case .failing(let message) = settings.deployments { failure = message }
    var status: JSONValue = ["observedGeneration": deployment["metadata"]?["generation"] ?? 1]
    if replicas != 0 {
      for field in ["replicas", "updatedReplicas"] { status[field] = replicas }
      let ready = failure == nil ? ["readyReplicas", "availableReplicas"] : ["unavailableReplicas"]
      for field in ready { status[field] = replicas }
    }
    status["conditions"] = conditions(deployment, failure)
    return status
  }

  private func conditions(_ deployment: JSONValue, _ failure: String?) -> JSONValue {
    let available = condition(
      "Available", failure == nil,
      reason: failure == nil ? "MinimumReplicasAvailable" : "MinimumReplicasUnavailable",
      message: failure ?? "Deployment has minimum availability.", in: deployment)
    let progressing = condition(
      "Progressing", failure == nil,
      reason: failure == nil ? "NewReplicaSetAvailable" : "ProgressDeadlineExceeded",
      message: failure ?? "Deployment \(quoted(deployment.name)) has successfully progressed.",
      in: deployment)
    return .array(
      [available, progressing].map { condition in
        var condition = condition
        condition["lastUpdateTime"] = condition["lastTransitionTime"]
        return condition
      })
  }

  // MARK: - Other sets

  mutating func reconcileSet(_ set: JSONValue, _ resource: String) {
    guard !set.isBeingDeleted, settings.deployments == .ready else { return }
    var changed = set
    var status: JSONValue = ["observedGeneration": set["metadata"]?["generation"] ?? 1]
    var fields = ["replicas", "readyReplicas", "availableReplicas"]
    var count = set.at(["spec", "replicas"]) ?? 1
    switch resource {
    case "statefulsets.apps": fields += ["currentReplicas", "updatedReplicas"]
    case "daemonsets.apps":
      count = .int(Int64(storage.all("nodes").count))
      fields = [
        "currentNumberScheduled", "desiredNumberScheduled", "numberReady",
        "updatedNumberScheduled", "numberAvailable",
      ]
      status["numberMisscheduled"] = 0
    default: fields.append("fullyLabeledReplicas")
    }
    for field in fields { status[field] = count }
    if resource == "statefulsets.apps" {
      status["currentRevision"] = .string("\(set.name)-1")
      status["updateRevision"] = .string("\(set.name)-1")
    }
    changed["status"] = status
    write(changed, resource, status: true)
  }

  // MARK: - Gateways of the Gateway API

  /// Istio's own gateway classes get an address, as the controller in istiod would see to.
  mutating func reconcileGateway(_ gateway: JSONValue) {
    let name = gateway.at(["spec", "gatewayClassName"])?.string ?? ""
    guard name.hasPrefix("istio"), !gateway.isBeingDeleted else { return }
    var changed = gateway
    let path = ["status", "addresses"]
    if gateway.at(path) == nil, let ingress = ingress(nil) {
      let value = ingress["ip"] ?? ingress["hostname"] ?? ""
      let kind: JSONValue = ingress["ip"] == nil ? "Hostname" : "IPAddress"
      changed.set([["type": kind, "value": value]], at: path)
    }
    let generation = gateway["metadata"]?["generation"] ?? 1
    let isProgrammed = changed.at(path) != nil
    let accepted = condition(
      "Accepted", true, reason: "Accepted", message: "Resource accepted", in: gateway)
    let programmed = condition(
      "Programmed", isProgrammed, reason: isProgrammed ? "Programmed" : "AddressNotAssigned",
      message: isProgrammed ? "Resource programmed" : "Waiting for an address", in: gateway)
    changed.set(
      .array(
        [accepted, programmed].map { condition in
          var condition = condition
          condition["observedGeneration"] = generation
          return condition
        }), at: ["status", "conditions"])
    write(changed, "gateways.gateway.networking.k8s.io", status: true)
  }
}
