// Runs a script from a synchronous caller, within small limits, and says what became of it.

import Builtins
import Dispatch
import Lexer
import Synchronization

@testable import Interpreter

/// What a run printed and how it ended.
struct RunResult: Equatable, Sendable, CustomStringConvertible {
  var output = ""
  /// The diagnostics' text, warnings included.
  var report: [String] = []
  /// True when it did not compile.
  var isRefused = false
  var diagnostics: [Diagnostic] = []

  static func == (one: RunResult, other: RunResult) -> Bool {
    one.output == other.output && one.report == other.report
  }

  var description: String { "printed:\n\(output)\nended with:\n\(report.joined(separator: "\n"))" }
}

/// How a script is run.
struct Runner {
  var collectsAlways = false
  var isInteractive = false

  static let library = StandardLibrary.make()

  /// Requires that the bytecode of a source is sound and can be printed.
  static func verify(_ source: Source) {
    for isInteractive in [false, true] {
      let session = Session(library: library, isInteractive: isInteractive) { _ in }
      guard let complaints = try? session.complaints(about: source) else { continue }
      require(complaints.isEmpty, "\(complaints)\n\(source.text(Span(0, source.bytes.count)))")
      _ = try? session.disassemble(source)
    }
  }

  private var limits: Limits {
    var limits = Limits()
    limits.instructions = 4_000
    limits.memory = 32 << 20
    // With a collection at every call, deep recursion would take its square.
    limits.callDepth = 60
    limits.capabilities = []
    limits.collectsAlways = collectsAlways
    return limits
  }

  func run(_ source: Source) -> RunResult {
    let limits = limits
    let isInteractive = isInteractive
    let text = Printed()
    var result = waiting {
      let session = Session(library: Self.library, limits: limits, isInteractive: isInteractive) {
        text.append($0)
      }
      return await Self.run(source, session)
    }
    result.output = text.text
    return result
  }

  private static func run(_ source: Source, _ session: Session) async -> RunResult {
    var result = RunResult()
    do {
      result.diagnostics = try await session.run(source).warnings
    } catch let found as Diagnostics {
      result.diagnostics = found.all
      result.isRefused = true
    } catch let error as ScriptError {
      result.diagnostics = session.warnings + [error.diagnostic]
    } catch {
      require(false, "a run ended with \(error)")
    }
    result.report = result.diagnostics.map { DiagnosticRenderer(color: false).render($0) }
    return result
  }
}

/// What a script printed, up to a megabyte.
final class Printed: Sendable {
  private let pieces = Mutex("")

  var text: String { pieces.withLock { $0 } }

  func append(_ piece: String) {
    pieces.withLock { if $0.utf8.count < 1 << 20 { $0 += piece } }
  }
}

/// Does something asynchronous and waits for its result.
func waiting(_ body: @escaping @Sendable () async -> RunResult) -> RunResult {
  final class Box: Sendable { let result = Mutex(RunResult()) }
  let ended = DispatchSemaphore(value: 0)
  let box = Box()
  Task.detached {
    let result = await body()
    box.result.withLock { $0 = result }
    ended.signal()
  }
  ended.wait()
  return box.result.withLock { $0 }
}
