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
  /// What scripts can name, ready for use.
  public let prepared: PreparedLibrary
  /// Bounds for each run.
  public let limits: Limits
  /// True for a REPL: top-level names stay and may be declared again.
  public let isInteractive: Bool
  /// Warnings of the source that was compiled last, also when it then failed.
  public private(set) var warnings: [Diagnostic] = []
  private let machine: Machine
  private let loader: (any ModuleLoader)?
  /// Steps that the last run took; see `Limits.instructions`.
  public var stepsTaken: Int { machine.stepsTaken }
  private var globals: [Global] = []
  /// Modules of the inputs so far, by identity; only a session that keeps names keeps them.
  private var modules: [String: LinkedModule] = [:]
  private var moduleCount = 0

  /// Makes a session.
  ///
  /// - Parameters:
  ///   - prepared: functions, methods and constants that scripts can name.
  ///   - limits: bounds for each run.
  ///   - isInteractive: true for a REPL.
  ///   - context: what suspending library functions find in `HostArguments.context`: whatever belongs to
  ///     this session and not to the library.
  ///   - loader: finds what scripts import; nil allows modules of the library only.
  ///   - output: receives what `print` writes, newline included.
  public init(
    prepared: PreparedLibrary, limits: Limits = Limits(), isInteractive: Bool = false,
    context: (any Sendable)? = nil, loader: (any ModuleLoader)? = nil,
    output: @escaping @Sendable (String) -> Void
  ) {
    self.prepared = prepared
    self.limits = limits
    self.isInteractive = isInteractive
    self.loader = loader
    machine = Machine(prepared, limits: limits, context: context, output: output)
  }

  /// Makes a session of a library that no other session shares.
  public convenience init(
    library: Library, limits: Limits = Limits(), isInteractive: Bool = false,
    loader: (any ModuleLoader)? = nil, output: @escaping @Sendable (String) -> Void
  ) {
    self.init(
      prepared: PreparedLibrary(library), limits: limits, isInteractive: isInteractive,
      loader: loader, output: output)
  }

  /// What scripts can name.
  public var library: Library { prepared.library }

  /// Names that the next input of an interactive session can use, library included.
  public var visibleNames: [String] { globals.map(\.name) + prepared.names.all }

  /// Parses and checks without running: syntax, names, arguments of known functions.
  ///
  /// - Returns: the script's parameters, and warnings.
  /// - Throws: `Diagnostics`; a single unfinished one (`isUnfinished`) asks a REPL for another line.
  public func check(_ source: Source) throws -> (
    parameters: [ScriptParameter], warnings: [Diagnostic]
  ) {
    let program = try compile(source)
    return (program.parameters, program.warnings)
  }

  /// The `##` lines that open a script and are about all of it; nil without any.
  public static func doc(of source: Source) -> String? { Parser.parse(source).program.doc }

  /// Compiles the next input, which sees the names of those before it when the session keeps names.
  ///
  /// - Throws: `Diagnostics`.
  public func compile(_ source: Source) throws -> PreparedProgram {
    let imports = ImportSources(
      loader: loader, capabilities: limits.capabilities, earlier: modules, nextIndex: moduleCount)
    let result = try prepared.compile(
      source, globals: globals, isInteractive: isInteractive, imports: imports)
    warnings = result.warnings
    return try result.outcome.get()
  }

  /// The bytecode of a source with its lines, for `--disassemble`.
  ///
  /// - Throws: `Diagnostics` when it does not compile.
  public func disassemble(_ source: Source) throws -> String { try compile(source).disassembly }

  /// What the verifier finds wrong with the bytecode of a source: nothing, unless the compiler is.
  ///
  /// - Throws: `Diagnostics` when it does not compile.
  func complaints(about source: Source) throws -> [String] {
    let program = try compile(source)
    let verifier = Verifier(
      nativeCount: prepared.names.functions.count, constantCount: prepared.names.constants.count,
      globalCount: program.globals.count, moduleCount: program.moduleCount)
    return verifier.verify(program.main).map(\.description)
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
    warnings = []
    let program = try compile(source)
    let value = try await run(program, parameters: parameters.mapValues { .string($0) })
    return (value, program.warnings)
  }

  /// Runs a compiled program.
  ///
  /// - Parameters:
  ///   - program: compiled by this session, or by its library.
  ///   - parameters: values for `param`s; a string for a parameter of another type is read as that type.
  /// - Returns: the value of the last expression statement; null without one.
  /// - Throws: `Diagnostics` for a parameter that the script does not have, `ScriptError` when it fails,
  ///   `CancellationError` when the task was cancelled.
  public func run(
    _ program: PreparedProgram, parameters: [String: ScriptValue]
  ) async throws -> ScriptValue {
    warnings = program.warnings
    try checkNames(parameters, program.parameters)
    adopt(program.globals)
    adoptModules(of: program)
    machine.reset()
    machine.parameters = parameters
    machine.start(program.main)
    var keepsResources = false
    defer { machine.endRun(keepsResources: keepsResources) }
    let value = try await Driver(machine: machine).drive()
    if isInteractive { remember(value) }
    keepsResources = isInteractive
    return value
  }

  /// Calls a function that a script declared at its top, in a session that keeps names.
  ///
  /// - Parameters:
  ///   - name: the function's name.
  ///   - arguments: by position.
  ///   - named: by name.
  /// - Returns: what the function gives.
  /// - Throws: `ScriptError` when there is no such function, when the arguments do not fit, or when the
  ///   function throws; `CancellationError` when the task was cancelled.
  public func call(
    _ name: String, _ arguments: [ScriptValue],
    named: [(name: String, value: ScriptValue)] = []
  ) async throws -> ScriptValue {
    guard let index = globals.firstIndex(where: { $0.name == name }) else {
      throw ScriptError.noFunction(name, among: globals.map(\.name))
    }
    machine.reset()
    try machine.start(calling: index, arguments, named: named)
    return try await Driver(machine: machine).drive()
  }

  /// The value of a name that a script declared at its top, in a session that keeps names; nil when
  /// there is no such name, or its declaration has not run.
  ///
  /// - Throws: `ScriptError` when the value is nested too deeply to be copied.
  public func value(of name: String) throws(ScriptError) -> ScriptValue? {
    guard let index = globals.firstIndex(where: { $0.name == name }) else { return nil }
    let value = machine.globals[index]
    return value.tag == .undefined ? nil : try machine.scriptValue(value)
  }

  /// The names that scripts of this session declared at their top and that are kept, in order.
  public var declaredNames: [String] { globals.map(\.name) }

  private func checkNames(_ given: [String: ScriptValue], _ known: [ScriptParameter]) throws {
    for name in given.keys.sorted() where !known.contains(where: { $0.name == name }) {
      let names = known.map(\.name)
      let suggestion = didYouMeanQuestion(name, among: names)
      let all = names.isEmpty ? "it has none" : "it has \(names.joined(separator: ", "))"
      throw Diagnostics([
        Diagnostic(
          code: FaultCode.unknownScriptParameter.rawValue,
          "the script has no parameter \"\(name)\"", notes: [suggestion ?? all])
      ])
    }
  }

  private func adopt(_ names: [Global]) {
    guard names.count >= globals.count else { return }
    globals = names
    machine.globalNames = globals.map(\.name)
    while machine.globals.count < globals.count { machine.globals.append(.undefined) }
  }

  private func adoptModules(of program: PreparedProgram) {
    if isInteractive {
      modules.merge(program.modules) { $1 }
      moduleCount = max(moduleCount, program.moduleCount)
    } else {
      machine.modules.removeAll()
    }
    while machine.modules.count < program.moduleCount { machine.modules.append(.undefined) }
  }

  /// Keeps the last value as `_`.
  private func remember(_ value: ScriptValue) {
    if case .null = value { return }
    if !globals.contains(where: { $0.name == "_" }) {
      globals.append(Global(name: "_", isMutable: true))
      machine.globalNames.append("_")
      machine.globals.append(.undefined)
    }
    guard let index = globals.firstIndex(where: { $0.name == "_" }) else { return }
    machine.globals[index] = machine.lastValue ?? .null
  }
}
