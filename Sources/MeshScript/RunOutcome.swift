// How a run ended: its value, what went wrong, and what it did to the clusters.

import Builtins
import Interpreter
import Lexer

/// The end of one run. A script that fails is a result, not a Swift error: what it did before counts.
public struct RunOutcome: Sendable {
  /// Why a run did not reach its end.
  public enum Failure: Sendable {
    /// The script does not compile, so nothing ran.
    case rejected(Diagnostics)
    /// The script threw, or ran into a limit.
    case failed(ScriptError)
    /// The task that awaited the run was cancelled.
    case cancelled
  }

  /// The value of the last expression statement; null without one, and after a failure.
  public var value: ScriptValue
  /// What is likely not meant as written.
  public var warnings: [Diagnostic]
  /// Nil when the script reached its end.
  public var failure: Failure?
  /// What was done, cluster by cluster.
  public var report: RunReport

  /// The failure as diagnostics to print; empty without one, and for a cancelled run.
  public var errors: [Diagnostic] {
    switch failure {
    case .rejected(let diagnostics): diagnostics.all
    case .failed(let error): [error.diagnostic]
    case .cancelled, nil: []
    }
  }

  /// The value, as a Swift result: for callers to whom a script that fails is an error.
  ///
  /// - Throws: `Diagnostics` when the script does not compile, `ScriptError` when it failed,
  ///   `CancellationError` when the run was cancelled.
  public func get() throws -> ScriptValue {
    switch failure {
    case nil: return value
    case .rejected(let diagnostics): throw diagnostics
    case .failed(let error): throw error
    case .cancelled: throw CancellationError()
    }
  }

  /// What a program that ran the script leaves with: 0 done, 1 the script failed, 3 some clusters
  /// failed, 130 cancelled.
  public var exitCode: Int32 {
    switch failure {
    case nil: report.exitCode()
    case .failed(let error): report.exitCode(after: error)
    case .rejected: 1
    case .cancelled: 130
    }
  }
}
