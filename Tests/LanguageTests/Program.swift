// Finds the programs in Tests/Language, runs one and gathers what it does.

import Builtins
import Foundation
import Interpreter
import Lexer
import Synchronization

/// Runs one program and gathers what it does.
enum Program {
  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().appendingPathComponent("Language")

  /// The programs' paths below the folder, such as `values/lists.msh`. What stands in a folder named
  /// `parts` is imported by programs, and is none by itself.
  static let all: [String] = {
    let paths = try? FileManager.default.subpathsOfDirectory(atPath: folder.path)
    return (paths ?? []).filter { path in
      path.hasSuffix(".msh") && !path.split(separator: "/").dropLast().contains("parts")
    }.sorted()
  }()

  /// What a program did.
  struct Result {
    let source: Source
    var output: [String] = []
    var logs: [String] = []
    var reports: [Diagnostic] = []

    /// Where this differs from what the program's comments say; one line each.
    func differences(from expected: Annotations) -> [String] {
      var found: [String] = []
      for index in 0..<max(output.count, expected.output.count) {
        let (one, other) = (output.at(index), expected.output.at(index))
        if one != other { found.append("prints \(one ?? "nothing"), not \(other ?? "nothing")") }
      }
      for index in 0..<max(logs.count, expected.logs.count) {
        let (one, other) = (logs.at(index), expected.logs.at(index))
        if one != other { found.append("logs \(one ?? "nothing"), not \(other ?? "nothing")") }
      }
      for index in 0..<max(reports.count, expected.reports.count) {
        let other = expected.reports.at(index)
        let one = reports.at(index).map { Annotations.Report($0, of: source, as: other) }
        if one != other {
          found.append(
            "reports \(one?.description ?? "nothing"), not \(other?.description ?? "nothing")")
        }
      }
      return found
    }
  }

  static func run(_ source: Source, _ parameters: [String: String], _ limits: Limits) async
    -> Result
  {
    let text = Mutex("")
    let logs = Mutex<[String]>([])
    var options = StandardOptions()
    options.arguments = ["one", "two"]
    options.environment = ["GREETING": "hello"]
    options.log = { level, text in logs.withLock { $0.append("\(level) \(text)") } }
    let session = Session(
      library: StandardLibrary.make(options), limits: limits,
      loader: FileModules(folder: folder.path)
    ) { piece in
      text.withLock { $0 += piece }
    }
    var result = Result(source: source)
    do {
      result.reports = try await session.run(source, parameters: parameters).warnings
    } catch let found as Diagnostics {
      result.reports = found.all
    } catch let error as ScriptError {
      result.reports = session.warnings + [error.diagnostic]
    } catch {
      result.reports = [Diagnostic(code: "E0000", "\(error)")]
    }
    result.logs = logs.withLock { $0 }
    result.output = lines(text.withLock { $0 })
    return result
  }

  /// The lines of an output; the last one's end makes no line of its own.
  static func lines(_ text: String) -> [String] {
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    if lines.last?.isEmpty == true { lines.removeLast() }
    return lines
  }
}

extension Array {
  fileprivate func at(_ index: Int) -> Element? { index < count ? self[index] : nil }
}
