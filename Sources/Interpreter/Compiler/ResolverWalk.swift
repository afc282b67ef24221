// The resolver's way through statements, expressions and patterns.

import Lexer

extension Resolver {
  // MARK: Statements

  mutating func walk(_ block: Block) {
    openScope()
    hoist(block.statements)
    for statement in block.statements { walk(statement) }
    warnAboutBareNames(block.statements.dropLast())
    closeScope()
  }

  mutating func walk(_ statement: Statement, isTop: Bool = false) {
    switch statement.kind {
    case .expression(let expression):
      walk(expression)
    case .declaration(let isVariable, let pattern, let value):
      walk(value)
      declare(pattern, isVariable ? .variable : .constant)
    case .assignment(let target, _, let value):
      walk(value)
      assign(target)
    case .function(let name, let function):
      walk(function, hoistBlock: scopes[scopes.count - 1].block, named: name)
    case .parameter(let name, let type, let defaultValue):
      parameter(statement, name, type, defaultValue, isTop: isTop)
    case .returnValue(let value):
      if let value { walk(value) }
      if let ban = functions[functions.count - 1].returnBan {
        error(.misplacedReturn, "return is not allowed in \(ban)", statement.span)
      }
    case .throwError(let value):
      walk(value)
    case .whileLoop(let condition, let body):
      walk(condition)
      loop { $0.walk(body) }
    case .forLoop(let variables, let sequence, let body):
      walk(sequence)
      loop { resolver in resolver.loopBody(variables, body) }
    case .breakLoop:
      checkBreak(statement)
    case .continueLoop:
      checkContinue(statement)
    case .deferred(let body):
      let key = FunctionKey(sort: .cleanup, start: body.span.start)
      inFunction(key, returnBan: "defer", breakBan: "defer") { $0.walk(body) }
    case .importModule(let path, let span, let name, let arguments):
      importModule(path, span, name, arguments, statement, isTop: isTop)
    }
  }

  /// Refuses what the language has and this version does not do yet.
  mutating func notSupported(_ what: String, _ span: Span) {
    error(.notSupported, "\(what) is not supported yet", span)
  }

  private mutating func loop(_ body: (inout Resolver) -> Void) {
    functions[functions.count - 1].loopDepth += 1
    body(&self)
    functions[functions.count - 1].loopDepth -= 1
  }

  private mutating func loopBody(_ variables: [Pattern], _ body: Block) {
    openScope()
    for variable in variables { declare(variable, .loopVariable) }
    walk(body)
    closeScope()
  }

  private mutating func checkBreak(_ statement: Statement) {
    let function = functions[functions.count - 1]
    guard function.loopDepth == 0 else { return }
    if let ban = function.breakBan {
      error(.misplacedLoopControl, "break is not allowed in \(ban)", statement.span)
    } else {
      error(.misplacedLoopControl, "break outside a loop", statement.span)
    }
  }

  private mutating func checkContinue(_ statement: Statement) {
    let function = functions[functions.count - 1]
    guard function.loopDepth == 0, !function.isContinueAllowed else { return }
    if let ban = function.breakBan {
      error(.misplacedLoopControl, "continue is not allowed in \(ban)", statement.span)
    } else {
      error(.misplacedLoopControl, "continue outside a loop", statement.span)
    }
  }

  mutating func declare(_ pattern: Pattern, _ kind: Binding.Kind) {
    forEachName(pattern) { resolver, name, span in resolver.declare(name, span, kind) }
    walkLiterals(pattern)
  }

  private mutating func walkLiterals(_ pattern: Pattern) {
    switch pattern.kind {
    case .literal(let expression): walk(expression)
    case .range(let low, let high, _):
      walk(low)
      walk(high)
    case .list(let patterns, let rest):
      for pattern in patterns { walkLiterals(pattern) }
      if let rest { walkLiterals(rest) }
    case .map(let entries):
      for entry in entries { walkLiterals(entry.pattern) }
    case .wildcard, .name: break
    }
  }

  private mutating func assign(_ target: Expression) {
    guard case .name(let name) = target.kind else {
      walk(target)
      return checkNotModule(target)
    }
    guard let reference = use(name, target.span) else { return }
    guard case .binding(let id) = reference else {
      return error(.fixedName, "\"\(name)\" is built in and cannot be assigned to", target.span)
    }
    let binding = result.bindings[id]
    switch binding.kind {
    case .variable, .parameter:
      result.bindings[id].isAssigned = true
    case .constant, .function, .loopVariable, .scriptParameter:
      let label = Diagnostic.Label(Location(source, binding.span), "declared here")
      let word = binding.kind == .function ? "a function" : "fixed"
      error(
        .fixedName, "\"\(name)\" is \(word) and cannot be assigned to", target.span,
        notes: binding.kind == .constant && binding.exports == nil
          ? ["declare it with var to change it"] : [],
        // A name of an earlier input of a session has the place of its use.
        labels: binding.span == target.span ? [] : [label])
    }
  }

  private mutating func parameter(
    _ statement: Statement, _ name: Name, _ type: Name?, _ defaultValue: Expression?, isTop: Bool
  ) {
    if !isTop {
      error(.misplacedParameter, "param is allowed at the top of a script only", statement.span)
    }
    if let defaultValue { walk(defaultValue) }
    if let type, !Self.parameterTypes.contains(type.text) {
      error(
        .unknownParameterType, "unknown parameter type \"\(type.text)\"", type.span,
        label: didYouMeanQuestion(type.text, among: Self.parameterTypes)
          ?? "expected one of \(Self.parameterTypes.joined(separator: ", "))")
    }
    declare(name.text, name.span, .scriptParameter)
    result.parameters.append(
      ScriptParameter(
        name: name.text, type: type?.text ?? Self.staticType(defaultValue),
        defaultText: defaultValue.map { source.text($0.span) }, doc: statement.doc))
  }

  static let parameterTypes = [
    "string", "int", "float", "bool", "duration", "list", "map", "any",
  ]

  /// The type that a literal default shows; `any` when only running it tells.
  static func staticType(_ expression: Expression?) -> String {
    switch expression?.kind {
    case .string, .interpolation: "string"
    case .int: "int"
    case .float: "float"
    case .bool: "bool"
    case .duration: "duration"
    case .list: "list"
    case .map: "map"
    case .group(let inner): staticType(inner)
    case .negate(let inner): staticType(inner)
    default: "any"
    }
  }

  mutating func warnAboutBareNames(_ statements: some Sequence<Statement>) {
    for statement in statements {
      guard case .expression(let expression) = statement.kind,
        case .name(let name) = expression.kind,
        let reference = result.reference(at: expression.span)
      else { continue }
      let isFunction =
        switch reference {
        case .native: true
        case .binding(let id): result.bindings[id].kind == .function
        case .constant, .namespace: false
        }
      guard isFunction else { continue }
      warnings.append(
        Diagnostic(
          .warning, code: FaultCode.unusedFunctionName.rawValue,
          "this names the function \"\(name)\" and does not call it",
          at: Location(source, expression.span), label: "write \(name)() to call it"))
    }
  }

  // MARK: Expressions

  mutating func walk(_ expression: Expression) {
    switch expression.kind {
    case .null, .bool, .int, .float, .duration, .string: break
    case .name(let name): walkName(name, expression.span)
    case .interpolation(let parts):
      for case .expression(let part) in parts { walk(part) }
    case .list(let elements):
      for element in elements { walk(element) }
    case .map(let entries):
      for entry in entries { walk(entry) }
    case .function(let function): walk(function)
    case .link(let operands, _):
      for operand in operands { walk(operand) }
    case .coalesce(let left, let right), .or(let left, let right), .and(let left, let right),
      .index(let left, let right), .range(let left, let right, _):
      walk(left)
      walk(right)
    case .binary(_, let left, let right, _):
      walk(left)
      walk(right)
    case .not(let inner), .negate(let inner), .optionalChain(let inner), .group(let inner):
      walk(inner)
    case .call(let callee, let arguments, _): walkCall(callee, arguments, expression.span)
    case .member(let object, let name, let isOptional):
      walkMember(object, name, isOptional: isOptional)
    case .block(let block): walk(block)
    case .conditional(let condition, let then, let otherwise):
      walk(condition)
      walk(then)
      if let otherwise { walk(otherwise) }
    case .match(let value, let arms):
      walk(value)
      for arm in arms { walk(arm) }
    case .attempt(let body, let name, let handler, let finally):
      walkAttempt(body, name, handler, finally)
    case .parallelFor(let limit, let variables, let sequence, let body):
      if let limit { walk(limit) }
      walk(sequence)
      let key = FunctionKey(sort: .parallelBody, start: body.span.start)
      inFunction(key, returnBan: "parallel", breakBan: "parallel for", allowsContinue: true) {
        for variable in variables { $0.declare(variable, .loopVariable) }
        $0.walk(body)
      }
    case .parallelBlock(let limit, let block):
      if let limit { walk(limit) }
      for statement in block.statements { walkParallel(statement) }
    }
  }

  private mutating func walkParallel(_ statement: Statement) {
    let key = FunctionKey(sort: .statement, start: statement.span.start)
    inFunction(key, returnBan: "parallel", breakBan: "parallel") {
      $0.hoist([statement])
      $0.walk(statement)
    }
  }

  private mutating func walkName(_ name: String, _ span: Span) {
    guard case .namespace = use(name, span) else { return }
    let members = library.functions.map(\.signature.name).filter { $0.hasPrefix(name + ".") }
    error(
      .namespaceAsValue, "\"\(name)\" is a namespace, not a value", span,
      label: "write one of \(members.joined(separator: ", "))")
  }

  private mutating func walk(_ element: Element) {
    switch element {
    case .value(let value), .spread(let value): walk(value)
    }
  }

  private mutating func walk(_ entry: Entry) {
    switch entry {
    case .pair(_, let value), .spread(let value): walk(value)
    case .computed(let key, let value):
      walk(key)
      walk(value)
    }
  }

  mutating func walk(_ function: Function, hoistBlock: Int = -1, named: Name? = nil) {
    let key = FunctionKey(sort: .function, start: function.span.start)
    inFunction(key, hoistBlock: hoistBlock) { resolver in
      for parameter in function.parameters {
        if let value = parameter.defaultValue { resolver.walk(value) }
        resolver.declare(parameter.name.text, parameter.name.span, .parameter)
      }
      resolver.walk(function.body)
    }
  }

  private mutating func walk(_ arm: MatchArm) {
    openScope()
    let names = arm.patterns.map { pattern -> Set<String> in
      var names: Set<String> = []
      forEachName(pattern) { _, name, _ in names.insert(name) }
      return names
    }
    if arm.patterns.count > 1, names.contains(where: { !$0.isEmpty }) {
      error(.bindingInAlternatives, "alternative patterns cannot bind names", arm.span)
    }
    for pattern in arm.patterns { declare(pattern, .loopVariable) }
    if let condition = arm.guardCondition { walk(condition) }
    walk(arm.body)
    closeScope()
  }

  private mutating func walkAttempt(
    _ body: Block, _ name: Name?, _ handler: Block?, _ finally: Block?
  ) {
    walk(body)
    if let handler {
      openScope()
      if let name { declare(name.text, name.span, .loopVariable) }
      walk(handler)
      closeScope()
    }
    guard let finally else { return }
    let key = FunctionKey(sort: .cleanup, start: finally.span.start)
    inFunction(key, returnBan: "finally", breakBan: "finally") { $0.walk(finally) }
  }

  // MARK: Members and calls

  private mutating func walkMember(
    _ object: Expression, _ name: Name, isOptional: Bool, isCall: Bool = false
  ) {
    // Before a dot a namespace may stand, which is no value by itself.
    guard case .name(let head) = object.kind else { return walk(object) }
    guard case .namespace = use(head, object.span) else {
      if !isOptional, let exports = exports(of: object) {
        checkExport(exports, name, isCall: isCall)
      }
      return
    }
    let full = "\(head).\(name.text)"
    guard library.functionIndex[full] == nil else { return }
    let members = library.functions.map(\.signature.name).filter { $0.hasPrefix(head + ".") }
    error(
      .unknownName, "unknown name \"\(full)\"", name.span,
      label: didYouMeanQuestion(full, among: members)
        ?? "there is \(members.joined(separator: ", "))")
  }

  private mutating func walkCall(_ callee: Expression, _ arguments: [Argument], _ span: Span) {
    if case .member(let object, let name, let isOptional) = callee.kind {
      walkMember(object, name, isOptional: isOptional, isCall: true)
    } else {
      walk(callee)
    }
    for argument in arguments { walk(argument.value) }
    guard let signature = knownSignature(callee) else { return }
    ArgumentCheck(signature: signature, source: source).check(arguments, callee.span) {
      diagnostics.append($0)
    }
  }

  /// The signature of a callee whose parameters are known now.
  private func knownSignature(_ callee: Expression) -> CallableSignature? {
    switch callee.kind {
    case .name:
      switch result.reference(at: callee.span) {
      case .native(let index): return CallableSignature(library.functions[index].signature)
      case .binding(let id): return result.bindings[id].signature
      default: return nil
      }
    case .member(let object, let name, _):
      if let exports = exports(of: object) { return exports.members[name.text] ?? nil }
      guard case .name(let head) = object.kind,
        case .namespace = result.reference(at: object.span),
        let index = library.functionIndex["\(head).\(name.text)"]
      else { return nil }
      return CallableSignature(library.functions[index].signature)
    default:
      return nil
    }
  }
}

extension CallableSignature {
  /// The parameters of a `fn`.
  init(_ name: Name, _ function: Function, in source: Source) {
    self.name = name.text
    parameters = function.parameters.map {
      Parameter(
        name: $0.name.text, isRequired: $0.defaultValue == nil && !$0.isRest, isRest: $0.isRest,
        isNamedOnly: false)
    }
    declaration = Location(source, name.span)
  }

  /// The part of a library function's signature that calls are checked against.
  init(_ signature: Signature) {
    name = signature.name
    parameters = signature.parameters.map {
      Parameter(
        name: $0.name, isRequired: $0.defaultText == nil && !$0.isRest, isRest: $0.isRest,
        isNamedOnly: $0.isNamedOnly)
    }
  }
}

/// Checks the arguments of a call against a known signature.
struct ArgumentCheck {
  let signature: CallableSignature
  let source: Source
  /// What gives the arguments: a call or an import.
  var action = "call"

  func check(_ arguments: [Argument], _ callee: Span, report: (Diagnostic) -> Void) {
    var given: Set<String> = []
    let positional = signature.parameters.filter { !$0.isNamedOnly && !$0.isRest }
    let hasRest = signature.parameters.contains { $0.isRest }
    let hasNamed = arguments.contains { $0.name != nil }
    let known = hasNamed ? Set(signature.parameters.map(\.name)) : []
    var position = 0
    var hasSpread = false
    // After a wrong name, a missing argument is most likely the same mistake.
    var hasError = false
    func fail(_ diagnostic: Diagnostic) {
      hasError = true
      report(diagnostic)
    }
    for argument in arguments {
      if argument.isSpread {
        hasSpread = true
      } else if let name = argument.name {
        named(name, known, &given, fail)
      } else if position < positional.count {
        given.insert(positional[position].name)
        position += 1
      } else if !hasRest, !hasSpread {
        return report(tooMany(argument, positional.count))
      }
    }
    guard !hasSpread, !hasError else { return }
    for parameter in signature.parameters where parameter.isRequired {
      guard !given.contains(parameter.name) else { continue }
      report(
        diagnostic(
          .missingArgument,
          "missing argument \"\(parameter.name)\" in the \(action) of \(signature.name)", callee,
          label: usage))
      return
    }
  }

  private func named(
    _ name: Name, _ known: Set<String>, _ given: inout Set<String>,
    _ report: (Diagnostic) -> Void
  ) {
    guard known.contains(name.text) else {
      let names = signature.parameters.filter { !$0.isRest }.map(\.name)
      return report(
        diagnostic(
          .unknownArgument, "\(signature.name) has no parameter \"\(name.text)\"", name.span,
          label: didYouMeanQuestion(name.text, among: names) ?? usage))
    }
    guard given.insert(name.text).inserted else {
      return report(
        diagnostic(
          .doubledArgument, "argument \"\(name.text)\" is given twice", name.span, label: usage))
    }
  }

  private func tooMany(_ argument: Argument, _ count: Int) -> Diagnostic {
    let takes = count == 1 ? "1 argument" : "\(count) arguments"
    return diagnostic(
      .tooManyArguments,
      "\(signature.name) takes \(count == 0 ? "no arguments" : takes) by position",
      argument.value.span, label: usage)
  }

  /// `gateway takes cluster, mesh, network …`.
  private var usage: String {
    let names = signature.parameters.map { parameter in
      let name = parameter.isRest ? "...\(parameter.name)" : parameter.name
      return parameter.isRequired || parameter.isRest ? name : "\(name)?"
    }
    return names.isEmpty
      ? "\(signature.name) takes none" : "\(signature.name) takes \(names.joined(separator: ", "))"
  }

  private func diagnostic(
    _ code: FaultCode, _ message: String, _ span: Span, label: String
  ) -> Diagnostic {
    let declared = signature.declaration.map {
      Diagnostic.Label($0, "\(signature.name) is declared here")
    }
    return Diagnostic(
      code: code.rawValue, message, at: Location(source, span), label: label,
      labels: declared.map { [$0] } ?? [])
  }
}
