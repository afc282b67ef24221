// Script values as the data that goes to a cluster.

import Interpreter
import JSON

/// Turns what scripts build into JSON.
enum ScriptData {
  /// The value as JSON, or an error that names what cannot be sent. Secrets are refused: see `manifest`.
  static func json(_ value: ScriptValue) throws(ScriptError) -> JSONValue {
    switch value {
    case .null: return .null
    case .bool(let bool): return .bool(bool)
    case .int(let int): return .int(int)
    case .float(let float): return .double(float)
    case .string(let string): return .string(string)
    case .json(let json): return json
    case .list(let elements):
      var array: [JSONValue] = []
      for element in elements { array.append(try json(element)) }
      return .array(array)
    case .map(let pairs):
      var object = JSONObject()
      for (key, value) in pairs { object[key] = try json(value) }
      return .object(object)
    case .host(let host) where host is SecretValue:
      throw .usage(
        .secretMisplaced, "a secret's value would be written where it can be read",
        notes: ["say .reveal() if that is what you want"])
    case .duration, .range, .link, .error, .host, .function:
      throw .usage(.badArgument, "a \(value.typeName) cannot be sent to a cluster")
    }
  }

  /// An object to apply: `json`, and a Secret's values may be secrets that another cluster gave.
  static func manifest(_ value: ScriptValue) throws(ScriptError) -> JSONValue {
    guard case .map(let pairs) = value, pairs.contains(where: { isKindSecret($0) }) else {
      return try json(value)
    }
    var object = JSONObject()
    for (key, value) in pairs {
      switch key {
      case "data": object[key] = try secrets(value) { Base64.encode($0) }
      case "stringData": object[key] = try secrets(value) { String(decoding: $0, as: UTF8.self) }
      case "metadata": object[key] = try metadata(value)
      default: object[key] = try json(value)
      }
    }
    return .object(object)
  }

  private static func isKindSecret(_ pair: (key: String, value: ScriptValue)) -> Bool {
    guard pair.key == "kind" else { return false }
    switch pair.value {
    case .string("Secret"), .json(.string("Secret")): return true
    default: return false
    }
  }

  private static func secrets(
    _ value: ScriptValue, text: ([UInt8]) -> String
  ) throws(ScriptError) -> JSONValue {
    guard case .map(let pairs) = value else { return try json(value) }
    var object = JSONObject()
    for (key, value) in pairs {
      if case .host(let host) = value, let secret = host as? SecretValue {
        object[key] = .string(text(secret.bytes))
      } else {
        object[key] = try json(value)
      }
    }
    return .object(object)
  }

  /// Leaves out kubectl's copy of the object, which came as a secret and is stale anyway.
  private static func metadata(_ value: ScriptValue) throws(ScriptError) -> JSONValue {
    guard case .map(let pairs) = value else { return try json(value) }
    var object = JSONObject()
    for (key, value) in pairs {
      guard key == "annotations", case .map(let annotations) = value else {
        object[key] = try json(value)
        continue
      }
      object[key] = try json(.map(annotations.filter { $0.key != Names.lastAppliedAnnotation }))
    }
    return .object(object)
  }
}
