// A conversation: inputs one after the other, each of which sees the names of those before it.

import Builtins
import Interpreter
import Lexer
import Synchronization

/// A session for a REPL, a notebook or an agent. It may be used from any task; inputs that come while
/// another one runs are refused, because the machine has one heap.
public final class Conversation: Sendable {
  // A session belongs to one task at a time; `isBusy` sees to that.
  nonisolated(unsafe) private let session: Session
  private let mesh: Mesh
  private let isBusy = Mutex(false)

  init(session: Session, mesh: Mesh) {
    self.session = session
    self.mesh = mesh
  }

  /// Everything that inputs can name without having declared it.
  public var library: Library { session.library }

  /// Parses and checks an input without running it.
  ///
  /// - Throws: `Diagnostics`; a single one with `isUnfinished` says that more lines are needed.
  public func check(_ source: Source) throws {
    guard claim() else { throw Diagnostics([Self.busy]) }
    defer { release() }
    _ = try session.check(source)
  }

  /// Runs one input to its end; the report is about that input alone. Cancelling the task stops that
  /// input only.
  public func run(_ source: Source) async -> RunOutcome {
    guard claim() else {
      return RunOutcome(
        value: .null, warnings: [], failure: .rejected(Diagnostics([Self.busy])),
        report: mesh.report())
    }
    defer { release() }
    mesh.reset()
    return await RunOutcome.of(session, mesh, source, [:])
  }

  private static var busy: Diagnostic {
    Diagnostic(.busy, "another input of this conversation is still running")
  }

  private func claim() -> Bool {
    isBusy.withLock { isBusy in
      defer { isBusy = true }
      return !isBusy
    }
  }

  private func release() { isBusy.withLock { $0 = false } }
}
