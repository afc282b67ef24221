// Prints what a run left: errors and warnings, the run's table, or all of it as one document.

import MeshScript

/// Errors and the result in the form that the command line asks for.
struct Reporter: Sendable {
  /// What errors look like.
  var diagnostics: OutputFormat
  /// What the result looks like.
  var output: OutputFormat = .text

  /// Writes errors and warnings to standard error.
  func show(_ all: [Diagnostic]) {
    Output.standard.flush()
    let renderer = DiagnosticRenderer(color: Terminal.wantsColor(on: .errors))
    for diagnostic in all {
      switch diagnostics {
      case .text: Output.errors.writeLine(renderer.render(diagnostic))
      case .json: Output.errors.writeLine(JSONValue(diagnostic: diagnostic).text())
      }
    }
  }

  /// Writes everything about a run that has ended.
  func finish(_ outcome: RunOutcome, exitCode: Int32) {
    show(outcome.warnings + outcome.errors)
    switch output {
    case .text:
      if !outcome.report.operations.isEmpty { Output.errors.write(outcome.report.table) }
    case .json:
      Output.standard.writeLine(document(outcome, exitCode: exitCode).text())
    }
  }

  /// Writes why there was no run at all.
  func fail(_ diagnostic: Diagnostic) {
    show([diagnostic])
    guard output == .json else { return }
    let document: JSONValue = [
      "exit": .int(Int64(ExitStatus.failure)), "clusters": [], "operations": [],
      "errors": [JSONValue(diagnostic: diagnostic)],
    ]
    Output.standard.writeLine(document.text())
  }

  /// The run as one document: what it did, and why it ended early if it did.
  private func document(_ outcome: RunOutcome, exitCode: Int32) -> JSONValue {
    var document = outcome.report.json(exit: exitCode)
    let errors = outcome.errors.map { JSONValue(diagnostic: $0) }
    if !errors.isEmpty { document["errors"] = .array(errors) }
    if case .cancelled? = outcome.failure { document["interrupted"] = true }
    return document
  }
}

extension JSONValue {
  /// An error as data: what `--diagnostics json` writes, one a line.
  init(diagnostic: Diagnostic) {
    var object: JSONObject = [
      "severity": .string(diagnostic.severity.rawValue), "code": .string(diagnostic.code),
      "message": .string(diagnostic.message),
    ]
    if let location = diagnostic.location {
      let start = location.source.position(of: location.span.start)
      let end = location.source.position(of: location.span.end)
      object["file"] = .string(location.source.name)
      object["start"] = ["line": .int(Int64(start.line)), "column": .int(Int64(start.column))]
      object["end"] = ["line": .int(Int64(end.line)), "column": .int(Int64(end.column))]
    }
    if !diagnostic.label.isEmpty { object["label"] = .string(diagnostic.label) }
    if !diagnostic.notes.isEmpty { object["notes"] = .array(diagnostic.notes.map { .string($0) }) }
    self = .object(object)
  }
}
