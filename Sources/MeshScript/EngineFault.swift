// The codes of errors that neither the language nor a verb raises; docs/errors.md lists them.

import Lexer

/// What can go wrong around a script. The raw value is the code that diagnostics show.
public enum EngineFault: String, CaseIterable, Sendable {
  case unreadableScript = "E0601"
  case busy = "E0602"
  case unexpected = "E0603"
  case sandboxFailed = "E0604"
  case unwritableFile = "E0605"

  /// What the error means, in one line for the manual.
  public var meaning: String {
    switch self {
    case .unreadableScript: "the script cannot be read"
    case .busy: "another input of the same conversation is still running"
    case .unexpected: "an error that nothing else explains; please report it"
    case .sandboxFailed: "the simulated clusters cannot be started"
    case .unwritableFile: "a file cannot be written"
    }
  }
}

extension Diagnostic {
  /// Makes an error without a place in a script.
  public init(_ fault: EngineFault, _ message: String) {
    self.init(code: fault.rawValue, message)
  }
}
