// Words at the parts of the expression that failed: what each operand was, what is null, what is short.
//
// A running instruction knows one place. Which of its parts is to blame is found out only when an error
// is shown, by parsing the source again: scripts that catch errors pay nothing for it.

import Lexer

extension ScriptError {
  /// The error as the diagnostic renderer prints it, with its call stack.
  public var diagnostic: Diagnostic {
    var diagnostic = Diagnostic(
      code: code, message, at: location, label: label, notes: notes, stack: stack)
    diagnostic.kind = kind
    diagnostic.request = request
    if let location, let blame {
      diagnostic.labels = FaultLabels(location: location, blame: blame).all
    }
    diagnostic.labels += failures
    return diagnostic
  }

  /// The places where items of a `parallel` failed, as far as a reader will look at them.
  private var failures: [Diagnostic.Label] {
    guard case .list(let failures)? = detail("errors") else { return [] }
    var labels: [Diagnostic.Label] = []
    for case .map(let failure) in failures {
      guard case .error(let error)? = failure.first(where: { $0.key == "error" })?.value,
        let place = error.location, !labels.contains(where: { $0.location == place })
      else { continue }
      labels.append(Diagnostic.Label(place, error.message))
      if labels.count == 3 { break }
    }
    return labels
  }

  /// What an error of a cluster's API is about, from the members that `catch` sees.
  private var request: Diagnostic.Request? {
    guard let cluster = text("cluster") else { return nil }
    var request = Diagnostic.Request(
      cluster: cluster, verb: text("verb"), object: text("object"), reason: text("reason"))
    if case .int(let status)? = detail("status"), status != 0 { request.status = Int(status) }
    return request
  }

  private func detail(_ key: String) -> ScriptValue? { details.first { $0.key == key }?.value }

  private func text(_ key: String) -> String? {
    guard case .string(let text)? = detail(key) else { return nil }
    return text
  }
}

/// Makes the labels of one error.
private struct FaultLabels {
  let location: Location
  let blame: ScriptError.Blame

  var all: [Diagnostic.Label] {
    switch blame {
    case .operands(let left, let right):
      if let parts = operands { return [label(parts.0, left), label(parts.1, right)] }
    case .operand(let type):
      if case .negate(let inner)? = find(isWanted)?.kind { return [label(inner, type)] }
    case .object(let what), .callee(let what), .receiver(let what):
      if let part = part { return [named(part, what)] }
    }
    return []
  }

  private var operands: (Expression, Expression)? {
    var search = SyntaxSearch(location.span, accepts: isWanted)
    search.search(Parser.parse(location.source).program)
    if let (target, value) = search.assignment { return (target, value) }
    switch search.found?.kind {
    case .binary(_, let left, let right, _), .range(let left, let right, _): return (left, right)
    default: return nil
    }
  }

  private var part: Expression? {
    switch (find(isWanted)?.kind, blame) {
    case (.member(let object, _, _), _), (.index(let object, _), _): return object
    case (.call(let callee, _, _), .receiver):
      guard case .member(let object, _, _) = callee.kind else { return nil }
      return object
    case (.call(let callee, _, _), _): return callee
    default: return nil
    }
  }

  private func find(_ accepts: @escaping (Expression) -> Bool) -> Expression? {
    var search = SyntaxSearch(location.span, accepts: accepts)
    search.search(Parser.parse(location.source).program)
    return search.found
  }

  /// Whether an expression is the one whose part is to blame: the compiler places its instruction so.
  private func isWanted(_ expression: Expression) -> Bool {
    switch (blame, expression.kind) {
    case (.operands, .binary), (.operands, .range), (.operand, .negate), (.callee, .call),
      (.receiver, .call):
      expression.span == location.span
    case (.object, .member(_, let name, _)): name.span == location.span
    case (.object, .index(_, let index)): index.span == location.span
    default: false
    }
  }

  private func label(_ part: Expression, _ type: String) -> Diagnostic.Label {
    Diagnostic.Label(Location(location.source, part.span), type)
  }

  /// What a named thing was: `xs is null`.
  private func named(_ part: Expression, _ what: String) -> Diagnostic.Label {
    let text = location.source.text(part.span)
    let isShort = text.utf8.count <= 40 && !text.contains("\n")
    return label(part, isShort ? "`\(text)` is \(what)" : "this is \(what)")
  }
}
