// The verbs. Help, checks, completion and the manual are made from this table.

import Interpreter
import JSON

/// Every verb, in the order of the manual.
public enum VerbTable {
  static let verbs: [any Verb.Type] = [
    ClusterVerb.self, ContextsVerb.self, FenceVerb.self, SettingsVerb.self,
    GatewayVerb.self, ExposeVerb.self, LinkVerb.self,
    GetVerb.self, ListVerb.self, ApplyVerb.self, DeleteVerb.self, WaitVerb.self,
    TableVerb.self,
  ]

  /// Verbs of the language that this version does not have yet.
  static let planned = [
    "unlink", "forget", "trust", "verify", "patch", "watch", "logs", "scale", "label", "annotate",
    "forward", "api",
  ]

  /// The signatures, for the manual.
  public static var signatures: [Signature] { verbs.map { $0.signature } }

  /// The verbs as functions, and as methods of clusters where they start with one.
  static func library(of mesh: Mesh? = nil) -> Library {
    var library = Library()
    for verb in verbs { add(verb, of: mesh, to: &library) }
    library.addMethod(of: "secret", reveal)
    library.add(planned: planned)
    StandardModules.add(to: &library)
    return library
  }

  /// Adds a verb to a library; for an embedder's own, beside those of the table. It works in sessions
  /// whose context is a `Mesh`.
  public static func add(_ verb: any Verb.Type, to library: inout Library) {
    add(verb, of: nil, to: &library)
  }

  private static func add(_ verb: any Verb.Type, of mesh: Mesh?, to library: inout Library) {
    let function = verb.function(of: mesh)
    library.add(function)
    guard verb.signature.parameters.first?.name == "cluster" else { return }
    library.addMethod(of: "cluster", function)
  }

  /// The only way to a secret's value.
  private static let reveal = HostFunction(
    Signature(
      "reveal",
      [
        Signature.Parameter("secret", "secret"),
        .named(
          "encoding", "string", default: "\"utf8\"",
          "\"utf8\" for text, \"base64\" for any bytes"),
      ],
      doc: "the value of a secret as text",
      example: "let token = get(c1, \"secret/x\").data.token.reveal()"),
    .suspending { arguments in
      guard case .host(let host)? = arguments["secret"], let secret = host as? SecretValue else {
        throw ScriptError.usage(.badArgument, "reveal: secret must be a secret")
      }
      if case .string("base64")? = arguments["encoding"] {
        return .string(Base64.encode(secret.bytes))
      }
      guard let text = String(validating: secret.bytes, as: UTF8.self) else {
        throw ScriptError.usage(
          .badArgument, "reveal: the secret is no text", notes: ["give encoding: \"base64\""])
      }
      return .string(text)
    })
}
