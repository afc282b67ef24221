// `msh run`, which is also what `msh FILE`, `msh -c CODE` and `msh -` are.

import ArgumentParser

/// Runs a script.
struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Run a script; with --help FILE, list its params.",
    usage: """
      msh run FILE [options] [-- args]
      msh run --help FILE
      msh -c CODE [options] [-- args]
      msh --disassemble FILE
      """,
    // The flag below does more: with a file it lists the script's params.
    helpNames: [])

  @Argument(help: ArgumentHelp("The script; - is standard input.", valueName: "file"))
  var file: String?

  @Option(
    name: .customShort("c"), parsing: .unconditional,
    help: ArgumentHelp("Run this text in place of a file.", valueName: "code"))
  var code: String?

  @OptionGroup var options: ScriptOptions

  @Flag(name: .shortAndLong, help: "Show help; with a file, the script's params.")
  var help = false

  @Flag(help: "Print the script's bytecode under its lines, and run nothing.")
  var disassemble = false

  @Argument(
    parsing: .postTerminator, help: ArgumentHelp("What args gives the script.", valueName: "args"))
  var arguments: [String] = []

  func validate() throws {
    if file != nil, code != nil { throw ValidationError("give a file or -c, not both") }
  }

  func run() throws {
    if help, file == nil, code == nil { throw CleanExit.helpRequest(self) }
    let input = ScriptInput(file: file, code: code)
    if disassemble {
      throw ExitCode(ScriptChecker(style: options.errors.style).disassemble(input))
    }
    let runner = ScriptRunner(settings: options.settings(arguments: arguments))
    throw ExitCode(help ? runner.describe(input) : runner.run(input))
  }
}
