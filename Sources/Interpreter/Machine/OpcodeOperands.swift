// What the operands of every instruction are: the second half of the opcode table.
//
// One row an opcode. The disassembler prints operands by it, in its order, and the verifier checks them
// by it: a new instruction that is described here is printed and verified without more code.

/// What a register may hold at some place in the code.
struct Contents: OptionSet, Hashable {
  let rawValue: UInt16

  /// Nothing was written to it, or a call has used it since.
  static let nothing = Contents(rawValue: 1)
  /// A parameter whose argument was left out.
  static let absent = Contents(rawValue: 2)
  /// Any value of the language.
  static let value = Contents(rawValue: 4)
  /// A list.
  static let list = Contents(rawValue: 8)
  /// A map.
  static let map = Contents(rawValue: 16)
  /// A caught error.
  static let error = Contents(rawValue: 32)
  /// A box around a variable.
  static let box = Contents(rawValue: 64)
  /// The state of a `for` loop.
  static let loopState = Contents(rawValue: 128)
  /// A closure that was just made.
  static let closure = Contents(rawValue: 256)

  /// What an instruction that takes any value can read.
  static let anyValue: Contents = [.value, .list, .map, .error, .closure]
}

/// One operand of an instruction: which field it is in, and what it means.
enum Operand: Equatable {
  /// The fields of an instruction; `signedB` and `signedC` are b and c as signed numbers.
  enum Field { case a, b, c, x, bx, signedB, signedC }

  /// A register that is read and must hold one of `Contents`.
  case reads(Field, Contents = .anyValue)
  /// A register that is written.
  case writes(Field, Contents = .value)
  /// A register that is written with what another one holds.
  case copies(to: Field, from: Field)
  /// A register that is read and then written.
  case changes(Field, from: Contents = .anyValue, to: Contents)
  /// Registers side by side that are read: `plus` of them, and as many as `count` says.
  case readsRun(Field, count: Field? = nil, plus: Int = 0)
  /// Registers side by side that are read: one more than the arrows of the list that a field names.
  case readsLinked(Field, arrows: Field)
  /// A register that gets whether another one holds a list.
  case testsList(Field, of: Field)
  /// A window of a call: the callee, then as many arguments as `count` says and `shape` has names.
  /// The callee's frame uses all registers from the arguments on.
  case window(Field, count: Field, shape: Field, isMethod: Bool)
  /// The sequence of a loop, and two registers after it that become its state.
  case beginsLoop(Field)
  /// The three registers of a loop's state, and after them its variables, as many as `count` says,
  /// which have values unless the loop is left.
  case takesTurn(Field, count: Field)
  /// The bounds of a loop over integers, two registers that become its state, and its variable after
  /// them, which has a value unless the loop is left.
  case beginsRange(Field)
  /// The two registers of such a loop's state, and its variable after them, as before.
  case takesRangeTurn(Field)
  /// Registers side by side that are read, as many as the names of the call shape that a field names.
  case readsNamed(Field, shape: Field)
  /// Index of a constant.
  case constant(Field)
  /// Index of a constant that is a string.
  case name(Field)
  /// Index of a captured variable that never changes.
  case capture(Field)
  /// Index of a variable that the closure in a register captures, and that it has no value of yet.
  case capturedOf(Field, closure: Field)
  /// Index of a captured box.
  case capturedBox(Field)
  /// Index of a child prototype, whose captures are read.
  case child(Field)
  /// Index of a library function.
  case native(Field)
  /// Index of a library constant.
  case libraryConstant(Field)
  /// Index of a global.
  case global(Field)
  /// Index of a module.
  case module(Field)
  /// A number that stands for itself.
  case number(Field)
  /// A number that counts something.
  case count(Field)
  /// 0 or 1: false or true.
  case truth(Field)
  /// Not zero: the instruction also is what the text says.
  case flag(Field, String)
  /// Distance to an instruction further on.
  case goes(Field)
  /// Distance to an instruction further back.
  case goesBack(Field)
}

extension Opcode {
  /// What the operands are, in the order in which they are printed.
  var operands: [Operand] {
    switch self {
    case .move: [.copies(to: .a, from: .b)]
    case .loadConstant: [.writes(.a), .constant(.bx)]
    case .loadNull: [.writes(.a)]
    case .loadBool: [.writes(.a), .truth(.x)]
    case .loadInt: [.writes(.a), .number(.bx)]
    case .loadNative: [.writes(.a), .native(.bx)]
    case .loadLibraryConstant: [.writes(.a), .libraryConstant(.bx)]
    case .getCapture: [.writes(.a), .capture(.b)]
    case .getCaptureBox: [.writes(.a), .capturedBox(.b), .name(.c)]
    case .setCaptureBox: [.capturedBox(.a), .reads(.b)]
    case .newBox: [.changes(.a, to: .box)]
    case .newEmptyBox: [.writes(.a, .box)]
    case .getBox: [.writes(.a), .reads(.b, .box), .name(.c)]
    case .setBox: [.reads(.a, .box), .reads(.b)]
    case .getGlobal: [.writes(.a), .global(.bx)]
    case .setGlobal: [.reads(.a), .global(.bx)]
    case .closure: [.writes(.a, .closure), .child(.bx)]
    case .fillCapture: [.reads(.a, .closure), .reads(.b), .capturedOf(.c, closure: .a)]
    case .add, .subtract, .multiply, .divide, .remainder, .equal, .notEqual, .contains:
      [.writes(.a), .reads(.b), .reads(.c)]
    case .less, .lessOrEqual:
      [.writes(.a), .reads(.b), .reads(.c), .flag(.x, "swapped")]
    case .addInt, .multiplyInt, .divideInt, .remainderInt, .equalInt:
      [.writes(.a), .reads(.b), .number(.signedC)]
    case .not, .negate: [.writes(.a), .reads(.b)]
    case .jump: [.goes(.bx)]
    case .loop: [.goesBack(.bx)]
    case .jumpIf, .jumpIfNot: [.reads(.a), .goes(.bx), .flag(.x, "operand")]
    case .jumpIfNull, .jumpIfNotNull: [.reads(.a), .goes(.bx)]
    case .jumpIfDefined: [.reads(.a, [.absent, .anyValue]), .goes(.bx)]
    case .jumpUnlessLess, .jumpUnlessLessOrEqual:
      [.reads(.a), .reads(.b), .goes(.signedC), .flag(.x, "swapped")]
    case .jumpUnlessEqual, .jumpUnlessNotEqual: [.reads(.a), .reads(.b), .goes(.signedC)]
    case .jumpUnlessLessInt, .jumpUnlessLessOrEqualInt, .jumpUnlessGreaterInt,
      .jumpUnlessGreaterOrEqualInt, .jumpUnlessEqualInt, .jumpUnlessNotEqualInt:
      [.reads(.a), .number(.signedB), .goes(.signedC)]
    case .newList: [.writes(.a, .list), .readsRun(.b, count: .c)]
    case .append: [.reads(.a, .list), .readsRun(.b, count: .c)]
    case .appendSpread: [.reads(.a, .list), .reads(.b)]
    case .newMap: [.writes(.a, .map), .count(.bx)]
    case .mapOf: [.writes(.a, .map), .readsNamed(.b, shape: .c)]
    case .mapPut: [.reads(.a, .map), .reads(.b), .reads(.c)]
    case .mapSpread: [.reads(.a, .map), .reads(.b)]
    case .newRange: [.writes(.a), .reads(.b), .reads(.c), .flag(.x, "closed")]
    case .link: [.writes(.a), .readsLinked(.b, arrows: .c)]
    case .interpolate: [.writes(.a), .readsRun(.b, count: .c)]
    case .getMember, .getMemberOptional: [.writes(.a), .reads(.b), .name(.c)]
    case .setMember: [.reads(.a), .name(.c), .reads(.b)]
    case .getIndex: [.writes(.a), .reads(.b), .reads(.c)]
    case .setIndex: [.reads(.a), .reads(.b), .reads(.c)]
    case .call: [.window(.a, count: .b, shape: .c, isMethod: false)]
    case .invoke: [.window(.a, count: .b, shape: .c, isMethod: true)]
    case .returnValue, .throwError: [.reads(.a)]
    case .rethrow: [.reads(.a, .error)]
    case .forPrepare: [.beginsLoop(.a), .count(.x)]
    case .forNext: [.takesTurn(.a, count: .x), .goes(.bx)]
    case .forLoop: [.takesTurn(.a, count: .x), .goesBack(.bx)]
    case .rangeBegin: [.beginsRange(.a), .flag(.x, "closed"), .goes(.bx)]
    case .rangeLoop: [.takesRangeTurn(.a), .goesBack(.bx)]
    case .parameter: [.changes(.a, to: .value), .name(.b), .name(.c), .number(.x)]
    case .matchList: [.testsList(.a, of: .b), .count(.c), .flag(.x, "or more")]
    case .matchKey: [.writes(.a), .reads(.b), .name(.c), .flag(.x, "any map")]
    case .matchRange: [.writes(.a), .reads(.b), .reads(.c)]
    case .listRest: [.writes(.a, .list), .reads(.b, .list), .count(.c)]
    case .noMatch: [.reads(.a), .flag(.x, "in a declaration")]
    case .parallelFor: [.writes(.a), .readsRun(.b, plus: 3), .count(.x)]
    case .parallelBlock: [.writes(.a), .readsRun(.b, count: .c, plus: 1)]
    case .loadModule: [.writes(.a, [.value, .absent]), .module(.bx)]
    case .setModule: [.reads(.a), .module(.bx)]
    }
  }

  /// False when the next instruction is never the one that runs next.
  var goesOn: Bool {
    switch self {
    case .jump, .loop, .returnValue, .throwError, .rethrow, .noMatch: false
    default: true
    }
  }
}

extension Instruction {
  /// The number in a field.
  func number(_ field: Operand.Field) -> Int {
    switch field {
    case .a: Int(a)
    case .b: Int(b)
    case .c: Int(c)
    case .x: Int(x)
    case .bx: bx
    case .signedB: signedB
    case .signedC: signedC
    }
  }

  /// Index of the instruction that this one, at `index`, may go to; nil when it only goes on.
  func target(at index: Int) -> Int? {
    for operand in op.operands {
      switch operand {
      case .goes(let field), .goesBack(let field): return index + 1 + number(field)
      default: continue
      }
    }
    return nil
  }
}
