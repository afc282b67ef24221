// The linker: loads what a program imports, and what that imports, before anything runs.
//
// Paths of imports are literals and imports stand at the top of a file, so the whole tree is known at
// compile time: every error in every module is reported at once, cycles are found without running,
// and names after `m.` are checked. A module compiles to a function that runs its statements and
// returns its exports; the machine's table of modules says which of them have run.

import Lexer

/// Where a compilation finds what it imports.
struct ImportSources {
  var loader: (any ModuleLoader)?
  /// What the script may do; nil for everything.
  var capabilities: Set<String>?
  /// Modules of earlier inputs of a conversation, by identity.
  var earlier: [String: LinkedModule] = [:]
  /// Places that those take in the machine's table of modules.
  var nextIndex = 0
}

/// Loads, resolves and compiles modules.
struct Linker {
  let names: LibraryNames
  /// Texts of the library's modules by path.
  let library: [String: String]
  let sources: ImportSources
  /// Modules of this program, by identity.
  private(set) var modules: [String: LinkedModule] = [:]
  /// The next free place in the machine's table of modules.
  private(set) var nextIndex: Int
  /// Each with the offset in the program that is run of the import that led to it.
  private(set) var errors: [(offset: UInt32, diagnostic: Diagnostic)] = []
  private var offset: UInt32 = 0
  private(set) var warnings: [Diagnostic] = []
  private var failed: Set<String> = []
  private var main: Source?
  /// Where each module was first imported.
  private var firstImports: [String: Location] = [:]
  /// The modules whose imports are being linked, outermost first.
  private var chain: [(identity: String, name: String)] = []

  /// Imports inside one another; each takes a share of the stack.
  private static let depthLimit = 100

  init(names: LibraryNames, library: [String: String], sources: ImportSources) {
    self.names = names
    self.library = library
    self.sources = sources
    nextIndex = sources.nextIndex
  }

  /// Links the imports of the program that is run.
  ///
  /// - Returns: the modules by the offset of their import's path; those with errors are missing.
  mutating func link(main program: Program) -> [UInt32: ModuleImport] {
    let name = program.source.name
    guard program.statements.contains(where: { $0.importedPath != nil }) else { return [:] }
    if let identity = sources.loader?.identity(of: name) { chain = [(identity, name)] }
    main = program.source
    defer { chain = [] }
    return link(program, importer: name)
  }

  private mutating func link(_ program: Program, importer: String) -> [UInt32: ModuleImport] {
    var found: [UInt32: ModuleImport] = [:]
    for statement in program.statements {
      guard case .importModule(let path, let span, _, let arguments) = statement.kind else {
        continue
      }
      let place = Location(program.source, span)
      if program.source === main { offset = span.start }
      found[span.start] = module(path, place, importer: importer, isSet: !arguments.isEmpty)
    }
    return found
  }

  private mutating func module(
    _ path: String, _ place: Location, importer: String, isSet: Bool
  ) -> ModuleImport? {
    guard let text = text(path, place, importer) else { return nil }
    let identity = text.identity
    if chain.contains(where: { $0.identity == identity }) {
      cycle(identity, text.name, place)
      return nil
    }
    if let module = modules[identity] {
      guard isSet else { return ModuleImport(module: module, isFirst: false) }
      setTooLate(identity, text.name, place)
      return nil
    }
    guard !failed.contains(identity) else { return nil }
    firstImports[identity] = place
    guard let module = make(text, place, isSet: isSet) else {
      failed.insert(identity)
      return nil
    }
    modules[identity] = module
    return ModuleImport(module: module, isFirst: module !== sources.earlier[identity])
  }

  private mutating func make(
    _ text: ModuleText, _ place: Location, isSet: Bool
  ) -> LinkedModule? {
    guard chain.count < Self.depthLimit else {
      refuse(.importDepth, "imports are nested more than \(Self.depthLimit) deep", place)
      return nil
    }
    let source = Source(name: text.name, bytes: text.bytes)
    let (program, found) = Parser.parse(source)
    warnings += found.filter { $0.severity == .warning }
    let syntax = found.filter { $0.severity == .error }
    guard syntax.isEmpty else {
      report(syntax, place)
      return nil
    }
    chain.append((text.identity, text.name))
    let imports = link(program, importer: text.identity)
    chain.removeLast()
    let resolved = Resolver.resolve(
      program, library: names, globals: [], isInteractive: false, imports: imports)
    warnings += resolved.warnings
    report(resolved.errors, place)
    let isWhole = program.statements.count { $0.importedPath != nil } == imports.count
    guard let resolution = resolved.resolution, isWhole else { return nil }
    let used = imports.sorted { $0.key < $1.key }.map(\.value.module)
    // An import with arguments runs the module anew; without, an unchanged module is the same one.
    if !isSet, let known = sources.earlier[text.identity], known.source.bytes == source.bytes,
      known.imports.elementsEqual(used, by: ===)
    {
      return known
    }
    return compile(program, resolution, used, place)
  }

  private mutating func compile(
    _ program: Program, _ resolution: Resolution, _ imports: [LinkedModule], _ place: Location
  ) -> LinkedModule? {
    let name = program.source.name
    let exports = ModuleExports(program, name: name)
    let signature = Self.signature(program, name)
    do {
      let main = try Compiler.compileModule(program, resolution, library: names, exports: exports)
      defer { nextIndex += 1 }
      return LinkedModule(
        index: nextIndex, source: program.source, exports: exports, signature: signature,
        main: main, imports: imports)
    } catch {
      report((error as? Diagnostics)?.all ?? [], place)
      return nil
    }
  }

  private static func signature(_ program: Program, _ name: String) -> CallableSignature {
    var signature = CallableSignature(name: name, parameters: [])
    for statement in program.statements {
      guard case .parameter(let name, _, let value) = statement.kind else { continue }
      signature.parameters.append(
        CallableSignature.Parameter(
          name: name.text, isRequired: value == nil, isRest: false, isNamedOnly: true))
    }
    return signature
  }

  // MARK: Texts

  private mutating func text(
    _ path: String, _ place: Location, _ importer: String
  ) -> ModuleText? {
    if let text = library[path] {
      return ModuleText(identity: path, name: path, bytes: Array(text.utf8))
    }
    if path.hasPrefix("std/") || library[importer] != nil || sources.loader == nil {
      missing(path, place)
      return nil
    }
    guard let loader = sources.loader else { return nil }
    if let needed = loader.capability, let capabilities = sources.capabilities,
      !capabilities.contains(needed)
    {
      refuse(
        .capabilityMissing,
        "import needs the capability \"\(needed)\", which is not granted", place)
      return nil
    }
    do {
      return try loader.load(path, from: importer)
    } catch let error as ModuleError {
      refuse(.moduleTrouble, "cannot import \"\(path)\": \(error.reason)", place, error.label)
    } catch {
      refuse(.moduleTrouble, "cannot import \"\(path)\": \(error)", place)
    }
    return nil
  }

  private mutating func missing(_ path: String, _ place: Location) {
    let known = library.keys.sorted()
    let suggestion = didYouMeanQuestion(path, among: known)
    let all = known.isEmpty ? "there is none" : "there is \(known.joined(separator: ", "))"
    refuse(
      .moduleTrouble, "no module \"\(path)\" ships with the library", place, suggestion ?? all)
  }

  // MARK: Errors

  /// The errors of imports and those of the program itself, in the order of the program's text.
  func merged(with own: [Diagnostic]) -> [Diagnostic] {
    let own = own.map { (offset: $0.location?.span.start ?? 0, diagnostic: $0) }
    var all = (errors + own).sorted { $0.offset < $1.offset }.map(\.diagnostic)
    let more = all.count - [Diagnostic].limit
    guard more > 0 else { return all }
    all.removeLast(more)
    all[all.count - 1].addCount(more)
    return all
  }

  private mutating func refuse(
    _ code: FaultCode, _ message: String, _ place: Location, _ label: String = "",
    labels: [Diagnostic.Label] = [], notes: [String] = []
  ) {
    let diagnostic = Diagnostic(
      code: code.rawValue, message, at: place, label: label, labels: labels, notes: notes)
    errors.append((offset, diagnostic))
  }

  /// Reports errors inside a module, and where it was imported.
  private mutating func report(_ found: [Diagnostic], _ place: Location) {
    for var diagnostic in found {
      // A module's text is all there; asking a person for more lines would not help.
      diagnostic.isUnfinished = false
      diagnostic.labels.append(Diagnostic.Label(place, "imported here"))
      errors.append((offset, diagnostic))
    }
  }

  private mutating func cycle(_ identity: String, _ name: String, _ place: Location) {
    let start = chain.firstIndex { $0.identity == identity } ?? 0
    let names = chain[start...].map(\.name) + [name]
    let message =
      names.count == 2 ? "\(name) imports itself" : "\(name) imports itself by way of others"
    refuse(
      .importCycle, message, place, notes: ["the chain is \(names.joined(separator: " -> "))"])
  }

  private mutating func setTooLate(_ identity: String, _ name: String, _ place: Location) {
    let first = firstImports[identity].map { Diagnostic.Label($0, "first imported here") }
    refuse(
      .moduleSetTooLate, "\(name) was imported before, so its params are set already", place,
      labels: first.map { [$0] } ?? [],
      notes: ["a module runs once, when it is first imported: give its params there"])
  }
}

extension Statement {
  /// The path of an import; nil for other statements.
  var importedPath: String? {
    if case .importModule(let path, _, _, _) = kind { path } else { nil }
  }
}
