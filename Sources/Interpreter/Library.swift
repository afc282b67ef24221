// Everything that scripts can name without declaring it: functions, namespaces, methods, constants.
//
// A library is a value: an embedder starts from an empty one or from the standard one, adds rows, and
// makes as many sessions of it as it likes.

/// The table of host functions, methods and constants that a session offers to scripts.
public struct Library: Sendable {
  /// Functions by their name in scripts; `json.parse` is the member `parse` of the namespace `json`.
  public private(set) var functions: [String: HostFunction] = [:]
  /// Constants by name.
  public private(set) var constants: [String: ScriptValue] = [:]
  /// Methods by the receiver's type (as `type(x)` gives it) and name. The first parameter is the receiver.
  public private(set) var methods: [String: [String: HostFunction]] = [:]

  /// Methods written in the language, by type and name: the text of one `fn` whose first parameter is
  /// the receiver and that captures nothing. For methods that call back into the script.
  public private(set) var scriptMethods: [String: [String: String]] = [:]

  /// Texts of modules that scripts can import wherever they are, by path: `std/mesh`.
  public private(set) var modules: [String: String] = [:]

  /// Names of the language that this version does not have yet; scripts that use one are told so.
  public private(set) var planned: Set<String> = []

  /// Makes an empty library.
  public init() {}

  /// Adds a function, or replaces the one of the same name.
  public mutating func add(_ function: HostFunction) {
    functions[function.signature.name] = function
  }

  /// Adds a method to a type; the first parameter of its signature is the receiver.
  public mutating func addMethod(of type: String, _ function: HostFunction) {
    methods[type, default: [:]][function.signature.name] = function
  }

  /// Adds a method written in the language: `fn each(list, f) { … }`.
  public mutating func addMethod(of type: String, name: String, script: String) {
    scriptMethods[type, default: [:]][name] = script
  }

  /// Adds a module written in the language, which `import "path"` finds before any file.
  public mutating func add(module path: String, text: String) { modules[path] = text }

  /// Reserves names that the language has and this version does not.
  public mutating func add(planned names: [String]) { planned.formUnion(names) }

  /// Adds everything of another library; what both have is taken from the other.
  public mutating func merge(_ other: Library) {
    functions.merge(other.functions) { $1 }
    constants.merge(other.constants) { $1 }
    methods.merge(other.methods) { $0.merging($1) { $1 } }
    scriptMethods.merge(other.scriptMethods) { $0.merging($1) { $1 } }
    modules.merge(other.modules) { $1 }
    planned.formUnion(other.planned)
  }

  /// Adds a constant.
  public mutating func add(constant name: String, _ value: ScriptValue) {
    constants[name] = value
  }

  /// Names that a script can use at its top: functions, constants and namespaces, sorted.
  public var names: [String] {
    let heads = functions.keys.map { $0.split(separator: ".").first.map(String.init) ?? $0 }
    return Set(heads).union(constants.keys).sorted()
  }
}
