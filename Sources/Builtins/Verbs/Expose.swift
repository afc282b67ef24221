// `expose`: makes a cluster's services reachable through its east-west gateway.

import Interpreter

/// Applies the Gateway resource `cross-network-gateway`.
enum ExposeVerb: Verb {
  static let signature = Signature(
    "expose",
    [
      .cluster,
      .named("hosts", "list", default: "[\"*.local\"]", "which services, by their host names"),
      .named("namespace", "string", default: "\"istio-system\"", "where the resource is"),
      .named("gateway", "string", default: "\"istio-eastwestgateway\"", "the gateway that listens"),
    ],
    doc:
      "makes services reachable from other networks: mutual TLS passes through port 15443 of the "
      + "gateway; gives whether it is so",
    example: "expose c1, hosts: [\"*.local\"]", capability: "network")

  static func run(_ call: VerbCall) async throws -> ScriptValue {
    let exposure = try exposure(call)
    return try await call.eachDeclared { cluster in
      let outcomes = try await call.mesh.executor.declare([compile(exposure, on: cluster)])
      return .bool(outcomes.allSatisfy(\.isSuccess))
    }
  }

  /// The one object, in the newest version that the cluster serves.
  static func compile(_ exposure: Exposure, on cluster: Cluster) -> Operation {
    .apply(exposure.manifests, on: cluster)
  }

  private static func exposure(_ call: VerbCall) throws(ScriptError) -> Exposure {
    var exposure = Exposure()
    exposure.hosts = try call.strings("hosts") ?? exposure.hosts
    exposure.namespace = try call.string("namespace", default: Names.systemNamespace)
    exposure.gateway = try call.string("gateway", default: Names.gateway)
    guard !exposure.hosts.isEmpty, exposure.hosts.allSatisfy({ !$0.isEmpty }) else {
      throw call.bad("hosts", "must name at least one host")
    }
    guard Validation.isDNSLabel(exposure.namespace) else {
      throw call.bad("namespace", "\"\(exposure.namespace)\" cannot be a namespace's name")
    }
    guard Validation.isServiceName(exposure.gateway) else {
      throw call.bad("gateway", "\"\(exposure.gateway)\" cannot be a Service's name")
    }
    return exposure
  }
}
