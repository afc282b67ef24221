// The values that the API server fills in where a client says nothing.
//
// What is missing here would show: an apply that leaves a field out must find the same object again.

import JSON

struct Defaults {
  let version: KubernetesVersion

  /// The object with everything that the server adds by itself.
  func apply(to object: JSONValue, _ type: ResourceType) -> JSONValue {
    var result = object
    switch type.id {
    case "namespaces": namespace(&result)
    case "secrets": secret(&result)
    case "services": service(&result)
    case "pods":
      podSpec(&result, at: ["spec"])
      fill(&result, ["status", "phase"], "Pending")
    case "deployments.apps": deployment(&result)
    case "replicasets.apps":
      fill(&result, ["spec", "replicas"], 1)
      podSpec(&result, at: ["spec", "template", "spec"])
    case "statefulsets.apps": statefulSet(&result)
    case "daemonsets.apps": daemonSet(&result)
    case "horizontalpodautoscalers.autoscaling": autoscaler(&result)
    case "networkpolicies.networking.k8s.io": networkPolicy(&result)
    case "rolebindings.rbac.authorization.k8s.io", "clusterrolebindings.rbac.authorization.k8s.io":
      binding(&result)
    case "customresourcedefinitions.apiextensions.k8s.io": definition(&result)
    default: break
    }
    return result
  }

  /// Sets a value where there is none.
  private func fill(_ object: inout JSONValue, _ path: [String], _ value: JSONValue) {
    if object.at(path) == nil { object.set(value, at: path) }
  }

  /// Changes every element of a list.
  private func each(
    _ object: inout JSONValue, _ path: [String], _ change: (inout JSONValue) -> Void
  ) {
    guard var list = object.at(path)?.array else { return }
    for index in list.indices { change(&list[index]) }
    object.set(.array(list), at: path)
  }

  // MARK: - Core

  private func namespace(_ object: inout JSONValue) {
    fill(&object, ["status", "phase"], "Active")
    if version.minor >= 21 {
      object.set(
        .string(object.name), at: ["metadata", "labels", "kubernetes.io/metadata.name"])
    }
  }

  private func secret(_ object: inout JSONValue) {
    fill(&object, ["type"], "Opaque")
    for (key, value) in object["stringData"]?.object ?? JSONObject() {
      object.set(.string(Base64.encode((value.string ?? "").utf8)), at: ["data", key])
    }
    object["stringData"] = nil
  }

  private func service(_ object: inout JSONValue) {
    fill(&object, ["spec", "type"], "ClusterIP")
    fill(&object, ["spec", "sessionAffinity"], "None")
    let type = object.at(["spec", "type"])?.string ?? ""
    each(&object, ["spec", "ports"]) { port in
      fill(&port, ["protocol"], "TCP")
      if let number = port["port"], type != "ExternalName" { fill(&port, ["targetPort"], number) }
    }
    guard type != "ExternalName" else { return }
    if version.minor >= 22 { fill(&object, ["spec", "internalTrafficPolicy"], "Cluster") }
    if version.minor >= 21 {
      fill(&object, ["spec", "ipFamilies"], ["IPv4"])
      fill(&object, ["spec", "ipFamilyPolicy"], "SingleStack")
    }
    guard ["LoadBalancer", "NodePort"].contains(type) else { return }
    fill(&object, ["spec", "externalTrafficPolicy"], "Cluster")
    if type == "LoadBalancer", version.minor >= 22 {
      fill(&object, ["spec", "allocateLoadBalancerNodePorts"], true)
    }
  }

  // MARK: - Workloads

  private func deployment(_ object: inout JSONValue) {
    fill(&object, ["spec", "replicas"], 1)
    fill(&object, ["spec", "revisionHistoryLimit"], 10)
    fill(&object, ["spec", "progressDeadlineSeconds"], 600)
    fill(&object, ["spec", "strategy", "type"], "RollingUpdate")
    if object.at(["spec", "strategy", "type"])?.string == "RollingUpdate" {
      fill(&object, ["spec", "strategy", "rollingUpdate", "maxSurge"], "25%")
      fill(&object, ["spec", "strategy", "rollingUpdate", "maxUnavailable"], "25%")
    }
    podSpec(&object, at: ["spec", "template", "spec"])
  }

  private func statefulSet(_ object: inout JSONValue) {
    fill(&object, ["spec", "replicas"], 1)
    fill(&object, ["spec", "revisionHistoryLimit"], 10)
    fill(&object, ["spec", "podManagementPolicy"], "OrderedReady")
    fill(&object, ["spec", "updateStrategy", "type"], "RollingUpdate")
    if object.at(["spec", "updateStrategy", "type"])?.string == "RollingUpdate" {
      fill(&object, ["spec", "updateStrategy", "rollingUpdate", "partition"], 0)
    }
    podSpec(&object, at: ["spec", "template", "spec"])
  }

  private func daemonSet(_ object: inout JSONValue) {
    fill(&object, ["spec", "revisionHistoryLimit"], 10)
    fill(&object, ["spec", "updateStrategy", "type"], "RollingUpdate")
    if object.at(["spec", "updateStrategy", "type"])?.string == "RollingUpdate" {
      fill(&object, ["spec", "updateStrategy", "rollingUpdate", "maxSurge"], 0)
      fill(&object, ["spec", "updateStrategy", "rollingUpdate", "maxUnavailable"], 1)
    }
    podSpec(&object, at: ["spec", "template", "spec"])
  }

  private func podSpec(_ object: inout JSONValue, at path: [String]) {
    guard var spec = object.at(path) else { return }
    fill(&spec, ["restartPolicy"], "Always")
    fill(&spec, ["terminationGracePeriodSeconds"], 30)
    fill(&spec, ["dnsPolicy"], "ClusterFirst")
    fill(&spec, ["securityContext"], [:])
    fill(&spec, ["schedulerName"], "default-scheduler")
    // The old name of the field follows the new one.
    if let account = spec["serviceAccountName"] ?? spec["serviceAccount"] {
      spec["serviceAccountName"] = account
      spec["serviceAccount"] = account
    }
    for list in ["containers", "initContainers", "ephemeralContainers"] {
      each(&spec, [list]) { container(&$0) }
    }
    each(&spec, ["volumes"]) { volume(&$0) }
    object.set(spec, at: path)
  }

  private func container(_ container: inout JSONValue) {
    fill(&container, ["terminationMessagePath"], "/dev/termination-log")
    fill(&container, ["terminationMessagePolicy"], "File")
    fill(&container, ["resources"], [:])
    fill(&container, ["imagePullPolicy"], .string(pullPolicy(container["image"]?.string ?? "")))
    each(&container, ["ports"]) { fill(&$0, ["protocol"], "TCP") }
    each(&container, ["env"]) { variable in
      if variable.at(["valueFrom", "fieldRef"]) != nil {
        fill(&variable, ["valueFrom", "fieldRef", "apiVersion"], "v1")
      }
      if variable.at(["valueFrom", "resourceFieldRef"]) != nil {
        fill(&variable, ["valueFrom", "resourceFieldRef", "divisor"], "0")
      }
    }
    for name in ["livenessProbe", "readinessProbe", "startupProbe"] where container[name] != nil {
      probe(&container, name)
    }
  }

  /// An image without tag, or with `latest`, is pulled each time.
  private func pullPolicy(_ image: String) -> String {
    let name = image.split(separator: "/").last ?? ""
    if name.contains("@") { return "IfNotPresent" }
    guard let colon = name.lastIndex(of: ":") else { return "Always" }
    return name[name.index(after: colon)...] == "latest" ? "Always" : "IfNotPresent"
  }

  private func probe(_ container: inout JSONValue, _ name: String) {
    fill(&container, [name, "timeoutSeconds"], 1)
    fill(&container, [name, "periodSeconds"], 10)
    fill(&container, [name, "successThreshold"], 1)
    fill(&container, [name, "failureThreshold"], 3)
    if container.at([name, "httpGet"]) != nil {
      fill(&container, [name, "httpGet", "scheme"], "HTTP")
    }
  }

  private func volume(_ volume: inout JSONValue) {
    // A volume that names no source is an empty directory.
    if volume.object?.count == 1 { volume["emptyDir"] = [:] }
    for source in ["secret", "configMap", "projected", "downwardAPI"] where volume[source] != nil {
      fill(&volume, [source, "defaultMode"], 420)
    }
    each(&volume, ["projected", "sources"]) { source in
      if source["serviceAccountToken"] != nil {
        fill(&source, ["serviceAccountToken", "expirationSeconds"], 3600)
      }
    }
  }

  // MARK: - Others

  private func autoscaler(_ object: inout JSONValue) {
    fill(&object, ["spec", "minReplicas"], 1)
    // Stored as v1 before that, where the same default is a number.
    guard version.minor >= 23 else {
      if object.at(["spec", "metrics"]) == nil {
        fill(&object, ["spec", "targetCPUUtilizationPercentage"], 80)
      }
      return
    }
    if object.at(["spec", "metrics"])?.isEmptyOrNull ?? true,
      object.at(["spec", "targetCPUUtilizationPercentage"]) == nil
    {
      let target: JSONValue = ["type": "Utilization", "averageUtilization": 80]
      object.set(
        [["type": "Resource", "resource": ["name": "cpu", "target": target]]],
        at: ["spec", "metrics"])
    }
  }

  private func networkPolicy(_ object: inout JSONValue) {
    fill(&object, ["spec", "podSelector"], [:])
    let hasEgress = object.at(["spec", "egress"]) != nil
    fill(&object, ["spec", "policyTypes"], hasEgress ? ["Ingress", "Egress"] : ["Ingress"])
    for direction in ["ingress", "egress"] {
      each(&object, ["spec", direction]) { rule in
        each(&rule, ["ports"]) { fill(&$0, ["protocol"], "TCP") }
      }
    }
  }

  private func binding(_ object: inout JSONValue) {
    fill(&object, ["roleRef", "apiGroup"], "rbac.authorization.k8s.io")
    each(&object, ["subjects"]) { subject in
      if subject["kind"]?.string != "ServiceAccount" {
        fill(&subject, ["apiGroup"], "rbac.authorization.k8s.io")
      }
    }
  }

  private func definition(_ object: inout JSONValue) {
    let kind = object.at(["spec", "names", "kind"])?.string ?? ""
    fill(&object, ["spec", "names", "singular"], .string(kind.lowercased()))
    fill(&object, ["spec", "names", "listKind"], .string(kind + "List"))
    fill(&object, ["spec", "conversion", "strategy"], "None")
  }
}
