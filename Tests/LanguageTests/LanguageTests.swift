// Runs every program below Tests/Language and compares what it prints, and how it fails, with its
// comments (`Annotations`).

import Builtins
import Foundation
import Interpreter
import Lexer
import Testing

@Suite("Language")
struct LanguageTests {
  @Test("there are programs to run") func programsAreFound() {
    #expect(Program.all.count >= 500)
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
    var limits = Limits()
    limits.capabilities = nil
    try await check(name, limits)
  }

  @Test("does the same when garbage is collected at every chance", arguments: Program.all)
  func stressed(_ name: String) async throws {
    var limits = Limits()
    limits.capabilities = nil
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
    let parameters = expected.parameters.sorted { $0.key < $1.key }
    process.arguments =
      [url.path] + parameters.flatMap { ["--set", "\($0.key)=\($0.value)"] }
      + ["--", "one", "two"]
    process.environment = ["GREETING": "hello"]
    let output = Pipe()
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    process.standardInput = FileHandle.nullDevice
    try process.run()
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    let lines = Program.lines(String(decoding: data, as: UTF8.self))
    #expect(lines == expected.output)
    let fails = expected.reports.contains { $0.severity == "error" }
    #expect(process.terminationStatus == (fails ? 1 : 0))
  }

  private func check(_ name: String, _ limits: Limits) async throws {
    let url = Program.folder.appendingPathComponent(name)
    let bytes = [UInt8](try Data(contentsOf: url))
    let expected = Annotations(String(decoding: bytes, as: UTF8.self))
    let result = await Program.run(
      Source(name: name, bytes: bytes), expected.parameters, limits)
    #expect(result.differences(from: expected) == [])
  }
}
