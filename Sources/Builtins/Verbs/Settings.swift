// `settings`: how a run goes about its work.

import Interpreter

/// Sets what the command line's options of the same names set.
enum SettingsVerb: Verb {
  static let signature = Signature(
    "settings",
    [
      .named("parallelism", "int", default: "64", "clusters that one verb works on at once"),
      .named("timeout", "duration", default: "5m", "how long waits last"),
      .named(
        "unreachable", "string or duration", default: "\"fail\"",
        "what becomes of a cluster's work when it cannot be reached: \"fail\", \"skip\", or a time "
          + "to go on trying"),
    ],
    doc: "sets what the command line's options of the same names set",
    example: "settings parallelism: 8, unreachable: \"skip\"")

  static func run(_ call: VerbCall) throws -> ScriptValue {
    call.mesh.configure(
      parallelism: try call.counts("parallelism").map { Int($0.upperBound) },
      timeout: try call.duration("timeout"), unreachable: try policy(call))
    return .null
  }

  private static func policy(_ call: VerbCall) throws(ScriptError) -> UnreachablePolicy? {
    switch call["unreachable"] {
    case nil: return nil
    case .string("fail"): return .fail
    case .string("skip"): return .skip
    case .duration: return try call.duration("unreachable").map { .wait($0) }
    default: throw call.bad("unreachable", "must be \"fail\", \"skip\" or a duration")
    }
  }
}
