// The verifier: proves of the compiler's output what the machine takes for granted.
//
// The machine checks no register, no index and no jump, and it trusts that a register that should hold a
// box or a list does. This proves, for every function of a program:
//
// 1. Fields: registers are inside the frame; constants, captures, children, call shapes, globals and
//    library rows exist and are of the right sort; jumps stay inside the code.
// 2. Flow: only the ends of loops go back, so no cycle escapes the limits; a handler stands after its region, and
//    regions nest; no path runs off the end.
// 3. Contents (VerifierFlow.swift): on every path a register is written before it is read, holds what
//    the instruction needs, and is not read after a call has used it.
//
// It runs in tests and fuzzers, not in the program: compiled code never comes from outside.

/// Something that compiled code must not be.
struct VerifierComplaint: Error, Hashable, CustomStringConvertible {
  /// The function's name.
  var function: String
  /// Index of the instruction; -1 when it is about the function as a whole.
  var index: Int
  /// What is wrong.
  var message: String

  var description: String { "\(function) at \(index): \(message)" }
}

/// Checks compiled programs.
struct Verifier {
  /// How many library functions there are.
  var nativeCount: Int
  /// How many library constants there are.
  var constantCount: Int
  /// How many globals there are.
  var globalCount: Int
  /// How many modules there are.
  var moduleCount = 0

  /// What is wrong with a program; empty for a good one.
  func verify(_ main: Prototype) -> [VerifierComplaint] {
    verify(main, captures: [])
  }

  /// - Parameter captures: what the captured variables may hold; nil when nothing makes a closure of it.
  private func verify(_ prototype: Prototype, captures: [Contents]?) -> [VerifierComplaint] {
    var fields = FieldChecks(verifier: self, prototype: prototype)
    fields.check()
    // The flow of contents follows jumps and indices that must be right for that.
    guard fields.complaints.isEmpty else { return fields.complaints }
    var flow = ContentsFlow(prototype, captures: captures)
    flow.run()
    var complaints = flow.complaints
    for (index, child) in prototype.children.enumerated() {
      complaints += verify(child, captures: flow.childCaptures[index])
    }
    return complaints
  }
}

/// Checks of one function that need no knowledge of how control reaches an instruction.
private struct FieldChecks {
  let verifier: Verifier
  let prototype: Prototype
  var complaints: [VerifierComplaint] = []
  private var index = -1

  init(verifier: Verifier, prototype: Prototype) {
    self.verifier = verifier
    self.prototype = prototype
  }

  private var registerCount: Int { prototype.registerCount }

  mutating func check() {
    expect(prototype.code.count > 0, "there is no code")
    let registerCount = registerCount
    expect(
      registerCount >= prototype.parameters.count,
      "parameters do not fit \(registerCount) registers")
    for (index, child) in prototype.children.enumerated() { check(child, index) }
    for position in prototype.handlers.indices { checkHandler(position) }
    for position in 0..<prototype.code.count {
      index = position
      let instruction = prototype.code[position]
      for operand in instruction.op.operands { check(operand, instruction) }
      if position == prototype.code.count - 1 {
        expect(!instruction.op.goesOn, "the code runs off its end")
      }
    }
  }

  private mutating func expect(_ isRight: Bool, _ message: @autoclosure () -> String) {
    guard !isRight else { return }
    complaints.append(
      VerifierComplaint(function: prototype.name, index: index, message: message()))
  }

  private mutating func register(_ number: Int) {
    let registerCount = registerCount
    expect(
      0..<registerCount ~= number, "r\(number) is outside of the frame's \(registerCount) registers"
    )
  }

  private mutating func run(_ first: Int, _ count: Int) {
    guard count > 0 else { return }
    register(first)
    if count > 1 { register(first + count - 1) }
  }

  private mutating func inside(_ number: Int, _ count: Int, _ what: String) {
    expect(0..<count ~= number, "there is no \(what) \(number), there are \(count)")
  }

  // MARK: Operands

  private mutating func check(_ operand: Operand, _ i: Instruction) {
    switch operand {
    case .reads(let field, _), .writes(let field, _), .changes(let field, _, _):
      register(i.number(field))
    case .copies(let target, let origin), .testsList(let target, let origin):
      register(i.number(target))
      register(i.number(origin))
    case .readsRun(let field, let count, let plus):
      run(i.number(field), (count.map { i.number($0) } ?? 0) + plus)
    case .readsLinked(let field, let arrows):
      let list = i.number(arrows)
      inside(list, prototype.arrows.count, "list of arrows")
      if list < prototype.arrows.count {
        run(i.number(field), prototype.arrows[list].count + 1)
      }
    case .window(let field, let count, let shape, let isMethod):
      window(i.number(field), i.number(count), i.number(shape), isMethod)
    case .beginsLoop(let field): run(i.number(field), 3)
    case .takesTurn(let field, let count): run(i.number(field), 3 + i.number(count))
    case .beginsRange(let field), .takesRangeTurn(let field): run(i.number(field), 3)
    case .readsNamed(let field, let shape): named(i.number(field), i.number(shape))
    case .constant(let field): inside(i.number(field), prototype.constants.count, "constant")
    case .name(let field): name(i.number(field))
    case .capture(let field), .capturedBox(let field):
      inside(i.number(field), prototype.captures.count, "captured variable")
    case .capturedOf(let field, _):
      let most = prototype.children.map(\.captures.count).max() ?? 0
      inside(i.number(field), most, "captured variable of a child")
    case .child(let field): inside(i.number(field), prototype.children.count, "child")
    case .native(let field): inside(i.number(field), verifier.nativeCount, "library function")
    case .libraryConstant(let field):
      inside(i.number(field), verifier.constantCount, "library constant")
    case .global(let field): inside(i.number(field), verifier.globalCount, "global")
    case .module(let field): inside(i.number(field), verifier.moduleCount, "module")
    case .count(let field): expect(i.number(field) >= 0, "a count is negative")
    case .truth(let field): expect(i.number(field) <= 1, "neither 0 nor 1")
    case .number, .flag: break
    case .goes(let field): goes(i.number(field), isBack: false)
    case .goesBack(let field): goes(i.number(field), isBack: true)
    }
  }

  private mutating func name(_ number: Int) {
    inside(number, prototype.constants.count, "constant")
    guard number < prototype.constants.count else { return }
    if case .string = prototype.constants[number] { return }
    expect(false, "constant \(number) is no string")
  }

  private mutating func window(_ first: Int, _ count: Int, _ number: Int, _ isMethod: Bool) {
    inside(number, prototype.shapes.count, "call shape")
    guard number < prototype.shapes.count else { return }
    let shape = prototype.shapes[number]
    run(first, 1 + count + shape.names.count)
    expect(isMethod == (shape.method != nil), "a method's name is missing or too much")
    expect(!shape.isSpread || count == 1, "a spread call takes one list, not \(count)")
  }

  private mutating func named(_ first: Int, _ number: Int) {
    inside(number, prototype.shapes.count, "call shape")
    guard number < prototype.shapes.count else { return }
    let names = prototype.shapes[number].names
    run(first, names.count)
    expect(Set(names.map(ExactText.init)).count == names.count, "a name stands in a map twice")
  }

  private mutating func goes(_ distance: Int, isBack: Bool) {
    let target = index + 1 + distance
    inside(target, prototype.code.count, "instruction")
    if isBack {
      expect(distance < 0, "a loop that goes on")
    } else {
      expect(distance >= 0, "only a loop may go back")
    }
  }

  // MARK: Children and handlers

  private mutating func check(_ child: Prototype, _ number: Int) {
    for capture in child.captures {
      switch capture {
      case .register(let register):
        expect(
          0..<registerCount ~= register, "child \(number) captures r\(register), which is not there"
        )
      case .capture(let capture):
        expect(
          0..<prototype.captures.count ~= capture,
          "child \(number) captures u\(capture), which is not there")
      }
    }
  }

  private mutating func checkHandler(_ position: Int) {
    let handler = prototype.handlers[position]
    index = handler.target
    register(handler.register)
    expect(
      0...prototype.code.count ~= handler.range.upperBound && handler.range.lowerBound >= 0,
      "a handler's region is outside of the code")
    expect(
      handler.range.upperBound <= handler.target && handler.target < prototype.code.count,
      "a handler must stand after its region")
    for outer in prototype.handlers[(position + 1)...] {
      let isNested =
        outer.range.lowerBound <= handler.range.lowerBound
        && handler.range.upperBound <= outer.range.upperBound
      let isApart = !outer.range.overlaps(handler.range)
      expect(isNested || isApart, "handlers' regions cross")
    }
    index = -1
  }
}
