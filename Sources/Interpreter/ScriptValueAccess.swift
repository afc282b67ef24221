// Looking into values from Swift: their type, plain data layer by layer, and typed access.

import JSON

extension ScriptValue {
  /// What `type(x)` gives for the value.
  public var typeName: String {
    switch self {
    case .null, .json(.null): "null"
    case .bool, .json(.bool): "bool"
    case .int, .json(.int): "int"
    case .float, .json(.double): "float"
    case .string, .json(.string): "string"
    case .duration: "duration"
    case .list, .json(.array): "list"
    case .map, .json(.object): "map"
    case .range: "range"
    case .link: "link"
    case .error: "error"
    case .host(let host): host.typeName
    case .function: "function"
    }
  }

  /// Plain data in its outermost layer as script values, so that callers match one form only.
  public var unwrapped: ScriptValue {
    guard case .json(let json) = self else { return self }
    switch json {
    case .null: return .null
    case .bool(let bool): return .bool(bool)
    case .int(let int): return .int(int)
    case .double(let double): return .float(double)
    case .string(let string): return .string(string)
    case .array(let elements): return .list(elements.map { .json($0) })
    case .object(let object): return .map(object.map { ($0, .json($1)) })
    }
  }
}

extension ScriptValue {
  /// True for null.
  public var isNull: Bool {
    if case .null = unwrapped { return true }
    return false
  }

  /// The truth value; nil for everything else.
  public var bool: Bool? {
    if case .bool(let bool) = unwrapped { return bool }
    return nil
  }

  /// The whole number; nil for everything else, floats included.
  public var int: Int64? {
    if case .int(let int) = unwrapped { return int }
    return nil
  }

  /// The floating-point number; nil for everything else, ints included.
  public var float: Double? {
    if case .float(let float) = unwrapped { return float }
    return nil
  }

  /// The text; nil for everything else.
  public var string: String? {
    if case .string(let string) = unwrapped { return string }
    return nil
  }

  /// The duration; nil for everything else.
  public var duration: Duration? {
    if case .duration(let nanoseconds) = self { return .nanoseconds(nanoseconds) }
    return nil
  }

  /// The elements of a list; nil for everything else.
  public var list: [ScriptValue]? {
    if case .list(let elements) = unwrapped { return elements }
    return nil
  }

  /// The pairs of a map, in order; nil for everything else.
  public var map: [(key: String, value: ScriptValue)]? {
    if case .map(let pairs) = unwrapped { return pairs }
    return nil
  }

  /// The value of a map's key; nil when it is no map, or has no such key.
  public subscript(key: String) -> ScriptValue? { map?.first { $0.key == key }?.value }

  /// The element of a list; nil when it is no list, or shorter.
  public subscript(index: Int) -> ScriptValue? {
    guard let list, list.indices.contains(index) else { return nil }
    return list[index]
  }

  /// The value as a script would write it, on one line: what `print` shows inside a list.
  public var literal: String {
    switch self {
    case .null: "null"
    case .bool(let bool): bool ? "true" : "false"
    case .int(let int): String(int)
    case .float(let float): Notation.text(float)
    case .string(let string): Notation.quoted(string)
    case .duration(let nanoseconds): Notation.text(nanoseconds: nanoseconds)
    case .list(let elements): "[\(elements.map(\.literal).joined(separator: ", "))]"
    case .map(let pairs):
      "{\(pairs.map { "\(Notation.key($0.key)): \($0.value.literal)" }.joined(separator: ", "))}"
    case .range(let low, let high, let isClosed): "\(low)\(isClosed ? "..." : "..<")\(high)"
    case .link(let pairs):
      pairs.map { "\($0.from.literal) -> \($0.to.literal)" }.joined(separator: ", ")
    case .error(let error): "\(error.kind): \(error.message)"
    case .host(let object): object.description
    case .function(let name): name.isEmpty ? "fn" : "fn \(name)"
    case .json: plain.literal
    }
  }

  /// Plain data of the API in all its layers as lists and maps; any other value as it is.
  public var plain: ScriptValue {
    switch unwrapped {
    case .list(let elements): .list(elements.map(\.plain))
    case .map(let pairs): .map(pairs.map { ($0.key, $0.value.plain) })
    case let other: other
    }
  }
}

extension ScriptValue: ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
  ExpressibleByFloatLiteral, ExpressibleByStringLiteral,
  ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
  /// A bool.
  public init(booleanLiteral value: Bool) { self = .bool(value) }
  /// An int.
  public init(integerLiteral value: Int64) { self = .int(value) }
  /// A float.
  public init(floatLiteral value: Double) { self = .float(value) }
  /// A string.
  public init(stringLiteral value: String) { self = .string(value) }
  /// A list.
  public init(arrayLiteral elements: ScriptValue...) { self = .list(elements) }
  /// A map; of equal keys the last one counts.
  public init(dictionaryLiteral elements: (String, ScriptValue)...) {
    var pairs: [(key: String, value: ScriptValue)] = []
    for (key, value) in elements {
      if let index = pairs.firstIndex(where: { $0.key == key }) {
        pairs[index].value = value
      } else {
        pairs.append((key, value))
      }
    }
    self = .map(pairs)
  }
}

extension ScriptValue {
  /// Makes the script's form of a Swift value.
  public init(_ value: some ScriptConvertible) { self = value.scriptValue }
}

extension ScriptValue: CustomStringConvertible {
  /// The value as a script would write it.
  public var description: String { literal }
}

extension ScriptValue: Equatable {
  /// As `==` in scripts: `1 == 1.0`, maps whatever their order, host values as they say. Errors and
  /// functions equal nothing.
  public static func == (left: ScriptValue, right: ScriptValue) -> Bool {
    switch (left.unwrapped, right.unwrapped) {
    case (.null, .null): true
    case (.bool(let left), .bool(let right)): left == right
    case (.int(let left), .int(let right)): left == right
    case (.float(let left), .float(let right)): left == right
    case (.int(let left), .float(let right)), (.float(let right), .int(let left)):
      Double(left) == right
    case (.string(let left), .string(let right)): left == right
    case (.duration(let left), .duration(let right)): left == right
    case (.list(let left), .list(let right)): left == right
    case (.map(let left), .map(let right)):
      left.count == right.count
        && left.allSatisfy { pair in
          right.contains { $0.key == pair.key && $0.value == pair.value }
        }
    case (.range(let low, let high, let isClosed), .range(let low2, let high2, let isClosed2)):
      low == low2 && high == high2 && isClosed == isClosed2
    case (.link(let left), .link(let right)):
      left.count == right.count
        && left.allSatisfy { pair in
          right.contains { $0.from == pair.from && $0.to == pair.to }
        }
    case (.host(let left), .host(let right)): left.isEqual(right)
    default: false
    }
  }
}
