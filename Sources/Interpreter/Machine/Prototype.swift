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
  case string(ExactText)
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

/// A compiled function. Made by the compiler and never changed, so that any number of machines, on any
/// thread, may load the same one.
final class Prototype: Sendable {
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
  let code: [Instruction]
  let registerCount: Int
  /// Where each instruction comes from.
  let spans: [Span]

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
    code = builder.code
    registerCount = builder.registerCount
    spans = builder.spans
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
