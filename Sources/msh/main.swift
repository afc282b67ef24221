// Where msh starts: signals first, then the command line, then the exit code.

import ArgumentParser
import Glibc

/// Runs the command line and leaves with its exit code.
func runCommandLine() -> Int32 {
  if let input = QuickCommand.input(Array(CommandLine.arguments.dropFirst())) {
    return ScriptRunner(settings: RunSettings()).run(input)
  }
  do {
    var command = try MshCommand.parseAsRoot()
    try command.run()
    return ExitStatus.success
  } catch let code as ExitCode {
    return code.rawValue
  } catch {
    // Help and the version are errors to the parser, too; they go to standard output with code 0.
    let code = MshCommand.exitCode(for: error).rawValue
    let output = code == ExitStatus.success ? Output.standard : Output.errors
    output.writeLine(MshCommand.fullMessage(for: error))
    return code
  }
}

Events.start()
let status = runCommandLine()
Output.standard.flush()
Cleanup.run()
// A reader that has gone has had what it wanted: `msh … | head` is no failure of anybody's.
exit(status)
