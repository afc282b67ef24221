// Help for people, made from the same rows that checks and completion use.

import Builtins
import Interpreter
import Lexer

/// Words about functions, verbs, types and params.
public enum HelpText {
  /// One function, verb, namespace or type: how it is called, what it does, what it takes, an example.
  /// Nil when the library has nothing of that name.
  public static func topic(_ name: String, in library: Library) -> String? {
    if let function = library.functions[name] { return text(of: function.signature) }
    let members = library.functions.keys.filter { $0.hasPrefix(name + ".") }.sorted()
    if !members.isEmpty { return list(members.compactMap { library.functions[$0]?.signature }) }
    if let text = methods(of: name, in: library) { return text }
    let methods = library.methods.sorted { $0.key < $1.key }.compactMap { $0.value[name] }
    guard !methods.isEmpty else { return nil }
    return methods.map { text(of: $0.signature) }.joined(separator: "\n")
  }

  /// The verbs, then every other function, each with the first words of its sentence.
  public static func index(of library: Library) -> String {
    let verbs = Set(VerbTable.signatures.map(\.name))
    let all = library.functions.values.map(\.signature).sorted { $0.name < $1.name }
    let groups = [
      ("Verbs", all.filter { verbs.contains($0.name) }),
      ("Functions", all.filter { !verbs.contains($0.name) }),
    ]
    return groups.filter { !$0.1.isEmpty }.map { "\($0.0):\n\(list($0.1))" }
      .joined(separator: "\n")
  }

  /// A script's params with types, defaults and docs, as `msh run --help FILE` prints them. Doc comments
  /// at the top of the script, above a first param that has one of its own, describe the script.
  public static func parameters(_ parameters: [ScriptParameter], of source: Source) -> String {
    guard !parameters.isEmpty else { return "\(source.name) has no params.\n" }
    let title = Session.doc(of: source)
    let rows = parameters.map { parameter in
      let doc = (parameter.doc ?? "").split(separator: "\n")
      let origin = parameter.defaultText.map { "default \($0)" } ?? "must be set"
      return [
        parameter.name, parameter.type, (doc + ["(\(origin))"]).joined(separator: " "),
      ]
    }
    let head = title.map { "\($0)\n\n" } ?? ""
    return "\(head)Params of \(source.name), set with --set name=value:\n\(aligned(rows))"
  }

  /// `link link, [server:]`, with what may be left out in brackets.
  private static func usage(_ signature: Signature) -> String {
    let parts = signature.parameters.map { parameter in
      var part = parameter.isRest ? "\(parameter.name)…" : parameter.name
      if parameter.isNamedOnly { part += ":" }
      return parameter.defaultText == nil && !parameter.isRest ? part : "[\(part)]"
    }
    return ([signature.name] + [parts.joined(separator: ", ")]).filter { !$0.isEmpty }
      .joined(separator: " ")
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

  /// The methods of a type; those that are written in the language show their head.
  private static func methods(of type: String, in library: Library) -> String? {
    let native = library.methods[type] ?? [:]
    let scripted = library.scriptMethods[type] ?? [:]
    guard !native.isEmpty || !scripted.isEmpty else { return nil }
    let rows =
      native.map { name, function in [".\(name)", brief(function.signature.doc)] }
      + scripted.map { name, script in [".\(name)(\(parameters(ofScript: script)))", ""] }
    return "Methods of \(type):\n" + aligned(rows.sorted { $0[0] < $1[0] })
  }

  /// The parameters of `fn name(self, a, b) …` after the receiver.
  private static func parameters(ofScript script: String) -> String {
    let all = script.drop { $0 != "(" }.dropFirst().prefix { $0 != ")" }.split(separator: ",")
    return all.dropFirst().map { String($0).trimmed }.joined(separator: ", ")
  }

  private static func list(_ signatures: [Signature]) -> String {
    aligned(signatures.map { [$0.name, brief($0.doc)] })
  }

  /// A sentence up to its first colon or semicolon, which is enough for a list.
  private static func brief(_ doc: String) -> String {
    String(doc.prefix { $0 != ":" && $0 != ";" })
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
      return line.trimmedAtEnd + "\n"
    }.joined()
  }
}

extension String {
  fileprivate var trimmedAtEnd: String {
    String(reversed().drop { $0 == " " }.reversed())
  }

  fileprivate var trimmed: String { String(drop { $0 == " " }).trimmedAtEnd }
}
