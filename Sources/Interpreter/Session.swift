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
  /// Warnings of the source that was compiled last, also when it then failed.
  public private(set) var warnings: [Diagnostic] = []
  private let names: LibraryNames
  private let machine: Machine
  private var globals: [Global] = []

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
    names = LibraryNames(library)
    machine = Machine(library: library, names: names, limits: limits, output: output)
  }

  /// Names that the next input of an interactive session can use, library included.
  public var visibleNames: [String] { globals.map(\.name) + names.all }

  /// Parses and checks without running: syntax, names, arguments of known functions.
  ///
  /// - Returns: the script's parameters, and warnings.
  /// - Throws: `Diagnostics`; a single unfinished one (`isUnfinished`) asks a REPL for another line.
  public func check(_ source: Source) throws -> (
    parameters: [ScriptParameter], warnings: [Diagnostic]
  ) {
    let (_, resolution, warnings) = try resolve(source)
    return (resolution.parameters, warnings)
  }

  /// The `##` lines that open a script and are about all of it; nil without any.
  public static func doc(of source: Source) -> String? { Parser.parse(source).program.doc }

  private func resolve(
    _ source: Source
  ) throws -> (program: Program, resolution: Resolution, warnings: [Diagnostic]) {
    let (program, found) = Parser.parse(source)
    let syntax = found.filter { $0.severity == .error }
    guard syntax.isEmpty else { throw Diagnostics(syntax) }
    let resolved = Resolver.resolve(
      program, library: names, globals: globals, isInteractive: isInteractive)
    guard let resolution = resolved.resolution else { throw Diagnostics(resolved.errors) }
    let warnings = found.filter { $0.severity == .warning } + resolved.warnings
    return (program, resolution, warnings)
  }

  /// The bytecode of a source with its lines, for `--disassemble`.
  ///
  /// - Throws: `Diagnostics` when it does not compile.
  public func disassemble(_ source: Source) throws -> String {
    let (program, resolution, _) = try resolve(source)
    let main = try Compiler.compile(program, resolution, library: names).main
    return Disassembler(natives: names.functions.map(\.signature.name)).text(main)
  }

  /// What the verifier finds wrong with the bytecode of a source: nothing, unless the compiler is.
  ///
  /// - Throws: `Diagnostics` when it does not compile.
  @_spi(Verification)
  public func complaints(about source: Source) throws -> [String] {
    let (program, resolution, _) = try resolve(source)
    let main = try Compiler.compile(program, resolution, library: names).main
    let verifier = Verifier(
      nativeCount: names.functions.count, constantCount: names.constants.count,
      globalCount: resolution.globals.count)
    return verifier.verify(main).map(\.description)
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
    let (program, resolution, warnings) = try resolve(source)
    self.warnings = warnings
    let compiled = try Compiler.compile(program, resolution, library: names)
    try checkNames(parameters, resolution.parameters)
    if isInteractive { adopt(resolution) }
    machine.reset()
    machine.parameters = parameters
    machine.start(compiled.main)
    let value = try await Driver(machine: machine).drive()
    if isInteractive { remember(value) }
    return (value, warnings)
  }

  private func checkNames(_ given: [String: String], _ known: [ScriptParameter]) throws {
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

  private func adopt(_ resolution: Resolution) {
    globals = resolution.globals
    machine.globalNames = globals.map(\.name)
    while machine.globals.count < globals.count { machine.globals.append(.undefined) }
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
