// `fence`: what a script may touch.

import Interpreter

/// Keeps a script away from all clusters but some.
enum FenceVerb: Verb {
  static let signature = Signature(
    "fence",
    [
      Signature.Parameter("contexts", "list", doc: "patterns of contexts, as `contexts` takes them")
    ],
    doc:
      "from here on, a verb on a cluster of any other context is an error before anything is sent",
    example: "fence [\"onprem-*\"]")

  static func run(_ call: VerbCall) throws -> ScriptValue {
    guard let patterns = try call.strings("contexts") else {
      throw call.bad("contexts", "is missing")
    }
    call.mesh.fence(patterns)
    return .null
  }
}
