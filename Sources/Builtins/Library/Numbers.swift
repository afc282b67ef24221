// Numbers: smallest, largest, absolute value, rounding, sums.

import Interpreter

#if canImport(Glibc)
  import Glibc
#endif

extension StandardLibrary {
  static func addNumbers(to library: inout Library) {
    library.add(
      immediate(
        "min", [.init("values", isRest: true)], "the smallest of its arguments, or of one list",
        "min(3, 1)"
      ) { try extreme(of: try values($0), $0.heap, isLeast: true) ?? .null })
    library.add(
      immediate(
        "max", [.init("values", isRest: true)], "the largest of its arguments, or of one list",
        "max(3, 1)"
      ) { try extreme(of: try values($0), $0.heap, isLeast: false) ?? .null })
    library.add(
      immediate("sum", [.init("values", "list")], "the sum of a list's elements", "sum([1, 2])") {
        call in try sum(try call.list(0), call)
      })
    library.add(
      immediate("abs", [.init("number", "number or duration")], "without the sign", "abs(-3)") {
        try absolute(&$0)
      })
    library.add(
      immediate(
        "round", [.init("number", "number"), .init("n", "int", default: "0", doc: "digits kept")],
        "rounded to n digits after the point, ties away from zero", "round(2.345, 2)"
      ) { try round(&$0) })
    library.addMethod(
      of: "list",
      method(of: "list", "min", "the smallest element; null when it is empty") { call in
        try extreme(of: try call.list(0), call.heap, isLeast: true) ?? .null
      })
    library.addMethod(
      of: "list",
      method(of: "list", "max", "the largest element; null when it is empty") { call in
        try extreme(of: try call.list(0), call.heap, isLeast: false) ?? .null
      })
    library.addMethod(
      of: "list",
      method(of: "list", "sum", "the sum of the elements; 0 when it is empty") { call in
        try sum(try call.list(0), call)
      })
  }

  /// The arguments of `min(1, 2)`, or the elements of `min([1, 2])`.
  private static func values(_ call: NativeCall) throws -> ListReference {
    let rest = call[0].asList
    guard rest.count == 1, rest[item: 0].tag == .list else { return rest }
    return rest[item: 0].asList
  }

  private static func extreme(of list: ListReference, _ heap: Heap, isLeast: Bool) throws -> Value?
  {
    guard list.count > 0 else { return nil }
    var best = list[item: 0]
    for index in 1..<max(1, list.count) {
      let value = list[item: index]
      try heap.charge()
      guard let order = try value.compare(best, "<") else { continue }
      if isLeast ? order < 0 : order > 0 { best = value }
    }
    return best
  }

  private static func sum(_ list: ListReference, _ call: NativeCall) throws -> Value {
    guard list.count > 0 else { return Value(0) }
    var total = list[item: 0]
    guard total.number != nil || total.tag == .duration else {
      throw ScriptError.type("cannot sum \(ScriptError.article(total.typeName))")
    }
    for index in 1..<max(1, list.count) {
      try call.charge()
      total = try call.machine.add(total, list[item: index])
    }
    return total
  }

  private static func absolute(_ call: inout NativeCall) throws -> Value {
    let value = call[0]
    switch value.tag {
    case .float: return Value(abs(value.asDouble))
    case .int, .duration:
      guard value.asInt != Int64.min else {
        throw ScriptError(kind: "overflow", .overflow, "the result does not fit a 64-bit integer")
      }
      return value.tag == .int ? Value(abs(value.asInt)) : Value(nanoseconds: abs(value.asInt))
    default: throw call.wrong(0, "number or duration")
    }
  }

  /// An int rounded to tens, hundreds and so on, ties away from zero.
  private static func round(_ number: Int64, _ digits: Int) throws -> Value {
    if digits >= 0 { return Value(number) }
    if digits < -18 { return Value(0) }
    let unit = (0 ..< -digits).reduce(Int64(1)) { scale, _ in scale * 10 }
    let rest = number % unit
    var result = number - rest
    if rest.magnitude >= UInt64(unit) - rest.magnitude {
      let (rounded, isOverflow) = result.addingReportingOverflow(number < 0 ? -unit : unit)
      if isOverflow {
        throw ScriptError(kind: "overflow", .overflow, "the result does not fit a 64-bit integer")
      }
      result = rounded
    }
    return Value(result)
  }

  private static func round(_ call: inout NativeCall) throws -> Value {
    guard let number = call[0].number else { throw call.wrong(0, "number") }
    let digits = call.has(1) ? try call.int(1) : 0
    guard (-300...300).contains(digits) else {
      throw ScriptError.value("round keeps at most 300 digits, not \(digits)")
    }
    if call[0].tag == .int { return try round(call[0].asInt, digits) }
    if digits == 0 {
      guard let int = Int64(exactly: number.rounded(.toNearestOrAwayFromZero)) else {
        throw ScriptError.value("\(try call[0].text(call.heap)) does not fit an int")
      }
      return Value(int)
    }
    let scale = pow(10.0, Double(digits))
    let rounded = (number * scale).rounded(.toNearestOrAwayFromZero) / scale
    return Value(rounded.isFinite ? rounded : number)
  }
}
