// A library made ready for use: what the compiler looks up, and what sessions share.

import Lexer
import Synchronization

/// A library that cannot change any more. Making one sorts and indexes every name, so an embedder makes
/// it once and gives it to all its sessions, on whatever thread they run.
public final class PreparedLibrary: Sendable {
  /// The functions, methods and constants.
  public let library: Library
  let names: LibraryNames
  /// Methods written in the language that some session has called, compiled, by `type.name`.
  private let methods = Mutex<[String: Prototype]>([:])

  /// Prepares a library.
  public init(_ library: Library) {
    self.library = library
    names = LibraryNames(library)
  }

  /// Parses, checks and compiles a script, for any number of runs in sessions of this library.
  ///
  /// - Parameters:
  ///   - source: the script.
  ///   - keepsNames: true when the script's top-level names are to outlive its run, so that its functions
  ///     can be called from Swift. Loops at the script's top are then somewhat slower.
  ///   - loader: finds what the script imports; nil allows modules of the library only.
  ///   - capabilities: what the script may do, for loaders that need a capability; nil for everything.
  /// - Throws: `Diagnostics` when it does not compile.
  public func compile(
    _ source: Source, keepsNames: Bool = false, loader: (any ModuleLoader)? = nil,
    capabilities: Set<String>? = nil
  ) throws -> PreparedProgram {
    let imports = ImportSources(loader: loader, capabilities: capabilities)
    return try compile(source, globals: [], isInteractive: keepsNames, imports: imports)
      .get().program
  }

  /// A program and what is likely not meant as written in it, also when it does not compile.
  struct Result {
    var warnings: [Diagnostic]
    var outcome: Swift.Result<PreparedProgram, Diagnostics>

    func get() throws -> (program: PreparedProgram, warnings: [Diagnostic]) {
      (try outcome.get(), warnings)
    }
  }

  /// Compiles a source that sees the names of earlier ones.
  func compile(
    _ source: Source, globals: [Global], isInteractive: Bool, imports: ImportSources
  ) throws -> Result {
    let (program, found) = Parser.parse(source)
    let syntax = found.filter { $0.severity == .error }
    guard syntax.isEmpty else {
      return Result(warnings: [], outcome: .failure(Diagnostics(syntax)))
    }
    var linker = Linker(names: names, library: library.modules, sources: imports)
    let linked = linker.link(main: program)
    let resolved = Resolver.resolve(
      program, library: names, globals: globals, isInteractive: isInteractive, imports: linked)
    let warnings = found.filter { $0.severity == .warning } + linker.warnings + resolved.warnings
    guard let resolution = resolved.resolution, linker.errors.isEmpty else {
      return Result(
        warnings: warnings,
        outcome: .failure(Diagnostics(linker.merged(with: resolved.errors))))
    }
    let main = try Compiler.compile(program, resolution, library: names).main
    let prepared = PreparedProgram(
      source: source, doc: program.doc, parameters: resolution.parameters, warnings: warnings,
      library: self, keepsNames: isInteractive, main: main, globals: resolution.globals,
      modules: linker.modules, moduleCount: linker.nextIndex)
    return Result(warnings: warnings, outcome: .success(prepared))
  }

  /// The compiled text of a method that is written in the language: a program that declares it.
  func method(_ name: String, of type: String) -> Prototype? {
    guard let text = library.scriptMethods[type]?[name] else { return nil }
    let key = "\(type).\(name)"
    if let known = methods.withLock({ $0[key] }) { return known }
    let source = Source(name: MethodTable.preludeName, text: text)
    let (program, _) = Parser.parse(source)
    let resolved = Resolver.resolve(program, library: names, globals: [], isInteractive: false)
    guard let resolution = resolved.resolution,
      let main = try? Compiler.compile(program, resolution, library: names).main
    else { return nil }
    methods.withLock { $0[key] = main }
    return main
  }
}

/// A compiled script. It never changes and belongs to no session: any number of them may run it, at the
/// same time and on different threads.
public struct PreparedProgram: Sendable {
  /// The text that it was made from.
  public let source: Source
  /// The `##` lines that open the script and are about all of it; nil without any.
  public let doc: String?
  /// What the script lets its caller set.
  public let parameters: [ScriptParameter]
  /// What is likely not meant as written.
  public let warnings: [Diagnostic]
  /// What it was compiled with, and runs with.
  public let library: PreparedLibrary
  /// True when it was compiled so that its top-level names outlive its run.
  public let keepsNames: Bool
  let main: Prototype
  /// The names that stay when it has run; empty when none do.
  let globals: [Global]
  /// What it imports, directly or not, by identity.
  let modules: [String: LinkedModule]
  /// Places in the machine's table of modules, those of earlier inputs included.
  let moduleCount: Int

  /// The bytecode with the lines that it comes from, as text for people.
  public var disassembly: String {
    Disassembler(natives: library.names.functionNames).text(main)
  }
}
