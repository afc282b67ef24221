// A compiled function: code, constants, and what the machine needs to call it and to tell where it is.

import Lexer

/// The names and the sort of a call's arguments, where they are not just positional.
struct CallShape: Hashable {
  /// The method's name, for `invoke`.
  var method: String?
  /// Names of the named arguments, which follow the positional ones.
  var names: [String] = []
  /// The one positional argument is a list to be spread.
  var isSpread = false
}

/// How a closure gets one captured variable.
enum Capture: Hashable {
  /// A register of the function that makes the closure.
  case register(Int)
  /// A captured variable of the function that makes the closure.
  case capture(Int)
}

/// A constant of a prototype.
enum Constant: Hashable {
  case int(Int64)
  case float(UInt64)
  case duration(Int64)
  case string(String)
}

/// A region of code whose errors go to a handler.
struct Handler {
  /// First and last (exclusive) instruction of the region.
  var range: Range<Int>
  /// Where the handler starts.
  var target: Int
  /// The register that gets the error.
  var register: Int
}

/// What the machine reads of a compiled function while it runs: trivial, so that a call counts no
/// references.
struct PrototypeBody {
  var code: UnsafeMutablePointer<Instruction>
  /// The constants on the machine's heap.
  var values: UnsafeMutablePointer<Value>
  var registerCount: Int
  /// Parameters that are not the rest parameter.
  var positionalCount: Int
  var hasRest: Bool
  /// Kept alive by the machine's list of prototypes.
  var owner: Unmanaged<Prototype>
}

/// A compiled function. Made by the compiler, then never changed, except that the machine fills in the
/// constants' values once.
final class Prototype {
  /// `fib`, `<lambda>`, `<main>`.
  let name: String
  let source: Source
  /// True for library methods that are written in the language itself: errors are placed at their call.
  let isPrelude: Bool
  let parameters: [PrototypeParameter]
  let captures: [Capture]
  let children: [Prototype]
  let shapes: [CallShape]
  let arrows: [[Bool]]
  let handlers: [Handler]
  let constants: [Constant]
  /// Where each instruction comes from.
  let spans: [Span]
  let body: UnsafeMutablePointer<PrototypeBody>
  /// The interned method names of `shapes`, once installed.
  var methodNames: [StringReference?] = []
  var isInstalled = false

  init(_ builder: FunctionBuilder, name: String, source: Source) {
    self.name = name
    self.source = source
    isPrelude = source.name == MethodTable.preludeName
    parameters = builder.parameters
    captures = builder.captures
    children = builder.children
    shapes = builder.shapes
    arrows = builder.arrows
    handlers = builder.handlers
    constants = builder.constants
    spans = builder.spans
    let code = UnsafeMutablePointer<Instruction>.allocate(capacity: max(1, builder.code.count))
    code.initialize(from: builder.code, count: builder.code.count)
    let values = UnsafeMutablePointer<Value>.allocate(capacity: max(1, constants.count))
    values.initialize(repeating: .null, count: max(1, constants.count))
    let hasRest = builder.parameters.last?.isRest ?? false
    body = UnsafeMutablePointer<PrototypeBody>.allocate(capacity: 1)
    body.initialize(
      to: PrototypeBody(
        code: code, values: values, registerCount: builder.registerCount,
        positionalCount: builder.parameters.count - (hasRest ? 1 : 0), hasRest: hasRest,
        owner: Unmanaged.passUnretained(self)))
  }

  deinit {
    body.pointee.code.deallocate()
    body.pointee.values.deallocate()
    body.deallocate()
  }

  var codeCount: Int { spans.count }
  var code: UnsafeMutablePointer<Instruction> { body.pointee.code }

  /// Puts the constants on a heap; the machine calls it once before it runs the code.
  func install(_ heap: Heap) {
    guard !isInstalled else { return }
    isInstalled = true
    for (index, constant) in constants.enumerated() {
      body.pointee.values[index] =
        switch constant {
        case .int(let value): Value(value)
        case .float(let bits): Value(Double(bitPattern: bits))
        case .duration(let value): Value(nanoseconds: value)
        case .string(let text): Value(heap.intern(text))
        }
    }
    methodNames = shapes.map { $0.method.map { heap.intern($0) } }
    for child in children { child.install(heap) }
  }

  /// The place of the instruction before `pc`, which is the one that runs.
  func location(before pc: Int) -> Location {
    let index = min(max(0, pc - 1), spans.count - 1)
    return Location(source, spans.isEmpty ? Span(0, 0) : spans[index])
  }
}

/// A parameter of a compiled function.
struct PrototypeParameter {
  var name: String
  var hasDefault: Bool
  var isRest: Bool
}
