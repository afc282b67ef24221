// A module that was loaded and compiled: what importers may name, and the function that makes it.

import Lexer

/// The names of a module as its importers see them.
struct ModuleExports: Sendable {
  /// What errors call the module.
  var name: String
  /// The parameters of exported functions; nil under the names of other values.
  var members: [String: CallableSignature?] = [:]
  /// Exported names in the order of the text.
  var order: [String] = []
  /// Why a top-level name is not exported, by that name.
  var hidden: [String: String] = [:]

  /// Reads a module's top-level statements.
  init(_ program: Program, name: String) {
    self.name = name
    for statement in program.statements {
      switch statement.kind {
      case .function(let name, let function):
        add(name.text, CallableSignature(name, function, in: program.source))
      case .declaration(let isVariable, let pattern, _):
        for name in pattern.names {
          if isVariable {
            hidden[name] = "a var is not exported"
          } else {
            add(name, nil)
          }
        }
      case .parameter(let name, _, _):
        hidden[name.text] = "a param is not exported"
      default:
        break
      }
    }
  }

  private mutating func add(_ name: String, _ signature: CallableSignature?) {
    guard !name.hasPrefix("_") else {
      hidden[name] = "a name that starts with _ is private to its module"
      return
    }
    members[name] = .some(signature)
    order.append(name)
  }
}

extension Pattern {
  /// The names that it binds, in order.
  var names: [String] {
    switch kind {
    case .wildcard, .literal, .range: []
    case .name(let name): [name]
    case .list(let patterns, let rest): (patterns + (rest.map { [$0] } ?? [])).flatMap(\.names)
    case .map(let entries): entries.flatMap { $0.pattern.names }
    }
  }
}

/// One import statement's module.
struct ModuleImport {
  let module: LinkedModule
  /// True when it is this import that runs the module, and gives its params.
  let isFirst: Bool
}

/// A compiled module. Never changed once it is made.
final class LinkedModule: Sendable {
  /// Its place in the machine's table of modules.
  let index: Int
  let source: Source
  let exports: ModuleExports
  /// Its params, as the parameters of a function that an import calls.
  let signature: CallableSignature
  /// Runs its statements and returns its exports as a map.
  let main: Prototype
  /// What it imports, in order.
  let imports: [LinkedModule]

  init(
    index: Int, source: Source, exports: ModuleExports, signature: CallableSignature,
    main: Prototype, imports: [LinkedModule]
  ) {
    self.index = index
    self.source = source
    self.exports = exports
    self.signature = signature
    self.main = main
    self.imports = imports
  }
}
