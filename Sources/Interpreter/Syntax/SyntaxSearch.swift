// Finds the part of a syntax tree that stands at a place: how a run-time error, which knows only the
// place of its instruction, finds the words that the script has there.

import Lexer

/// Looks for a node among the statements around a place. Subtrees that do not cover it are left out, so
/// the way is about as long as the tree is high.
struct SyntaxSearch {
  /// The place that the wanted node covers or is.
  let place: Span
  /// Whether a node is the one; called from the outermost to the innermost that cover the place.
  let accepts: (Expression) -> Bool
  private(set) var found: Expression?
  /// The assignment that the place is all of.
  private(set) var assignment: (target: Expression, value: Expression)?

  init(_ place: Span, accepts: @escaping (Expression) -> Bool) {
    self.place = place
    self.accepts = accepts
  }

  /// Looks through a whole program.
  mutating func search(_ program: Program) {
    for statement in program.statements { search(statement) }
  }

  private func covers(_ span: Span) -> Bool { span.start <= place.start && place.end <= span.end }

  private mutating func search(_ block: Block) {
    for statement in block.statements { search(statement) }
  }

  private mutating func search(_ statement: Statement) {
    guard covers(statement.span) else { return }
    switch statement.kind {
    case .expression(let value), .throwError(let value), .declaration(_, _, let value),
      .returnValue(let value?), .parameter(_, _, default: let value?):
      search(value)
    case .assignment(let target, let op, let value):
      if op != nil, statement.span == place { assignment = (target, value) }
      search(target)
      search(value)
    case .function(_, let function): search(function)
    case .whileLoop(let condition, let body):
      search(condition)
      search(body)
    case .forLoop(_, let sequence, let body):
      search(sequence)
      search(body)
    case .deferred(let block): search(block)
    case .importModule(_, _, _, let arguments):
      for argument in arguments { search(argument.value) }
    case .breakLoop, .continueLoop, .returnValue(nil), .parameter(_, _, default: nil): break
    }
  }

  private mutating func search(_ function: Function) {
    for case let value? in function.parameters.map(\.defaultValue) { search(value) }
    search(function.body)
  }

  private mutating func search(_ expression: Expression) {
    guard covers(expression.span) else { return }
    if accepts(expression) { found = expression }
    for child in Self.children(of: expression) { search(child) }
    switch expression.kind {
    case .function(let function): search(function)
    case .block(let block): search(block)
    case .conditional(_, let then, let otherwise):
      search(then)
      if let otherwise { search(otherwise) }
    case .match(_, let arms):
      for arm in arms {
        if let condition = arm.guardCondition { search(condition) }
        search(arm.body)
      }
    case .attempt(let body, _, let handler, let finally):
      for case let block? in [body, handler, finally] { search(block) }
    case .parallelFor(_, _, _, let body), .parallelBlock(_, let body): search(body)
    default: break
    }
  }

  /// The expressions right inside one, those of its blocks aside.
  private static func children(of expression: Expression) -> [Expression] {
    switch expression.kind {
    case .null, .bool, .int, .float, .duration, .string, .name, .function, .block, .attempt: []
    case .interpolation(let parts):
      parts.compactMap { if case .expression(let part) = $0 { part } else { nil } }
    case .list(let elements):
      elements.map { element in
        switch element {
        case .value(let value), .spread(let value): value
        }
      }
    case .map(let entries):
      entries.flatMap { entry in
        switch entry {
        case .pair(_, let value), .spread(let value): [value]
        case .computed(let key, let value): [key, value]
        }
      }
    case .link(let operands, _): operands
    case .coalesce(let left, let right), .or(let left, let right), .and(let left, let right),
      .index(let left, let right), .range(let left, let right, _),
      .binary(_, let left, let right, _):
      [left, right]
    case .not(let inner), .negate(let inner), .optionalChain(let inner), .group(let inner),
      .member(let inner, _, _), .conditional(let inner, _, _), .match(let inner, _):
      [inner]
    case .call(let callee, let arguments, _): [callee] + arguments.map(\.value)
    case .parallelFor(let limit, _, let sequence, _): [limit, sequence].compactMap(\.self)
    case .parallelBlock(let limit, _): [limit].compactMap(\.self)
    }
  }
}
