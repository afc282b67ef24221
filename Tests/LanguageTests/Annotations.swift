// What a program's comments say must happen.
//
//     print 1 + 1          # expect: 2
//     print nope           # error: E0301:7 unknown name "nope"
//
// `# expect:` comments are the output's lines in order. `# error:` and `# warning:` stand on the line
// that the diagnostic must name, with its code and message; a column may follow the code as `:7`. A
// program that does not compile has `# error:` comments only. For a diagnostic in an imported module
// the comment stands on the import's line and names the place:
// `# error: modules/parts/bad.msh:3 E0203 …`.
//
// Lines of their own after a diagnostic say more of it, in order: `# label:` the words beside the caret,
// `# note:` one of its notes, `# stack: inner 4:3` a call with the line and column it was made at,
// innermost first. What no comment mentions is not looked at.
//
// `# set: name=value` sets a param. `# log: warn text` are the lines of `log.warn` and the like, in order.

import Foundation
import Lexer

/// What a program's comments say must happen.
struct Annotations {
  struct Report: Equatable, CustomStringConvertible {
    var severity: String
    /// The module that it is in; nil for the program itself.
    var file: String?
    var line: Int
    var column: Int?
    var code: String
    var message: String
    var label: String?
    var notes: [String] = []
    var stack: [String] = []

    var description: String {
      let column = column.map { ":\($0)" } ?? ""
      let label = label.map { " (\($0))" } ?? ""
      let place = "\(file ?? "") \(line)\(column)"
      return "\(severity) \(place) \(code) \(message)\(label) \(notes) \(stack)"
    }
  }

  var output: [String] = []
  var logs: [String] = []
  var reports: [Report] = []
  var parameters: [String: String] = [:]

  init(_ text: String) {
    let lines = text.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" }
    for (index, line) in lines.enumerated() {
      if let found = Self.after("# expect:", line) { output.append(found) }
      if let found = Self.after("# log:", line) { logs.append(found) }
      if let found = Self.after("# set:", line) { set(found) }
      for severity in ["error", "warning"] {
        guard let found = Self.after("# \(severity):", line) else { continue }
        reports.append(Self.report(severity, index + 1, found))
      }
      if !reports.isEmpty { addDetail(line) }
    }
  }

  private mutating func set(_ text: String) {
    let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    parameters[String(parts[0])] = parts.count > 1 ? String(parts[1]) : ""
  }

  private mutating func addDetail(_ line: Substring) {
    if let found = Self.after("# label:", line) { reports[reports.count - 1].label = found }
    if let found = Self.after("# note:", line) { reports[reports.count - 1].notes.append(found) }
    if let found = Self.after("# stack:", line) { reports[reports.count - 1].stack.append(found) }
  }

  private static func after(_ mark: String, _ line: Substring) -> String? {
    guard let range = line.range(of: mark) else { return nil }
    return line[range.upperBound...].trimmingCharacters(in: .whitespaces)
  }

  private static func report(_ severity: String, _ line: Int, _ text: String) -> Report {
    var (text, file, line) = (text, String?.none, line)
    if let match = text.prefixMatch(of: #/(\S+\.msh):(\d+) /#) {
      (file, line) = (String(match.1), Int(match.2) ?? 0)
      text = String(text[match.range.upperBound...])
    }
    let parts = text.split(separator: " ", maxSplits: 1)
    let code = parts.first?.split(separator: ":") ?? []
    return Report(
      severity: severity, file: file, line: line, column: code.count > 1 ? Int(code[1]) : nil,
      code: code.first.map(String.init) ?? "", message: parts.count > 1 ? String(parts[1]) : "")
  }
}

extension Annotations.Report {
  /// What a diagnostic says, in the parts that the comments mention.
  init(_ diagnostic: Diagnostic, of program: Source, as expected: Annotations.Report?) {
    let name = diagnostic.location?.source.name
    file = name == program.name ? nil : name
    let position = diagnostic.location.map { $0.source.position(of: $0.span.start) }
    severity = diagnostic.severity.rawValue
    line = position?.line ?? 0
    column = expected.map { $0.column == nil } ?? false ? nil : position?.column
    code = diagnostic.code
    message = diagnostic.message
    label = expected.map { $0.label == nil } ?? false ? nil : diagnostic.label
    notes = diagnostic.notes.filter { expected?.notes.contains($0) ?? true }
    guard let expected, expected.stack.isEmpty else {
      stack = diagnostic.stack.map { call in
        let position = call.location.source.position(of: call.location.span.start)
        return "\(call.function) \(position.line):\(position.column)"
      }
      return
    }
  }
}
