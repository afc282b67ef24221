// `msh sandbox`: simulated clusters for other programs, until somebody stops them.

import ArgumentParser

/// Starts simulated clusters and stays up.
struct SandboxCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sandbox",
    abstract: "Start simulated clusters on loopback and stay up until stopped.",
    discussion: """
      Writes a kubeconfig with the contexts cluster1, cluster2 and so on. With --kubeconfig it \
      goes to that file, and the line "ready FILE" to standard output; else the kubeconfig itself \
      does. Stops on Ctrl-C, on SIGTERM, or when standard input, if it is a pipe, is closed.
      """)

  @Option(help: ArgumentHelp("How many.", valueName: "n"))
  var clusters = 2

  @Option(help: ArgumentHelp("Write the kubeconfig to this file.", valueName: "file"))
  var kubeconfig: String?

  func validate() throws {
    guard (1...64).contains(clusters) else {
      throw ValidationError("--clusters takes a number from 1 to 64")
    }
  }

  func run() throws {
    throw ExitCode(SandboxServer(count: clusters, kubeconfig: kubeconfig).run())
  }
}
