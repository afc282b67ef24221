// Simulated clusters that stay up until a signal comes or standard input is closed.

import Glibc
import MeshScript
import SimulatedCluster

/// Carries out `msh sandbox`.
struct SandboxServer {
  /// How many clusters.
  var count: Int
  /// Where the kubeconfig goes; nil: to standard output.
  var kubeconfig: String?

  /// Starts, says so, waits, stops; gives the exit code.
  func run() -> Int32 {
    let count = count
    let (started, cause) = Waiting.run { await Sandbox.start(count) }
    switch started {
    case .failure(let diagnostic):
      Reporter(diagnostics: DiagnosticStyle()).show([diagnostic])
      return ExitStatus.failure
    case .success(let fleet):
      let status = cause == nil ? serve(fleet) : ExitStatus.success
      _ = Waiting.run { await fleet.stop() }
      return status
    }
  }

  private func serve(_ fleet: SimulatedFleet) -> Int32 {
    guard let kubeconfig else {
      Output.standard.write(fleet.kubeconfig)
      Output.standard.flush()
      waitForEnd()
      return ExitStatus.success
    }
    do { try fleet.writeKubeconfig(to: kubeconfig) } catch {
      Reporter(diagnostics: DiagnosticStyle()).show([Diagnostic(.unwritableFile, "\(error)")])
      return ExitStatus.failure
    }
    Output.standard.writeLine("ready \(kubeconfig)")
    Output.standard.flush()
    waitForEnd()
    return ExitStatus.success
  }

  /// Returns on a signal, or at the end of standard input.
  private func waitForEnd() {
    var watched: Int32? = Self.canBeClosed(STDIN_FILENO) ? STDIN_FILENO : nil
    var buffer = [UInt8](repeating: 0, count: 512)
    while true {
      switch Events.wait(watching: watched) {
      case .event(.interrupt), .event(.terminate), .event(.brokenPipe): return
      case .readable:
        let count = read(STDIN_FILENO, &buffer, buffer.count)
        if count == 0 { return }
        // A terminal that this process may not read, because it runs in the background.
        if count < 0, errno != EINTR { watched = nil }
      case .event, .signal, .timeout: break
      }
    }
  }

  /// True for a pipe, a socket or a terminal. A file or /dev/null is at its end from the start, which
  /// tells nothing.
  private static func canBeClosed(_ descriptor: Int32) -> Bool {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { return false }
    let type = status.st_mode & S_IFMT
    return type == S_IFIFO || type == S_IFSOCK || isatty(descriptor) == 1
  }
}
