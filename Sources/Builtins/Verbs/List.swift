// `list`: the objects of a kind.

import Interpreter

/// Lists objects, all pages of them.
enum ListVerb: Verb {
  static let signature = Signature(
    "list",
    [
      .cluster,
      Signature.Parameter(
        "kind", "string", doc: "plural, singular, Kind, short name, or resource.group"),
      .named("namespace", "string", default: "all namespaces", "where to look"),
      .named("labels", "string or map", default: "all", "a label selector, such as \"app=web\""),
      .named("fields", "string or map", default: "all", "a field selector"),
    ],
    doc: "the objects of a kind as a list of maps; the values of Secrets come as `secret`s",
    example: "for pod in list(c1, \"pods\", labels: \"app=istiod\") { print pod.metadata.name }",
    capability: "network")

  static func run(_ call: VerbCall) async throws -> ScriptValue {
    let target = try Target(kind: call.needed("kind"), call)
    let namespace = try call.string("namespace")
    let selection = Operation.Selection(
      labels: try call.selector("labels"), fields: try call.selector("fields"))
    let executor = call.mesh.executor
    return try await call.each { cluster in
      let object = try await target.reference(on: cluster, namespace: namespace, executor)
      let outcome = try await executor.perform(Operation(.list(selection), object, on: cluster))
      return .list((outcome.object?.array ?? []).map(Redaction.scriptValue))
    }
  }
}

extension VerbCall {
  /// A selector as text; a map selects by equality.
  func selector(_ name: String) throws(ScriptError) -> String? {
    guard case .map = self[name] else { return try string(name) }
    return try texts(name)?.map { "\($0.key)=\($0.value)" }.joined(separator: ",")
  }
}
