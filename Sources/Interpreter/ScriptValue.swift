// Values as Swift sees them: what goes into a host function and comes out of a script.
//
// The machine's own values live on its heap and never leave its thread. A host function that must wait
// runs on another one, so its arguments are copied out into this Sendable form and its result back in.

import JSON
import Lexer

/// A script's value outside the machine.
public indirect enum ScriptValue: Sendable {
  /// No value.
  case null
  /// A truth value.
  case bool(Bool)
  /// A whole number.
  case int(Int64)
  /// A floating-point number.
  case float(Double)
  /// A text.
  case string(String)
  /// Nanoseconds.
  case duration(Int64)
  /// Values in order.
  case list([ScriptValue])
  /// Pairs in order; keys are unique.
  case map([(key: String, value: ScriptValue)])
  /// Whole numbers from the first on; up to the second, which belongs to a closed range.
  case range(Int64, Int64, isClosed: Bool)
  /// The pairs of a link, without doubles.
  case link([(from: ScriptValue, to: ScriptValue)])
  /// An error that was caught.
  case error(ScriptError)
  /// A value of the embedder: a cluster, a secret.
  case host(any HostObject)
  /// A function of the script, by its name only: it cannot be called from outside, and a script that
  /// gets it back gets null. `Session.call` calls functions that a script declared at its top.
  case function(name: String)
  /// Plain data from the API; becomes maps and lists on the machine's heap.
  case json(JSONValue)
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
  public var details: [(key: String, value: ScriptValue)] {
    didSet { measureDetails() }
  }
  /// Levels of errors in the details.
  var nesting = 0
  /// Bytes that the details take.
  var detailBytes = 0
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
    if !details.isEmpty { measureDetails() }
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
