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

  /// The examples, in the order of the codes.
  public static let examples: [ErrorExample] =
    [
      ErrorExample.ofTexts, ErrorExample.ofGrammar, ErrorExample.ofNames, ErrorExample.ofRuns,
      ErrorExample.ofVerbs, ErrorExample.ofClusters, ErrorExample.ofMeshes,
      ErrorExample.aroundScripts,
    ].flatMap(\.self)

  /// What `msh help E0302` prints: meaning, example, what it prints, the way out; nil for a code that
  /// does not exist. The example is run to see what it prints; it reaches nothing.
  public static func entry(of code: String) async -> String? {
    guard let meaning = meaning(of: code) else { return nil }
    guard let example = examples.first(where: { $0.code == code }) else {
      return "\(code): \(meaning)\n"
    }
    return """
      \(code): \(meaning)

      For example

      \(indented(example.shownScript))

      prints

      \(indented(await example.output()))

      \(example.wayOut)

      """
  }

  private static func indented(_ text: String) -> String {
    text.split(separator: "\n", omittingEmptySubsequences: false)
      .map { $0.isEmpty ? "" : "    \($0)" }.joined(separator: "\n")
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
    ("exec", "`exec`: the program failed or could not be run; has `.status`, `.stdout`, `.stderr`"),
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

  /// The text of docs/errors.md. It runs every example.
  public static func page() async -> String {
    var text = """
      # Errors

      Every error has a code that never changes its meaning. `msh help E0302` prints its entry. This page
      is made from the tables in the source and from what the examples print; a test compares them.

      With `--diagnostics short` an error is one line, with `--diagnostics json` one object a line:
      `severity`, `code`, `message`, and where known `file`, `range` (lines and UTF-16 units from 0, as the
      Language Server Protocol counts), `bytes` (offsets into the file), `label`, `labels` (places with a
      `text`), `notes`, `stack` (places with a `function`), `kind`, and of a cluster's errors `cluster`,
      `verb`, `object`, `status` and `reason`. `--color auto|always|never`, NO_COLOR and CLICOLOR_FORCE say
      whether errors are coloured. A run reports at most 20 errors, one a line of the script.

      """
    for (title, rows) in groups {
      text += "\n## \(title)\n"
      for row in rows {
        text += "\n### \(row.code): \(row.meaning)\n"
        guard let example = examples.first(where: { $0.code == row.code }) else { continue }
        let output = await example.output()
        text += "\n```\n\(example.shownScript)\n```\n\n```\n\(output)\n```\n\n\(example.wayOut)\n"
      }
    }
    text +=
      "\n## Kinds\n\nWhat `catch e` finds in `e.kind`. Limits and cancellation cannot be caught.\n"
    text += "\n| kind | means |\n|---|---|\n"
    for (name, meaning) in kinds { text += "| `\(name)` | \(meaning) |\n" }
    return text
  }
}
