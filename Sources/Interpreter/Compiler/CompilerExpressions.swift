// Expressions to bytecode.

import Lexer

extension Compiler {
  // MARK: Operands

  /// A register that holds the expression's value: a local's own, or a new temporary.
  ///
  /// - Parameter before: expressions evaluated before the register is read; if one may assign to
  ///   locals, the value is copied.
  mutating func operand(_ expression: Expression, before others: Expression...) -> Int {
    if let local = plainLocal(expression), !others.contains(where: { mayAssign($0) }) {
      return local
    }
    let register = function.allocate()
    compile(expression, into: register)
    return register
  }

  /// True when evaluating the expression may run an assignment in this very function.
  private func mayAssign(_ expression: Expression, depth: Int = 4) -> Bool {
    if depth == 0 { return true }
    switch expression.kind {
    case .null, .bool, .int, .float, .duration, .string, .name, .function: return false
    case .not(let inner), .negate(let inner), .group(let inner), .optionalChain(let inner),
      .member(let inner, _, _):
      return mayAssign(inner, depth: depth - 1)
    case .binary(_, let left, let right, _), .index(let left, let right),
      .range(let left, let right, _):
      return mayAssign(left, depth: depth - 1) || mayAssign(right, depth: depth - 1)
    case .call(let callee, let arguments, _):
      return mayAssign(callee, depth: depth - 1)
        || arguments.contains { mayAssign($0.value, depth: depth - 1) }
    default: return true
    }
  }

  // MARK: Expressions

  /// Compiles an expression whose value nobody looks at.
  mutating func effect(_ expression: Expression) {
    let span = expression.span
    switch expression.kind {
    case .conditional(let condition, let then, let otherwise):
      conditional(condition, then, otherwise, into: nil, span)
    case .match(let value, let arms): match(value, arms, into: nil, span)
    case .attempt(let body, let name, let handler, let finally):
      attempt(body, name, handler, finally, into: nil, span)
    case .block(let body): block(body, into: nil)
    case .group(let inner): effect(inner)
    default: compile(expression, into: function.allocate())
    }
  }

  /// Compiles an expression; its value ends up in R[target].
  ///
  /// Nobody reads the target before the expression is done, so it may be written to on the way; only
  /// assignments have one that the expression itself may read, and those choose what they compile so.
  mutating func compile(_ expression: Expression, into target: Int) {
    let mark = function.next
    let span = expression.span
    switch expression.kind {
    case .null: function.emit(Instruction(.loadNull, a: target), span)
    case .bool(let value): function.emit(Instruction(.loadBool, a: target, x: value ? 1 : 0), span)
    case .int(let value): int(value, into: target, span)
    case .float(let value): constant(.float(value.bitPattern), into: target, span)
    case .duration(let value): constant(.duration(value), into: target, span)
    case .string(let text): constant(.string(ExactText(text)), into: target, span)
    case .interpolation(let parts): interpolation(parts, into: target, span)
    case .name(let name): load(name, span, into: target)
    case .list(let elements): list(elements, into: target, span)
    case .map(let entries): map(entries, into: target, span)
    case .function(let body): functionClosure(body, into: target)
    case .link(let operands, let arrows): link(operands, arrows, into: target, span)
    case .coalesce(let left, let right): coalesce(left, right, into: target)
    case .or, .and, .not: logic(expression, into: target)
    case .negate(let inner): negate(inner, into: target, span)
    case .binary(let op, let left, let right, let operatorSpan):
      binaryExpression(op, left, right, into: target, operatorSpan.union(span))
    case .range(let low, let high, let isClosed):
      let from = operand(low, before: high)
      let to = operand(high)
      function.emit(Instruction(.newRange, a: target, b: from, c: to, x: isClosed ? 1 : 0), span)
    case .call(let callee, let arguments, _): call(callee, arguments, into: target, span)
    case .index(let object, let index):
      let holder = operand(object, before: index)
      let position = operand(index)
      function.emit(Instruction(.getIndex, a: target, b: holder, c: position), index.span)
    case .member(let object, let name, let isOptional):
      member(object, name, isOptional: isOptional, into: target, span)
    case .optionalChain(let inner): optionalChain(inner, into: target)
    case .conditional(let condition, let then, let otherwise):
      conditional(condition, then, otherwise, into: target, span)
    case .match(let value, let arms): match(value, arms, into: target, span)
    case .attempt(let body, let name, let handler, let finally):
      attempt(body, name, handler, finally, into: target, span)
    case .parallelFor(let limit, let variables, let sequence, let body):
      parallelFor(limit, variables, sequence, body, into: target, span)
    case .parallelBlock(let limit, let block): parallelBlock(limit, block, into: target, span)
    case .block(let body): block(body, into: target)
    case .group(let inner): compile(inner, into: target)
    }
    function.release(to: mark)
  }

  private mutating func int(_ value: Int64, into target: Int, _ span: Span) {
    guard Int64(Int32.min)...Int64(Int32.max) ~= value else {
      return constant(.int(value), into: target, span)
    }
    function.emit(Instruction(.loadInt, a: target, bx: Int(value)), span)
  }

  private mutating func constant(_ constant: Constant, into target: Int, _ span: Span) {
    let index = function.constant(constant)
    function.emit(Instruction(.loadConstant, a: target, bx: index), span)
  }

  private mutating func interpolation(_ parts: [StringPart], into target: Int, _ span: Span) {
    let base = function.allocate(parts.count)
    for (index, part) in parts.enumerated() {
      switch part {
      case .text(let text): constant(.string(ExactText(text)), into: base + index, span)
      case .expression(let expression): compile(expression, into: base + index)
      }
    }
    function.emit(Instruction(.interpolate, a: target, b: base, c: parts.count), span)
  }

  /// Elements go through a few registers at a time, so a huge literal needs no huge frame.
  private mutating func list(_ elements: [Element], into target: Int, _ span: Span) {
    let list = target
    var pending: [Expression] = []
    var isMade = false
    func flush(_ compiler: inout Compiler) {
      if pending.isEmpty, isMade { return }
      let mark = compiler.function.next
      let base = compiler.function.allocate(pending.count)
      for (index, expression) in pending.enumerated() {
        compiler.compile(expression, into: base + index)
      }
      compiler.function.emit(
        Instruction(isMade ? .append : .newList, a: list, b: base, c: pending.count), span)
      compiler.function.release(to: mark)
      pending = []
      isMade = true
    }
    for element in elements {
      switch element {
      case .value(let expression):
        pending.append(expression)
        if pending.count == 32 { flush(&self) }
      case .spread(let expression):
        flush(&self)
        let register = operand(expression)
        function.emit(Instruction(.appendSpread, a: list, b: register), expression.span)
      }
    }
    flush(&self)
  }

  private mutating func map(_ entries: [Entry], into target: Int, _ span: Span) {
    let map = target
    let named = namedPairs(entries)
    if named.isEmpty {
      function.emit(Instruction(.newMap, a: map, bx: min(entries.count, 1 << 20)), span)
    } else {
      self.map(of: named, into: target, span)
    }
    for entry in entries.dropFirst(named.count) {
      let mark = function.next
      switch entry {
      case .pair(let key, let value):
        let operand = operand(value)
        let name = function.name(key.text, key.span)
        function.emit(Instruction(.setMember, a: map, b: operand, c: name), value.span)
      case .computed(let key, let value):
        let register = operand(key, before: value)
        let operand = operand(value)
        function.emit(Instruction(.mapPut, a: map, b: register, c: operand), key.span)
      case .spread(let other):
        let operand = operand(other)
        function.emit(Instruction(.mapSpread, a: map, b: operand), other.span)
      }
      function.release(to: mark)
    }
  }

  /// The pairs at the beginning whose keys are names that differ: they become a map in one go.
  private func namedPairs(_ entries: [Entry]) -> [(key: Name, value: Expression)] {
    var known: Set<ExactText> = []
    var pairs: [(key: Name, value: Expression)] = []
    for entry in entries.prefix(32) {
      guard case .pair(let key, let value) = entry, known.insert(ExactText(key.text)).inserted
      else { break }
      pairs.append((key, value))
    }
    return pairs
  }

  private mutating func map(
    of pairs: [(key: Name, value: Expression)], into target: Int, _ span: Span
  ) {
    let mark = function.next
    let base = function.allocate(pairs.count)
    for (index, pair) in pairs.enumerated() { compile(pair.value, into: base + index) }
    let shape = function.shape(CallShape(names: pairs.map(\.key.text)), span)
    function.emit(Instruction(.mapOf, a: target, b: base, c: shape), span)
    function.release(to: mark)
  }

  private mutating func link(
    _ operands: [Expression], _ arrows: [Arrow], into target: Int, _ span: Span
  ) {
    let base = function.allocate(operands.count)
    for (index, operand) in operands.enumerated() { compile(operand, into: base + index) }
    function.arrows.append(arrows.map { $0 == .both })
    function.emit(Instruction(.link, a: target, b: base, c: function.arrows.count - 1), span)
  }

  // MARK: Operators

  private mutating func coalesce(_ left: Expression, _ right: Expression, into target: Int) {
    compile(left, into: target)
    let skip = function.emit(Instruction(.jumpIfNotNull, a: target), left.span)
    compile(right, into: target)
    function.patch(skip)
  }

  /// `and`, `or` and `not` as values.
  private mutating func logic(_ expression: Expression, into target: Int) {
    switch expression.kind {
    case .not(let inner):
      let operand = operand(inner)
      function.emit(Instruction(.not, a: target, b: operand), inner.span)
    case .and(let left, let right): logic(.jumpIfNot, left, right, into: target)
    case .or(let left, let right): logic(.jumpIf, left, right, into: target)
    default:
      break
    }
  }

  private mutating func logic(
    _ jump: Opcode, _ left: Expression, _ right: Expression, into target: Int
  ) {
    compile(left, into: target)
    let skip = function.emit(Instruction(jump, a: target, x: 1), left.span)
    rightOfLogic(right, into: target)
    function.patch(skip)
  }

  /// The right side must be a bool as well; a jump to the next instruction checks it.
  private mutating func rightOfLogic(_ right: Expression, into register: Int) {
    compile(right, into: register)
    function.emit(Instruction(.jumpIf, a: register, bx: 0, x: 1), right.span)
  }

  private mutating func negate(_ inner: Expression, into target: Int, _ span: Span) {
    if case .int(let value) = inner.kind, value != Int64.min {
      return int(-value, into: target, span)
    }
    let operand = operand(inner)
    function.emit(Instruction(.negate, a: target, b: operand), span)
  }

  private mutating func binaryExpression(
    _ op: BinaryOperator, _ left: Expression, _ right: Expression, into target: Int, _ span: Span
  ) {
    let first = operand(left, before: right)
    if let (opcode, number) = immediate(op, right) {
      function.emit(
        Instruction(opcode, a: target, b: first, c: Int(UInt16(bitPattern: number))), span)
      return
    }
    let second = operand(right)
    binary(op, first, second, into: target, span)
  }

  /// The instruction for `x + 1` and the like with its operand; nil when there is none.
  private func immediate(_ op: BinaryOperator, _ right: Expression) -> (Opcode, Int16)? {
    guard case .int(let value) = right.kind, let number = Int16(exactly: value) else { return nil }
    switch op {
    case .add: return (.addInt, number)
    case .subtract: return number == .min ? nil : (.addInt, -number)
    case .multiply: return (.multiplyInt, number)
    case .divide: return (.divideInt, number)
    case .remainder: return (.remainderInt, number)
    case .equal: return (.equalInt, number)
    default: return nil
    }
  }

  mutating func binary(
    _ op: BinaryOperator, _ left: Int, _ right: Int, into target: Int, _ span: Span
  ) {
    switch op {
    case .add: function.emit(Instruction(.add, a: target, b: left, c: right), span)
    case .subtract: function.emit(Instruction(.subtract, a: target, b: left, c: right), span)
    case .multiply: function.emit(Instruction(.multiply, a: target, b: left, c: right), span)
    case .divide: function.emit(Instruction(.divide, a: target, b: left, c: right), span)
    case .remainder: function.emit(Instruction(.remainder, a: target, b: left, c: right), span)
    case .equal: function.emit(Instruction(.equal, a: target, b: left, c: right), span)
    case .notEqual: function.emit(Instruction(.notEqual, a: target, b: left, c: right), span)
    case .less: function.emit(Instruction(.less, a: target, b: left, c: right), span)
    case .lessOrEqual: function.emit(Instruction(.lessOrEqual, a: target, b: left, c: right), span)
    case .greater: function.emit(Instruction(.less, a: target, b: right, c: left, x: 1), span)
    case .greaterOrEqual:
      function.emit(Instruction(.lessOrEqual, a: target, b: right, c: left, x: 1), span)
    case .contains: function.emit(Instruction(.contains, a: target, b: left, c: right), span)
    case .notContains:
      function.emit(Instruction(.contains, a: target, b: left, c: right), span)
      function.emit(Instruction(.not, a: target, b: target), span)
    }
  }

  // MARK: Conditions

  /// Compiles a condition; the returned jumps are taken when it is false.
  mutating func jumpUnless(_ condition: Expression) -> [Int] {
    let mark = function.next
    defer { function.release(to: mark) }
    switch condition.kind {
    case .binary(let op, let left, let right, let span):
      if let jump = fused(op, left, right, span.union(condition.span)) { return [jump] }
    case .and(let left, let right):
      return jumpUnless(left) + jumpUnless(right)
    case .or(let left, let right):
      let fails = jumpUnless(left)
      let skip = function.emit(Instruction(.jump), left.span)
      function.patch(fails)
      let exits = jumpUnless(right)
      function.patch(skip)
      return exits
    case .not(let inner):
      let register = operand(inner)
      return [function.emit(Instruction(.jumpIf, a: register), inner.span)]
    case .group(let inner):
      return jumpUnless(inner)
    case .bool(true):
      return []
    default:
      break
    }
    let register = operand(condition)
    return [function.emit(Instruction(.jumpIfNot, a: register), condition.span)]
  }

  /// A comparison and its jump in one instruction; nil when the operator has none.
  private mutating func fused(
    _ op: BinaryOperator, _ left: Expression, _ right: Expression, _ span: Span
  ) -> Int? {
    let opcode: Opcode
    switch op {
    case .less, .greater: opcode = .jumpUnlessLess
    case .lessOrEqual, .greaterOrEqual: opcode = .jumpUnlessLessOrEqual
    case .equal: opcode = .jumpUnlessEqual
    case .notEqual: opcode = .jumpUnlessNotEqual
    default: return nil
    }
    let first = operand(left, before: right)
    if let number = smallInteger(right) {
      return function.emit(
        Instruction(
          Self.fusedWithInteger(op, opcode), a: first, b: Int(UInt16(bitPattern: number))), span)
    }
    let second = operand(right)
    let isSwapped = op == .greater || op == .greaterOrEqual
    return function.emit(
      Instruction(
        opcode, a: isSwapped ? second : first, b: isSwapped ? first : second,
        x: isSwapped ? 1 : 0), span)
  }

  /// A literal that fits 16 bits; nil for everything else.
  private func smallInteger(_ expression: Expression) -> Int16? {
    switch expression.kind {
    case .int(let value): Int16(exactly: value)
    case .negate(let inner):
      if case .int(let value) = inner.kind { Int16(exactly: -value) } else { nil }
    default: nil
    }
  }

  private static func fusedWithInteger(_ op: BinaryOperator, _ other: Opcode) -> Opcode {
    switch op {
    case .less: .jumpUnlessLessInt
    case .lessOrEqual: .jumpUnlessLessOrEqualInt
    case .greater: .jumpUnlessGreaterInt
    case .greaterOrEqual: .jumpUnlessGreaterOrEqualInt
    case .equal: .jumpUnlessEqualInt
    case .notEqual: .jumpUnlessNotEqualInt
    default: other
    }
  }

  /// - Parameter target: where the value goes; nil when nobody looks at it.
  private mutating func conditional(
    _ condition: Expression, _ then: Block, _ otherwise: Block?, into target: Int?, _ span: Span
  ) {
    let exits = jumpUnless(condition)
    block(then, into: target)
    if otherwise == nil, target == nil { return function.patch(exits) }
    let skip = function.emit(Instruction(.jump), span)
    function.patch(exits)
    if let otherwise {
      block(otherwise, into: target)
    } else if let target {
      function.emit(Instruction(.loadNull, a: target), span)
    }
    function.patch(skip)
  }

  private mutating func match(
    _ value: Expression, _ arms: [MatchArm], into target: Int?, _ span: Span
  ) {
    let subject = function.allocate()
    compile(value, into: subject)
    var ends: [Int] = []
    for arm in arms {
      let mark = function.next
      var fails: [Int] = []
      alternatives(arm.patterns, subject, &fails)
      if let condition = arm.guardCondition { fails += jumpUnless(condition) }
      block(arm.body, into: target)
      ends.append(function.emit(Instruction(.jump), arm.span))
      function.patch(fails)
      function.release(to: mark)
    }
    function.emit(Instruction(.noMatch, a: subject), value.span)
    function.patch(ends)
  }

  private mutating func alternatives(_ patterns: [Pattern], _ subject: Int, _ fails: inout [Int]) {
    var matched: [Int] = []
    for pattern in patterns.dropLast() {
      var missed: [Int] = []
      match(pattern, subject, &missed)
      matched.append(function.emit(Instruction(.jump), pattern.span))
      function.patch(missed)
    }
    if let last = patterns.last { match(last, subject, &fails) }
    function.patch(matched)
  }

  // MARK: Members

  private mutating func member(
    _ object: Expression, _ name: Name, isOptional: Bool, into target: Int, _ span: Span
  ) {
    if case .name(let head) = object.kind,
      case .namespace = resolution.reference(at: object.span),
      let index = library.functionIndex["\(head).\(name.text)"]
    {
      function.emit(Instruction(.loadNative, a: target, bx: index), span)
      return
    }
    let holder = operand(object)
    if isOptional { nullExit(holder, span) }
    let key = function.name(name.text, name.span)
    let op: Opcode = isOptional ? .getMemberOptional : .getMember
    function.emit(Instruction(op, a: target, b: holder, c: key), name.span)
  }

  /// Leaves the optional chain under way with null when R[register] is null.
  private mutating func nullExit(_ register: Int, _ span: Span) {
    let jump = function.emit(Instruction(.jumpIfNull, a: register), span)
    guard !chainExits.isEmpty else { return }
    chainExits[chainExits.count - 1].append(jump)
  }

  private mutating func optionalChain(_ inner: Expression, into target: Int) {
    chainExits.append([])
    compile(inner, into: target)
    let skip = function.emit(Instruction(.jump), inner.span)
    for jump in chainExits.removeLast() { function.patch(jump) }
    function.emit(Instruction(.loadNull, a: target), inner.span)
    function.patch(skip)
  }

  // MARK: Calls

  private mutating func call(
    _ callee: Expression, _ arguments: [Argument], into target: Int, _ span: Span
  ) {
    var shape = CallShape()
    // The result comes where the callee stood: in the target itself when it is the topmost register.
    let base = target == function.next - 1 ? target : function.allocate()
    var op = Opcode.call
    if case .member(let object, let name, let isOptional) = callee.kind, !isNamespace(object) {
      compile(object, into: base)
      if isOptional { nullExit(base, callee.span) }
      shape.method = name.text
      op = .invoke
    } else {
      compile(callee, into: base)
    }
    let positional = self.arguments(arguments, &shape, span)
    let index = function.shape(shape, span)
    function.emit(Instruction(op, a: base, b: positional, c: index), span)
    if target != base { function.emit(Instruction(.move, a: target, b: base), span) }
  }

  private func isNamespace(_ expression: Expression) -> Bool {
    guard case .name = expression.kind else { return false }
    if case .namespace = resolution.reference(at: expression.span) { return true }
    return false
  }

  /// Puts the arguments behind the callee: positional ones, or one list when some are spread, then
  /// the named ones. Returns the number of positional registers.
  mutating func arguments(
    _ arguments: [Argument], _ shape: inout CallShape, _ span: Span
  ) -> Int {
    let positional = arguments.filter { $0.name == nil }
    let named = arguments.filter { $0.name != nil }
    shape.isSpread = positional.contains { $0.isSpread }
    shape.names = named.compactMap { $0.name?.text }
    if shape.isSpread {
      let list = function.allocate()
      self.list(
        positional.map { $0.isSpread ? .spread($0.value) : .value($0.value) }, into: list, span)
      function.release(to: list + 1)
    } else {
      for argument in positional { compile(argument.value, into: function.allocate()) }
    }
    for argument in named { compile(argument.value, into: function.allocate()) }
    return shape.isSpread ? 1 : positional.count
  }

  // MARK: try and parallel

  private mutating func attempt(
    _ body: Block, _ name: Name?, _ handler: Block?, _ finally: Block?, into target: Int?,
    _ span: Span
  ) {
    guard let finally else { return attempt(body, name, handler, into: target, span) }
    let cleanup = function.allocate()
    let key = FunctionKey(sort: .cleanup, start: finally.span.start)
    closure(key, name: "<finally>", into: cleanup, finally.span) { $0.cleanupBody(finally) }
    protected([cleanup], span) { $0.attempt(body, name, handler, into: target, span) }
  }

  private mutating func attempt(
    _ body: Block, _ name: Name?, _ handler: Block?, into target: Int?, _ span: Span
  ) {
    guard let handler else { return block(body, into: target) }
    let error = function.allocate()
    let start = function.code.count
    block(body, into: target)
    let end = function.code.count
    let skip = function.emit(Instruction(.jump), span)
    addHandler(start..<end, error)
    if let name { loopVariable(Pattern(.name(name.text), name.span), error) }
    block(handler, into: target)
    function.patch(skip)
  }

  private mutating func parallelFor(
    _ limit: Expression?, _ variables: [Pattern], _ sequence: Expression, _ body: Block,
    into target: Int, _ span: Span
  ) {
    let base = function.allocate(3)
    compile(sequence, into: base)
    let key = FunctionKey(sort: .parallelBody, start: body.span.start)
    closure(key, name: "<parallel for>", into: base + 1, span) { compiler in
      let first = compiler.function.allocate(variables.count)
      for index in 0..<variables.count {
        compiler.function.parameters.append(
          PrototypeParameter(name: "item \(index)", hasDefault: false, isRest: false))
      }
      for (index, variable) in variables.enumerated() {
        compiler.loopVariable(variable, first + index)
      }
      let result = compiler.function.allocate()
      compiler.block(body, into: result)
      compiler.function.emit(Instruction(.returnValue, a: result), body.span)
    }
    compileLimit(limit, into: base + 2, span)
    function.emit(
      Instruction(.parallelFor, a: target, b: base, x: variables.count), sequence.span)
  }

  private mutating func parallelBlock(
    _ limit: Expression?, _ block: Block, into target: Int, _ span: Span
  ) {
    let base = function.allocate(1 + block.statements.count)
    compileLimit(limit, into: base, span)
    for (index, statement) in block.statements.enumerated() {
      let key = FunctionKey(sort: .statement, start: statement.span.start)
      closure(key, name: "<parallel>", into: base + 1 + index, statement.span) { compiler in
        let result = compiler.function.allocate()
        compiler.statements([statement], into: result, statement.span)
        compiler.function.emit(Instruction(.returnValue, a: result), statement.span)
      }
    }
    function.emit(
      Instruction(.parallelBlock, a: target, b: base, c: block.statements.count), span)
  }

  private mutating func compileLimit(_ limit: Expression?, into register: Int, _ span: Span) {
    guard let limit else {
      function.emit(Instruction(.loadNull, a: register), span)
      return
    }
    compile(limit, into: register)
  }
}
