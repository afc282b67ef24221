// The engine: the language, the standard library and the verbs, tied together for an embedder.
//
//     var options = EngineOptions()
//     options.kubeconfig = "clusters.yaml"
//     options.output = { text in log(text) }
//     let engine = Engine(options)
//     let outcome = await engine.run(Source(name: "join.msh", text: script))
//     for error in outcome.errors { log(DiagnosticRenderer().render(error)) }
//
// Nothing is opened before a script asks for it: an engine that runs `print 1` reads no kubeconfig and
// makes no connection.

import Builtins
import Interpreter
import Lexer

/// Checks and runs scripts. Each run is independent of the others; `conversation()` keeps names.
public final class Engine: Sendable {
  /// What was decided at the start.
  public let options: EngineOptions
  /// Rows that the embedder adds to the standard library and the verbs.
  private let additions: [HostFunction]

  /// Makes an engine.
  ///
  /// - Parameters:
  ///   - options: which clusters, which bounds, what is allowed.
  ///   - functions: functions of the embedder; one that has the name of a standard function replaces it.
  public init(_ options: EngineOptions = EngineOptions(), functions: [HostFunction] = []) {
    self.options = options
    additions = functions
  }

  /// Everything that scripts can name.
  public var library: Library { library(of: mesh()) }

  /// Parses and checks without running: syntax, names, arguments of known functions.
  ///
  /// - Returns: the script's params, and warnings.
  /// - Throws: `Diagnostics`.
  public func check(
    _ source: Source
  ) throws -> (parameters: [ScriptParameter], warnings: [Diagnostic]) {
    try session(of: mesh(), isInteractive: false).check(source)
  }

  /// The bytecode that the machine would run for a script, as text for people.
  ///
  /// - Throws: `Diagnostics` when it does not compile.
  public func disassemble(_ source: Source) throws -> String {
    try session(of: mesh(), isInteractive: false).disassemble(source)
  }

  /// Runs a script to its end. Cancelling the task stops it and the requests that are under way.
  ///
  /// - Parameters:
  ///   - source: the script.
  ///   - parameters: values of its params as text, each read as its param's type.
  /// - Returns: how it ended, and what it did.
  public func run(_ source: Source, parameters: [String: String] = [:]) async -> RunOutcome {
    let mesh = mesh()
    let session = session(of: mesh, isInteractive: false)
    return await RunOutcome.of(session, mesh, source, parameters)
  }

  /// Starts a conversation, in which each input sees the names of those before it.
  public func conversation() -> Conversation {
    let mesh = mesh()
    return Conversation(session: session(of: mesh, isInteractive: true), mesh: mesh)
  }

  private func mesh() -> Mesh { Mesh(options: MeshOptions(options)) }

  private func library(of mesh: Mesh) -> Library {
    var standard = StandardOptions()
    standard.environment = options.environment
    standard.arguments = options.arguments
    standard.log = options.log
    var library = StandardLibrary.make(standard)
    library.merge(mesh.library)
    for function in additions { library.add(function) }
    return library
  }

  private func session(of mesh: Mesh, isInteractive: Bool) -> Session {
    var limits = options.limits
    limits.parallelism = options.parallelism
    limits.capabilities = Set(options.capabilities.map(\.rawValue))
    return Session(
      library: library(of: mesh), limits: limits, isInteractive: isInteractive,
      output: options.output)
  }
}

extension RunOutcome {
  /// Runs a source in a session and gathers everything about it.
  static func of(
    _ session: Session, _ mesh: Mesh, _ source: Source, _ parameters: [String: String]
  ) async -> RunOutcome {
    do {
      let (value, warnings) = try await session.run(source, parameters: parameters)
      return RunOutcome(value: value, warnings: warnings, report: mesh.report())
    } catch {
      return RunOutcome(
        value: .null, warnings: session.warnings, failure: Failure(error), report: mesh.report())
    }
  }
}

extension RunOutcome.Failure {
  /// Sorts what a session throws.
  init(_ error: any Error) {
    switch error {
    case let diagnostics as Diagnostics: self = .rejected(diagnostics)
    case let diagnostic as Diagnostic: self = .rejected(Diagnostics([diagnostic]))
    case is CancellationError: self = .cancelled
    case let error as ScriptError: self = .failed(error)
    default:
      self = .failed(
        ScriptError(
          kind: "internal", code: EngineFault.unexpected.rawValue, "\(error)"))
    }
  }
}
