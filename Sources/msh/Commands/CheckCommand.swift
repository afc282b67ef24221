// `msh check`: everything that can be found out about a script without running it.

import ArgumentParser

/// Checks scripts.
struct CheckCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check", abstract: "Check scripts without running them.")

  @Argument(help: ArgumentHelp("The scripts; - is standard input.", valueName: "file"))
  var files: [String]

  @OptionGroup var errors: DiagnosticOptions

  func run() throws {
    throw ExitCode(ScriptChecker(style: errors.style).check(files))
  }
}
