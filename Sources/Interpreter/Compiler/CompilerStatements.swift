// Statements and patterns to bytecode.

import Lexer

extension Compiler {
  mutating func statement(_ statement: Statement) {
    let mark = function.next
    switch statement.kind {
    case .expression(let expression):
      effect(expression)
    case .declaration(_, let pattern, let value):
      // The names' registers stay; `release` below must not take them back.
      return declaration(pattern, value)
    case .assignment(let target, let op, let value):
      assignment(target, op, value, statement.span)
    case .function, .deferred:
      break
    case .importModule(let path, let span, let name, let arguments):
      return importModule(path, span, name, arguments, statement.span)
    case .parameter(let name, let type, let value):
      return parameter(name, type, value, statement.span)
    case .returnValue(let value):
      returnValue(value, statement.span)
    case .throwError(let value):
      let register = operand(value)
      function.emit(Instruction(.throwError, a: register), statement.span)
    case .whileLoop(let condition, let body):
      whileLoop(condition, body)
    case .forLoop(let variables, let sequence, let body):
      forLoop(variables, sequence, body, statement.span)
    case .breakLoop:
      leaveLoop(statement.span, isBreak: true)
    case .continueLoop:
      leaveLoop(statement.span, isBreak: false)
    }
    function.release(to: mark)
  }

  // MARK: Declarations

  private mutating func declaration(_ pattern: Pattern, _ value: Expression) {
    guard case .name = pattern.kind else {
      // The value's register must outlive the names taken from it.
      let register = function.allocate()
      compile(value, into: register)
      return destructure(pattern, register)
    }
    let id = resolution.declaration(at: pattern.span)
    let binding = resolution.bindings[id]
    guard binding.global == nil, function.locals[id] == nil else {
      let mark = function.next
      let register = function.allocate()
      compile(value, into: register)
      bind(id, from: register, pattern.span)
      return function.release(to: mark)
    }
    // The register is taken first but becomes the name's only afterwards: `let x = x` means the outer.
    let register = function.allocate()
    compile(value, into: register)
    function.locals[id] = register
    box(id, pattern.span)
  }

  /// Takes the value in a register apart; an error when it does not fit.
  mutating func destructure(_ pattern: Pattern, _ register: Int) {
    var fails: [Int] = []
    match(pattern, register, &fails)
    guard !fails.isEmpty else { return }
    let skip = function.emit(Instruction(.jump), pattern.span)
    function.patch(fails)
    function.emit(Instruction(.noMatch, a: register, x: 1), pattern.span)
    function.patch(skip)
  }

  private mutating func parameter(
    _ name: Name, _ type: Name?, _ value: Expression?, _ span: Span
  ) {
    if let register = module?.parameters[name.span.start] {
      return moduleParameter(register, name, type, value, span)
    }
    let id = resolution.declaration(at: name.span)
    let register = function.allocate()
    if let value {
      compile(value, into: register)
    } else {
      function.emit(Instruction(.loadNull, a: register), span)
    }
    let kind = type?.text ?? Resolver.staticType(value)
    let nameIndex = function.name(name.text, span)
    let typeIndex = function.name(kind, span)
    let isRequired = value == nil ? 1 : 0
    function.emit(
      Instruction(.parameter, a: register, b: nameIndex, c: typeIndex, x: isRequired), name.span)
    bind(id, from: register, name.span)
  }

  // MARK: Assignment

  private mutating func assignment(
    _ target: Expression, _ op: BinaryOperator?, _ value: Expression, _ span: Span
  ) {
    switch target.kind {
    case .name(let name): assignName(name, target, op, value, span)
    case .member(let object, let name, _): assignMember(object, name, op, value, span)
    case .index(let object, let index): assignIndex(object, index, op, value, span)
    case .group(let inner): assignment(inner, op, value, span)
    default: break
    }
  }

  private mutating func assignName(
    _ name: String, _ target: Expression, _ op: BinaryOperator?, _ value: Expression, _ span: Span
  ) {
    guard case .binding(let id) = resolution.reference(at: target.span) else { return }
    var value = value
    if let op {
      value = Expression(.binary(op, target, value, operatorSpan: span), span)
    }
    if let local = plainLocal(target), writesOnce(value) { return compile(value, into: local) }
    let register = function.allocate()
    compile(value, into: register)
    store(id, from: register, span)
  }

  /// True when compiling the expression writes its target only after it has read everything.
  private func writesOnce(_ expression: Expression) -> Bool {
    switch expression.kind {
    case .null, .bool, .int, .float, .duration, .string, .name, .binary, .negate, .index, .range:
      true
    default: false
    }
  }

  private mutating func assignMember(
    _ object: Expression, _ name: Name, _ op: BinaryOperator?, _ value: Expression, _ span: Span
  ) {
    let holder = operand(object, before: value)
    let key = function.name(name.text, name.span)
    let register = function.allocate()
    if let op {
      function.emit(Instruction(.getMember, a: register, b: holder, c: key), name.span)
      let right = operand(value)
      binary(op, register, right, into: register, span)
    } else {
      compile(value, into: register)
    }
    function.emit(Instruction(.setMember, a: holder, b: register, c: key), name.span)
  }

  private mutating func assignIndex(
    _ object: Expression, _ index: Expression, _ op: BinaryOperator?, _ value: Expression,
    _ span: Span
  ) {
    let holder = operand(object, before: index, value)
    let position = operand(index, before: value)
    let register = function.allocate()
    if let op {
      function.emit(Instruction(.getIndex, a: register, b: holder, c: position), index.span)
      let right = operand(value)
      binary(op, register, right, into: register, span)
    } else {
      compile(value, into: register)
    }
    function.emit(Instruction(.setIndex, a: holder, b: position, c: register), index.span)
  }

  // MARK: Control flow

  private mutating func returnValue(_ value: Expression?, _ span: Span) {
    let register: Int
    if module != nil, enclosing.isEmpty {
      // Leaving a module early exports what it has declared by then.
      if let value { effect(value) }
      register = function.allocate()
      exports(into: register, span)
    } else if let value {
      register = operand(value)
    } else {
      register = function.allocate()
      function.emit(Instruction(.loadNull, a: register), span)
    }
    leaveCleanups(downTo: 0, span)
    function.emit(Instruction(.returnValue, a: register), span)
  }

  private mutating func leaveLoop(_ span: Span, isBreak: Bool) {
    guard let loop = function.loops.last else {
      // `continue` in a `parallel for` ends the item with null.
      return returnValue(nil, span)
    }
    leaveCleanups(downTo: loop.cleanupDepth, span)
    let jump = function.emit(Instruction(.jump), span)
    let last = function.loops.count - 1
    if isBreak {
      function.loops[last].breaks.append(jump)
    } else {
      function.loops[last].continues.append(jump)
    }
  }

  private mutating func whileLoop(_ condition: Expression, _ body: Block) {
    let start = function.code.count
    let exits = jumpUnless(condition)
    function.loops.append(FunctionBuilder.LoopContext(cleanupDepth: function.cleanups.count))
    block(body, into: nil)
    let loop = function.loops.removeLast()
    function.patch(loop.continues)
    function.loop(to: start, condition.span)
    function.patch(exits)
    function.patch(loop.breaks)
  }

  private mutating func forLoop(
    _ variables: [Pattern], _ sequence: Expression, _ body: Block, _ span: Span
  ) {
    if variables.count == 1, case .range(let low, let high, let isClosed) = sequence.kind {
      return rangeLoop(variables[0], (low, high, isClosed), body, sequence.span)
    }
    let state = function.allocate(3 + variables.count)
    compile(sequence, into: state)
    function.emit(Instruction(.forPrepare, a: state, x: variables.count), sequence.span)
    let next = function.emit(Instruction(.forNext, a: state, x: variables.count), sequence.span)
    let start = function.code.count
    loopBody(variables, state + 3, body)
    function.emit(
      Instruction(
        .forLoop, a: state, bx: start - function.code.count - 1, x: variables.count), sequence.span)
    function.patch(next)
    function.patch(function.loops.removeLast().breaks)
  }

  /// A loop over a range that is written there needs no range.
  private mutating func rangeLoop(
    _ variable: Pattern, _ range: (low: Expression, high: Expression, isClosed: Bool),
    _ body: Block, _ span: Span
  ) {
    let state = function.allocate(3)
    compile(range.low, into: state)
    compile(range.high, into: state + 1)
    let begin = function.emit(
      Instruction(.rangeBegin, a: state, x: range.isClosed ? 1 : 0), span)
    let start = function.code.count
    loopBody([variable], state + 2, body)
    function.emit(Instruction(.rangeLoop, a: state, bx: start - function.code.count - 1), span)
    function.patch(begin)
    function.patch(function.loops.removeLast().breaks)
  }

  /// The body of a loop, up to where `continue` goes.
  private mutating func loopBody(_ variables: [Pattern], _ first: Int, _ body: Block) {
    function.loops.append(FunctionBuilder.LoopContext(cleanupDepth: function.cleanups.count))
    let mark = function.next
    for (index, variable) in variables.enumerated() { loopVariable(variable, first + index) }
    block(body, into: nil)
    function.release(to: mark)
    function.patch(function.loops[function.loops.count - 1].continues)
  }

  /// Binds a loop's variable to the register that the loop writes.
  mutating func loopVariable(_ pattern: Pattern, _ register: Int) {
    guard case .name = pattern.kind else { return destructure(pattern, register) }
    let id = resolution.declaration(at: pattern.span)
    function.locals[id] = register
    box(id, pattern.span)
  }

  // MARK: Patterns

  /// Tests the value in a register and binds names; jumps that mean "does not match" go to `fails`.
  mutating func match(_ pattern: Pattern, _ register: Int, _ fails: inout [Int]) {
    switch pattern.kind {
    case .wildcard:
      break
    case .name:
      bind(resolution.declaration(at: pattern.span), from: register, pattern.span)
    case .literal(let literal):
      let value = operand(literal)
      fails.append(
        function.emit(Instruction(.jumpUnlessEqual, a: register, b: value), pattern.span))
    case .range(let low, let high, let isClosed):
      let range = function.allocate()
      compile(
        Expression(.range(low, high, isClosed: isClosed), pattern.span), into: range)
      function.emit(Instruction(.matchRange, a: range, b: register, c: range), pattern.span)
      fails.append(function.emit(Instruction(.jumpIfNot, a: range), pattern.span))
    case .list(let patterns, let rest):
      matchList(patterns, rest, register, pattern.span, &fails)
    case .map(let entries):
      matchMap(entries, register, pattern.span, &fails)
    }
  }

  private mutating func matchList(
    _ patterns: [Pattern], _ rest: Pattern?, _ register: Int, _ span: Span, _ fails: inout [Int]
  ) {
    let test = function.allocate()
    function.emit(
      Instruction(.matchList, a: test, b: register, c: patterns.count, x: rest == nil ? 0 : 1), span
    )
    fails.append(function.emit(Instruction(.jumpIfNot, a: test), span))
    for (index, pattern) in patterns.enumerated() {
      let element = function.allocate()
      function.emit(Instruction(.loadInt, a: element, bx: index), pattern.span)
      function.emit(Instruction(.getIndex, a: element, b: register, c: element), pattern.span)
      match(pattern, element, &fails)
    }
    guard let rest else { return }
    let tail = function.allocate()
    function.emit(Instruction(.listRest, a: tail, b: register, c: patterns.count), rest.span)
    match(rest, tail, &fails)
  }

  private mutating func matchMap(
    _ entries: [(key: Name, pattern: Pattern)], _ register: Int, _ span: Span, _ fails: inout [Int]
  ) {
    if entries.isEmpty {
      let test = function.allocate()
      let key = function.name("", span)
      function.emit(Instruction(.matchKey, a: test, b: register, c: key, x: 1), span)
      fails.append(function.emit(Instruction(.jumpIfNot, a: test), span))
    }
    for entry in entries {
      let element = function.allocate()
      let key = function.name(entry.key.text, entry.key.span)
      function.emit(Instruction(.matchKey, a: element, b: register, c: key), entry.key.span)
      fails.append(function.emit(Instruction(.jumpIfNot, a: element), entry.key.span))
      function.emit(Instruction(.getMember, a: element, b: register, c: key), entry.key.span)
      match(entry.pattern, element, &fails)
    }
  }
}
