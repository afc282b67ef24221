// `wait`: until an object is as it should be.

import Interpreter
import KubernetesClient

/// Waits with the rules of `kubectl wait`.
enum WaitVerb: Verb {
  static let signature = Signature(
    "wait",
    [
      .cluster,
      Signature.Parameter("object", "string", doc: "kind and name, such as \"deploy/istiod\""),
      .named(
        "for", "string or list", default: "\"condition=Available\"",
        "\"condition=Name\", \"condition=Name=value\", \"create\", \"delete\", "
          + "\"jsonpath={.path}\", \"jsonpath={.path}=value\" or \"rollout\"; of a list, all in turn"
      ),
      .named("timeout", "duration", default: "5m", "for how long; 0s looks once"),
      .named("namespace", "string", default: "the context's", "where it is"),
    ],
    doc: "waits until an object is as it should be, and gives it; a wait that ends says why it was "
      + "still waiting",
    example:
      "wait c1, \"deploy/istiod\", for: \"condition=Available\", namespace: \"istio-system\"",
    capability: "network")

  static func run(_ call: VerbCall) async throws -> ScriptValue {
    let target = try Target(call.needed("object"), call)
    let namespace = try call.string("namespace")
    let timeout = try call.duration("timeout") ?? call.mesh.timeout
    var goals: [WaitGoal] = []
    for text in try call.strings("for") ?? ["condition=Available"] {
      goals.append(try goal(text, call))
    }
    let executor = call.mesh.executor
    let wanted = goals
    return try await call.each { cluster in
      let object = try await target.reference(
        on: cluster, namespace: namespace ?? cluster.connection.namespace, executor)
      let deadline = ContinuousClock.now + timeout
      var value = ScriptValue.null
      for (index, goal) in wanted.enumerated() {
        let left = index == 0 ? timeout : max(.zero, deadline - ContinuousClock.now)
        let outcome = try await executor.perform(
          Operation(.wait(goal, timeout: left), object, on: cluster))
        value = outcome.object.map(Redaction.scriptValue) ?? .null
      }
      return value
    }
  }

  /// Reads what to wait for.
  static func goal(_ text: String, _ call: VerbCall) throws(ScriptError) -> WaitGoal {
    if let condition = WaitCondition(text) { return .condition(condition) }
    throw call.bad(
      "for",
      "must be condition=…, create, delete, jsonpath={…}, jsonpath={…}=value or rollout, "
        + "found \"\(text)\"")
  }
}
