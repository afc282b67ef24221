// The engine: the language, the standard library and the verbs, tied together for an embedder.
//
//     var options = EngineOptions()
//     options.capabilities = [.network]
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
import Synchronization

/// A compiled script: made once by `Engine.compile`, run as often as wanted, on any thread.
public typealias Program = PreparedProgram

/// Compiles and runs scripts. Each run is independent of the others, and any number may run at the same
/// time; `conversation()` keeps names from one input to the next.
public final class Engine: Sendable {
  /// What was decided at the start.
  public let options: EngineOptions
  private let state: Mutex<State>

  private struct State {
    var library: Library
    /// `library` made ready; nil when something was added since.
    var prepared: PreparedLibrary?
  }

  /// Makes an engine.
  ///
  /// - Parameters:
  ///   - options: which clusters, which bounds, what is allowed.
  ///   - functions: functions of the embedder; one that has the name of a standard function replaces it.
  public init(_ options: EngineOptions = EngineOptions(), functions: [HostFunction] = []) {
    self.options = options
    var standard = StandardOptions()
    standard.environment = options.environment
    standard.arguments = options.arguments
    standard.log = options.log
    var library = StandardLibrary.make(standard)
    library.merge(Mesh.sharedLibrary)
    for function in functions { library.add(function) }
    state = Mutex(State(library: library))
  }

  /// Everything that scripts can name.
  public var library: Library { state.withLock { $0.library } }

  /// Changes what scripts can name. Programs that were compiled before keep what they were compiled with.
  public func extend(_ change: (inout Library) -> Void) {
    state.withLock { state in
      change(&state.library)
      state.prepared = nil
    }
  }

  /// Parses, checks and compiles a script. Names, and the arguments of known functions, are checked
  /// here, so a program that names what no one registered is never made.
  ///
  /// - Parameters:
  ///   - source: the script.
  ///   - keepsNames: true when its functions are to be called from Swift, see `Conversation.call`.
  /// - Throws: `Diagnostics`.
  public func compile(_ source: Source, keepsNames: Bool = false) throws -> Program {
    try prepared().compile(
      source, keepsNames: keepsNames, loader: options.loader,
      capabilities: options.capabilityNames)
  }

  /// Compiles the text of a script; see `compile(_:keepsNames:)`.
  ///
  /// - Parameters:
  ///   - text: the script.
  ///   - name: what errors call it, such as a file's path.
  ///   - keepsNames: true when its functions are to be called from Swift.
  /// - Throws: `Diagnostics`.
  public func compile(
    _ text: String, name: String = "<script>", keepsNames: Bool = false
  ) throws -> Program {
    try compile(Source(name: name, text: text), keepsNames: keepsNames)
  }

  /// Parses and checks without running: syntax, names, arguments of known functions.
  ///
  /// - Returns: the script's params, and warnings.
  /// - Throws: `Diagnostics`.
  public func check(
    _ source: Source
  ) throws -> (parameters: [ScriptParameter], warnings: [Diagnostic]) {
    let program = try compile(source)
    return (program.parameters, program.warnings)
  }

  /// The bytecode that the machine would run for a script, as text for people.
  ///
  /// - Throws: `Diagnostics` when it does not compile.
  public func disassemble(_ source: Source) throws -> String { try compile(source).disassembly }

  /// Runs a program to its end, on a machine and with clusters of its own. Cancelling the task stops it
  /// and the requests that are under way.
  ///
  /// - Parameters:
  ///   - program: of this engine. One of another engine runs with that engine's functions, and with
  ///     this one's options.
  ///   - parameters: values of its params; a string for a param of another type is read as that type.
  /// - Returns: how it ended, and what it did.
  public func run(_ program: Program, parameters: [String: ScriptValue] = [:]) async -> RunOutcome {
    let mesh = mesh()
    let session = session(of: mesh, program.library, isInteractive: false)
    return await RunOutcome.of(session, mesh) {
      try await session.run(program, parameters: parameters)
    }
  }

  /// Compiles and runs a script; see `run(_:parameters:)` for programs.
  ///
  /// - Parameters:
  ///   - source: the script.
  ///   - parameters: values of its params as text, each read as its param's type.
  /// - Returns: how it ended, and what it did.
  public func run(_ source: Source, parameters: [String: String] = [:]) async -> RunOutcome {
    let mesh = mesh()
    let session = session(of: mesh, prepared(), isInteractive: false)
    return await RunOutcome.of(session, mesh) {
      try await session.run(source, parameters: parameters).value
    }
  }

  /// Starts a conversation, in which each input sees the names of those before it.
  public func conversation() -> Conversation {
    let mesh = mesh()
    return Conversation(session: session(of: mesh, prepared(), isInteractive: true), mesh: mesh)
  }

  private func mesh() -> Mesh { Mesh(options: MeshOptions(options)) }

  private func prepared() -> PreparedLibrary {
    state.withLock { state in
      if let prepared = state.prepared { return prepared }
      let prepared = PreparedLibrary(state.library)
      state.prepared = prepared
      return prepared
    }
  }

  private func session(of mesh: Mesh, _ library: PreparedLibrary, isInteractive: Bool) -> Session {
    var limits = options.limits
    limits.parallelism = options.parallelism
    limits.capabilities = options.capabilityNames
    return Session(
      prepared: library, limits: limits, isInteractive: isInteractive, context: mesh,
      loader: options.loader, output: options.output)
  }
}

extension RunOutcome {
  /// Gathers everything about what `body` runs in a session.
  static func of(
    _ session: Session, _ mesh: Mesh, isolation: isolated (any Actor)? = #isolation,
    _ body: () async throws -> ScriptValue
  ) async -> RunOutcome {
    do {
      let value = try await body()
      return RunOutcome(value: value, warnings: session.warnings, report: mesh.report())
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
