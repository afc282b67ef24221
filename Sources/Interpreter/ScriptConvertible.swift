// Swift types that scripts' values become, and that become scripts' values: what registered functions
// take and give.

/// A Swift type with a form in scripts. Conform enums with a raw value and host objects by naming the
/// protocol; anything else by three short members.
public protocol ScriptConvertible: Sendable {
  /// What errors and help call the type: `int`, `list of string`.
  static var scriptType: String { get }
  /// The Swift value of a script's value; nil when it is of another type, or cannot be one.
  static func from(_ value: ScriptValue) -> Self?
  /// The script's value.
  var scriptValue: ScriptValue { get }
  /// What is wrong with a value that `from` refused, for errors: `a string`, `a list with null in it`.
  static func mismatch(_ value: ScriptValue) -> String
  /// What an argument is that the call left out; nil when it must be given. Optionals have it.
  static var absent: Self? { get }
}

extension ScriptConvertible {
  /// The type of the value that does not fit.
  public static func mismatch(_ value: ScriptValue) -> String {
    ScriptError.article(value.typeName)
  }
  /// The argument must be given.
  public static var absent: Self? { nil }
}

extension ScriptValue: ScriptConvertible {
  /// `any`.
  public static var scriptType: String { "any" }
  /// Every value, data of the API as maps and lists.
  public static func from(_ value: ScriptValue) -> ScriptValue? { value.unwrapped }
  /// Itself.
  public var scriptValue: ScriptValue { self }
}

extension Bool: ScriptConvertible {
  /// `bool`.
  public static var scriptType: String { "bool" }
  /// Only a bool.
  public static func from(_ value: ScriptValue) -> Bool? { value.bool }
  /// A bool.
  public var scriptValue: ScriptValue { .bool(self) }
}

extension Int: ScriptConvertible {
  /// `int`.
  public static var scriptType: String { "int" }
  /// Only an int.
  public static func from(_ value: ScriptValue) -> Int? { value.int.flatMap(Int.init(exactly:)) }
  /// An int.
  public var scriptValue: ScriptValue { .int(Int64(self)) }
}

extension Int64: ScriptConvertible {
  /// `int`.
  public static var scriptType: String { "int" }
  /// Only an int.
  public static func from(_ value: ScriptValue) -> Int64? { value.int }
  /// An int.
  public var scriptValue: ScriptValue { .int(self) }
}

extension Double: ScriptConvertible {
  /// `number`.
  public static var scriptType: String { "number" }
  /// A float, or an int as one.
  public static func from(_ value: ScriptValue) -> Double? {
    value.float ?? value.int.map(Double.init)
  }
  /// A float.
  public var scriptValue: ScriptValue { .float(self) }
}

extension String: ScriptConvertible {
  /// `string`.
  public static var scriptType: String { "string" }
  /// Only a string.
  public static func from(_ value: ScriptValue) -> String? { value.string }
  /// A string.
  public var scriptValue: ScriptValue { .string(self) }
}

extension Duration: ScriptConvertible {
  /// `duration`.
  public static var scriptType: String { "duration" }
  /// Only a duration.
  public static func from(_ value: ScriptValue) -> Duration? { value.duration }
  /// A duration in whole nanoseconds; one that is too long (292 years) is the longest there is.
  public var scriptValue: ScriptValue {
    let (seconds, attoseconds) = components
    let (whole, isTooLong) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    let (all, isOver) = whole.addingReportingOverflow(attoseconds / 1_000_000_000)
    return .duration(isTooLong || isOver ? (seconds < 0 ? .min : .max) : all)
  }
}

extension Optional: ScriptConvertible where Wrapped: ScriptConvertible {
  /// The wrapped type, or null.
  public static var scriptType: String { "\(Wrapped.scriptType) or null" }
  /// Null is nil.
  public static func from(_ value: ScriptValue) -> Wrapped?? {
    if value.isNull { return .some(nil) }
    return Wrapped.from(value).map { .some($0) }
  }
  /// Nil is null.
  public var scriptValue: ScriptValue { self?.scriptValue ?? .null }
  /// What is wrong with the wrapped value.
  public static func mismatch(_ value: ScriptValue) -> String { Wrapped.mismatch(value) }
  /// Nil.
  public static var absent: Wrapped?? { .some(nil) }
}

extension Array: ScriptConvertible where Element: ScriptConvertible {
  /// `list of …`.
  public static var scriptType: String {
    Element.self == ScriptValue.self ? "list" : "list of \(Element.scriptType)"
  }
  /// A list whose elements all fit.
  public static func from(_ value: ScriptValue) -> [Element]? {
    guard let elements = value.list else { return nil }
    var all: [Element] = []
    all.reserveCapacity(elements.count)
    for element in elements {
      guard let element = Element.from(element) else { return nil }
      all.append(element)
    }
    return all
  }
  /// A list.
  public var scriptValue: ScriptValue { .list(map(\.scriptValue)) }
  /// The first element that does not fit.
  public static func mismatch(_ value: ScriptValue) -> String {
    guard let wrong = value.list?.first(where: { Element.from($0) == nil }) else {
      return ScriptError.article(value.typeName)
    }
    return "a list with \(Element.mismatch(wrong)) in it"
  }
}

extension Dictionary: ScriptConvertible where Key == String, Value: ScriptConvertible {
  /// `map of …`.
  public static var scriptType: String {
    Value.self == ScriptValue.self ? "map" : "map of \(Value.scriptType)"
  }
  /// A map whose values all fit.
  public static func from(_ value: ScriptValue) -> [String: Value]? {
    guard let pairs = value.map else { return nil }
    var all: [String: Value] = [:]
    for (key, value) in pairs {
      guard let value = Value.from(value) else { return nil }
      all[key] = value
    }
    return all
  }
  /// A map, its keys sorted.
  public var scriptValue: ScriptValue {
    .map(sorted { $0.key < $1.key }.map { ($0.key, $0.value.scriptValue) })
  }
  /// The first value that does not fit.
  public static func mismatch(_ value: ScriptValue) -> String {
    guard let wrong = value.map?.first(where: { Value.from($0.value) == nil }) else {
      return ScriptError.article(value.typeName)
    }
    return "a map with \(Value.mismatch(wrong.value)) at \"\(wrong.key)\""
  }
}

extension ScriptConvertible where Self: RawRepresentable, RawValue: ScriptConvertible {
  /// The raw value's type.
  public static var scriptType: String { RawValue.scriptType }
  /// The case of that raw value.
  public static func from(_ value: ScriptValue) -> Self? {
    RawValue.from(value).flatMap(Self.init(rawValue:))
  }
  /// The raw value.
  public var scriptValue: ScriptValue { rawValue.scriptValue }
  /// The raw value that is no case, or the wrong type.
  public static func mismatch(_ value: ScriptValue) -> String {
    RawValue.from(value) == nil ? RawValue.mismatch(value) : value.literal
  }
}

extension ScriptConvertible
where Self: RawRepresentable & CaseIterable, RawValue: ScriptConvertible {
  /// The cases: `"red" or "green"`.
  public static var scriptType: String {
    let cases = allCases.map { $0.rawValue.scriptValue.literal }
    guard let last = cases.last, cases.count > 1 else { return cases.first ?? "nothing" }
    return cases.dropLast().joined(separator: ", ") + " or " + last
  }
}

extension ScriptConvertible where Self: HostObject {
  /// The Swift type's name with a small first letter, as it should be the host object's `typeName`.
  public static var scriptType: String {
    let name = String(describing: Self.self)
    return name.prefix(1).lowercased() + name.dropFirst()
  }
  /// A host value of this very type.
  public static func from(_ value: ScriptValue) -> Self? {
    guard case .host(let object) = value else { return nil }
    return object as? Self
  }
  /// A host value.
  public var scriptValue: ScriptValue { .host(self) }
}
