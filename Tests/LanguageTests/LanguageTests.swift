// Runs every program below Tests/Language and compares what it prints, and how it fails, with its comments.
//
//     print 1 + 1          # expect: 2
//     print nope           # error: E0301 unknown name "nope"
//
// `# expect:` comments are the output's lines in order. `# error:` and `# warning:` stand on the line
// that the diagnostic must name, with its code and message; a column may follow the code as `:7`. A
// program that does not compile has `# error:` comments only. For a diagnostic in an imported module
// the comment stands on the import's line and names the place: `# error: modules/parts/bad.msh:3 E0203 …`.

import Builtins
import Foundation
import Interpreter
import Lexer
import Synchronization
import Testing

/// What a program's comments say must happen.
struct Annotations {
  struct Report: Equatable, CustomStringConvertible {
    var severity: String
    /// The module that it is in; nil for the program itself.
    var file: String?
    var line: Int
    var column: Int?
    var code: String
    var message: String
    var description: String {
      "\(severity) \(file ?? "") \(line)\(column.map { ":\($0)" } ?? "") \(code) \(message)"
    }
  }

  var output: [String] = []
  var reports: [Report] = []

  init(_ text: String) {
    for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
    {
      if let found = Self.after("# expect:", line) { output.append(found) }
      for severity in ["error", "warning"] {
        guard let found = Self.after("# \(severity):", line) else { continue }
        reports.append(Self.report(severity, index + 1, found))
      }
    }
  }

  private static func after(_ mark: String, _ line: Substring) -> String? {
    guard let range = line.range(of: mark) else { return nil }
    return line[range.upperBound...].trimmingCharacters(in: .whitespaces)
  }

  private static func report(_ severity: String, _ line: Int, _ text: String) -> Report {
    var (text, file, line) = (text, String?.none, line)
    if let match = text.prefixMatch(of: #/(\S+\.msh):(\d+) /#) {
      (file, line) = (String(match.1), Int(match.2) ?? 0)
      text = String(text[match.range.upperBound...])
    }
    let parts = text.split(separator: " ", maxSplits: 1)
    let code = parts.first?.split(separator: ":") ?? []
    return Report(
      severity: severity, file: file, line: line, column: code.count > 1 ? Int(code[1]) : nil,
      code: code.first.map(String.init) ?? "", message: parts.count > 1 ? String(parts[1]) : "")
  }
}

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

  static func run(
    _ source: Source, _ limits: Limits
  ) async -> (output: [String], reports: [Diagnostic]) {
    let text = Mutex("")
    var options = StandardOptions()
    options.arguments = ["one", "two"]
    options.environment = ["GREETING": "hello"]
    let session = Session(
      library: StandardLibrary.make(options), limits: limits,
      loader: FileModules(folder: folder.path)
    ) { piece in
      text.withLock { $0 += piece }
    }
    var reports: [Diagnostic] = []
    do {
      reports = try await session.run(source).warnings
    } catch let found as Diagnostics {
      reports = found.all
    } catch let error as ScriptError {
      reports = session.warnings + [error.diagnostic]
    } catch {
      reports = [Diagnostic(code: "E0000", "\(error)")]
    }
    var lines = text.withLock { $0 }.split(separator: "\n", omittingEmptySubsequences: false)
    if lines.last?.isEmpty == true { lines.removeLast() }
    return (lines.map(String.init), reports)
  }
}

@Suite("Language")
struct LanguageTests {
  @Test("there are programs to run") func programsAreFound() {
    #expect(Program.all.count >= 20)
  }

  @Test("every method that the library writes in the language compiles")
  func libraryMethods() throws {
    let library = StandardLibrary.make()
    let session = Session(library: library) { _ in }
    #expect(!library.scriptMethods.isEmpty)
    for (type, methods) in library.scriptMethods {
      for (name, script) in methods {
        #expect(throws: Never.self, "\(type).\(name)") {
          try session.check(Source(name: "\(type).\(name)", text: script))
        }
        #expect(script.hasPrefix("fn \(name)(self"), "\(type).\(name)")
      }
    }
  }

  @Test("does what its comments say", arguments: Program.all)
  func program(_ name: String) async throws {
    try await check(name, Limits())
  }

  @Test("does the same when garbage is collected at every chance", arguments: Program.all)
  func stressed(_ name: String) async throws {
    var limits = Limits()
    limits.collectsAlways = true
    // Each collection walks every open call, so deep recursion would take minutes.
    limits.callDepth = 500
    try await check(name, limits)
  }

  private static let optimised = ProcessInfo.processInfo.environment["MSH_OPTIMISED"]

  @Test(
    "does the same in an optimised msh",
    .enabled(if: optimised != nil, "MSH_OPTIMISED names no optimised msh"), arguments: Program.all)
  func inOptimisedProgram(_ name: String) throws {
    let url = Program.folder.appendingPathComponent(name)
    let expected = Annotations(String(decoding: try Data(contentsOf: url), as: UTF8.self))
    let process = Process()
    process.executableURL = URL(fileURLWithPath: Self.optimised ?? "")
    process.arguments = [url.path, "--", "one", "two"]
    process.environment = ["GREETING": "hello"]
    let output = Pipe()
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    process.standardInput = FileHandle.nullDevice
    try process.run()
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    let text = String(decoding: data, as: UTF8.self)
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    if lines.last?.isEmpty == true { lines.removeLast() }
    #expect(lines == expected.output)
    let fails = expected.reports.contains { $0.severity == "error" }
    #expect(process.terminationStatus == (fails ? 1 : 0))
  }

  private func check(_ name: String, _ limits: Limits) async throws {
    let url = Program.folder.appendingPathComponent(name)
    let bytes = [UInt8](try Data(contentsOf: url))
    let source = Source(name: name, bytes: bytes)
    let expected = Annotations(String(decoding: bytes, as: UTF8.self))
    let (output, reports) = await Program.run(source, limits)
    #expect(output == expected.output)
    let found = reports.map { report in
      let position = report.location.map { $0.source.position(of: $0.span.start) }
      let file = report.location.map { $0.source.name }
      return Annotations.Report(
        severity: report.severity.rawValue, file: file == name ? nil : file,
        line: position?.line ?? 0, column: position?.column,
        code: report.code, message: report.message)
    }
    #expect(found.count == expected.reports.count, "found \(found)")
    for (one, other) in zip(found, expected.reports) {
      var one = one
      if other.column == nil { one.column = nil }
      #expect(one == other)
    }
  }
}
