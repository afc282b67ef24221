// Reads a script parameter's value from text, as `--set name=value` gives it.

import JSON

/// Turns the text of one parameter into a value of its type.
struct ParameterText {
  let name: String
  let type: String

  /// Takes a value as it is when its type fits; a string is read as the type that is wanted.
  ///
  /// - Throws: `ScriptError` that names the parameter, what it takes and what was given.
  func read(_ value: ScriptValue) throws(ScriptError) -> ScriptValue {
    switch value {
    case .string(let text): return try read(text)
    case .int(let int) where type == "float": return .float(Double(int))
    default:
      if type == "any" || type == "null" || value.typeName == type { return value }
      throw ScriptError(
        kind: "parameter", .scriptParameterValue,
        "the parameter \"\(name)\" takes \(ScriptError.article(type)), "
          + "not \(ScriptError.article(value.typeName))")
    }
  }

  /// - Throws: `ScriptError` that names the parameter, what it takes and what was given.
  func read(_ text: String) throws(ScriptError) -> ScriptValue {
    switch type {
    case "string": return .string(text)
    case "int": return .int(try required(Int64(text), text, "3"))
    case "float": return .float(try required(float(text), text, "1.5"))
    case "bool":
      return .bool(try required(["true": true, "false": false][text], text, "true or false"))
    case "duration": return .duration(try required(Notation.nanoseconds(text), text, "30s"))
    case "list": return try list(text)
    case "map": return try map(text)
    default: return untyped(text)
    }
  }

  /// A number as scripts write it: `Double` also reads "nan", "inf" and hexadecimal.
  private func float(_ text: String) -> Double? {
    text.utf8.allSatisfy { "0123456789.+-eE".utf8.contains($0) } ? Double(text) : nil
  }

  private func required<T>(_ value: T?, _ text: String, _ example: String) throws(ScriptError) -> T
  {
    if let value { return value }
    throw ScriptError(
      kind: "parameter", .scriptParameterValue,
      "the parameter \"\(name)\" takes \(ScriptError.article(type)), "
        + "not \"\(text)\"", notes: ["for example --set \(name)=\(example)"])
  }

  private func list(_ text: String) throws(ScriptError) -> ScriptValue {
    if text.hasPrefix("[") {
      let json = try? JSONValue.parse(text: text)
      return .json(try required(json, text, "[\"a\",\"b\"]"))
    }
    if text.isEmpty { return .list([]) }
    return .list(
      text.split(separator: ",", omittingEmptySubsequences: false).map { .string(String($0)) })
  }

  private func map(_ text: String) throws(ScriptError) -> ScriptValue {
    if text.hasPrefix("{") {
      let json = try? JSONValue.parse(text: text)
      return .json(try required(json, text, "{\"a\":\"b\"}"))
    }
    var pairs: [(key: String, value: ScriptValue)] = []
    for piece in text.split(separator: ",") {
      let parts = piece.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      _ = try required(parts.count == 2 ? true : nil, text, "a=1,b=2")
      pairs.append((String(parts[0]), .string(String(parts[1]))))
    }
    return .map(pairs)
  }

  /// Without a known type: what the text looks like.
  private func untyped(_ text: String) -> ScriptValue {
    if let value = Int64(text) { return .int(value) }
    if text == "true" || text == "false" { return .bool(text == "true") }
    if text.hasPrefix("[") || text.hasPrefix("{"), let json = try? JSONValue.parse(text: text) {
      return .json(json)
    }
    return .string(text)
  }
}
