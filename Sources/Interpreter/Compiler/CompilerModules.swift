// Modules to bytecode: a module is a function of its params that returns its exports.

import Lexer

/// What the compiler knows of the module that it compiles.
struct ModuleContext {
  let exports: ModuleExports
  /// Registers of the params, by the offset of their names.
  var parameters: [UInt32: Int] = [:]
  /// Exported names that have their values by now.
  var bound: [(name: String, binding: Int)] = []
}

extension Compiler {
  /// Compiles a resolved module.
  ///
  /// - Throws: `Diagnostics` when a function is too large for the instruction format.
  static func compileModule(
    _ program: Program, _ resolution: Resolution, library: LibraryNames, exports: ModuleExports
  ) throws -> Prototype {
    var compiler = Compiler(source: program.source, resolution: resolution, library: library)
    var context = ModuleContext(exports: exports)
    for statement in program.statements {
      guard case .parameter(let name, _, _) = statement.kind else { continue }
      context.parameters[name.span.start] = compiler.function.allocate()
      compiler.function.parameters.append(
        PrototypeParameter(name: name.text, hasDefault: true, isRest: false))
    }
    compiler.module = context
    let result = compiler.function.allocate()
    let end = program.source.bytes.count
    compiler.statements(program.statements, into: result, Span(end, end), isModule: true)
    compiler.function.emit(Instruction(.returnValue, a: result), Span(end, end))
    let main = compiler.finish(name: "import of \(exports.name)")
    guard compiler.diagnostics.isEmpty else { throw Diagnostics(compiler.diagnostics) }
    return main
  }

  /// `import`: the module's value if it has run, else what running it returns.
  mutating func importModule(
    _ path: String, _ pathSpan: Span, _ name: Name?, _ arguments: [Argument], _ span: Span
  ) {
    guard let declared = Resolver.importName(path, pathSpan, name),
      let module = resolution.imports[pathSpan.start]?.module
    else { return }
    let register = function.allocate()
    function.emit(Instruction(.loadModule, a: register, bx: module.index), pathSpan)
    let skip = function.emit(Instruction(.jumpIfDefined, a: register), pathSpan)
    function.children.append(module.main)
    function.emit(Instruction(.closure, a: register, bx: function.children.count - 1), pathSpan)
    var shape = CallShape()
    let count = self.arguments(arguments, &shape, span)
    let index = function.shape(shape, span)
    function.emit(Instruction(.call, a: register, b: count, c: index), pathSpan)
    function.release(to: register + 1)
    function.emit(Instruction(.setModule, a: register, bx: module.index), pathSpan)
    function.patch(skip)
    bind(resolution.declaration(at: declared.span), from: register, declared.span)
  }

  /// Notes which exported names a top-level statement has given their values.
  mutating func noteExports(_ statement: Statement) {
    switch statement.kind {
    case .function(let name, _):
      noteExport(name.text, name.span)
    case .declaration(isVariable: false, let pattern, _):
      noteExports(pattern)
    default:
      break
    }
  }

  private mutating func noteExports(_ pattern: Pattern) {
    switch pattern.kind {
    case .wildcard, .literal, .range: break
    case .name(let name): noteExport(name, pattern.span)
    case .list(let patterns, let rest):
      for pattern in patterns + (rest.map { [$0] } ?? []) { noteExports(pattern) }
    case .map(let entries):
      for entry in entries { noteExports(entry.pattern) }
    }
  }

  private mutating func noteExport(_ name: String, _ span: Span) {
    guard module?.exports.members[name] != nil else { return }
    module?.bound.append((name, resolution.declaration(at: span)))
  }

  /// Leaves a map of the exports that have their values by now in a register.
  mutating func exports(into target: Int, _ span: Span) {
    let bound = module?.bound ?? []
    let mark = function.next
    let map = function.allocate()
    let key = function.allocate()
    let value = function.allocate()
    function.emit(Instruction(.newMap, a: map, bx: bound.count), span)
    for (name, binding) in bound {
      let text = function.constant(.string(ExactText(name)))
      function.emit(Instruction(.loadConstant, a: key, bx: text), span)
      load(binding, name, span, into: value)
      function.emit(Instruction(.mapPut, a: map, b: key, c: value), span)
    }
    function.emit(Instruction(.move, a: target, b: map), span)
    function.release(to: mark)
  }

  /// A param of a module, whose register holds what the importer gave, if anything.
  mutating func moduleParameter(
    _ register: Int, _ name: Name, _ type: Name?, _ value: Expression?, _ span: Span
  ) {
    let nameIndex = function.name(name.text, span)
    let typeIndex = function.name(type?.text ?? Resolver.staticType(value), span)
    func parameter(mode: Int) -> Instruction {
      Instruction(.parameter, a: register, b: nameIndex, c: typeIndex, x: mode)
    }
    let skip = function.emit(Instruction(.jumpIfDefined, a: register), name.span)
    if let value {
      compile(value, into: register)
    } else {
      function.emit(Instruction(.loadNull, a: register), span)
      function.emit(parameter(mode: 3), name.span)
    }
    function.patch(skip)
    function.emit(parameter(mode: 2), name.span)
    bind(resolution.declaration(at: name.span), from: register, name.span)
  }
}
