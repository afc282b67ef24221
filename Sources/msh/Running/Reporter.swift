// Prints what a run left: errors and warnings, the run's table, or all of it as one document.

import MeshScript

/// Errors and the result in the form that the command line asks for.
struct Reporter: Sendable {
  /// What errors look like.
  var diagnostics: DiagnosticStyle
  /// What the result looks like.
  var output: OutputFormat = .text

  /// Writes errors and warnings to standard error.
  func show(_ all: [Diagnostic]) {
    Output.standard.flush()
    let isColored = Terminal.wantsColor(diagnostics.color, on: .errors)
    let renderer = DiagnosticRenderer(color: isColored, width: Terminal.errorWidth)
    for diagnostic in all {
      let text =
        switch diagnostics.form {
        case .text: renderer.render(diagnostic)
        case .short: renderer.renderShort(diagnostic)
        case .json: JSONValue(diagnostic: diagnostic).text()
        }
      Output.errors.writeLine(text)
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
