// Trees as S-expressions, so that a test shows in one line how a program was understood.

import Lexer

@testable import Interpreter

/// Writes programs as S-expressions, one statement a line.
enum SyntaxDump {
  static func program(_ program: Program) -> String {
    program.statements.map { statement($0) }.joined(separator: "\n")
  }

  static func statement(_ statement: Statement) -> String {
    switch statement.kind {
    case .expression(let value): expression(value)
    case .declaration(let isVariable, let target, let value):
      "(\(isVariable ? "var" : "let") \(pattern(target)) \(expression(value)))"
    case .assignment(let target, let sign, let value):
      "(\(sign?.rawValue ?? "")= \(expression(target)) \(expression(value)))"
    case .function(let name, let function): "(fn \(name.text) \(self.function(function)))"
    case .parameter(let name, let type, let value):
      "(param \(name.text)\(type.map { ":" + $0.text } ?? "")\(optional(value)))"
    case .returnValue(let value): "(return\(optional(value)))"
    case .throwError(let value): "(throw \(expression(value)))"
    case .whileLoop(let condition, let body): "(while \(expression(condition)) \(block(body)))"
    case .forLoop(let variables, let sequence, let body):
      "(for \(patterns(variables)) \(expression(sequence)) \(block(body)))"
    case .breakLoop: "(break)"
    case .continueLoop: "(continue)"
    case .deferred(let body): "(defer \(block(body)))"
    case .importModule(let path, _, let name, let values):
      "(import \(path)\(name.map { " as " + $0.text } ?? "")\(arguments(values)))"
    }
  }

  static func block(_ block: Block) -> String {
    "{" + block.statements.map { statement($0) }.joined(separator: "; ") + "}"
  }

  static func expression(_ expression: Expression) -> String {
    literal(expression) ?? operation(expression) ?? compound(expression)
  }

  private static func literal(_ expression: Expression) -> String? {
    switch expression.kind {
    case .null: "null"
    case .bool(let value): "\(value)"
    case .int(let value): "\(value)"
    case .float(let value): "\(value)"
    case .duration(let value): "\(value)ns"
    case .string(let value): "\"\(value)\""
    case .name(let name): name
    case .interpolation(let parts): "(str" + parts.map { " " + part($0) }.joined() + ")"
    default: nil
    }
  }

  private static func part(_ part: StringPart) -> String {
    switch part {
    case .text(let text): "\"\(text)\""
    case .expression(let value): expression(value)
    }
  }

  private static func operation(_ node: Expression) -> String? {
    switch node.kind {
    case .link(let operands, let arrows):
      zip(operands.dropFirst(), arrows).reduce("(link " + expression(operands[0])) {
        $0 + ($1.1 == .both ? " <-> " : " -> ") + expression($1.0)
      } + ")"
    case .coalesce(let left, let right): pair("??", left, right)
    case .or(let left, let right): pair("or", left, right)
    case .and(let left, let right): pair("and", left, right)
    case .not(let value): "(not \(expression(value)))"
    case .negate(let value): "(neg \(expression(value)))"
    case .binary(let sign, let left, let right, _): pair(sign.rawValue, left, right)
    case .range(let low, let high, let isClosed): pair(isClosed ? "..." : "..<", low, high)
    case .member(let object, let name, let isOptional):
      "(\(isOptional ? "?." : ".") \(expression(object)) \(name.text))"
    case .index(let object, let index): pair("at", object, index)
    case .optionalChain(let value): "(chain \(expression(value)))"
    case .group(let value): "(group \(expression(value)))"
    default: nil
    }
  }

  private static func compound(_ node: Expression) -> String {
    switch node.kind {
    case .list(let elements): "[" + elements.map(element).joined(separator: " ") + "]"
    case .map(let entries): "(map" + entries.map { " " + entry($0) }.joined() + ")"
    case .function(let function): "(lambda \(self.function(function)))"
    case .call(let callee, let values, let isCommand):
      "(\(isCommand ? "command" : "call") \(expression(callee))\(arguments(values)))"
    case .conditional(let condition, let then, let otherwise):
      "(if \(expression(condition)) \(block(then))\(otherwise.map { " " + block($0) } ?? ""))"
    case .match(let value, let arms):
      "(match \(expression(value))" + arms.map { " " + arm($0) }.joined() + ")"
    case .attempt(let body, let error, let handler, let finally):
      "(try \(block(body))"
        + (handler.map { " catch \(error?.text ?? "-") \(block($0))" } ?? "")
        + (finally.map { " finally \(block($0))" } ?? "") + ")"
    case .parallelFor(let limit, let variables, let sequence, let body):
      "(parallel\(optional(limit)) for \(patterns(variables)) \(expression(sequence)) "
        + "\(block(body)))"
    case .parallelBlock(let limit, let body): "(parallel\(optional(limit)) \(block(body)))"
    case .block(let body): "(block \(block(body)))"
    default: "?"
    }
  }

  private static func pair(_ sign: String, _ left: Expression, _ right: Expression) -> String {
    "(\(sign) \(expression(left)) \(expression(right)))"
  }

  private static func optional(_ value: Expression?) -> String {
    value.map { " " + expression($0) } ?? ""
  }

  private static func element(_ element: Element) -> String {
    switch element {
    case .value(let value): expression(value)
    case .spread(let value): "..." + expression(value)
    }
  }

  private static func entry(_ entry: Entry) -> String {
    switch entry {
    case .pair(let key, let value): "\(key.text):\(expression(value))"
    case .computed(let key, let value): "[\(expression(key))]:\(expression(value))"
    case .spread(let value): "..." + expression(value)
    }
  }

  private static func arguments(_ arguments: [Argument]) -> String {
    arguments.map { argument in
      " " + (argument.name.map { $0.text + ":" } ?? "") + (argument.isSpread ? "..." : "")
        + expression(argument.value)
    }.joined()
  }

  private static func function(_ function: Function) -> String {
    let parameters = function.parameters.map { parameter in
      (parameter.isRest ? "..." : "") + parameter.name.text
        + (parameter.defaultValue.map { "=" + expression($0) } ?? "")
    }
    return "(\(parameters.joined(separator: " "))) \(block(function.body))"
  }

  private static func arm(_ arm: MatchArm) -> String {
    "(\(patterns(arm.patterns))" + (arm.guardCondition.map { " if " + expression($0) } ?? "")
      + " => \(block(arm.body)))"
  }

  private static func patterns(_ patterns: [Pattern]) -> String {
    patterns.map(pattern).joined(separator: ", ")
  }

  static func pattern(_ pattern: Pattern) -> String {
    switch pattern.kind {
    case .wildcard: "_"
    case .name(let name): name
    case .literal(let value): "=" + expression(value)
    case .range(let low, let high, let isClosed):
      "\(expression(low))\(isClosed ? "..." : "..<")\(expression(high))"
    case .list(let parts, let rest):
      "["
        + (parts.map(self.pattern) + (rest.map { ["..." + self.pattern($0)] } ?? []))
        .joined(separator: " ") + "]"
    case .map(let entries):
      "{" + entries.map { "\($0.key.text):\(self.pattern($0.pattern))" }.joined(separator: " ")
        + "}"
    }
  }
}
