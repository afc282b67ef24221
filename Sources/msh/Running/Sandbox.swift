// Simulated clusters in this process, for `--sandbox` and for `msh sandbox`.

import Glibc
import MeshScript
import SimulatedCluster

/// Starts simulated clusters and stops them again.
enum Sandbox {
  /// Where the simulated clusters can be found.
  struct Clusters: Sendable {
    /// Path of their kubeconfig.
    var kubeconfig: String
  }

  /// What became of work with simulated clusters. No `Result`: finding out at run time that a diagnostic is
  /// an error takes the Swift runtime as long as running a small script.
  enum Ending<Result: Sendable>: Sendable {
    case success(Result)
    case failure(Diagnostic)
  }

  /// Runs the body with as many simulated clusters as asked for, or with none.
  ///
  /// - Returns: what the body gave, or why the clusters could not be started.
  static func with<Result: Sendable>(
    _ count: Int?, _ body: @Sendable (Clusters?) async -> Result
  ) async -> Ending<Result> {
    guard let count else { return .success(await body(nil)) }
    switch await start(count) {
    case .failure(let diagnostic): return .failure(diagnostic)
    case .success(let fleet):
      let result: Ending<Result>
      do { result = .success(await body(try publish(fleet))) } catch { result = .failure(error) }
      await fleet.stop()
      return result
    }
  }

  /// Starts clusters for another program.
  static func start(_ count: Int) async -> Swift.Result<SimulatedFleet, Diagnostic> {
    do { return .success(try await SimulatedFleet.start(count)) } catch {
      return .failure(failure(error))
    }
  }

  /// Why the clusters cannot be started.
  static func failure(_ error: any Error) -> Diagnostic {
    Diagnostic(.sandboxFailed, "cannot start the simulated clusters: \(error)")
  }

  /// Writes the clusters' kubeconfig to a file of the owner's that goes away with the process.
  static func publish(_ fleet: SimulatedFleet) throws(Diagnostic) -> Clusters {
    switch Files.writeTemporary(Array(fleet.kubeconfig.utf8)) {
    case .failure(let failure):
      throw Diagnostic(
        .unwritableFile, "cannot write a temporary kubeconfig: \(failure.reason)")
    case .success(let path):
      Cleanup.add(path)
      return Clusters(kubeconfig: path)
    }
  }
}
