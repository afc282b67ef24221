// `get`: one object of a cluster.

import Interpreter

/// Reads an object.
enum GetVerb: Verb {
  static let signature = Signature(
    "get",
    [
      .cluster,
      Signature.Parameter("object", "string", doc: "kind and name, such as \"deploy/istiod\""),
      .named("namespace", "string", default: "the context's", "where it is"),
      .named("default", "any", default: "an error", "what to give when there is no such object"),
    ],
    doc: "an object as a map; the values of a Secret come as `secret`s",
    example: "let istiod = get c1, \"deploy/istiod\", namespace: \"istio-system\"",
    capability: "network")

  static func run(_ call: VerbCall) async throws -> ScriptValue {
    let target = try Target(call.needed("object"), call)
    let namespace = try call.string("namespace")
    let executor = call.mesh.executor
    return try await call.each { cluster in
      let operation = try await compile(target, on: cluster, namespace, executor)
      let outcome = try await executor.perform(operation)
      if let object = outcome.object { return Redaction.scriptValue(object) }
      if let fallback = call.raw("default") { return fallback }
      throw ScriptError.cluster(
        .notFound, cluster, "there is no \(operation.object)", status: 404, reason: "NotFound",
        notes: ["`default:` gives a value instead"])
    }
  }

  static func compile(
    _ target: Target, on cluster: Cluster, _ namespace: String?, _ executor: Executor
  ) async throws -> Operation {
    let namespace = namespace ?? cluster.connection.namespace
    return Operation(
      .read, try await target.reference(on: cluster, namespace: namespace, executor), on: cluster)
  }
}
