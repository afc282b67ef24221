// `contexts`: all clusters of the kubeconfig whose contexts fit a pattern.

import Interpreter

/// Every cluster whose context fits a pattern.
enum ContextsVerb: Verb {
  static let signature = Signature(
    "contexts",
    [
      Signature.Parameter(
        "pattern", "string", default: "\"*\"", doc: "`*` any text, `?` any one character"),
      .named("kubeconfig", "string", default: "the run's", "a kubeconfig file of its own"),
    ],
    doc: "the clusters of the kubeconfig whose contexts fit a pattern, each named as its context",
    example: "link contexts(\"onprem-*\")", capability: "network")

  static func run(_ call: VerbCall) throws -> ScriptValue {
    let pattern = try call.string("pattern", default: "*")
    let path = try call.string("kubeconfig")
    let kubeconfig = try call.mesh.kubeconfig(path)
    var clusters: [ScriptValue] = []
    for name in kubeconfig.contextNames where Glob.matches(pattern, name) {
      clusters.append(
        .host(try call.mesh.cluster(name: name, context: nil, network: nil, kubeconfig: path)))
    }
    return .list(clusters)
  }
}
