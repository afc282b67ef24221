// Values that the embedder adds to the language: one required protocol, and small optional ones for what
// such a value can do. The machine asks for each where a script needs it:
//
//   HostObject       a type's name, a description, equality           every host value
//   HostMembers      x.name, x.name = v, did-you-mean, completion
//   HostOperators    x + y, x - y, x * y, x / y, x % y, from both sides
//   HostNegatable    -x
//   HostOrdered      x < y and its sisters, sort, min, max
//   HostIterable     for e in x
//   HostIndexable    x[i], x[i] = v
//   HostContainer    e in x
//   methods          x.name(…): rows of a library, `Library.addMethod(of:_:)` or `registerMethod`
//
// All but members answer at once, on the machine's thread. What must wait is a suspending member, or a
// method that is registered with an async body. A value may be used by several runs at a time, and its
// suspending members run on other threads: hence `Sendable`.

/// A value that the embedder adds to the language, such as a cluster.
public protocol HostObject: Sendable {
  /// What `type(x)` gives, such as `cluster`. Also the name under which its methods are registered.
  var typeName: String { get }
  /// What `print` writes; must not hold secrets.
  var description: String { get }
  /// `==` in scripts.
  func isEqual(_ other: any HostObject) -> Bool
}

extension HostObject where Self: Equatable {
  /// Equal when Swift says so.
  public func isEqual(_ other: any HostObject) -> Bool { (other as? Self) == self }
}

/// A host value with members.
public protocol HostMembers: HostObject {
  /// Names after the dot, for did-you-mean and completion.
  var memberNames: [String] { get }
  /// The member of that name; nil when there is none.
  func member(_ name: String) -> HostMember?
  /// `x.name = value`; false when there is no such member, or it cannot be set.
  ///
  /// - Throws: what the script then gets as its error.
  func setMember(_ name: String, _ value: ScriptValue) throws -> Bool
}

extension HostMembers {
  /// Members cannot be set.
  public func setMember(_ name: String, _ value: ScriptValue) throws -> Bool { false }
}

/// What stands behind a dot on a host object.
public enum HostMember: Sendable {
  /// Known at once.
  case value(ScriptValue)
  /// Must wait, such as a cluster's version: the fiber is suspended until it is there.
  case suspending(@Sendable () async throws -> ScriptValue)
}

/// An operator between two values.
public enum HostOperator: String, Sendable, CaseIterable {
  /// `+`.
  case add = "+"
  /// `-`.
  case subtract = "-"
  /// `*`.
  case multiply = "*"
  /// `/`.
  case divide = "/"
  /// `%`.
  case remainder = "%"
}

/// Where the host value stands.
public enum HostSide: Sendable {
  /// `host + other`.
  case left
  /// `other + host`.
  case right
}

/// A host value with arithmetic. The left operand is asked first, then the right one.
public protocol HostOperators: HostObject {
  /// The result; nil when the operator does not apply to the other operand, which is then an error.
  ///
  /// - Parameters:
  ///   - op: the operator.
  ///   - other: the other operand.
  ///   - side: where this value stands.
  /// - Throws: what the script then gets as its error.
  func apply(_ op: HostOperator, _ other: ScriptValue, side: HostSide) throws -> ScriptValue?
}

/// A host value with a minus sign before it.
public protocol HostNegatable: HostObject {
  /// `-x`.
  ///
  /// - Throws: what the script then gets as its error.
  func negated() throws -> ScriptValue
}

/// A host value that can be ordered among its like.
public protocol HostOrdered: HostObject {
  /// Negative, zero or positive; nil when the two cannot be compared, which is then an error.
  ///
  /// - Throws: what the script then gets as its error.
  func compare(_ other: any HostObject) throws -> Int?
}

/// A host value that `for` can go through.
public protocol HostIterable: HostObject {
  /// The element at a position: a loop asks for 0, 1, 2 and so on, until it gets nil.
  ///
  /// - Throws: what the script then gets as its error.
  func element(at position: Int) throws -> ScriptValue?
}

/// A host value with an index.
public protocol HostIndexable: HostObject {
  /// `x[index]`; nil when the index is of a type that this value does not take.
  ///
  /// - Throws: what the script then gets as its error, such as `ScriptError.index`.
  func element(_ index: ScriptValue) throws -> ScriptValue?
  /// `x[index] = value`; false when elements cannot be set.
  ///
  /// - Throws: what the script then gets as its error.
  func setElement(_ index: ScriptValue, _ value: ScriptValue) throws -> Bool
}

extension HostIndexable {
  /// Elements cannot be set.
  public func setElement(_ index: ScriptValue, _ value: ScriptValue) throws -> Bool { false }
}

/// A host value that can say whether something is in it.
public protocol HostContainer: HostObject {
  /// `value in x`.
  ///
  /// - Throws: what the script then gets as its error.
  func contains(_ value: ScriptValue) throws -> Bool
}

/// A Swift error that says what a script's `catch` sees. Any other error has the kind `error` and its
/// description as message.
public protocol HostError: Error {
  /// `e.kind`: one lower-case word.
  var kind: String { get }
  /// `e.message`: one sentence, lower case, no full stop.
  var message: String { get }
  /// `e.notes`: further sentences.
  var notes: [String] { get }
  /// Further members of the error.
  var details: [(key: String, value: ScriptValue)] { get }
}

extension HostError {
  /// None.
  public var notes: [String] { [] }
  /// None.
  public var details: [(key: String, value: ScriptValue)] { [] }
}
