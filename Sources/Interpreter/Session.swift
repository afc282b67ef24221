// One conversation with the machine: a script run once, or a REPL whose lines see each other's names.

import JSON
import Lexer

/// A declared `param` of a script.
public struct ScriptParameter: Sendable {
  /// Its name.
  public var name: String
  /// `string`, `int`, `float`, `bool`, `duration`, `list`, `map`, or `any`: written, or taken from a
  /// literal default.
  public var type: String
  /// The default's source text; nil when the parameter must be set.
  public var defaultText: String?
  /// Its doc comment.
  public var doc: String?
}

/// Runs scripts. Not thread-safe: use it from one task at a time. Cancelling the task that awaits `run`
/// stops the script at its next loop turn or call, and cancels every host call that is under way.
public final class Session {
  /// What scripts can name.
  public let library: Library
  /// Bounds for each run.
  public let limits: Limits
  /// True for a REPL: top-level names stay and may be declared again.
  public let isInteractive: Bool
  /// Receives what `print` writes, newline included.
  let output: @Sendable (String) -> Void

  /// Makes a session.
  ///
  /// - Parameters:
  ///   - library: functions, methods and constants that scripts can name.
  ///   - limits: bounds for each run.
  ///   - isInteractive: true for a REPL.
  ///   - output: receives what `print` writes, newline included.
  public init(
    library: Library, limits: Limits = Limits(), isInteractive: Bool = false,
    output: @escaping @Sendable (String) -> Void
  ) {
    self.library = library
    self.limits = limits
    self.isInteractive = isInteractive
    self.output = output
  }

  /// Parses and checks without running: syntax, names, arguments of known functions.
  ///
  /// - Returns: the script's parameters, and warnings.
  /// - Throws: `Diagnostics`; a single unfinished one (`isUnfinished`) asks a REPL for another line.
  public func check(_ source: Source) throws -> (parameters: [ScriptParameter], warnings: [Diagnostic]) {
    throw Diagnostics([])
  }

  /// Compiles and runs a source.
  ///
  /// - Parameters:
  ///   - source: the script, or one input of the REPL.
  ///   - parameters: values for `param`s, as text; each is read as its parameter's type.
  /// - Returns: the value of the last expression statement (null without one), and warnings.
  /// - Throws: `Diagnostics` when it does not compile, `ScriptError` when it fails (render it with
  ///   `diagnostic`), `CancellationError` when the task was cancelled.
  public func run(
    _ source: Source, parameters: [String: String] = [:]
  ) async throws -> (value: ScriptValue, warnings: [Diagnostic]) {
    throw Diagnostics([])
  }
}

extension ScriptError {
  /// The error as the diagnostic renderer prints it, with its call stack.
  public var diagnostic: Diagnostic {
    Diagnostic(
      code: code, message, at: location, label: label, notes: notes, stack: stack)
  }
}
