// `wait`: until an object is as it should be.

import Interpreter

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
    let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    switch (parts[0], parts.count) {
    case ("create", 1): return .created
    case ("delete", 1): return .deleted(uid: nil)
    case ("rollout", 1): return .rollout
    case ("condition", 2):
      let halves = parts[1].split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard let name = halves.first, !name.isEmpty else { break }
      return .condition(String(name), value: halves.count == 2 ? String(halves[1]) : "true")
    case ("jsonpath", 2):
      let (path, value) = jsonPath(parts[1])
      if let path { return .field(path, value: value) }
    default: break
    }
    throw call.bad(
      "for",
      "must be condition=…, create, delete, jsonpath={…}, jsonpath={…}=value or rollout, "
        + "found \"\(text)\"")
  }

  /// `{.path}` or `{.path}=value`; quotes around either are kubectl's habit.
  private static func jsonPath(_ text: Substring) -> (JSONPath?, String?) {
    var text = text
    if text.count >= 2, let quote = text.first, quote == "'" || quote == "\"", text.last == quote {
      text = text.dropFirst().dropLast()
    }
    guard let end = text.lastIndex(of: "}") else { return (JSONPath(String(text)), nil) }
    let rest = text[text.index(after: end)...]
    guard rest.isEmpty || rest.first == "=" else { return (nil, nil) }
    return (JSONPath(String(text[...end])), rest.isEmpty ? nil : String(rest.dropFirst()))
  }
}
