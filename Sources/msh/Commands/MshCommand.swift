// The command line's root: its subcommands, and what happens without one.

import ArgumentParser
import MeshScript

/// `msh`.
struct MshCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "msh",
    abstract: "Joins Kubernetes clusters into one Istio mesh, by script.",
    usage: """
      msh [FILE] [options] [-- args]
      msh -c CODE
      msh SUBCOMMAND
      """,
    discussion: """
      "msh FILE" is "msh run FILE". Without a file, msh reads a script from standard input, or \
      talks with you when that is a terminal.
      Exit codes: 0 done, 1 the script failed, 3 some clusters failed, 64 the command line is \
      wrong, 130 interrupted.
      """,
    version: MeshScriptVersion.current,
    subcommands: [
      RunCommand.self, CheckCommand.self, ReplCommand.self, SandboxCommand.self, HelpCommand.self,
    ],
    defaultSubcommand: RunCommand.self)
}

/// What msh leaves with.
enum ExitStatus {
  /// Everything is done.
  static let success: Int32 = 0
  /// The script does not compile, or failed.
  static let failure: Int32 = 1
}
