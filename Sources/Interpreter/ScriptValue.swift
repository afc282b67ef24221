// Values as Swift sees them: what goes into a host function and comes out of a script.
//
// The machine's own values live on its heap and never leave its thread. A host function that must wait
// runs on another one, so its arguments are copied out into this Sendable form and its result back in.

import JSON
import Lexer

/// A script's value outside the machine.
public indirect enum ScriptValue: Sendable {
  case null
  case bool(Bool)
  case int(Int64)
  case float(Double)
  case string(String)
  /// Nanoseconds.
  case duration(Int64)
  case list([ScriptValue])
  /// Pairs in order; keys are unique.
  case map([(key: String, value: ScriptValue)])
  case range(Int64, Int64, isClosed: Bool)
  /// The pairs of a link, without doubles.
  case link([(from: ScriptValue, to: ScriptValue)])
  case error(ScriptError)
  /// A value of the embedder: a cluster, a secret.
  case host(any HostObject)
  /// A function of the script: it can be handed back to the machine, not called from outside.
  case function(name: String)
  /// Plain data from the API; becomes maps and lists on the machine's heap.
  case json(JSONValue)
}

/// A value that the embedder adds to the language, such as a cluster. Equality is `isEqual`; everything
/// else has a default.
public protocol HostObject: Sendable {
  /// What `type(x)` gives, such as `cluster`.
  var typeName: String { get }
  /// What `print` writes; must not hold secrets.
  var description: String { get }
  /// Names after the dot, for did-you-mean and completion.
  var memberNames: [String] { get }
  /// The member of that name.
  func member(_ name: String) -> HostMember?
  /// `==` in scripts.
  func isEqual(_ other: any HostObject) -> Bool
}

extension HostObject {
  /// No members.
  public var memberNames: [String] { [] }
  /// No members.
  public func member(_ name: String) -> HostMember? { nil }
}

/// What stands behind a dot on a host object.
public enum HostMember: Sendable {
  /// Known at once.
  case value(ScriptValue)
  /// Must wait, such as a cluster's version: the fiber is suspended until it is there.
  case suspending(@Sendable () async throws -> ScriptValue)
}

/// An error of a running script: what `catch` gives and what ends a run.
public struct ScriptError: Error, Sendable {
  /// Machine-readable sort, such as `type`, `index`, `api`, `parallel`; docs/errors.md lists them.
  public var kind: String
  /// Stable code for diagnostics.
  public var code: String
  /// One sentence, lower case, no full stop.
  public var message: String
  /// Further sentences.
  public var notes: [String]
  /// Words beside the caret.
  public var label: String
  /// Further members that `catch` sees (`cluster`, `status`, `reason`, `details`, `errors`, and the
  /// other keys of a thrown map).
  public var details: [(key: String, value: ScriptValue)]
  /// Where it was thrown; the machine sets it when it is nil.
  public var location: Location?
  /// Call sites, innermost first; the machine fills it in.
  public var stack: [(function: String, location: Location)]
  /// False for limits and cancellation, which no `catch` sees.
  public var isCatchable: Bool
  /// Which part of the failed expression is to blame, and what it was; labels are made of it when the
  /// error is shown.
  public var blame: Blame?

  /// Parts of an expression, each with what it was: `string`, `null`, `a list of 3`.
  public enum Blame: Sendable, Equatable {
    /// Both sides of an operator.
    case operands(String, String)
    /// What a sign stands before.
    case operand(String)
    /// What a member or an element was asked of.
    case object(String)
    /// What was called.
    case callee(String)
    /// What a method was called on.
    case receiver(String)
  }

  /// Makes an error; kind and message are needed.
  public init(
    kind: String = "error", code: String = FaultCode.thrown.rawValue, _ message: String,
    notes: [String] = [],
    label: String = "", details: [(key: String, value: ScriptValue)] = [],
    location: Location? = nil, isCatchable: Bool = true
  ) {
    self.kind = kind
    self.code = code
    self.message = message
    self.notes = notes
    self.label = label
    self.details = details
    self.location = location
    self.stack = []
    self.isCatchable = isCatchable
  }

  /// Makes an error of the language's own table.
  public init(
    kind: String, _ fault: FaultCode, _ message: String, notes: [String] = [], label: String = "",
    details: [(key: String, value: ScriptValue)] = [], isCatchable: Bool = true
  ) {
    self.init(
      kind: kind, code: fault.rawValue, message, notes: notes, label: label, details: details,
      isCatchable: isCatchable)
  }
}
