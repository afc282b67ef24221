// The errors of the running machine, their codes and their wording in one place.

import Lexer

extension ScriptError {
  /// Operands or arguments of the wrong type.
  public static func type(_ message: String, label: String = "", notes: [String] = [])
    -> ScriptError
  {
    ScriptError(kind: "type", .wrongType, message, notes: notes, label: label)
  }

  static func operands(_ op: String, _ left: Value, _ right: Value) -> ScriptError {
    let note: [String] =
      op == "+" && (left.tag == .string) != (right.tag == .string)
      ? ["nothing is made a string by itself: write \"${x}\" or str(x)"] : []
    var error = ScriptError.type(
      "cannot apply \(op) to \(left.typeName) and \(right.typeName)", notes: note)
    error.blame = .operands(left.typeName, right.typeName)
    return error
  }

  /// A member of null.
  static func nullMember(_ name: String) -> ScriptError {
    var error = ScriptError.type(
      "null has no members", notes: ["x?.\(name) gives null instead"])
    error.blame = .object("null")
    return error
  }

  static func overflow(_ what: String) -> ScriptError {
    ScriptError(kind: "overflow", .overflow, "\(what) does not fit a 64-bit integer")
  }

  static var divisionByZero: ScriptError {
    ScriptError(kind: "division", .divisionByZero, "division by zero")
  }

  static func noMember(
    _ name: String, in owner: String, among names: [String], what: String = "key"
  ) -> ScriptError {
    let suggestion = didYouMeanQuestion(name, among: names)
    var notes: [String] = []
    if suggestion == nil, !names.isEmpty, names.count <= 20 {
      notes = ["it has \(names.joined(separator: ", "))"]
    }
    return ScriptError(
      kind: "key", .unknownMember, "no \(what) \"\(name)\" in \(owner)", notes: notes,
      label: suggestion ?? "")
  }

  /// An index outside its list or string.
  public static func index(_ index: Int64, count: Int, of what: String) -> ScriptError {
    var error = ScriptError(
      kind: "index", .indexOutOfRange, "index \(index) is out of range for a \(what) of \(count)",
      label: count == 0 ? "it is empty" : "")
    error.blame = .object(count == 0 ? "an empty \(what)" : "a \(what) of \(count)")
    return error
  }

  static func cannotIndex(_ object: Value, _ index: Value) -> ScriptError {
    var error = ScriptError.type(
      "cannot index \(article(object.typeName)) with \(article(index.typeName))")
    error.blame = .object(article(object.typeName))
    return error
  }

  static func notCallable(_ value: Value) -> ScriptError {
    var error = ScriptError(
      kind: "type", .notCallable, "\(article(value.typeName)) cannot be called")
    error.blame = .callee(article(value.typeName))
    return error
  }

  static func noFunction(_ name: String, among names: [String]) -> ScriptError {
    ScriptError(
      kind: "name", .unknownName, "the script declares no function \"\(name)\"",
      label: didYouMeanQuestion(name, among: names) ?? "")
  }

  static func argument(_ message: String) -> ScriptError {
    ScriptError(kind: "argument", .wrongArguments, message)
  }

  static func notBool(_ value: Value) -> ScriptError {
    ScriptError(
      kind: "type", .conditionNotBool,
      "a condition must be a bool, this is \(article(value.typeName))",
      notes: ["compare it: x != null, x != 0, xs.count() > 0"])
  }

  static func notIterable(_ value: Value) -> ScriptError {
    ScriptError(kind: "type", .notIterable, "cannot loop over \(article(value.typeName))")
  }

  static func changedInLoop(_ what: String) -> ScriptError {
    ScriptError(
      kind: "change", .changedInLoop, "the \(what) was changed while it was looped over",
      notes: ["loop over \(what == "list" ? "xs" : "m").copy() to change the original"])
  }

  /// A change of a map that cannot change.
  public static var frozen: ScriptError {
    ScriptError(
      kind: "change", .frozen, "a module cannot be changed",
      notes: ["a copy of it can: m.copy()"])
  }

  static func noMatch(_ text: String, isDeclaration: Bool) -> ScriptError {
    ScriptError(
      kind: "match", .noMatch,
      isDeclaration ? "\(text) does not fit this pattern" : "no arm matches \(text)",
      notes: isDeclaration ? [] : ["add an arm _ => … for everything else"])
  }

  static func noValueYet(_ name: String) -> ScriptError {
    ScriptError(
      kind: "name", .noValueYet, "\"\(name)\" has no value yet: its declaration has not run")
  }

  static func callDepth(_ limit: Int) -> ScriptError {
    ScriptError(
      kind: "depth", .callDepth, "more than \(limit) calls are open at once",
      notes: ["is there a recursion without an end?"])
  }

  static func memoryLimit(_ limit: Int) -> ScriptError {
    ScriptError(
      kind: "memory", .memoryLimit, "the script uses more than its \(limit >> 20) MiB of memory",
      isCatchable: false)
  }

  static var instructionLimit: ScriptError {
    ScriptError(
      kind: "instructions", .instructionLimit, "the script took more steps than it may",
      isCatchable: false)
  }

  static func deadline(_ limit: Duration) -> ScriptError {
    let (seconds, attoseconds) = limit.components
    let nanoseconds = seconds.multipliedReportingOverflow(by: 1_000_000_000).partialValue
    let text = Notation.text(nanoseconds: nanoseconds &+ attoseconds / 1_000_000_000)
    return ScriptError(
      kind: "deadline", .deadline, "the script ran longer than its \(text)", isCatchable: false)
  }

  static var cancelled: ScriptError {
    ScriptError(kind: "cancelled", .cancelled, "the run was interrupted", isCatchable: false)
  }

  static func noMethod(_ name: String, of type: String, among names: [String]) -> ScriptError {
    var error = ScriptError(
      kind: "key", .unknownMethod, "\(article(type)) has no method \"\(name)\"",
      label: didYouMeanQuestion(name, among: names) ?? "")
    if type == "null" {
      error.blame = .receiver("null")
      error.notes = ["x?.\(name)() gives null instead"]
    }
    if error.label.isEmpty, let own = foreignMethods[name]?.first(where: { names.contains($0) }) {
      error.label = "the method is called \(own)"
    }
    return error
  }

  /// Methods as other languages call them.
  private static let foreignMethods: [String: [String]] = [
    "push": ["append"], "add": ["append"], "length": ["count"], "len": ["count"],
    "size": ["count"], "collect": ["map"], "select": ["filter"], "fold": ["reduce"],
    "forEach": ["each"], "sort": ["sorted"], "reverse": ["reversed"], "some": ["any"],
    "every": ["all"], "includes": ["contains"], "has": ["contains"], "uniq": ["unique"],
    "distinct": ["unique"], "flat": ["flatten"], "toUpperCase": ["upper"], "uppercase": ["upper"],
    "uppercased": ["upper"], "toLowerCase": ["lower"], "lowercase": ["lower"],
    "lowercased": ["lower"], "strip": ["trim"], "padStart": ["padLeft"], "padEnd": ["padRight"],
    "substring": ["slice"], "items": ["entries"], "delete": ["remove"], "contains": ["has"],
    "containsKey": ["has"], "update": ["merge"], "clone": ["copy"], "splitlines": ["lines"],
  ]

  /// More positional arguments than the function takes.
  static func tooManyArguments(_ function: String, most: Int, given: Int) -> ScriptError {
    let takes = most == 0 ? "no arguments" : most == 1 ? "1 argument" : "\(most) arguments"
    return argument(
      "\(function) takes \(takes) by position, \(given) \(given == 1 ? "is" : "are") given")
  }

  /// What an error inside a library method that is written in the language means to its caller.
  func inLibrary(_ method: String) -> ScriptError {
    var error = self
    switch FaultCode(rawValue: code) {
    case .conditionNotBool:
      error.message = message.replacing(
        "a condition must be a bool", with: "the function given to \(method) must give a bool")
      error.notes = []
    case .wrongType where method == "groupBy":
      error.message = "the function given to groupBy must give strings"
    case .notCallable:
      error.message =
        "\(method) takes a function, not "
        + message.replacing(" cannot be called", with: "")
      error.blame = nil
    default: break
    }
    return error
  }

  /// An argument of a library function that has the wrong type or value.
  public static func value(_ message: String, notes: [String] = []) -> ScriptError {
    ScriptError(kind: "value", .wrongValue, message, notes: notes)
  }

  /// Puts `a` or `an` before a type's name.
  public static func article(_ type: String) -> String {
    if type == "null" { return "null" }
    guard let first = type.first else { return type }
    return "aeiou".contains(first) ? "an \(type)" : "a \(type)"
  }
}
