// Imports as the resolver sees them: the name that a module gets, and the names after its dot.

import Lexer

extension Resolver {
  /// The name that an import declares, with its place; nil when the path gives none.
  static func importName(_ path: String, _ span: Span, _ name: Name?) -> Name? {
    if let name { return name }
    let base = baseName(path)
    return isIdentifier(base) ? Name(base, span) : nil
  }

  /// `lib/net.msh` without folder and extension: `net`.
  private static func baseName(_ path: String) -> String {
    let file = path.split(separator: "/").last.map(String.init) ?? ""
    return file.hasSuffix(".msh") ? String(file.dropLast(4)) : file
  }

  private static func isIdentifier(_ text: String) -> Bool {
    let lexed = Lexer.lex(Source(name: "", text: text))
    return lexed.tokens.count == 2 && lexed.tokens[0].kind == .identifier
      && lexed.comments.isEmpty && Int(lexed.tokens[0].span.end) == text.utf8.count
      && lexed.tokens[0].span.start == 0
  }

  /// A name made of the path, for the way out of an error.
  private static func proposedName(_ path: String) -> String {
    var name = ""
    for scalar in baseName(path).unicodeScalars {
      let isFit = scalar.properties.isAlphabetic || ("0"..."9") ~= scalar
      name.unicodeScalars.append(isFit ? scalar : "_")
    }
    return isIdentifier(name) ? name : "m"
  }

  mutating func importModule(
    _ path: String, _ span: Span, _ name: Name?, _ arguments: [Argument], _ statement: Statement,
    isTop: Bool
  ) {
    for argument in arguments { walk(argument.value) }
    if !isTop {
      error(
        .misplacedImport, "import is allowed at the top of a file only", statement.span,
        label: "not inside a block")
    }
    guard let declared = Self.importName(path, span, name) else {
      return error(
        .importName, "\"\(path)\" gives no name to import it by", span,
        label: "write import \"\(path)\" as \(Self.proposedName(path))")
    }
    let module = result.imports[span.start]?.module
    // Who gets a module that has run already need not give its params again.
    if let module, result.imports[span.start]?.isFirst == true {
      ArgumentCheck(signature: module.signature, source: source, action: "import")
        .check(arguments, span) { diagnostics.append($0) }
    }
    declare(declared.text, declared.span, .constant)
    guard isTop, let module, let id = scopes[scopes.count - 1].names[declared.text] else { return }
    result.bindings[id].exports = module.exports
    if let global = result.bindings[id].global { result.globals[global].exports = module.exports }
  }

  /// Checks a name after the dot of a module.
  mutating func checkExport(_ exports: ModuleExports, _ name: Name, isCall: Bool) {
    guard exports.members[name.text] == nil else { return }
    // A module is a map, whose methods can be called.
    if isCall, library.mapMethods.contains(name.text) { return }
    let suggestion = didYouMeanQuestion(name.text, among: exports.order)
    let all = exports.order.joined(separator: ", ")
    error(
      .unknownMember, "no name \"\(name.text)\" in the module \(exports.name)", name.span,
      label: exports.hidden[name.text] ?? suggestion
        ?? (exports.order.isEmpty ? "it exports nothing" : "it has \(all)"))
  }

  /// The exports of the module that an expression names; nil when it names none.
  func exports(of expression: Expression) -> ModuleExports? {
    guard case .name = expression.kind,
      case .binding(let id) = result.reference(at: expression.span)
    else { return nil }
    return result.bindings[id].exports
  }

  /// Refuses `m.x = 1` and `m["x"] = 1` on a module.
  mutating func checkNotModule(_ target: Expression) {
    let object: Expression
    switch target.kind {
    case .member(let inner, _, _), .index(let inner, _): object = inner
    default: return
    }
    guard let exports = exports(of: object) else { return }
    error(
      .frozen, "the module \(exports.name) cannot be changed", target.span,
      label: "its names are fixed")
  }
}
