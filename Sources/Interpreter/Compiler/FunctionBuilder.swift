// A function under construction: code, constants, registers, and the jumps that still need a target.

import Lexer

/// Collects what will become a `Prototype`.
struct FunctionBuilder {
  var code: [Instruction] = []
  var spans: [Span] = []
  var constants: [Constant] = []
  var constantIndex: [Constant: Int] = [:]
  var captures: [Capture] = []
  var children: [Prototype] = []
  var shapes: [CallShape] = [CallShape()]
  var shapeIndex: [CallShape: Int] = [:]
  var arrows: [[Bool]] = []
  var handlers: [Handler] = []
  var parameters: [PrototypeParameter] = []
  /// Most registers in use at once.
  var registerCount = 1
  /// First free register.
  var next = 0
  /// Register of each binding that lives in this function.
  var locals: [Int: Int] = [:]
  /// Bindings that this function captures, in the order of its captures.
  var captured: [Int] = []
  var loops: [LoopContext] = []
  /// Registers that hold closures to run when their blocks are left, outermost first.
  var cleanups: [Int] = []
  /// Code that `return`, `break` and `continue` run on their way out: the cleanup's index in `cleanups`
  /// and where its call stands, in the order of the code.
  var leavings: [(cleanup: Int, range: Range<Int>)] = []
  /// True for the body of a `parallel for`: `continue` ends the item.
  var isParallelBody = false
  /// What was the first to be too much: an operand did not fit its field, or there was no register left.
  private(set) var tooLarge: Span?

  /// A loop while its body is compiled.
  struct LoopContext {
    var breaks: [Int] = []
    var continues: [Int] = []
    var cleanupDepth: Int
  }

  /// Registers that a function may use, some less than an operand can name.
  static let mostRegisters = 0xFF00

  /// Notes that the function is too large from here on.
  mutating func refuse(_ span: Span) { tooLarge = tooLarge ?? span }

  /// Appends an instruction and returns its index.
  @discardableResult
  mutating func emit(_ instruction: Instruction, _ span: Span) -> Int {
    // Registers are taken without a place; what they are for comes at once.
    if registerCount > Self.mostRegisters { refuse(span) }
    code.append(instruction)
    spans.append(span)
    return code.count - 1
  }

  /// Takes the next free register.
  mutating func allocate(_ count: Int = 1) -> Int {
    let register = next
    next += count
    registerCount = max(registerCount, next)
    return register
  }

  /// Frees the registers from `mark` on.
  mutating func release(to mark: Int) { next = mark }

  /// The index of a constant, added when it is new.
  mutating func constant(_ constant: Constant) -> Int {
    if let known = constantIndex[constant] { return known }
    constants.append(constant)
    constantIndex[constant] = constants.count - 1
    return constants.count - 1
  }

  /// The index of a name's constant, which must fit 16 bits.
  mutating func name(_ text: String, _ span: Span) -> Int {
    let index = constant(.string(ExactText(text)))
    if index > 0xFFFF { refuse(span) }
    return index
  }

  /// The index of a call shape, added when it is new.
  mutating func shape(_ shape: CallShape, _ span: Span) -> Int {
    if shape == shapes[0] { return 0 }
    if let known = shapeIndex[shape] { return known }
    shapes.append(shape)
    shapeIndex[shape] = shapes.count - 1
    if shapes.count > 0xFFFF { refuse(span) }
    return shapes.count - 1
  }

  /// Makes a jump go to the next instruction to be emitted.
  mutating func patch(_ jump: Int) {
    let distance = code.count - jump - 1
    switch code[jump].op {
    case .jumpUnlessLess, .jumpUnlessLessOrEqual, .jumpUnlessEqual, .jumpUnlessNotEqual,
      .jumpUnlessLessInt, .jumpUnlessLessOrEqualInt, .jumpUnlessGreaterInt,
      .jumpUnlessGreaterOrEqualInt, .jumpUnlessEqualInt, .jumpUnlessNotEqualInt:
      if distance > Int(Int16.max) { refuse(spans[jump]) }
      code[jump].c = UInt16(bitPattern: Int16(truncatingIfNeeded: distance))
    default:
      code[jump].bx = distance
    }
  }

  /// Makes several jumps go to the next instruction to be emitted.
  mutating func patch(_ jumps: [Int]) {
    for jump in jumps { patch(jump) }
  }

  /// Emits a jump back to an instruction.
  mutating func loop(to target: Int, _ span: Span) {
    emit(Instruction(.loop, bx: target - code.count - 1), span)
  }
}
