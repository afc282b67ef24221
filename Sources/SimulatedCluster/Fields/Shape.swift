// What is known about the fields of a kind: their types and how their lists are merged.
//
// One description of each kind serves everything that depends on field types: unknown fields and
// wrong types, list keys in server-side apply, strategic merge, canonical quantities, and the
// OpenAPI document. `KindShapes.swift` writes the descriptions of the built-in kinds in a small
// notation, custom resources bring theirs as an OpenAPI schema.

import JSON

/// The type of a field.
indirect enum Shape: Sendable {
  /// Anything; nothing is checked below.
  case any
  case string
  case number
  case quantity
  case intOrString
  /// Kubernetes leaves out a zero of some numbers when it writes an object.
  case int(dropsZero: Bool)
  case bool(dropsFalse: Bool)
  case list(Shape, ListKind)
  case map(Shape)
  case object(ObjectShape)
  /// A type of `KindShapes`; a name instead of the type itself allows recursion.
  case named(String)

  /// How the elements of a list are told apart when two managers write it.
  enum ListKind: Sendable, Equatable {
    case atomic
    case set
    case keyed([String])
  }

  /// The type itself where this is a name.
  var resolved: Shape {
    guard case .named(let name) = self else { return self }
    return KindShapes.types[name].map(Shape.object) ?? .any
  }

  /// The type of a member; `any` where nothing is known of it.
  func member(_ key: String) -> Shape {
    switch resolved {
    case .object(let object): object.fields[key] ?? .any
    case .map(let element): element
    default: .any
    }
  }

  /// True for a member that the type names, as opposed to a key of a map.
  func names(_ key: String) -> Bool {
    guard case .object(let object) = resolved else { return false }
    return object.fields[key] != nil
  }

  /// True when the value is owned as a whole.
  var isAtomic: Bool {
    switch resolved {
    case .object(let object): object.isAtomic
    case .list(_, let kind): kind == .atomic
    default: false
    }
  }
}

/// The fields of an object.
struct ObjectShape: Sendable {
  var fields: [String: Shape]
  var isAtomic = false
  /// Fields that are not named are kept, not dropped.
  var keepsUnknown = false
}

/// Reads the notation: a line `Type field:type field:type`, continued by lines that begin with a space.
///
/// Types: `string`, `int`, `int0` and `bool0` (zero is not written), `bool`, `number`, `quantity`,
/// `intstr`, `any`, `{T}` a map, `[T]` an atomic list, `[T+]` a set, `[T/key,key]` a list with keys,
/// `T~` an object owned as a whole; any other word is a type of the table.
enum ShapeNotation {
  static func parse(_ text: String) -> [String: ObjectShape] {
    var types: [String: ObjectShape] = [:]
    var current = ""
    for line in text.split(separator: "\n") {
      var words = line.split(separator: " ")[...]
      if line.first != " ", let name = words.popFirst() {
        current = String(name)
        let isAtomic = current.hasSuffix("~")
        if isAtomic { current.removeLast() }
        types[current] = ObjectShape(fields: [:], isAtomic: isAtomic)
      }
      for word in words {
        let parts = word.split(separator: ":", maxSplits: 1)
        types[current]?.fields[String(parts[0])] = parts.count > 1 ? type(parts[1]) : .string
      }
    }
    return types
  }

  private static func type(_ text: Substring) -> Shape {
    if text.hasPrefix("{") { return .map(type(text.dropFirst().dropLast())) }
    if text.hasPrefix("[") { return list(text.dropFirst().dropLast()) }
    switch text {
    case "string": return .string
    case "int": return .int(dropsZero: false)
    case "int0": return .int(dropsZero: true)
    case "bool": return .bool(dropsFalse: false)
    case "bool0": return .bool(dropsFalse: true)
    case "number": return .number
    case "quantity": return .quantity
    case "intstr": return .intOrString
    case "any": return .any
    default: return .named(String(text))
    }
  }

  private static func list(_ text: Substring) -> Shape {
    if text.hasSuffix("+") { return .list(type(text.dropLast()), .set) }
    let parts = text.split(separator: "/", maxSplits: 1)
    guard parts.count == 2 else { return .list(type(text), .atomic) }
    return .list(type(parts[0]), .keyed(parts[1].split(separator: ",").map(String.init)))
  }
}
