// The verifier has nothing to say about what the compiler makes of every program there is.

import Builtins
import Foundation
import Lexer
import Testing

@testable import Interpreter

@Suite("Bytecode")
struct BytecodeTests {
  private static let repository = Program.folder.deletingLastPathComponent()
    .deletingLastPathComponent()

  private static let scripts: [String] = {
    let folder = repository.appendingPathComponent("scripts")
      .resolvingSymlinksInPath().path
    let names = try? FileManager.default.subpathsOfDirectory(atPath: folder)
    return (names ?? []).filter { $0.hasSuffix(".msh") }.sorted().map { "scripts/\($0)" }
  }()

  /// What is wrong with a program's bytecode; nil when it does not compile.
  private func complaints(_ source: Source, isInteractive: Bool = false) throws -> [String]? {
    let library = StandardLibrary.make()
    var limits = Limits()
    limits.capabilities = nil
    let session = Session(
      library: library, limits: limits, isInteractive: isInteractive,
      loader: FileModules(folder: Self.repository.path)
    ) { _ in }
    do {
      return try session.complaints(about: source)
    } catch is Diagnostics {
      return nil
    }
  }

  private func check(_ path: String) throws {
    let bytes = [UInt8](try Data(contentsOf: Self.repository.appendingPathComponent(path)))
    let source = Source(name: path, bytes: bytes)
    let expected = Annotations(String(decoding: bytes, as: UTF8.self))
    if !expected.output.isEmpty {
      let found = try complaints(source)
      #expect(found == [])
    }
    // Names are globals there, and the code another one.
    let found = try complaints(source, isInteractive: true)
    #expect(found == nil || found == [])
  }

  @Test("of every program of the language is sound", arguments: Program.all)
  func language(_ name: String) throws {
    try check("Tests/Language/\(name)")
  }

  @Test("of every script is sound", arguments: scripts)
  func script(_ path: String) throws {
    try check(path)
  }

  @Test("of every library method that is written in the language is sound") func methods() throws {
    for (type, methods) in StandardLibrary.make().scriptMethods {
      for (name, script) in methods {
        let found = try complaints(Source(name: "\(type).\(name)", text: script))
        #expect(found == [], "\(type).\(name)")
      }
    }
  }
}
