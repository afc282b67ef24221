// Columns of the tables that `kubectl get` prints, computed on the server as in reality.

import JSON

/// One column: how a cell is read from an object.
struct TableColumn {
  var name: String
  var type = "string"
  /// Above zero only shown by `-o wide`.
  var priority: Int64 = 0
  let cell: @Sendable (_ object: JSONValue, _ now: Int64) -> JSONValue

  init(
    _ name: String, type: String = "string", priority: Int64 = 0,
    _ cell: @escaping @Sendable (JSONValue) -> JSONValue
  ) {
    self.name = name
    self.type = type
    self.priority = priority
    self.cell = { object, _ in cell(object) }
  }

  private init(age name: String) {
    self.name = name
    cell = { object, now in .string(Clock.age(of: object.meta("creationTimestamp"), now: now)) }
  }

  static func columns(of type: ResourceType) -> [TableColumn] {
    let name = TableColumn("Name") { .string($0.name) }
    let age = TableColumn(age: "Age")
    if type.isCustom, !type.printerColumns.isEmpty {
      return [name] + type.printerColumns.compactMap { custom($0) }
    }
    if type.id == ControlPlane.definitions { return [name] + (own[type.id] ?? []) }
    return [name] + (own[type.id] ?? []) + [age]
  }

  /// A column of a custom resource definition.
  private static func custom(_ definition: JSONValue) -> TableColumn? {
    guard let name = definition["name"]?.string, let path = definition["jsonPath"]?.string else {
      return nil
    }
    if definition["type"]?.string == "date", path == ".metadata.creationTimestamp" {
      return TableColumn(age: name)
    }
    return TableColumn(
      name, type: definition["type"]?.string ?? "string",
      priority: definition["priority"]?.int ?? 0
    ) { SimplePath.value(path, in: $0) ?? "" }
  }

  private static let own: [String: [TableColumn]] = [
    "namespaces": [TableColumn("Status") { text($0, "status", "phase") }],
    "nodes": [
      TableColumn("Status") { _ in "Ready" },
      TableColumn("Version") { text($0, "status", "nodeInfo", "kubeletVersion") },
    ],
    "secrets": [
      TableColumn("Type") { text($0, "type") },
      TableColumn("Data", type: "integer") { count($0, ["data"]) },
    ],
    "configmaps": [TableColumn("Data", type: "integer") { count($0, ["data"], ["binaryData"]) }],
    "serviceaccounts": [
      TableColumn("Secrets", type: "integer") {
        .int(Int64($0["secrets"]?.array?.count ?? 0))
      }
    ],
    "services": services, "pods": pods, "deployments.apps": deployments,
    "statefulsets.apps": [TableColumn("Ready") { ready($0) }],
    "replicasets.apps": [
      TableColumn("Desired", type: "integer") { number($0, "spec", "replicas") },
      TableColumn("Current", type: "integer") { number($0, "status", "replicas") },
      TableColumn("Ready", type: "integer") { number($0, "status", "readyReplicas") },
    ],
    "horizontalpodautoscalers.autoscaling": autoscalers,
    "poddisruptionbudgets.policy": [
      TableColumn("Min Available") { orNone($0, "spec", "minAvailable") },
      TableColumn("Max Unavailable") { orNone($0, "spec", "maxUnavailable") },
      TableColumn("Allowed Disruptions", type: "integer") {
        number($0, "status", "disruptionsAllowed")
      },
    ],
    "networkpolicies.networking.k8s.io": [
      TableColumn("Pod-Selector") {
        .string(selector($0.at(["spec", "podSelector", "matchLabels"])))
      }
    ],
    "rolebindings.rbac.authorization.k8s.io": [TableColumn("Role") { role($0) }],
    "clusterrolebindings.rbac.authorization.k8s.io": [TableColumn("Role") { role($0) }],
    "customresourcedefinitions.apiextensions.k8s.io": [
      TableColumn("Created At") { .string($0.meta("creationTimestamp")) }
    ],
  ]

  private static let services = [
    TableColumn("Type") { text($0, "spec", "type") },
    TableColumn("Cluster-IP") { orNone($0, "spec", "clusterIP") },
    TableColumn("External-IP") { .string(externalAddress($0)) },
    TableColumn("Port(s)") { .string(ports($0)) },
    TableColumn("Selector", priority: 1) { .string(selector($0.at(["spec", "selector"]))) },
  ]

  private static let pods = [
    TableColumn("Ready") { pod in
      let total = pod.at(["spec", "containers"])?.array?.count ?? 0
      let ready = (pod.at(["status", "containerStatuses"])?.array ?? [])
        .count { $0["ready"]?.bool ?? false }
      return .string("\(ready)/\(total)")
    },
    TableColumn("Status") { text($0, "status", "phase") },
    TableColumn("Restarts") { _ in "0" },
  ]

  private static let deployments = [
    TableColumn("Ready") { ready($0) },
    TableColumn("Up-to-date", type: "integer") { number($0, "status", "updatedReplicas") },
    TableColumn("Available", type: "integer") { number($0, "status", "availableReplicas") },
    TableColumn("Containers", priority: 1) { .string(containers($0, "name")) },
    TableColumn("Images", priority: 1) { .string(containers($0, "image")) },
    TableColumn("Selector", priority: 1) {
      .string(selector($0.at(["spec", "selector", "matchLabels"])))
    },
  ]

  private static let autoscalers = [
    TableColumn("Reference") { object in
      let target = object.at(["spec", "scaleTargetRef"]) ?? [:]
      return .string("\(target["kind"]?.string ?? "")/\(target["name"]?.string ?? "")")
    },
    TableColumn("Targets") { object in
      let metrics = object.at(["spec", "metrics"])?.array ?? []
      let targets = metrics.compactMap { metric -> String? in
        guard let value = metric.at(["resource", "target", "averageUtilization"])?.int else {
          return nil
        }
        return "\(metric.at(["resource", "name"])?.string ?? ""): <unknown>/\(value)%"
      }
      if let target = object.at(["spec", "targetCPUUtilizationPercentage"])?.int {
        return .string("<unknown>/\(target)%")
      }
      return .string(targets.isEmpty ? "<none>" : targets.joined(separator: ", "))
    },
    TableColumn("MinPods", type: "string") { number($0, "spec", "minReplicas") },
    TableColumn("MaxPods", type: "string") { number($0, "spec", "maxReplicas") },
    TableColumn("Replicas", type: "string") { number($0, "status", "currentReplicas") },
  ]

  // MARK: - Cells

  private static func text(_ object: JSONValue, _ path: String...) -> JSONValue {
    object.at(path) ?? ""
  }

  private static func number(_ object: JSONValue, _ path: String...) -> JSONValue {
    object.at(path) ?? 0
  }

  private static func orNone(_ object: JSONValue, _ path: String...) -> JSONValue {
    guard let value = object.at(path) else { return "<none>" }
    return .string(value.string ?? value.text())
  }

  private static func count(_ object: JSONValue, _ paths: [String]...) -> JSONValue {
    .int(Int64(paths.reduce(0) { $0 + (object.at($1)?.object?.count ?? 0) }))
  }

  private static func ready(_ object: JSONValue) -> JSONValue {
    let ready = object.at(["status", "readyReplicas"])?.int ?? 0
    return .string("\(ready)/\(object.at(["spec", "replicas"])?.int ?? 0)")
  }

  private static func selector(_ labels: JSONValue?) -> String {
    let pairs = (labels?.object ?? JSONObject()).map { "\($0)=\($1.string ?? "")" }
    return pairs.isEmpty ? "<none>" : pairs.sorted().joined(separator: ",")
  }

  private static func containers(_ object: JSONValue, _ field: String) -> String {
    (object.at(["spec", "template", "spec", "containers"])?.array ?? [])
      .compactMap { $0[field]?.string }.joined(separator: ",")
  }

  private static func role(_ binding: JSONValue) -> JSONValue {
    let reference = binding["roleRef"] ?? [:]
    return .string("\(reference["kind"]?.string ?? "")/\(reference["name"]?.string ?? "")")
  }

  private static func externalAddress(_ service: JSONValue) -> String {
    let ingress = service.at(["status", "loadBalancer", "ingress"])?.array ?? []
    let addresses = ingress.compactMap { $0["ip"]?.string ?? $0["hostname"]?.string }
    if !addresses.isEmpty { return addresses.joined(separator: ",") }
    return service.at(["spec", "type"])?.string == "LoadBalancer" ? "<pending>" : "<none>"
  }

  private static func ports(_ service: JSONValue) -> String {
    let ports = service.at(["spec", "ports"])?.array ?? []
    let texts = ports.map { port in
      let node = port["nodePort"]?.int.map { ":\($0)" } ?? ""
      return "\(port["port"]?.int ?? 0)\(node)/\(port["protocol"]?.string ?? "TCP")"
    }
    return texts.isEmpty ? "<none>" : texts.joined(separator: ",")
  }
}

/// The part of JSONPath that printer columns use: members, `[*]` and `[?(@.type=="X")]`.
enum SimplePath {
  /// The value at a path; several values are joined by commas.
  static func value(_ path: String, in object: JSONValue) -> JSONValue? {
    var values = [object]
    for step in steps(path) { values = values.flatMap { take(step, from: $0) } }
    if values.count == 1 { return values[0] }
    return values.isEmpty
      ? nil : .string(values.map { $0.string ?? $0.text() }.joined(separator: ","))
  }

  private static func steps(_ path: String) -> [String] {
    var steps: [String] = []
    var current = ""
    var isInBrackets = false
    for character in path {
      switch character {
      case "." where !isInBrackets, "[" where !isInBrackets:
        if !current.isEmpty { steps.append(current) }
        current = character == "[" ? "[" : ""
        isInBrackets = character == "["
      case "]":
        steps.append(current)
        current = ""
        isInBrackets = false
      default: current.append(character)
      }
    }
    return current.isEmpty ? steps : steps + [current]
  }

  private static func take(_ step: String, from value: JSONValue) -> [JSONValue] {
    guard step.hasPrefix("[") else { return value[step].map { [$0] } ?? [] }
    let elements = value.array ?? []
    let inner = step.dropFirst()
    if inner == "*" { return elements }
    if let index = Int(inner) { return elements.indices.contains(index) ? [elements[index]] : [] }
    let words = inner.split { "?()@.='\" ".contains($0) }.map(String.init)
    guard words.count == 2 else { return [] }
    return elements.filter { $0[words[0]]?.string == words[1] }
  }
}
