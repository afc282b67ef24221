// The manual of errors: every code and every kind with a line, made from the tables that raise them.

import Builtins
import Interpreter

/// What docs/errors.md and `msh help E0302` say.
public enum ErrorManual {
  /// One code.
  public struct Row: Sendable {
    /// Such as `E0302`.
    public let code: String
    /// One line in lower case.
    public let meaning: String
  }

  /// The codes in groups, in the order in which a script meets them.
  public static var groups: [(title: String, rows: [Row])] {
    [
      ("The text and the grammar", rows(ErrorCode.allCases) { $0.description }),
      ("Names, and running scripts", rows(FaultCode.allCases) { $0.meaning }),
      ("Meshes and clusters", rows(MeshErrorCode.allCases) { $0.meaning }),
      ("Around the script", rows(EngineFault.allCases) { $0.meaning }),
    ]
  }

  private static func rows<Code: RawRepresentable<String>>(
    _ codes: [Code], meaning: (Code) -> String
  ) -> [Row] {
    codes.map { Row(code: $0.rawValue, meaning: meaning($0)) }
  }

  /// What a code means; nil for one that does not exist.
  public static func meaning(of code: String) -> String? {
    groups.lazy.flatMap(\.rows).first { $0.code == code }?.meaning
  }

  /// The kinds that built-in errors have in `catch`.
  static let kinds: [(name: String, meaning: String)] = [
    ("error", "`throw \"text\"` without a kind of its own"),
    ("api", "an API server was not reached, or refused; has `.cluster`, `.status`, `.reason`"),
    ("argument", "an argument that a function or verb cannot work with"),
    ("assert", "`assert` whose condition does not hold"),
    ("capability", "a function that the embedder did not allow"),
    ("change", "a list or map was changed while it was looped over"),
    ("depth", "too many calls were open at once"),
    ("division", "a division by zero"),
    ("fail", "`fail`"),
    ("file", "a file could not be read or written"),
    ("index", "an index out of range"),
    ("key", "a key or member that is not there"),
    ("kubeconfig", "the kubeconfig, or a context of it, cannot be used"),
    ("link", "a link of a cluster with itself, or of something that is no cluster"),
    ("match", "no arm of a `match` fits"),
    ("name", "a name that has no value yet"),
    ("overflow", "a result that does not fit 64 bits"),
    ("parallel", "several things failed at once; `.errors` has each with its item"),
    ("parameter", "a param without a value, or with one that does not fit its type"),
    ("timeout", "what was waited for did not come about in time"),
    ("type", "a value of the wrong type"),
    ("value", "a value of the right type that cannot be used"),
  ]

  /// The text of docs/errors.md.
  public static var page: String {
    var text = """
      # Errors

      Every error has a code that never changes its meaning. `msh help E0302` prints its line. This page
      is made from the tables in the source; a test compares them.

      """
    for (title, rows) in groups {
      text += "\n## \(title)\n\n| code | means |\n|---|---|\n"
      for row in rows { text += "| \(row.code) | \(row.meaning) |\n" }
    }
    text +=
      "\n## Kinds\n\nWhat `catch e` finds in `e.kind`. Limits and cancellation cannot be caught.\n"
    text += "\n| kind | means |\n|---|---|\n"
    for (name, meaning) in kinds { text += "| `\(name)` | \(meaning) |\n" }
    return text
  }
}
