// Help for people, made from the same rows that checks and completion use.

import Interpreter

/// Words about functions, verbs and params.
public enum HelpText {
  /// One function or verb: how it is called, what it does, what it takes, an example. Nil when the
  /// library has nothing of that name.
  public static func topic(_ name: String, in library: Library) -> String? {
    if let function = library.functions[name] { return text(of: function.signature) }
    let members = library.functions.keys.filter { $0.hasPrefix(name + ".") }.sorted()
    if !members.isEmpty { return list(members.compactMap { library.functions[$0]?.signature }) }
    let methods = library.methods.sorted { $0.key < $1.key }.compactMap { $0.value[name] }
    guard !methods.isEmpty else { return nil }
    return methods.map { text(of: $0.signature) }.joined(separator: "\n")
  }

  /// Every function with its sentence, one a line, sorted.
  public static func index(of library: Library) -> String {
    list(library.functions.values.map(\.signature).sorted { $0.name < $1.name })
  }

  /// A script's params with types, defaults and docs, as `msh run --help FILE` prints them.
  public static func parameters(_ parameters: [ScriptParameter], of name: String) -> String {
    guard !parameters.isEmpty else { return "\(name) has no params.\n" }
    let rows = parameters.map { parameter in
      let origin = parameter.defaultText.map { "default \($0)" } ?? "must be set"
      return [parameter.name, parameter.type, parameter.doc ?? "", origin]
    }
    let lines = rows.map { row in
      let doc = row[2].isEmpty ? "" : "\(row[2].split(separator: "\n").joined(separator: " ")) "
      return [row[0], row[1], "\(doc)(\(row[3]))"]
    }
    return "Params of \(name), set with --set name=value:\n\(aligned(lines))"
  }

  private static func text(of signature: Signature) -> String {
    var text = usage(signature) + "\n"
    if !signature.doc.isEmpty { text += "  \(signature.doc)\n" }
    let rows = signature.parameters.map { parameter in
      let label = parameter.isNamedOnly ? "\(parameter.name):" : parameter.name
      let origin = parameter.defaultText.map { "default \($0)" } ?? ""
      let words = [parameter.doc, origin].filter { !$0.isEmpty }.joined(separator: "; ")
      return [label, parameter.type, words]
    }
    if !rows.isEmpty { text += "\n\(aligned(rows))" }
    if let capability = signature.capability, capability != "network" {
      text += "\n  Needs the capability \(capability).\n"
    }
    if !signature.example.isEmpty { text += "\n  Example: \(signature.example)\n" }
    return text
  }

  /// `link link, server:, expires:`, with what may be left out in brackets.
  private static func usage(_ signature: Signature) -> String {
    let parts = signature.parameters.map { parameter in
      var part = parameter.isRest ? "\(parameter.name)…" : parameter.name
      if parameter.isNamedOnly { part += ":" }
      return parameter.defaultText == nil && !parameter.isRest ? part : "[\(part)]"
    }
    return ([signature.name] + [parts.joined(separator: ", ")]).filter { !$0.isEmpty }
      .joined(separator: " ")
  }

  private static func list(_ signatures: [Signature]) -> String {
    aligned(signatures.map { [$0.name, $0.doc] })
  }

  /// Rows with columns that begin at the same place, indented by two.
  private static func aligned(_ rows: [[String]]) -> String {
    guard let count = rows.first?.count else { return "" }
    let widths = (0..<count).map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
      var line = " "
      for (cell, width) in zip(row, widths) {
        line += " " + cell + String(repeating: " ", count: width - cell.count + 1)
      }
      while line.last == " " { line.removeLast() }
      return line + "\n"
    }.joined()
  }
}
