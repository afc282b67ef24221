// `gateway`: the east-west gateway of a cluster, through which other networks reach its services.

import Interpreter
import JSON

/// Makes the gateway, or adopts the one that is there, and gives its address.
enum GatewayVerb: Verb {
  static let signature = Signature(
    "gateway",
    [
      .cluster,
      .named(
        "mesh", "string", default: "null",
        "the mesh's ID; gateways of Istio 1.12 and newer "
          + "take it from the control plane, so it only documents"),
      .named("network", "string", default: "the cluster's", "the network that the gateway is for"),
      .named("revision", "string", default: "null", "the control-plane revision that injects it"),
      .named("name", "string", default: "\"istio-eastwestgateway\"", "the name of its objects"),
      .named("namespace", "string", default: "\"istio-system\"", "where they are"),
      .named("type", "string", default: "\"LoadBalancer\"", "the Service's type"),
      .named("loadBalancerIP", "string", default: "null", "the address to ask for"),
      .named("annotations", "map", default: "{}", "annotations of the Service"),
      .named(
        "allow", "list of CIDRs", default: "everybody",
        "who may reach it: source ranges of "
          + "the Service and a NetworkPolicy, with sources kept by externalTrafficPolicy Local"),
      .named(
        "ports", "list of maps", default: "15021, 15443, 15012, 15017",
        "ports of the Service: name, port, targetPort, nodePort"),
      .named(
        "replicas", "int or range", default: "1...5",
        "how many pods the autoscaler keeps; "
          + "with at least two, a disruption budget keeps one through maintenance"),
      .named("resources", "map", default: "the chart's", "requests and limits of its container"),
      .named(
        "wait", "duration", default: "5m",
        "how long to wait for its pods and its address; "
          + "0s does not wait"),
    ],
    doc:
      "makes or adopts the cluster's east-west gateway, labels its namespace with the network, and "
      + "gives the gateway's address (null when it has none or its cluster failed)",
    example: "gateway c1, mesh: \"mesh1\", network: \"network1\", revision: \"asm-198-6\"",
    capability: "network")

  static func run(_ call: VerbCall) async throws -> ScriptValue {
    let timeout = try call.duration("wait") ?? call.mesh.timeout
    var requests: [(Cluster, GatewaySpecification)] = []
    for cluster in try call.clusters().all {
      requests.append((cluster, try specification(call, for: cluster)))
    }
    let asked = requests
    return try await call.eachDeclared { cluster in
      guard let request = asked.first(where: { $0.0 === cluster }) else { return .null }
      let address = try await make(request.1, on: cluster, timeout, call.mesh.executor)
      return address.map { .string($0) } ?? .null
    }
  }

  /// Reads what is there, applies what it compiles to, and waits.
  private static func make(
    _ gateway: GatewaySpecification, on cluster: Cluster, _ timeout: Duration, _ executor: Executor
  ) async throws -> String? {
    let reads = try await executor.declare(self.reads(gateway, on: cluster))
    guard reads.allSatisfy(\.isSuccess) else { return nil }
    let live = LiveGateway(deployment: reads[0].object, service: reads[1].object)
    let operations = compile(gateway, on: cluster, adopting: live)
    if let problem = contradiction(gateway, live) {
      executor.refuse(operations.first { $0.object.kind == "Deployment" } ?? operations[0], problem)
      return nil
    }
    let outcomes = try await executor.declare(operations)
    guard outcomes.allSatisfy(\.isSuccess) else { return nil }
    let service = outcomes.first { $0.operation.object.kind == "Service" }?.object
    guard timeout > .zero else { return service.flatMap { WaitGoal.addresses(of: $0).first } }
    let ends = try await executor.declare(waits(gateway, on: cluster, timeout))
    guard ends.allSatisfy(\.isSuccess) else { return nil }
    let latest = ends.first { $0.operation.object.kind == "Service" }?.object ?? service
    return latest.flatMap { WaitGoal.addresses(of: $0).first }
  }
}

// MARK: - What it compiles to

extension GatewayVerb {
  /// What must be known before anything is applied.
  static func reads(_ gateway: GatewaySpecification, on cluster: Cluster) -> [Operation] {
    [deployment(gateway), service(gateway)].map { Operation(.read, $0, on: cluster) }
  }

  /// Everything that is applied, and what earlier runs may have made and this one does not want.
  static func compile(
    _ gateway: GatewaySpecification, on cluster: Cluster, adopting live: LiveGateway
  ) -> [Operation] {
    let selector = gateway.selector(of: live)
    var operations: [Operation] = [
      .apply(gateway.systemNamespace, on: cluster, isPrerequisite: true)
    ]
    if !live.isForeignDeployment {
      operations += [gateway.serviceAccount, gateway.role, gateway.roleBinding]
        .map { .apply($0, on: cluster) }
    }
    operations.append(
      .apply(
        gateway.deployment(adopting: live), live.isForeignDeployment ? .onlyWhatDiffers : .merge,
        on: cluster))
    operations.append(
      .apply(
        gateway.service(adopting: live), live.isForeignService ? .onlyWhatDiffers : .merge,
        on: cluster))
    if !live.isForeignDeployment || gateway.replicas != nil {
      operations.append(
        .apply(
          gateway.autoscaler(adopting: live), live.isForeignDeployment ? .onlyWhatDiffers : .merge,
          on: cluster))
    }
    operations.append(
      wanted(
        gateway.disruptionBudget(selector: selector), if: gateway.scale.lowerBound > 1, cluster))
    operations.append(
      wanted([gateway.networkPolicy(selector: selector)], if: !gateway.allow.isEmpty, cluster))
    return operations
  }

  private static func wanted(
    _ versions: [JSONValue], if isWanted: Bool, _ cluster: Cluster
  ) -> Operation {
    let apply = Operation.apply(versions, on: cluster)
    guard !isWanted else { return apply }
    var rule = Operation.DeleteRule()
    rule.isOnlyOurs = true
    rule.versions = versions.compactMap { $0["apiVersion"]?.string }
    return Operation(.delete(rule), apply.object, on: cluster)
  }

  /// The waits at the end, which run side by side.
  static func waits(
    _ gateway: GatewaySpecification, on cluster: Cluster, _ timeout: Duration
  ) -> [Operation] {
    var operations = [
      Operation(.wait(.rollout, timeout: timeout), deployment(gateway), on: cluster)
    ]
    if gateway.serviceType == "LoadBalancer" {
      operations.append(
        Operation(.wait(.loadBalancerAddress, timeout: timeout), service(gateway), on: cluster))
    }
    return operations
  }

  private static func deployment(_ gateway: GatewaySpecification) -> ObjectReference {
    ObjectReference(
      apiVersion: "apps/v1", kind: "Deployment", namespace: gateway.namespace, name: gateway.name)
  }

  private static func service(_ gateway: GatewaySpecification) -> ObjectReference {
    ObjectReference(
      apiVersion: "v1", kind: "Service", namespace: gateway.namespace, name: gateway.name)
  }

  private static func contradiction(
    _ gateway: GatewaySpecification, _ live: LiveGateway
  ) -> ScriptError? {
    let labels = gateway.contradictions(with: live)
    guard !labels.isEmpty else { return nil }
    return .usage(
      .immutableSelector,
      "the Deployment that is there selects \(labels.joined(separator: ", ")), which cannot be "
        + "changed",
      notes: ["delete it first, or give the gateway the network that it has"])
  }
}

// MARK: - Its arguments

extension GatewayVerb {
  /// What the call asks for one cluster.
  static func specification(
    _ call: VerbCall, for cluster: Cluster
  ) throws(ScriptError) -> GatewaySpecification {
    guard let network = try call.string("network") ?? cluster.givenNetwork else {
      throw call.bad("network", "is missing, and cluster \(cluster.name) was given none")
    }
    guard !network.isEmpty, Validation.isLabelValue(network) else {
      throw call.bad("network", "\"\(network)\" cannot be a label's value")
    }
    _ = try call.string("mesh")
    var gateway = GatewaySpecification(network: network)
    gateway.name = try call.string("name", default: Names.gateway)
    gateway.namespace = try call.string("namespace", default: Names.systemNamespace)
    gateway.revision = try call.string("revision").flatMap { $0.isEmpty ? nil : $0 }
    gateway.type = try call.string("type")
    gateway.loadBalancerIP = try call.string("loadBalancerIP")
    gateway.annotations = try call.texts("annotations") ?? []
    gateway.allow = try call.strings("allow") ?? []
    gateway.ports = try ports(call)
    gateway.replicas = try call.counts("replicas")
    gateway.resources = try call.object("resources")
    try check(gateway, call)
    return gateway
  }

  private static func check(
    _ gateway: GatewaySpecification, _ call: VerbCall
  ) throws(ScriptError) {
    guard Validation.isServiceName(gateway.name) else {
      throw call.bad("name", "\"\(gateway.name)\" cannot be a Service's name")
    }
    guard Validation.isDNSLabel(gateway.namespace) else {
      throw call.bad("namespace", "\"\(gateway.namespace)\" cannot be a namespace's name")
    }
    if let revision = gateway.revision, !Validation.isDNSLabel(revision) {
      throw call.bad("revision", "\"\(revision)\" cannot be a revision's name")
    }
    guard ["LoadBalancer", "NodePort", "ClusterIP"].contains(gateway.serviceType) else {
      throw call.bad("type", "must be LoadBalancer, NodePort or ClusterIP")
    }
    for range in gateway.allow where !Validation.isCIDR(range) {
      throw call.bad("allow", "\"\(range)\" is no CIDR such as 10.0.0.0/8")
    }
  }

  private static func ports(_ call: VerbCall) throws(ScriptError) -> [GatewayPort]? {
    guard let value = call["ports"] else { return nil }
    guard case .list(let elements) = value, !elements.isEmpty else {
      throw call.bad("ports", "must be a list of maps, found \(value.typeName)")
    }
    var ports: [GatewayPort] = []
    for element in elements {
      let port = try ScriptData.json(element)
      guard let name = port["name"]?.string, let number = port["port"]?.int,
        (1...65535).contains(number)
      else {
        throw call.bad(
          "ports", "must be maps with name and port, such as {name: \"tls\", port: 15443}")
      }
      ports.append(
        GatewayPort(
          name: name, port: number, targetPort: port["targetPort"]?.int ?? number,
          nodePort: port["nodePort"]?.int))
    }
    guard ports.contains(where: { $0.port == GatewayPort.traffic }) else {
      throw call.bad(
        "ports", "must have 15443, or no control plane takes the Service for a gateway")
    }
    return ports
  }
}
