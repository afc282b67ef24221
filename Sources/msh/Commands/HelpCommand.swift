// `msh help`: the command line, or one verb of the language.

import ArgumentParser

/// Explains a verb, a function, a type, an error's code or a subcommand.
struct HelpCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "help",
    abstract: "Explain a verb, a function, an error's code or a subcommand; alone, list the verbs.")

  @Argument(help: ArgumentHelp("What to explain.", valueName: "verb"))
  var topic: String?

  func run() throws {
    let subcommands = MshCommand.configuration.subcommands
    if let command = subcommands.first(where: { $0._commandName == topic }) {
      Output.standard.writeLine(MshCommand.helpMessage(for: command))
      return
    }
    throw ExitCode(HelpPrinter.print(topic))
  }
}
