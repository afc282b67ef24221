// The manual of verbs: every verb with its parameters, made from the rows that check calls of them.

import Builtins
import Interpreter

/// What docs/verbs.md says.
public enum VerbManual {
  /// The text of docs/verbs.md.
  public static var page: String {
    var text = """
      # Verbs

      What scripts say about clusters. A verb whose first parameter is `cluster` takes a list of clusters
      as well and then runs for each of them at once, and it is a method too: `c1.list("pods")` is
      `list c1, "pods"`. Parameters with a default may be left out; those with a colon are given by name.
      This page is made from the table of verbs; a test compares them.

      """
    for signature in VerbTable.signatures { text += section(signature) }
    return text
  }

  private static func section(_ signature: Signature) -> String {
    var text = "\n## \(signature.name)\n\n\(sentence(signature.doc))\n"
    if !signature.example.isEmpty { text += "\n```\n\(signature.example)\n```\n" }
    guard !signature.parameters.isEmpty else { return text }
    text += "\n| parameter | takes | default | means |\n|---|---|---|---|\n"
    for parameter in signature.parameters {
      let name = parameter.isNamedOnly ? "\(parameter.name):" : parameter.name
      let origin = parameter.defaultText.map { "`\($0)`" } ?? ""
      text += "| `\(name)` | \(parameter.type) | \(origin) | \(parameter.doc) |\n"
    }
    return text
  }

  private static func sentence(_ words: String) -> String {
    guard let first = words.first else { return "" }
    return first.uppercased() + words.dropFirst() + (words.hasSuffix(".") ? "" : ".")
  }
}
