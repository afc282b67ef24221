// What the API server refuses with 422: missing and wrong values, and changes of what cannot change.
//
// Not everything a real server checks: names, labels, and the rules that a mesh's objects run into.

import JSON

struct Validation {
  typealias Cause = APIError.Cause

  let type: ResourceType

  /// Throws one error that lists every problem.
  func check(_ object: JSONValue, old: JSONValue? = nil) throws(APIError) {
    var causes = metadata(object)
    causes += specific(object)
    if let old { causes += changes(object, old) }
    guard causes.isEmpty else { throw .invalid(type, object.name, causes) }
  }

  // MARK: - Metadata

  private func metadata(_ object: JSONValue) -> [Cause] {
    var causes: [Cause] = []
    if object.name.isEmpty {
      causes.append(.required("metadata.name", "name or generateName is required"))
    } else if let problem = nameProblem(object.name) {
      causes.append(.invalid("metadata.name", quoted(object.name), problem))
    }
    causes += labels(object.labels, "metadata.labels")
    for key in object.annotations.keys.sorted() {
      if let problem = Names.keyProblem(key.lowercased()) {
        causes.append(.invalid("metadata.annotations", quoted(key), problem))
      }
    }
    return causes
  }

  private func nameProblem(_ name: String) -> String? {
    switch type.id {
    case "namespaces": Names.labelProblem(name)
    case "services": Names.hostProblem(name)
    case _ where type.group == "rbac.authorization.k8s.io": Names.pathProblem(name)
    default: Names.subdomainProblem(name)
    }
  }

  private func labels(_ labels: [String: String], _ field: String) -> [Cause] {
    labels.keys.sorted().flatMap { key in
      let value = labels[key] ?? ""
      return [
        Names.keyProblem(key).map { Cause.invalid(field, quoted(key), $0) },
        Names.valueProblem(value).map { Cause.invalid(field, quoted(value), $0) },
      ].compactMap { $0 }
    }
  }

  // MARK: - By kind

  private func specific(_ object: JSONValue) -> [Cause] {
    switch type.id {
    case "secrets": secret(object)
    case "configmaps": keys(object, "data") + keys(object, "binaryData")
    case "services": service(object)
    case "pods": podSpec(object["spec"] ?? [:], "spec")
    case "deployments.apps", "replicasets.apps", "statefulsets.apps", "daemonsets.apps":
      workload(object)
    case "horizontalpodautoscalers.autoscaling": autoscaler(object)
    case "poddisruptionbudgets.policy": budget(object)
    case "rolebindings.rbac.authorization.k8s.io", "clusterrolebindings.rbac.authorization.k8s.io":
      binding(object)
    case "roles.rbac.authorization.k8s.io", "clusterroles.rbac.authorization.k8s.io": role(object)
    case "customresourcedefinitions.apiextensions.k8s.io": definition(object)
    default: []
    }
  }

  private func secret(_ object: JSONValue) -> [Cause] {
    var causes = keys(object, "data")
    let account = "kubernetes.io/service-account.name"
    if object["type"]?.string == "kubernetes.io/service-account-token",
      object.annotations[account, default: ""].isEmpty
    {
      causes.append(.required("metadata.annotations[\(account)]"))
    }
    return causes
  }

  /// Keys of a ConfigMap's or Secret's data become file names.
  private func keys(_ object: JSONValue, _ field: String) -> [Cause] {
    (object[field]?.object?.keys ?? []).compactMap { key in
      let isFine =
        !key.isEmpty && key.utf8.count <= 253 && key != "." && key != ".."
        && key.utf8.allSatisfy {
          "-_.".utf8.contains($0) || Names.valueProblem(String(UnicodeScalar($0))) == nil
        }
      return isFine
        ? nil
        : .invalid(
          "\(field)[\(key)]", quoted(key),
          "a valid config key must consist of alphanumeric characters, '-', '_' or '.'")
    }
  }

  private func service(_ object: JSONValue) -> [Cause] {
    let spec = object["spec"] ?? [:]
    let kind = spec["type"]?.string ?? ""
    let kinds = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"]
    var causes: [Cause] = []
    if !kinds.contains(kind) { causes.append(.unsupported("spec.type", kind, kinds)) }
    let ports = spec["ports"]?.array ?? []
    if ports.isEmpty, kind != "ExternalName", spec["clusterIP"]?.string != "None" {
      causes.append(.required("spec.ports"))
    }
    var names: Set<String> = []
    for (index, port) in ports.enumerated() {
      let field = "spec.ports[\(index)]"
      let number = port["port"]?.int ?? 0
      if !(1...65535).contains(number) {
        causes.append(
          .invalid("\(field).port", String(number), "must be between 1 and 65535, inclusive"))
      }
      let name = port["name"]?.string ?? ""
      if name.isEmpty, ports.count > 1 { causes.append(.required("\(field).name")) }
      if !name.isEmpty, !names.insert(name).inserted {
        causes.append(
          Cause(
            reason: "FieldValueDuplicate", message: "Duplicate value: \(quoted(name))",
            field: "\(field).name"))
      }
    }
    return causes
  }

  private func workload(_ object: JSONValue) -> [Cause] {
    var causes: [Cause] = []
    let selector = object.texts(["spec", "selector", "matchLabels"])
    let labels = object.texts(["spec", "template", "metadata", "labels"])
    let hasExpressions = object.at(["spec", "selector", "matchExpressions"]) != nil
    if object.at(["spec", "selector"]) == nil {
      causes.append(.required("spec.selector"))
    } else if selector.isEmpty, !hasExpressions {
      causes.append(
        .invalid("spec.selector", "{}", "empty selector is invalid for \(type.kind.lowercased())"))
    } else if selector.contains(where: { labels[$0.key] != $0.value }) {
      let text = object.at(["spec", "template", "metadata", "labels"])?.text() ?? "null"
      causes.append(
        .invalid(
          "spec.template.metadata.labels", text, "`selector` does not match template `labels`"))
    }
    if let replicas = object.at(["spec", "replicas"])?.int, replicas < 0 {
      causes.append(
        .invalid("spec.replicas", String(replicas), "must be greater than or equal to 0"))
    }
    causes += self.labels(labels, "spec.template.metadata.labels")
    return causes + podSpec(object.at(["spec", "template", "spec"]) ?? [:], "spec.template.spec")
  }

  private func podSpec(_ spec: JSONValue, _ field: String) -> [Cause] {
    let containers = spec["containers"]?.array ?? []
    if containers.isEmpty { return [.required("\(field).containers")] }
    return containers.enumerated().flatMap { index, container in
      ["name", "image"].compactMap { key in
        container[key]?.string ?? "" == ""
          ? Cause.required("\(field).containers[\(index)].\(key)") : nil
      }
    }
  }

  private func autoscaler(_ object: JSONValue) -> [Cause] {
    var causes: [Cause] = []
    let least = object.at(["spec", "minReplicas"])?.int ?? 1
    let most = object.at(["spec", "maxReplicas"])?.int ?? 0
    if least < 1 {
      causes.append(
        .invalid("spec.minReplicas", String(least), "must be greater than or equal to 1"))
    }
    if most < 1 {
      causes.append(.invalid("spec.maxReplicas", String(most), "must be greater than 0"))
    }
    if most < least {
      causes.append(
        .invalid(
          "spec.maxReplicas", String(most), "must be greater than or equal to `minReplicas`"))
    }
    for key in ["kind", "name"] where object.at(["spec", "scaleTargetRef", key]) == nil {
      causes.append(.required("spec.scaleTargetRef.\(key)"))
    }
    return causes
  }

  private func budget(_ object: JSONValue) -> [Cause] {
    guard object.at(["spec", "minAvailable"]) != nil, object.at(["spec", "maxUnavailable"]) != nil
    else { return [] }
    return [
      .invalid("spec", "{}", "minAvailable and maxUnavailable cannot be both set")
    ]
  }

  private func binding(_ object: JSONValue) -> [Cause] {
    var causes: [Cause] = []
    for key in ["kind", "name"] where object.at(["roleRef", key])?.string ?? "" == "" {
      causes.append(.required("roleRef.\(key)"))
    }
    for (index, subject) in (object["subjects"]?.array ?? []).enumerated() {
      let field = "subjects[\(index)]"
      if subject["name"]?.string ?? "" == "" { causes.append(.required("\(field).name")) }
      let kind = subject["kind"]?.string ?? ""
      if !["User", "Group", "ServiceAccount"].contains(kind) {
        causes.append(
          .unsupported("\(field).kind", kind, ["Group", "ServiceAccount", "User"]))
      }
      if kind == "ServiceAccount", type.resource == "clusterrolebindings",
        subject["namespace"]?.string ?? "" == ""
      {
        causes.append(.required("\(field).namespace"))
      }
    }
    return causes
  }

  private func role(_ object: JSONValue) -> [Cause] {
    (object["rules"]?.array ?? []).enumerated().compactMap { index, rule in
      rule["verbs"]?.isEmptyOrNull ?? true
        ? Cause.required("rules[\(index)].verbs", "verbs must contain at least one value") : nil
    }
  }

  private func definition(_ object: JSONValue) -> [Cause] {
    let group = object.at(["spec", "group"])?.string ?? ""
    let plural = object.at(["spec", "names", "plural"])?.string ?? ""
    var causes: [Cause] = []
    if object.name != "\(plural).\(group)" {
      causes.append(
        .invalid(
          "metadata.name", quoted(object.name), "must be spec.names.plural+\".\"+spec.group"))
    }
    let versions = object.at(["spec", "versions"])?.array ?? []
    if versions.count(where: { $0["storage"]?.bool ?? false }) != 1 {
      causes.append(
        .invalid(
          "spec.versions", "\(versions.count) versions",
          "must have exactly one version marked as storage version"))
    }
    return causes
  }

  // MARK: - Changes

  private func changes(_ object: JSONValue, _ old: JSONValue) -> [Cause] {
    var causes: [Cause] = []
    func immutable(_ path: [String], _ value: JSONValue? = nil) {
      guard object.at(path) != old.at(path) else { return }
      let shown = object.at(path).map { $0.text() } ?? "null"
      causes.append(.invalid(path.joined(separator: "."), shown, "field is immutable"))
    }
    switch type.id {
    case "deployments.apps", "replicasets.apps", "daemonsets.apps": immutable(["spec", "selector"])
    case "statefulsets.apps":
      immutable(["spec", "selector"])
      immutable(["spec", "serviceName"])
    case "services":
      if let kind = object.at(["spec", "type"])?.string, kind != "ExternalName",
        let address = old.at(["spec", "clusterIP"]), address != object.at(["spec", "clusterIP"])
      {
        immutable(["spec", "clusterIP"])
      }
    case "secrets":
      immutable(["type"])
      causes += locked(object, old)
    case "configmaps": causes += locked(object, old)
    case "rolebindings.rbac.authorization.k8s.io", "clusterrolebindings.rbac.authorization.k8s.io":
      if object["roleRef"] != old["roleRef"] {
        causes.append(
          .invalid("roleRef", object["roleRef"]?.text() ?? "null", "cannot change roleRef"))
      }
    default: break
    }
    return causes
  }

  /// A Secret or ConfigMap that was declared immutable.
  private func locked(_ object: JSONValue, _ old: JSONValue) -> [Cause] {
    guard old["immutable"]?.bool ?? false else { return [] }
    return ["data", "binaryData", "immutable"].compactMap { field in
      object[field] == old[field]
        ? nil
        : Cause(
          reason: "FieldValueForbidden",
          message: "Forbidden: field is immutable when `immutable` is set", field: field)
    }
  }
}
