// `msh repl`: the conversation, also with a pipe on standard input.

import ArgumentParser

/// Talks with whoever types, one input at a time.
struct ReplCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "repl",
    abstract: "Run one input after the other; what \"msh\" alone does on a terminal.")

  @OptionGroup var options: ScriptOptions

  func validate() throws {
    guard options.assignments.isEmpty else { throw ValidationError("--set needs a script") }
  }

  func run() throws {
    throw ExitCode(ReplRunner(settings: options.settings()).run())
  }
}
