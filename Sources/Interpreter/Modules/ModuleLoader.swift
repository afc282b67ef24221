// How an embedder says where the text of imported modules comes from.
//
// Modules of the library (`std/mesh`) are found first, by their exact path; every other path goes to
// the session's loader. A session without one can import library modules only.

/// The text of a module, and what it is called.
public struct ModuleText: Sendable {
  /// Tells modules apart: two paths that give the same identity name one module, which runs once.
  public var identity: String
  /// What errors call it.
  public var name: String
  /// The text as read; not yet known to be valid UTF-8.
  public var bytes: [UInt8]

  /// Makes a module's text.
  public init(identity: String, name: String, bytes: [UInt8]) {
    self.identity = identity
    self.name = name
    self.bytes = bytes
  }
}

/// Why a module cannot be loaded.
public struct ModuleError: Error, Sendable {
  /// The reason, in lower case without a full stop, such as `no such file`.
  public var reason: String
  /// Words beside the caret, such as `did you mean "lib.msh"?`; may be empty.
  public var label: String

  /// Makes an error.
  public init(_ reason: String, label: String = "") {
    self.reason = reason
    self.label = label
  }
}

/// Finds modules. It is asked while a script is compiled, before anything runs, from the task that
/// compiles.
public protocol ModuleLoader: Sendable {
  /// The text of a module.
  ///
  /// - Parameters:
  ///   - path: what the import statement says.
  ///   - importer: the importing module's identity, or the name of the source that is run.
  /// - Throws: a `ModuleError`, or any error, whose description is then the reason.
  func load(_ path: String, from importer: String) throws -> ModuleText

  /// The identity of the source that is run, so that a module which imports it is found to be a cycle;
  /// nil when no path can name it.
  func identity(of source: String) -> String?

  /// What a script must be allowed to do before it may import through this loader, such as `files`;
  /// nil for nothing.
  var capability: String? { get }
}

extension ModuleLoader {
  /// No path names the source that is run.
  public func identity(of source: String) -> String? { nil }
  /// Nothing.
  public var capability: String? { nil }
}
