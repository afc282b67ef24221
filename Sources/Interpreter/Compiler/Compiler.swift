// The compiler: from the tree and the resolver's answers to register bytecode.
//
// Every expression is compiled "into" a register. Locals keep a register for as long as their block
// lasts; temporaries are taken and released like a stack, so the arguments of a call lie side by side.

import Lexer

/// A compiled program.
struct CompiledProgram {
  var main: Prototype
  var resolution: Resolution
}

/// Compiles one program.
struct Compiler {
  let source: Source
  let resolution: Resolution
  let library: LibraryNames
  var function = FunctionBuilder()
  var enclosing: [FunctionBuilder] = []
  var diagnostics: [Diagnostic] = []
  /// Jumps out of the optional chains under way, innermost last.
  var chainExits: [[Int]] = []
  /// Set while a module is compiled.
  var module: ModuleContext?

  /// Compiles a resolved program.
  ///
  /// - Throws: `Diagnostics` when a function is too large for the instruction format.
  static func compile(
    _ program: Program, _ resolution: Resolution, library: LibraryNames
  ) throws -> CompiledProgram {
    var compiler = Compiler(source: program.source, resolution: resolution, library: library)
    let result = compiler.function.allocate()
    let end = program.source.bytes.count
    compiler.statements(program.statements, into: result, Span(end, end))
    compiler.function.emit(Instruction(.returnValue, a: result), Span(end, end))
    let main = compiler.finish(name: "<main>")
    guard compiler.diagnostics.isEmpty else { throw Diagnostics(compiler.diagnostics) }
    return CompiledProgram(main: main, resolution: resolution)
  }

  /// Ends the function under construction.
  mutating func finish(name: String) -> Prototype {
    if let span = function.tooLarge {
      diagnostics.append(
        Diagnostic(
          code: FaultCode.functionTooLarge.rawValue, "the function \(name) is too large",
          at: Location(source, span),
          notes: ["split it into several functions"]))
    }
    return Prototype(function, name: name, source: source)
  }

  /// Compiles a body as a function of its own and leaves the closure in a register.
  mutating func closure(
    _ key: FunctionKey, name: String, into target: Int, _ span: Span,
    _ body: (inout Compiler) -> Void
  ) {
    let captured = resolution.captures[key] ?? []
    let captures = captured.map { captureSource($0) }
    enclosing.append(function)
    function = FunctionBuilder()
    function.captures = captures
    function.captured = captured
    body(&self)
    let prototype = finish(name: name)
    function = enclosing.removeLast()
    function.children.append(prototype)
    function.emit(Instruction(.closure, a: target, bx: function.children.count - 1), span)
  }

  private func captureSource(_ binding: Int) -> Capture {
    if let register = function.locals[binding] { return .register(register) }
    return .capture(function.captured.firstIndex(of: binding) ?? 0)
  }

  // MARK: Blocks

  /// Compiles statements of one scope; the last expression's value goes into `target`, if any.
  mutating func block(_ block: Block, into target: Int?) {
    statements(block.statements, into: target, block.span)
  }

  mutating func statements(
    _ statements: [Statement], into target: Int?, _ span: Span, isModule: Bool = false
  ) {
    let mark = function.next
    hoist(statements)
    let defers = statements.filter { if case .deferred = $0.kind { true } else { false } }
    guard !defers.isEmpty else {
      plainStatements(statements, into: target, span, isModule: isModule)
      return function.release(to: mark)
    }
    var registers: [UInt32: Int] = [:]
    for statement in defers {
      registers[statement.span.start] = function.allocate()
      emptyCleanup(registers[statement.span.start] ?? 0, statement.span)
    }
    let cleanups = defers.compactMap { registers[$0.span.start] }
    protected(cleanups, span) {
      $0.plainStatements(statements, into: target, span, isModule: isModule, defers: registers)
    }
    function.release(to: mark)
  }

  private mutating func emptyCleanup(_ register: Int, _ span: Span) {
    function.emit(Instruction(.loadNull, a: register), span)
  }

  private mutating func plainStatements(
    _ statements: [Statement], into target: Int?, _ span: Span, isModule: Bool = false,
    defers: [UInt32: Int] = [:]
  ) {
    if isModule {
      for case let statement in statements where statement.isFunction { noteExports(statement) }
    }
    for (index, statement) in statements.enumerated() {
      if case .deferred(let body) = statement.kind {
        let key = FunctionKey(sort: .cleanup, start: body.span.start)
        closure(key, name: "<defer>", into: defers[statement.span.start] ?? 0, statement.span) {
          $0.cleanupBody(body)
        }
      }
      let isLast = index == statements.count - 1
      if isLast, !isModule, let target, case .expression(let expression) = statement.kind {
        return compile(expression, into: target)
      }
      self.statement(statement)
      if isModule, !statement.isFunction { noteExports(statement) }
    }
    if isModule, let target { return exports(into: target, span) }
    if let target { function.emit(Instruction(.loadNull, a: target), span) }
  }

  /// Makes the closures of a block's `fn`s, and the boxes that they capture, before its first line.
  private mutating func hoist(_ statements: [Statement]) {
    for statement in statements { hoistBoxes(statement) }
    var locals: [(binding: Int, register: Int, body: Function)] = []
    for statement in statements {
      guard case .function(let name, let body) = statement.kind else { continue }
      let id = resolution.declaration(at: name.span)
      guard let global = resolution.bindings[id].global else {
        locals.append((id, newLocal(id), body))
        continue
      }
      let mark = function.next
      let register = function.allocate()
      functionClosure(body, into: register)
      function.emit(Instruction(.setGlobal, a: register, bx: global), name.span)
      function.release(to: mark)
    }
    // One that its block's functions use is captured before it is made; the place is filled afterwards.
    for local in locals where resolution.bindings[local.binding].isCapturedByHoisted {
      function.emit(Instruction(.loadNull, a: local.register), local.body.span)
    }
    for local in locals { functionClosure(local.body, into: local.register) }
    for (index, local) in locals.enumerated() {
      let key = FunctionKey(sort: .function, start: local.body.span.start)
      for (slot, binding) in (resolution.captures[key] ?? []).enumerated() {
        guard let later = locals[index...].first(where: { $0.binding == binding }) else { continue }
        function.emit(
          Instruction(.fillCapture, a: local.register, b: later.register, c: slot), local.body.span)
      }
    }
  }

  private mutating func hoistBoxes(_ statement: Statement) {
    switch statement.kind {
    case .parameter(let name, _, _): hoistBox(name.span)
    case .importModule(let path, let span, let name, _):
      if let name = Resolver.importName(path, span, name) { hoistBox(name.span) }
    case .declaration(_, let pattern, _): hoistBoxes(pattern)
    default: break
    }
  }

  private mutating func hoistBoxes(_ pattern: Pattern) {
    switch pattern.kind {
    case .name: hoistBox(pattern.span)
    case .list(let patterns, let rest):
      for pattern in patterns + (rest.map { [$0] } ?? []) { hoistBoxes(pattern) }
    case .map(let entries):
      for entry in entries { hoistBoxes(entry.pattern) }
    case .wildcard, .literal, .range: break
    }
  }

  private mutating func hoistBox(_ span: Span) {
    let id = resolution.declaration(at: span)
    guard id >= 0, resolution.bindings[id].isCapturedByHoisted,
      resolution.bindings[id].global == nil
    else { return }
    function.emit(Instruction(.newEmptyBox, a: newLocal(id)), span)
  }

  /// Gives a binding a register.
  @discardableResult
  mutating func newLocal(_ binding: Int) -> Int {
    let register = function.allocate()
    function.locals[binding] = register
    return register
  }

  // MARK: Cleanups

  /// Compiles `body` so that the closures in `cleanups` run, last first, however it is left. An error in
  /// one of them takes the place of what was under way, and the others still run.
  mutating func protected(_ cleanups: [Int], _ span: Span, _ body: (inout Compiler) -> Void) {
    let error = function.allocate()
    function.cleanups += cleanups
    let start = function.code.count
    body(&self)
    // Each cleanup is a level of its own: its handler covers the body and the cleanups run before it.
    for register in cleanups.reversed() {
      function.cleanups.removeLast()
      let end = function.code.count
      runCleanup(register, span)
      let skip = function.emit(Instruction(.jump), span)
      addHandler(start..<end, error)
      runCleanup(register, span)
      function.emit(Instruction(.rethrow, a: error), span)
      function.patch(skip)
    }
  }

  /// Adds a handler, which begins here, for errors in `range`, except where code in it leaves for an outer place and has
  /// come to the cleanups of the blocks around: those are not inside the handler's block any more.
  mutating func addHandler(_ range: Range<Int>, _ register: Int) {
    let target = function.code.count
    let depth = function.cleanups.count
    var start = range.lowerBound
    let inside = function.leavings.reversed().prefix { $0.range.lowerBound >= start }
    for leaving in inside.reversed() where leaving.cleanup < depth {
      if start < leaving.range.lowerBound {
        function.handlers.append(
          Handler(range: start..<leaving.range.lowerBound, target: target, register: register))
      }
      start = leaving.range.upperBound
    }
    if start < range.upperBound {
      function.handlers.append(
        Handler(range: start..<range.upperBound, target: target, register: register))
    }
  }

  /// Calls the closure in a register once, if there is one. The register is emptied first, so that an
  /// error in the cleanup does not run it again.
  private mutating func runCleanup(_ register: Int, _ span: Span) {
    let skip = function.emit(Instruction(.jumpIfNull, a: register), span)
    let callee = function.allocate()
    function.emit(Instruction(.move, a: callee, b: register), span)
    function.emit(Instruction(.loadNull, a: register), span)
    function.emit(Instruction(.call, a: callee), span)
    function.release(to: callee)
    function.patch(skip)
  }

  /// Runs the cleanups that leaving for an outer place passes by, innermost first.
  mutating func leaveCleanups(downTo depth: Int, _ span: Span) {
    for index in (depth..<function.cleanups.count).reversed() {
      let start = function.code.count
      runCleanup(function.cleanups[index], span)
      function.leavings.append((index, start..<function.code.count))
    }
  }

  /// The body of a `defer` or `finally` closure.
  mutating func cleanupBody(_ body: Block) {
    let result = function.allocate()
    block(body, into: nil)
    function.emit(Instruction(.loadNull, a: result), body.span)
    function.emit(Instruction(.returnValue, a: result), body.span)
  }

  // MARK: Functions

  /// Leaves the closure of a `fn` or a lambda in a register.
  mutating func functionClosure(_ body: Function, into target: Int) {
    let key = FunctionKey(sort: .function, start: body.span.start)
    closure(key, name: body.name ?? body.boundName ?? "<lambda>", into: target, body.span) {
      compiler in
      compiler.functionBody(body)
    }
  }

  private mutating func functionBody(_ body: Function) {
    for parameter in body.parameters {
      newLocal(resolution.declaration(at: parameter.name.span))
      if function.registerCount > FunctionBuilder.mostRegisters {
        function.refuse(parameter.name.span)
      }
      function.parameters.append(
        PrototypeParameter(
          name: parameter.name.text, hasDefault: parameter.defaultValue != nil,
          isRest: parameter.isRest))
    }
    for (register, parameter) in body.parameters.enumerated() {
      if let value = parameter.defaultValue {
        let skip = function.emit(Instruction(.jumpIfDefined, a: register), value.span)
        compile(value, into: register)
        function.patch(skip)
      }
      box(resolution.declaration(at: parameter.name.span), parameter.name.span)
    }
    let result = function.allocate()
    block(body.body, into: result)
    function.emit(Instruction(.returnValue, a: result), body.body.span)
  }

  /// Wraps a local's value in a box when the resolver said so.
  mutating func box(_ binding: Int, _ span: Span) {
    guard resolution.bindings[binding].isBoxed, let register = function.locals[binding] else {
      return
    }
    function.emit(Instruction(.newBox, a: register), span)
  }

  // MARK: Names

  /// Puts a value that stands in `register` into a freshly declared name.
  mutating func bind(_ binding: Int, from register: Int, _ span: Span) {
    let info = resolution.bindings[binding]
    if let global = info.global {
      function.emit(Instruction(.setGlobal, a: register, bx: global), span)
    } else if let box = function.locals[binding], info.isCapturedByHoisted {
      function.emit(Instruction(.setBox, a: box, b: register), span)
    } else {
      let local = newLocal(binding)
      if local != register { function.emit(Instruction(.move, a: local, b: register), span) }
      box(binding, span)
    }
  }

  /// The register of a local that can be read in place; nil for everything else.
  func plainLocal(_ expression: Expression) -> Int? {
    guard case .name = expression.kind,
      case .binding(let id) = resolution.reference(at: expression.span),
      !resolution.bindings[id].isBoxed
    else { return nil }
    return function.locals[id]
  }

  mutating func load(_ name: String, _ span: Span, into target: Int) {
    switch resolution.reference(at: span) {
    case .native(let index): function.emit(Instruction(.loadNative, a: target, bx: index), span)
    case .constant(let index):
      function.emit(Instruction(.loadLibraryConstant, a: target, bx: index), span)
    case .binding(let id): load(id, name, span, into: target)
    case .namespace, nil: break
    }
  }

  mutating func load(_ id: Int, _ name: String, _ span: Span, into target: Int) {
    let binding = resolution.bindings[id]
    if let global = binding.global {
      function.emit(Instruction(.getGlobal, a: target, bx: global), span)
    } else if let register = function.locals[id] {
      if binding.isBoxed {
        let text = function.name(name, span)
        function.emit(Instruction(.getBox, a: target, b: register, c: text), span)
      } else if register != target {
        function.emit(Instruction(.move, a: target, b: register), span)
      }
    } else {
      let index = function.captured.firstIndex(of: id) ?? 0
      let text = function.name(name, span)
      let op: Opcode = binding.isBoxed ? .getCaptureBox : .getCapture
      function.emit(Instruction(op, a: target, b: index, c: text), span)
    }
  }

  /// Assigns the value in `register` to a name that may change.
  mutating func store(_ id: Int, from register: Int, _ span: Span) {
    let binding = resolution.bindings[id]
    if let global = binding.global {
      function.emit(Instruction(.setGlobal, a: register, bx: global), span)
    } else if let local = function.locals[id] {
      let op: Opcode = binding.isBoxed ? .setBox : .move
      if binding.isBoxed || local != register {
        function.emit(Instruction(op, a: local, b: register), span)
      }
    } else {
      let index = function.captured.firstIndex(of: id) ?? 0
      function.emit(Instruction(.setCaptureBox, a: index, b: register), span)
    }
  }
}
