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
    await claimed { session in try await session.run(source).value }
  }

  /// Runs a program as an input: its top-level names stay. A program that was compiled with `keepsNames`
  /// is not compiled again when it is the first input.
  ///
  /// - Parameters:
  ///   - program: a program of the engine that began this conversation.
  ///   - parameters: values of its params; a string for a param of another type is read as that type.
  public func run(_ program: Program, parameters: [String: ScriptValue] = [:]) async -> RunOutcome {
    await claimed { session in
      let isFirst = session.declaredNames.isEmpty && program.library === session.prepared
      let program =
        program.keepsNames && isFirst ? program : try session.compile(program.source)
      return try await session.run(program, parameters: parameters)
    }
  }

  /// Calls a function that an earlier input declared at its top.
  ///
  /// - Parameters:
  ///   - function: its name.
  ///   - arguments: by position.
  ///   - named: by name.
  /// - Returns: what the function gave, or how it failed.
  public func call(
    _ function: String, _ arguments: [ScriptValue] = [],
    named: KeyValuePairs<String, ScriptValue> = [:]
  ) async -> RunOutcome {
    let named = named.map { (name: $0.key, value: $0.value) }
    return await claimed { session in try await session.call(function, arguments, named: named) }
  }

  /// The value of a name that an earlier input declared at its top; nil when there is none, or while an
  /// input is running.
  public subscript(name: String) -> ScriptValue? {
    guard claim() else { return nil }
    defer { release() }
    return (try? session.value(of: name)) ?? nil
  }

  /// Names that inputs declared at their top, in order; empty while an input is running.
  public var declaredNames: [String] {
    guard claim() else { return [] }
    defer { release() }
    return session.declaredNames
  }

  private func claimed(_ body: (Session) async throws -> ScriptValue) async -> RunOutcome {
    guard claim() else {
      return RunOutcome(
        value: .null, warnings: [], failure: .rejected(Diagnostics([Self.busy])),
        report: mesh.report())
    }
    defer { release() }
    mesh.reset()
    let session = session
    return await RunOutcome.of(session, mesh) { try await body(session) }
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
