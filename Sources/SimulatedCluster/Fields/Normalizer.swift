// Reads an object as the typed API server would: unknown fields, wrong types, zero values, quantities.

import JSON

/// Brings a value into the form in which the server stores it, and collects the fields it does not know.
struct Normalizer {
  /// Custom resources are stored as they are sent: no zero value is left out.
  let keepsZeroValues: Bool
  /// Elements of lists are named by their keys, as server-side apply does, not by their index.
  var namesElements = false
  /// Paths of unknown fields, in order.
  private(set) var unknown: [String] = []

  init(keepsZeroValues: Bool) {
    self.keepsZeroValues = keepsZeroValues
  }

  /// A value whose type does not fit its field.
  struct TypeMismatch: Error {
    let path: String
    let found: String
    let expected: String
  }

  /// The value in stored form; nil when the server would not write it.
  mutating func normalize(
    _ value: JSONValue, _ shape: Shape, path: String = ""
  ) throws(TypeMismatch) -> JSONValue? {
    if value.isNull { return nil }
    switch shape.resolved {
    case .any, .named: return value
    case .object(let object): return try members(value, object, path)
    case .map(let element): return try entries(value, element, path)
    case .list(let element, let kind): return try elements(value, element, kind, path)
    default: return try scalar(value, shape, path)
    }
  }

  private mutating func members(
    _ value: JSONValue, _ shape: ObjectShape, _ path: String
  ) throws(TypeMismatch) -> JSONValue? {
    guard let object = value.object else { throw mismatch(value, path, "object") }
    var result = JSONObject()
    for (key, member) in object {
      let place = path.isEmpty ? key : "\(path).\(key)"
      guard let memberShape = shape.fields[key] else {
        if shape.keepsUnknown { result.append(key, member) } else { unknown.append(place) }
        continue
      }
      let nullKept = keepsZeroValues && member.isNull ? JSONValue?.none : member
      guard let nullKept, let kept = try normalize(nullKept, memberShape, path: place) else {
        continue
      }
      if !keepsZeroValues, isZero(kept, memberShape) { continue }
      result.append(key, kept)
    }
    return .object(result)
  }

  private mutating func entries(
    _ value: JSONValue, _ shape: Shape, _ path: String
  ) throws(TypeMismatch) -> JSONValue? {
    guard let object = value.object else { throw mismatch(value, path, "map") }
    var result = JSONObject()
    for (key, entry) in object {
      // A null in a map of texts reads as the empty text.
      let kept = try normalize(entry, shape, path: "\(path).\(key)") ?? emptyValue(shape)
      result.append(key, kept)
    }
    return .object(result)
  }

  private func emptyValue(_ shape: Shape) -> JSONValue {
    if case .string = shape { return "" }
    return .null
  }

  private mutating func elements(
    _ value: JSONValue, _ shape: Shape, _ kind: Shape.ListKind, _ path: String
  ) throws(TypeMismatch) -> JSONValue? {
    guard let array = value.array else { throw mismatch(value, path, "array") }
    var result: [JSONValue] = []
    for (index, element) in array.enumerated() {
      let named = namesElements ? TypedValue.element(element, kind)?.text : nil
      let place = path + (named ?? "[\(index)]")
      result.append(try normalize(element, shape, path: place) ?? .null)
    }
    return .array(result)
  }

  private func scalar(
    _ value: JSONValue, _ shape: Shape, _ path: String
  ) throws(TypeMismatch) -> JSONValue {
    switch (shape, value) {
    case (.string, .string), (.bool, .bool), (.int, .int), (.number, .int), (.number, .double),
      (.intOrString, .int), (.intOrString, .string):
      return value
    case (.int, .double(let double)) where double == double.rounded() && abs(double) < 1e15:
      return .int(Int64(double))
    case (.quantity, .string(let text)):
      guard let canonical = Quantity.canonical(text) else {
        throw mismatch(value, path, "Quantity")
      }
      return .string(canonical)
    case (.quantity, .int(let int)):
      return .string(Quantity.canonical(String(int)) ?? String(int))
    case (.quantity, .double(let double)):
      return .string(Quantity.canonical(double.description) ?? double.description)
    default: throw mismatch(value, path, expectation(shape))
    }
  }

  /// Go leaves these out of what it writes (`omitempty`).
  private func isZero(_ value: JSONValue, _ shape: Shape) -> Bool {
    switch (shape.resolved, value) {
    case (.string, .string(let text)): text.isEmpty
    case (.int(dropsZero: true), .int(0)), (.bool(dropsFalse: true), .bool(false)): true
    case (.list, .array(let elements)): elements.isEmpty
    case (.map, .object(let object)): object.isEmpty
    default: false
    }
  }

  private func expectation(_ shape: Shape) -> String {
    switch shape {
    case .string: "string"
    case .int: "int32"
    case .bool: "bool"
    case .intOrString: "intstr.IntOrString"
    case .number: "float64"
    default: "Quantity"
    }
  }

  private func mismatch(_ value: JSONValue, _ path: String, _ expected: String) -> TypeMismatch {
    let found =
      switch value {
      case .null: "null"
      case .bool: "bool"
      case .int, .double: "number"
      case .string: "string"
      case .array: "array"
      case .object: "object"
      }
    return TypeMismatch(path: path, found: found, expected: expected)
  }
}
