// Conversions between the basic types.

import Interpreter

extension StandardLibrary {
  static func addConversions(to library: inout Library) {
    library.add(
      immediate("type", [.init("value")], "the name of a value's type", "type(1)") { call in
        Value(call.heap.makeString(call[0].typeName))
      })
    library.add(
      immediate("str", [.init("value")], "the text that print would write", "str(1.5)") { call in
        if call[0].tag == .string { return call[0] }
        call.heap.text.begin()
        try call[0].write(to: call.heap.text, call.heap)
        return Value(try call.heap.text.finish())
      })
    library.add(
      immediate("int", [.init("value", "string or number")], "an integer", "int(\"42\")") {
        try int(&$0)
      })
    library.add(
      immediate("float", [.init("value", "string or number")], "a float", "float(\"1.5\")") {
        try float(&$0)
      })
    library.add(
      immediate("bool", [.init("value", "string or bool")], "a bool", "bool(\"true\")") {
        try bool(&$0)
      })
  }

  private static func int(_ call: inout NativeCall) throws -> Value {
    let value = call[0]
    switch value.tag {
    case .int: return value
    case .float:
      guard let int = Int64(exactly: value.asDouble.rounded(.towardZero)) else {
        throw ScriptError.value("\(try value.text(call.heap)) does not fit an int")
      }
      return Value(int)
    case .bool: return Value(value.asBool ? 1 : 0)
    case .string:
      let text = try shortText(value, "int")
      guard let int = Int64(text) else { throw unreadable(text, "int") }
      return Value(int)
    default: throw call.wrong(0, "string or number")
    }
  }

  private static func float(_ call: inout NativeCall) throws -> Value {
    let value = call[0]
    if let number = value.number { return Value(number) }
    guard value.tag == .string else { throw call.wrong(0, "string or number") }
    let text = try shortText(value, "float")
    // `Double` also reads "inf", "nan" and hexadecimal, which the language does not write.
    guard text.first?.isLetter != true, !text.contains("x"), let number = Double(text) else {
      throw unreadable(text, "float")
    }
    return Value(number)
  }

  private static func bool(_ call: inout NativeCall) throws -> Value {
    let value = call[0]
    if value.tag == .bool { return value }
    guard value.tag == .string else { throw call.wrong(0, "string or bool") }
    switch try shortText(value, "bool") {
    case "true": return Value(true)
    case "false": return Value(false)
    case let text: throw unreadable(text, "bool")
    }
  }

  /// The text to convert. One of more than four thousand bytes is not even looked at.
  private static func shortText(_ value: Value, _ type: String) throws -> String {
    let utf8 = value.asString.utf8
    guard utf8.count > 4096 else { return value.asString.text }
    let start = String(decoding: utf8[..<256], as: UTF8.self)
    throw unreadable(start, type)
  }

  private static func unreadable(_ text: String, _ type: String) -> ScriptError {
    let shown = text.count > 40 ? text.prefix(37) + "..." : text
    return .value("\"\(shown)\" is no \(type)")
  }
}
