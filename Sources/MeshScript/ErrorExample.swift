// An example of an error: a script that runs into it, and the way out.

import Interpreter

/// How one code comes about. The manual prints it; a test runs it.
public struct ErrorExample: Sendable {
  /// Where the error can be seen.
  public enum Place: Sendable {
    /// The script alone shows it, in an engine that reaches nothing.
    case script
    /// It takes clusters, files or a terminal: the words are an example, and the code has a test of its
    /// own.
    case outside(message: String)
  }

  /// Such as `E0302`.
  public let code: String
  /// The script; a command line for errors around a script.
  public let script: String
  /// What to do, one or two sentences.
  public let wayOut: String
  /// Where it can be seen.
  public let place: Place
  /// Params that are set, as text.
  let parameters: [String: String]
  /// Bounds that the script runs into.
  let limits: Limits
  /// What the file holds when it is no text.
  var bytes: [UInt8]?

  init(
    _ code: String, _ script: String, _ wayOut: String, place: Place = .script,
    parameters: [String: String] = [:], limits: Limits = Limits()
  ) {
    self.code = code
    self.script = script
    self.wayOut = wayOut
    self.place = place
    self.parameters = parameters
    self.limits = limits
  }

  init<Code: RawRepresentable<String>>(
    _ code: Code, _ script: String, _ wayOut: String, parameters: [String: String] = [:],
    limits: Limits = Limits()
  ) {
    self.init(
      code.rawValue, script, wayOut, parameters: parameters, limits: limits)
  }

  /// An example that needs more than a script.
  static func outside<Code: RawRepresentable<String>>(
    _ code: Code, _ script: String, prints message: String, _ wayOut: String
  ) -> ErrorExample {
    ErrorExample(code.rawValue, script, wayOut, place: .outside(message: message))
  }

  /// The script with its long lines cut.
  public var shownScript: String {
    script.split(separator: "\n").map { $0.count > 80 ? "\($0.prefix(78)) …" : String($0) }
      .joined(separator: "\n").split(separator: "\0", omittingEmptySubsequences: false)
      .joined(separator: "\u{2400}")
  }

  /// Runs the script where it reaches nothing, and gives the errors and warnings it leads to.
  public func run() async -> [Diagnostic] {
    guard case .script = place else { return [] }
    var options = EngineOptions()
    options.capabilities = []
    options.limits = limits
    let source = Source(name: "example.msh", bytes: bytes ?? Array(script.utf8))
    let outcome = await Engine(options).run(source, parameters: parameters)
    return outcome.warnings + outcome.errors
  }

  /// What a terminal shows: the rendered errors, or the words of an example that needs more.
  public func output() async -> String {
    switch place {
    case .outside(let message): return "error[\(code)]: \(message)"
    case .script: return DiagnosticRenderer(color: false, width: 90).render(await run())
    }
  }
}
