// The standard functions: one topic a file, gathered here.

import Interpreter
import Synchronization

/// What the standard functions need to know of their host.
public struct StandardOptions: Sendable {
  /// What `env` reads.
  public var environment: [String: String] = [:]
  /// What `args` gives.
  public var arguments: [String] = []
  /// Receives a line of `log.info` and the like: level and text, without a newline.
  public var log: @Sendable (_ level: String, _ text: String) -> Void = { _, _ in }

  /// Nothing in the environment, no arguments, logs dropped.
  public init() {}
}

/// The functions and methods that every script has besides the verbs.
public enum StandardLibrary {
  /// Makes the library.
  public static func make(_ options: StandardOptions = StandardOptions()) -> Library {
    var library = Library()
    addOutput(to: &library, options)
    addConversions(to: &library)
    addNumbers(to: &library)
    addStrings(to: &library)
    addRegex(to: &library)
    addLists(to: &library)
    addMaps(to: &library)
    addData(to: &library)
    addSystem(to: &library, options)
    addExec(to: &library, options)
    return library
  }

  /// A row of the table whose body never waits.
  static func immediate(
    _ name: String, _ parameters: [Signature.Parameter], _ doc: String, _ example: String = "",
    capability: String? = nil, _ body: @escaping @Sendable (inout NativeCall) throws -> Value
  ) -> HostFunction {
    HostFunction(
      Signature(name, parameters, doc: doc, example: example, capability: capability),
      .immediate(body))
  }

  /// A row of a method table; `self` comes before the parameters.
  static func method(
    of type: String, _ name: String, _ parameters: [Signature.Parameter], _ doc: String,
    _ body: @escaping @Sendable (inout NativeCall) throws -> Value
  ) -> HostFunction {
    immediate(name, [.init(type, type)] + parameters, doc, "", body)
  }

  /// A row of a method table that takes nothing.
  static func method(
    of type: String, _ name: String, _ doc: String,
    _ body: @escaping @Sendable (inout NativeCall) throws -> Value
  ) -> HostFunction {
    method(of: type, name, [], doc, body)
  }
}

extension NativeCall {
  /// The error for an argument of the wrong type.
  func wrong(_ index: Int, _ expected: String) -> ScriptError {
    let parameter = signature.parameters[index].name
    return .type(
      "\(signature.name) takes \(ScriptError.article(expected)) for \"\(parameter)\", "
        + "not \(ScriptError.article(self[index].typeName))")
  }

  func string(_ index: Int) throws -> StringReference {
    guard self[index].tag == .string else { throw wrong(index, "string") }
    return self[index].asString
  }

  func int(_ index: Int) throws -> Int {
    guard self[index].tag == .int else { throw wrong(index, "int") }
    return Int(self[index].asInt)
  }

  func list(_ index: Int) throws -> ListReference {
    guard self[index].tag == .list else { throw wrong(index, "list") }
    return self[index].asList
  }

  func map(_ index: Int) throws -> MapReference {
    guard self[index].tag == .map else { throw wrong(index, "map") }
    return self[index].asMap
  }

  /// A map that scripts may change.
  func changeableMap(_ index: Int) throws -> MapReference {
    let map = try map(index)
    if map.isFrozen { throw ScriptError.frozen }
    return map
  }

  /// A value from 0 up to `count`, negative ones counted from the end.
  func position(_ index: Int, count: Int, of what: String, isEndAllowed: Bool) throws -> Int {
    let given = try int(index)
    let position = given < 0 ? given + count : given
    guard position >= 0, position < count + (isEndAllowed ? 1 : 0) else {
      throw ScriptError.index(Int64(given), count: count, of: what)
    }
    return position
  }
}
