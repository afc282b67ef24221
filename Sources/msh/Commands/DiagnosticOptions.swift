// The options that say what errors look like.

import ArgumentParser

/// What errors and warnings look like on standard error.
struct DiagnosticStyle: Sendable, Equatable {
  var form = DiagnosticForm.text
  var color = ColorChoice.auto
}

/// What errors look like.
struct DiagnosticOptions: ParsableArguments {
  @Option(
    help: """
      What errors look like: text with source lines, short with one line each, or json with one \
      object a line.
      """)
  var diagnostics: DiagnosticForm = .text

  @Option(help: "When to colour errors: auto is on a terminal without NO_COLOR.")
  var color: ColorChoice = .auto

  /// The options as plain values.
  var style: DiagnosticStyle { DiagnosticStyle(form: diagnostics, color: color) }
}

/// `text`, `short` or `json`.
enum DiagnosticForm: String, ExpressibleByArgument, CaseIterable, Sendable {
  case text
  case short
  case json
}

/// `auto`, `always` or `never`.
enum ColorChoice: String, ExpressibleByArgument, CaseIterable, Sendable {
  case auto
  case always
  case never
}
