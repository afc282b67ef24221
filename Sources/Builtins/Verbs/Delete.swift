// `delete`: takes an object away.

import Interpreter

/// Deletes an object and waits until it is gone.
enum DeleteVerb: Verb {
  static let signature = Signature(
    "delete",
    [
      .cluster,
      Signature.Parameter("object", "string", doc: "kind and name, such as \"deploy/istiod\""),
      .named("namespace", "string", default: "the context's", "where it is"),
      .named(
        "propagation", "string", default: "\"background\"",
        "what becomes of its dependents: \"background\", \"foreground\" or \"orphan\""),
      .named("grace", "duration", default: "the object's", "how long its pods get to end"),
      .named("wait", "duration", default: "5m", "how long to wait until it is gone; 0s does not"),
    ],
    doc: "deletes an object; gives whether there was one",
    example: "delete c1, \"secret/istio-remote-secret-cluster2\", namespace: \"istio-system\"",
    capability: "network")

  static func run(_ call: VerbCall) async throws -> ScriptValue {
    let target = try Target(call.needed("object"), call)
    let namespace = try call.string("namespace")
    let rule = try rule(call)
    let timeout = try call.duration("wait") ?? call.mesh.timeout
    let executor = call.mesh.executor
    return try await call.each { cluster in
      let object = try await target.reference(
        on: cluster, namespace: namespace ?? cluster.connection.namespace, executor)
      let outcome = try await executor.perform(Operation(.delete(rule), object, on: cluster))
      guard outcome.result == .deleted else { return .bool(false) }
      if timeout > .zero {
        let uid = outcome.object?[path: "metadata", "uid"]?.string
        _ = try await executor.perform(
          Operation(.wait(.condition(.deleted(uid: uid)), timeout: timeout), object, on: cluster))
      }
      return .bool(true)
    }
  }

  private static func rule(_ call: VerbCall) throws(ScriptError) -> Operation.DeleteRule {
    var rule = Operation.DeleteRule()
    switch try call.string("propagation", default: "background") {
    case "background": rule.propagation = "Background"
    case "foreground": rule.propagation = "Foreground"
    case "orphan": rule.propagation = "Orphan"
    default: throw call.bad("propagation", "must be \"background\", \"foreground\" or \"orphan\"")
    }
    rule.gracePeriod = try call.duration("grace")?.components.seconds
    return rule
  }
}
