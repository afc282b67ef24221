// The resolver: says what every name means, before anything runs.
//
// It walks the tree once. For every name that declares or uses something it notes, by the name's byte
// offset, which binding it is; the compiler looks answers up by the same offsets. On the way it finds
// unknown names, uses before the declaration, assignments to fixed names, names declared twice,
// arguments that a known function does not take, and `break`, `return` and `param` in wrong places.
//
// A variable that an inner function uses is captured. By value, if it never changes once the closure
// exists; in a box otherwise: when it is assigned to, or when a `fn` of its own block uses it (a `fn` is
// made at the block's start, before the variable has its value). A `fn` itself is captured by value: all
// of a block are made together.

import Lexer

/// One declared name.
struct Binding {
  /// How it was declared.
  enum Kind: Equatable {
    case constant, variable, function, parameter, loopVariable, scriptParameter
  }

  var name: String
  var kind: Kind
  var span: Span
  /// The function that it is a local of.
  var function: Int
  /// The block that it is declared in.
  var block: Int
  /// The global's index when it is one (in a REPL, at the top).
  var global: Int?
  var isCaptured = false
  var isAssigned = false
  var isCapturedByHoisted = false
  /// Parameters, when it is a `fn`.
  var signature: CallableSignature?
  /// What stands behind its dot, when it is a module.
  var exports: ModuleExports?

  /// True when it lives in a box on the heap.
  var isBoxed: Bool {
    global == nil && kind != .function && ((isCaptured && isAssigned) || isCapturedByHoisted)
  }
}

/// What a name that is used refers to.
enum Reference: Equatable {
  case binding(Int)
  case native(Int)
  case constant(Int)
  case namespace(Int)
}

/// The parameters of a function that is known before the script runs.
struct CallableSignature {
  struct Parameter {
    var name: String
    var isRequired: Bool
    var isRest: Bool
    var isNamedOnly: Bool
  }

  var name: String
  var parameters: [Parameter]
  /// Where its name is declared; nil for the library's.
  var declaration: Location?
}

/// A name of an interactive session's top.
struct Global {
  var name: String
  var isMutable: Bool
  var signature: CallableSignature?
  var exports: ModuleExports?
}

/// The resolver's answers.
struct Resolution {
  var bindings: [Binding] = []
  /// Binding by the offset of the declaring name; -1 elsewhere.
  var declarations: [Int32]
  /// Index into `references` by the offset of the using name; -1 elsewhere.
  var uses: [Int32]
  var references: [Reference] = []
  /// Bindings that a function captures, in order, by the function's key.
  var captures: [FunctionKey: [Int]] = [:]
  var parameters: [ScriptParameter] = []
  /// The modules of the imports by the offset of their paths.
  var imports: [UInt32: ModuleImport]
  /// Globals after this program, for a REPL.
  var globals: [Global]
  var globalIndex: [String: Int]

  func declaration(at span: Span) -> Int { Int(declarations[Int(span.start)]) }
  func reference(at span: Span) -> Reference? {
    let index = uses[Int(span.start)]
    return index < 0 ? nil : references[Int(index)]
  }
}

/// Tells functions apart: a body that becomes a closure starts at one offset, and its sort.
struct FunctionKey: Hashable {
  enum Sort { case function, parallelBody, cleanup, statement }
  var sort: Sort
  var start: UInt32
}

/// What the resolver and the compiler know of the library.
struct LibraryNames: Sendable {
  /// Functions in a fixed order; their place is their index in the machine.
  let functions: [HostFunction]
  let functionNames: [String]
  let functionIndex: [String: Int]
  let constants: [(name: String, value: ScriptValue)]
  let constantIndex: [String: Int]
  let namespaces: [String]
  let namespaceIndex: [String: Int]
  let all: [String]
  let planned: Set<String>
  /// Methods of maps, which modules have too.
  let mapMethods: Set<String>

  init(_ library: Library) {
    functions = library.functions.values.sorted { $0.signature.name < $1.signature.name }
    functionNames = functions.map(\.signature.name)
    functionIndex = Dictionary(
      uniqueKeysWithValues: functionNames.enumerated().map { ($1, $0) })
    constants = library.constants.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    constantIndex = Dictionary(uniqueKeysWithValues: constants.enumerated().map { ($1.name, $0) })
    let heads = functions.compactMap { function -> String? in
      let name = function.signature.name
      return name.contains(".") ? String(name.prefix { $0 != "." }) : nil
    }
    namespaces = Set(heads).sorted()
    namespaceIndex = Dictionary(uniqueKeysWithValues: namespaces.enumerated().map { ($1, $0) })
    all = library.names
    planned = library.planned
    mapMethods = Set(library.methods["map", default: [:]].keys)
      .union(library.scriptMethods["map", default: [:]].keys)
  }
}

/// Walks a program and answers what its names mean.
struct Resolver {
  let source: Source
  let library: LibraryNames
  let isInteractive: Bool
  var result: Resolution
  var diagnostics: [Diagnostic] = []
  var warnings: [Diagnostic] = []
  var scopes: [Scope] = []
  var functions: [FunctionContext] = []
  var blockCount = 0
  var functionCount = 0

  /// A block's names.
  struct Scope {
    var block: Int
    var function: Int
    var names: [String: Int] = [:]
    /// Names declared further down, for "used before its declaration".
    var later: [String: Span] = [:]
  }

  /// A function while its body is walked.
  struct FunctionContext {
    var id: Int
    var key: FunctionKey
    /// Block whose start makes this function, when it is a `fn`; -1 otherwise.
    var hoistBlock: Int
    var captures: [Int] = []
    var loopDepth = 0
    /// Why `return` is not allowed here; nil when it is.
    var returnBan: String?
    /// Why `break` is not allowed here, instead of "outside a loop".
    var breakBan: String?
    var isContinueAllowed = false
  }

  /// Resolves a program.
  ///
  /// - Returns: the answers, or nil with at least one error among the diagnostics.
  static func resolve(
    _ program: Program, library: LibraryNames, globals: [Global], isInteractive: Bool,
    imports: [UInt32: ModuleImport] = [:]
  ) -> (resolution: Resolution?, errors: [Diagnostic], warnings: [Diagnostic]) {
    let size = program.source.bytes.count + 1
    let index = Dictionary(
      globals.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { _, last in last })
    let empty = Resolution(
      declarations: Array(repeating: -1, count: size), uses: Array(repeating: -1, count: size),
      imports: imports, globals: globals, globalIndex: index)
    var resolver = Resolver(
      source: program.source, library: library, isInteractive: isInteractive, result: empty)
    resolver.walk(program)
    let errors = resolver.diagnostics.reported()
    return (errors.isEmpty ? resolver.result : nil, errors, resolver.warnings)
  }

  private mutating func walk(_ program: Program) {
    let key = FunctionKey(sort: .statement, start: .max)
    functions.append(FunctionContext(id: 0, key: key, hoistBlock: -1))
    functionCount = 1
    openScope()
    hoist(program.statements)
    for statement in program.statements { walk(statement, isTop: true) }
    warnAboutBareNames(program.statements)
    closeScope()
  }

  // MARK: Scopes

  mutating func openScope() {
    scopes.append(Scope(block: blockCount, function: functions[functions.count - 1].id))
    blockCount += 1
  }

  mutating func closeScope() { scopes.removeLast() }

  /// Runs a body as a function of its own.
  mutating func inFunction(
    _ key: FunctionKey, hoistBlock: Int = -1, returnBan: String? = nil, breakBan: String? = nil,
    allowsContinue: Bool = false, _ body: (inout Resolver) -> Void
  ) {
    var context = FunctionContext(id: functionCount, key: key, hoistBlock: hoistBlock)
    context.returnBan = returnBan ?? (key.sort == .function ? nil : functions.last?.returnBan)
    context.breakBan = breakBan
    context.isContinueAllowed = allowsContinue
    functionCount += 1
    functions.append(context)
    openScope()
    body(&self)
    closeScope()
    result.captures[key] = functions.removeLast().captures
  }

  mutating func error(
    _ code: FaultCode, _ message: String, _ span: Span, label: String = "", notes: [String] = [],
    labels: [Diagnostic.Label] = []
  ) {
    diagnostics.append(
      Diagnostic(
        code: code.rawValue, message, at: Location(source, span), label: label, labels: labels,
        notes: notes))
  }

  // MARK: Declarations

  /// Declares a name in the innermost scope.
  mutating func declare(
    _ name: String, _ span: Span, _ kind: Binding.Kind, signature: CallableSignature? = nil
  ) {
    let isGlobal = isInteractive && scopes.count == 1
    let scope = scopes.count - 1
    if let known = scopes[scope].names[name], !isGlobal {
      let first = Diagnostic.Label(Location(source, result.bindings[known].span), "first here")
      error(
        .declaredTwice, "\"\(name)\" is declared twice in this block", span,
        label: "second declaration",
        labels: [first])
      return
    }
    var binding = Binding(
      name: name, kind: kind, span: span, function: functions[functions.count - 1].id,
      block: scopes[scope].block, signature: signature)
    if isGlobal { binding.global = declareGlobal(name, kind, signature) }
    result.bindings.append(binding)
    let id = result.bindings.count - 1
    scopes[scope].names[name] = id
    scopes[scope].later[name] = nil
    result.declarations[Int(span.start)] = Int32(id)
  }

  private mutating func declareGlobal(
    _ name: String, _ kind: Binding.Kind, _ signature: CallableSignature?
  ) -> Int {
    let global = Global(name: name, isMutable: kind == .variable, signature: signature)
    if let index = result.globalIndex[name] {
      result.globals[index] = global
      return index
    }
    result.globals.append(global)
    result.globalIndex[name] = result.globals.count - 1
    return result.globals.count - 1
  }

  /// Declares the block's functions, which are known from its start, and notes its other names.
  mutating func hoist(_ statements: [Statement]) {
    for statement in statements {
      switch statement.kind {
      case .function(let name, let function):
        declare(
          name.text, name.span, .function, signature: CallableSignature(name, function, in: source))
      case .declaration(_, let pattern, _):
        noteLater(pattern)
      case .parameter(let name, _, _):
        noteLater(name.text, name.span)
      case .importModule(let path, let span, let name, _):
        if let name = Self.importName(path, span, name) { noteLater(name.text, name.span) }
      default:
        break
      }
    }
  }

  private mutating func noteLater(_ pattern: Pattern) {
    forEachName(pattern) { resolver, name, span in resolver.noteLater(name, span) }
  }

  private mutating func noteLater(_ name: String, _ span: Span) {
    let scope = scopes.count - 1
    guard scopes[scope].names[name] == nil else { return }
    scopes[scope].later[name] = span
  }

  /// Calls `body` for every name that a pattern binds.
  mutating func forEachName(
    _ pattern: Pattern, _ body: (inout Resolver, String, Span) -> Void
  ) {
    switch pattern.kind {
    case .wildcard, .literal, .range: break
    case .name(let name): body(&self, name, pattern.span)
    case .list(let patterns, let rest):
      for pattern in patterns { forEachName(pattern, body) }
      if let rest { forEachName(rest, body) }
    case .map(let entries):
      for entry in entries { forEachName(entry.pattern, body) }
    }
  }

  // MARK: Uses

  /// Looks a name up and notes what it is.
  @discardableResult
  mutating func use(_ name: String, _ span: Span) -> Reference? {
    guard let reference = lookUp(name, span) else { return nil }
    result.references.append(reference)
    result.uses[Int(span.start)] = Int32(result.references.count - 1)
    return reference
  }

  private mutating func lookUp(_ name: String, _ span: Span) -> Reference? {
    for scope in scopes.reversed() {
      if let id = scope.names[name] {
        capture(id, in: scope)
        return .binding(id)
      }
      if let later = scope.later[name] {
        // An outer name of the same text is shadowed from the block's start on, as in Swift.
        let label = Diagnostic.Label(Location(source, later), "declared here")
        error(
          .usedBeforeDeclaration, "\"\(name)\" is used before its declaration", span,
          labels: [label])
        return nil
      }
    }
    if let global = result.globalIndex[name] {
      return .binding(globalBinding(global, name, span))
    }
    if let index = library.functionIndex[name] { return .native(index) }
    if let index = library.constantIndex[name] { return .constant(index) }
    if let index = library.namespaceIndex[name] { return .namespace(index) }
    unknownName(name, span)
    return nil
  }

  /// A binding for a global of an earlier input.
  private mutating func globalBinding(_ index: Int, _ name: String, _ span: Span) -> Int {
    let global = result.globals[index]
    var binding = Binding(
      name: name, kind: global.isMutable ? .variable : .constant, span: span, function: 0, block: 0,
      signature: global.signature, exports: global.exports)
    binding.global = index
    result.bindings.append(binding)
    return result.bindings.count - 1
  }

  private mutating func unknownName(_ name: String, _ span: Span) {
    guard !library.planned.contains(name) else { return notSupported(name, span) }
    let visible = scopes.reversed().flatMap { $0.names.keys.sorted() } + result.globals.map(\.name)
    error(
      .unknownName, "unknown name \"\(name)\"", span,
      label: ForeignWords.name(name) ?? didYouMeanQuestion(name, among: visible, library.all)
        ?? "not declared here")
  }

  /// Notes that the functions between a binding's own and the current one capture it.
  private mutating func capture(_ id: Int, in scope: Scope) {
    let binding = result.bindings[id]
    guard binding.global == nil else { return }
    guard var index = functions.firstIndex(where: { $0.id == binding.function }) else { return }
    guard index < functions.count - 1 else { return }
    result.bindings[id].isCaptured = true
    index += 1
    while index < functions.count {
      if functions[index].hoistBlock == binding.block {
        result.bindings[id].isCapturedByHoisted = true
      }
      if !functions[index].captures.contains(id) { functions[index].captures.append(id) }
      index += 1
    }
  }
}
