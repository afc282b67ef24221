// The verifier refuses bytecode that the machine must never see.

import Lexer
import Testing

@testable import Interpreter

private let verifier = Verifier(nativeCount: 2, constantCount: 1, globalCount: 1)

/// Code written by hand.
private struct Code {
  var builder = FunctionBuilder()

  init(_ code: [Instruction], registers: Int = 4) {
    for instruction in code { builder.emit(instruction, Span(0, 0)) }
    builder.registerCount = registers
    builder.constants = [.string(ExactText("k")), .int(1)]
    builder.shapes = [
      CallShape(), CallShape(method: "m"), CallShape(isSpread: true), CallShape(names: ["n"]),
    ]
    builder.arrows = [[true]]
  }

  func complaints() -> [String] {
    let source = Source(name: "by hand", text: "")
    return verifier.verify(Prototype(builder, name: "f", source: source)).map(\.message)
  }
}

private let end = Instruction(.returnValue, a: 0)
private let set = Instruction(.loadNull, a: 0)

private func compile(_ text: String) throws -> Prototype {
  let names = LibraryNames(Library())
  let source = Source(name: "test.msh", text: text)
  let resolved = Resolver.resolve(
    Parser.parse(source).program, library: names, globals: [], isInteractive: false)
  let resolution = try #require(resolved.resolution, "\(resolved.errors)")
  return try Compiler.compile(Parser.parse(source).program, resolution, library: names).main
}

extension Prototype {
  /// The same program, except that one instruction of one of its functions is another.
  fileprivate func replacing(
    _ function: Prototype, at index: Int, _ instruction: Instruction
  ) -> Prototype {
    var builder = FunctionBuilder()
    builder.code = code
    if self === function { builder.code[index] = instruction }
    builder.spans = spans
    builder.constants = constants
    builder.captures = captures
    builder.children = children.map { $0.replacing(function, at: index, instruction) }
    builder.shapes = shapes
    builder.arrows = arrows
    builder.handlers = handlers
    builder.parameters = parameters
    builder.registerCount = registerCount
    return Prototype(builder, name: name, source: source)
  }
}

@Suite("Verifier")
struct VerifierTests {
  /// Code that is wrong in one way, and what must be said about it.
  struct Wrong: CustomTestStringConvertible {
    var testDescription: String
    var code: [Instruction]
    var message: String

    init(_ description: String, _ code: [Instruction], _ message: String) {
      testDescription = description
      self.code = code
      self.message = message
    }
  }

  static let wrongFields: [Wrong] = [
    Wrong(
      "a register outside of the frame", [Instruction(.loadNull, a: 4), set, end],
      "r4 is outside of the frame's 4 registers"),
    Wrong(
      "a run of registers that ends outside", [set, Instruction(.newList, b: 2, c: 3), end],
      "r4 is outside of the frame's 4 registers"),
    Wrong(
      "a call whose arguments end outside", [set, Instruction(.call, a: 2, b: 2), end],
      "r4 is outside of the frame's 4 registers"),
    Wrong(
      "a loop whose state ends outside", [set, Instruction(.forPrepare, a: 2, x: 1), end],
      "r4 is outside of the frame's 4 registers"),
    Wrong(
      "a loop over integers whose variable is outside", [set, Instruction(.rangeBegin, a: 2), end],
      "r4 is outside of the frame's 4 registers"),
    Wrong(
      "a map whose values end outside", [set, Instruction(.mapOf, b: 4, c: 3), end],
      "r4 is outside of the frame's 4 registers"),
    Wrong(
      "a map of names that no shape has", [set, Instruction(.mapOf, b: 0, c: 4), end],
      "there is no call shape 4, there are 4"),
    Wrong(
      "no such constant", [Instruction(.loadConstant, bx: 2), end],
      "there is no constant 2, there are 2"),
    Wrong(
      "a name that is no string", [set, Instruction(.getMember, c: 1), end],
      "constant 1 is no string"),
    Wrong(
      "no such captured variable", [Instruction(.getCapture, b: 0), end],
      "there is no captured variable 0, there are 0"),
    Wrong(
      "no such child", [Instruction(.closure, bx: 0), end], "there is no child 0, there are 0"),
    Wrong(
      "no such library function", [Instruction(.loadNative, bx: 2), end],
      "there is no library function 2, there are 2"),
    Wrong(
      "no such library constant", [Instruction(.loadLibraryConstant, bx: 1), end],
      "there is no library constant 1, there are 1"),
    Wrong(
      "no such global", [Instruction(.getGlobal, bx: -1), end],
      "there is no global -1, there are 1"),
    Wrong(
      "no such call shape", [set, Instruction(.call, c: 4), end],
      "there is no call shape 4, there are 4"),
    Wrong(
      "a call with a method's name", [set, Instruction(.call, c: 1), end],
      "a method's name is missing or too much"),
    Wrong(
      "a method's call without a name", [set, Instruction(.invoke, c: 0), end],
      "a method's name is missing or too much"),
    Wrong(
      "a spread of two registers", [set, Instruction(.call, b: 2, c: 2), end],
      "a spread call takes one list, not 2"),
    Wrong(
      "no such list of arrows", [set, Instruction(.link, c: 1), end],
      "there is no list of arrows 1, there are 1"),
    Wrong(
      "a jump out of the code", [Instruction(.jump, bx: 9), set, end],
      "there is no instruction 10, there are 3"),
    Wrong("a jump back", [set, Instruction(.jump, bx: -2), end], "only a loop may go back"),
    Wrong("a loop that goes on", [set, Instruction(.loop, bx: 0), end], "a loop that goes on"),
    Wrong("code without an end", [set], "the code runs off its end"),
    Wrong("no code", [], "there is no code"),
  ]

  static let wrongContents: [Wrong] = [
    Wrong(
      "a register that nothing was written to", [Instruction(.move, a: 1, b: 2), set, end],
      "r2 holds nothing where a value is read"),
    Wrong(
      "a register that only one path writes",
      [
        set, Instruction(.jumpIfNull, a: 0, bx: 1), Instruction(.loadNull, a: 1),
        Instruction(.move, a: 0, b: 1), end,
      ],
      "r1 holds nothing or a value where a value is read"),
    Wrong(
      "a temporary that a call has used",
      [
        set, Instruction(.loadNull, a: 1), Instruction(.call, a: 0), Instruction(.move, b: 1), end,
      ],
      "r1 holds nothing where a value is read"),
    Wrong(
      "an argument that is missing", [set, Instruction(.call, a: 0, b: 1), end],
      "r1 holds nothing where a value is read"),
    Wrong(
      "a named argument that is missing", [set, Instruction(.call, a: 0, c: 3), end],
      "r1 holds nothing where a value is read"),
    Wrong(
      "a box read as a value", [Instruction(.newEmptyBox, a: 0), end],
      "r0 holds a box where a value is read"),
    Wrong(
      "a value read as a box", [set, Instruction(.getBox, a: 0, b: 0, c: 0), end],
      "r0 holds a value where a box is read"),
    Wrong(
      "a list that may be none", [set, Instruction(.append, a: 0, b: 0, c: 1), end],
      "r0 holds a value where a list is read"),
    Wrong(
      "a map that may be none", [set, Instruction(.mapPut), end],
      "r0 holds a value where a map is read"),
    Wrong(
      "a spread of what may be no list",
      [set, Instruction(.loadNull, a: 1), Instruction(.call, b: 1, c: 2), end],
      "r1 holds a value where a list is read"),
    Wrong(
      "the rest of what may be no list", [set, Instruction(.listRest), end],
      "r0 holds a value where a list is read"),
    Wrong(
      "a turn of a loop that has not begun",
      [set, Instruction(.forNext, a: 0, bx: 0, x: 1), set, end],
      "r0 holds a value where a loop's state is read"),
    Wrong(
      "the state of a loop over integers read as a value",
      [
        set, Instruction(.move, a: 1, b: 0), Instruction(.rangeBegin, a: 0, bx: 0), end,
      ], "r0 holds a value or a loop's state where a value is read"),
    Wrong(
      "a turn of a loop over integers that has not begun",
      [
        set, Instruction(.move, a: 1, b: 0), Instruction(.rangeLoop, a: 0, bx: -1), end,
      ], "r0 holds a value where a loop's state is read"),
    Wrong(
      "a loop's state read as a value", [set, Instruction(.forPrepare, a: 0, x: 1), end],
      "r0 holds a loop's state where a value is read"),
    Wrong(
      "a loop's variable read after the loop",
      [
        set, Instruction(.forPrepare, a: 0, x: 1), Instruction(.forNext, a: 0, bx: 1, x: 1),
        Instruction(.loop, bx: -2), Instruction(.returnValue, a: 3),
      ],
      "r3 holds nothing or a value where a value is read"),
    Wrong(
      "a value thrown again", [set, Instruction(.rethrow)],
      "r0 holds a value where an error is read"),
  ]

  @Test("refuses a field that is wrong", arguments: wrongFields)
  func field(_ wrong: Wrong) {
    #expect(
      Code(wrong.code).complaints().contains(wrong.message), "\(Code(wrong.code).complaints())")
  }

  @Test("refuses contents that are wrong", arguments: wrongContents)
  func contents(_ wrong: Wrong) {
    #expect(
      Code(wrong.code).complaints().contains(wrong.message), "\(Code(wrong.code).complaints())")
  }

  @Test("has nothing to say about good code") func good() {
    let code = [
      set, Instruction(.newList, a: 1, b: 0, c: 1), Instruction(.append, a: 1, b: 0, c: 1),
      Instruction(.jumpIfNull, a: 0, bx: 1), Instruction(.move, a: 0, b: 1), end,
    ]
    #expect(Code(code).complaints() == [])
  }

  @Test("a handler gets what is known before each instruction of its region") func handler() {
    var code = Code([
      set, Instruction(.loadNull, a: 1), Instruction(.loadNull, a: 2),
      Instruction(.call, a: 1, b: 1), end,
      Instruction(.move, a: 0, b: 2), end,
    ])
    code.builder.handlers = [Handler(range: 3..<4, target: 5, register: 3)]
    #expect(code.complaints().first == "r2 holds nothing where a value is read")
    code.builder.code[5] = Instruction(.rethrow, a: 3)
    #expect(code.complaints() == [])
  }

  @Test("handlers' regions nest, and their handlers follow them") func regions() {
    var code = Code([set, set, set, set, end])
    code.builder.handlers = [
      Handler(range: 0..<2, target: 3, register: 1), Handler(range: 1..<3, target: 3, register: 1),
    ]
    #expect(code.complaints() == ["handlers' regions cross"])
    code.builder.handlers = [Handler(range: 1..<4, target: 2, register: 1)]
    #expect(code.complaints() == ["a handler must stand after its region"])
    code.builder.handlers = [Handler(range: 0..<1, target: 3, register: 9)]
    #expect(code.complaints() == ["r9 is outside of the frame's 4 registers"])
  }

  @Test("a closure captures boxes for those that read boxes") func captures() throws {
    let main = try compile("fn f() { var n = 0\nlet g = () => { n += 1\nn }\ng() }\nf()")
    #expect(verifier.verify(main) == [])
    let outer = try #require(main.children.first)
    let place = try #require(
      (0..<outer.code.count).first { outer.code[$0].op == .newBox })
    let wrong = main.replacing(outer, at: place, Instruction(.move))
    #expect(
      verifier.verify(wrong).contains { $0.message.hasPrefix("u0 holds a value where a box") })
  }

  @Test("a mutated program is refused or sound, and never a crash") func mutants() throws {
    let text = """
      fn f(a, b = a + 1, ...rest) {
        var total = 0
        for i, x in rest { if x > a { total += x } else { continue } }
        try { defer { total += 1 }
          match [a, b] { [1, ...more] => more, {k, l: [y]} => k + y, _ => null } } catch e { throw e }
        let g = () => { total += 1 }
        g()
        while total < 10 { total += 1 }
        return {a, b: [...rest, total], "c": "${a}-${b}"}
      }
      f(1, 2, ...[3, 4])
      """
    let main = try compile(text)
    try #require(verifier.verify(main) == [])
    var generator = SplitMix(state: 1)
    var refused = 0
    for prototype in [main] + main.children {
      for index in 0..<prototype.code.count {
        let good = prototype.code[index]
        for _ in 0..<8 {
          let random = generator.next()
          var instruction = good
          switch random % 5 {
          case 0: instruction.a = UInt16(truncatingIfNeeded: random >> 8)
          case 1: instruction.b = UInt16(truncatingIfNeeded: random >> 8)
          case 2: instruction.c = UInt16(truncatingIfNeeded: random >> 8)
          case 3: instruction.x = UInt8(truncatingIfNeeded: random >> 8)
          default:
            let all = Opcode.allCases
            instruction.op = all[Int((random >> 8) % UInt64(all.count))]
          }
          let mutant = main.replacing(prototype, at: index, instruction)
          if !verifier.verify(mutant).isEmpty { refused += 1 }
        }
      }
    }
    #expect(refused > 250, "refused \(refused)")
  }
}

/// A small deterministic source of random numbers.
private struct SplitMix {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
