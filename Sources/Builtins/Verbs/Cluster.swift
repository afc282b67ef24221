// `cluster`: one cluster that a script works with.

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
