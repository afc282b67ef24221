// A call of a verb: its arguments, read as the types that the verb wants.

import Interpreter
import JSON

/// What a verb's body works with.
public struct VerbCall: Sendable {
  /// The run that the call belongs to.
  let mesh: Mesh
  private let arguments: HostArguments

  init(_ arguments: HostArguments, mesh: Mesh) {
    self.arguments = arguments
    self.mesh = mesh
  }

  /// The verb's name.
  public var verb: String { arguments.signature.name }

  /// An argument; nil when it was left out or is null.
  public subscript(name: String) -> ScriptValue? {
    guard let value = arguments[name]?.unwrapped else { return nil }
    if case .null = value { return nil }
    return value
  }

  /// Whether the call names the argument, null included.
  public func isGiven(_ name: String) -> Bool { arguments[name] != nil }

  /// The argument as it came, null included.
  func raw(_ name: String) -> ScriptValue? { arguments[name] }

  /// The error for an argument that cannot work.
  public func bad(_ name: String, _ problem: String, notes: [String] = []) -> ScriptError {
    .usage(.badArgument, "\(verb): \(name) \(problem)", notes: notes)
  }

  private func wrongType(_ name: String, _ wanted: String, _ found: ScriptValue) -> ScriptError {
    bad(name, "must be \(wanted), found \(found.typeName)")
  }

  /// A string; nil when it was left out or is null.
  ///
  /// - Throws: `ScriptError` for an argument of another type.
  public func string(_ name: String) throws(ScriptError) -> String? {
    guard let value = self[name] else { return nil }
    guard case .string(let string) = value else { throw wrongType(name, "a string", value) }
    return string
  }

  /// A string, or the default.
  ///
  /// - Throws: `ScriptError` for an argument of another type.
  public func string(_ name: String, default fallback: String) throws(ScriptError) -> String {
    try string(name) ?? fallback
  }

  /// A string that the verb cannot do without.
  ///
  /// - Throws: `ScriptError` for an argument of another type.
  public func needed(_ name: String) throws(ScriptError) -> String {
    guard let string = try string(name) else { throw bad(name, "is missing") }
    return string
  }

  /// A truth value, or the default.
  ///
  /// - Throws: `ScriptError` for an argument of another type.
  public func bool(_ name: String, default fallback: Bool = false) throws(ScriptError) -> Bool {
    guard let value = self[name] else { return fallback }
    guard case .bool(let bool) = value else { throw wrongType(name, "a bool", value) }
    return bool
  }

  /// A duration that is not negative; nil when it was left out.
  ///
  /// - Throws: `ScriptError` for an argument of another type.
  public func duration(_ name: String) throws(ScriptError) -> Duration? {
    guard let value = self[name] else { return nil }
    guard case .duration(let nanoseconds) = value else {
      throw wrongType(name, "a duration such as 5m", value)
    }
    guard nanoseconds >= 0 else { throw bad(name, "must not be negative") }
    return .nanoseconds(nanoseconds)
  }

  /// A list of strings, or one string for a list of one.
  ///
  /// - Throws: `ScriptError` for an argument of another type.
  public func strings(_ name: String) throws(ScriptError) -> [String]? {
    guard let value = self[name] else { return nil }
    if case .string(let string) = value { return [string] }
    guard case .list(let elements) = value else {
      throw wrongType(name, "a list of strings", value)
    }
    var strings: [String] = []
    for element in elements {
      guard case .string(let string) = element.unwrapped else {
        throw bad(name, "must be a list of strings, found \(element.typeName) in it")
      }
      strings.append(string)
    }
    return strings
  }

  /// A map whose values are strings, numbers or bools, as texts.
  ///
  /// - Throws: `ScriptError` for an argument of another type.
  public func texts(_ name: String) throws(ScriptError) -> [(key: String, value: String)]? {
    guard let value = self[name] else { return nil }
    guard case .map(let pairs) = value else { throw wrongType(name, "a map", value) }
    var texts: [(key: String, value: String)] = []
    for (key, value) in pairs {
      guard let text = try? ScriptData.json(value).scalarText else {
        throw bad(name, "must hold strings, found \(value.typeName) at \"\(key)\"")
      }
      texts.append((key, text))
    }
    return texts
  }

  /// A map as JSON.
  ///
  /// - Throws: `ScriptError` for an argument of another type.
  public func object(_ name: String) throws(ScriptError) -> JSONValue? {
    guard let value = self[name] else { return nil }
    guard case .map = value else { throw wrongType(name, "a map", value) }
    return try ScriptData.json(value)
  }

  /// A whole number, or a range of them, neither empty nor below 1.
  ///
  /// - Throws: `ScriptError` for an argument of another type.
  public func counts(_ name: String) throws(ScriptError) -> ClosedRange<Int64>? {
    guard let value = self[name] else { return nil }
    let bounds: (Int64, Int64)
    switch value {
    case .int(let count): bounds = (count, count)
    case .range(let from, let to, isClosed: true): bounds = (from, to)
    case .range(let from, let to, isClosed: false):
      // The end of a half-open range is at least the smallest integer, so that one less may not exist.
      bounds = to > from ? (from, to - 1) : (from, .min)
    default: throw wrongType(name, "an int or a range such as 1...5", value)
    }
    guard bounds.0 >= 1, bounds.1 >= bounds.0, bounds.1 <= Int64(Int32.max) else {
      throw bad(name, "must be at least 1, and its end not below its start")
    }
    return bounds.0...bounds.1
  }

  /// The clusters that the verb is for; `isList` tells whether the script gave a list.
  ///
  /// - Throws: `ScriptError` for an argument of another type.
  public func clusters(_ name: String = "cluster") throws(ScriptError) -> (
    all: [Cluster], isList: Bool
  ) {
    guard let value = self[name] else { throw bad(name, "is missing") }
    if case .host(let host) = value, let cluster = host as? Cluster {
      try mesh.admit(cluster)
      return ([cluster], false)
    }
    guard case .list(let elements) = value else {
      throw wrongType(name, "a cluster or a list of them", value)
    }
    var clusters: [Cluster] = []
    for element in elements {
      guard case .host(let host) = element, let cluster = host as? Cluster else {
        throw bad(name, "must be a list of clusters, found \(element.typeName) in it")
      }
      try mesh.admit(cluster)
      if !clusters.contains(where: { $0.isEqual(cluster) }) { clusters.append(cluster) }
    }
    return (clusters, true)
  }
}
