// `cluster` and `contexts`: the clusters that a script works with.

import Interpreter

/// One cluster, by its context.
enum ClusterVerb: Verb {
  static let signature = Signature(
    "cluster",
    [
      Signature.Parameter(
        "name", "string", default: "the context",
        doc: "its name in the mesh, which is its cluster ID in Istio"),
      .named("context", "string", default: "name", "the context of the kubeconfig"),
      .named("network", "string", default: "its namespace's label", "the network it is in"),
      .named("kubeconfig", "string", default: "the run's", "a kubeconfig file of its own"),
    ],
    doc: "a cluster of the kubeconfig; nothing connects until a verb needs it",
    example: "let c1 = cluster(\"cluster1\", context: \"onprem-1\", network: \"network1\")",
    capability: "network")

  static func run(_ call: VerbCall) throws -> ScriptValue {
    if let network = try call.string("network"),
      network.isEmpty || !Validation.isLabelValue(network)
    {
      throw call.bad("network", "\"\(network)\" cannot be a label's value")
    }
    return .host(
      try call.mesh.cluster(
        name: call.string("name"), context: call.string("context"),
        network: call.string("network"), kubeconfig: call.string("kubeconfig")))
  }
}

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
