// Inputs that once broke something, most of them found by `make fuzz`: they end, in the same way however
// they are run, and their bytecode is sound.

import Builtins
import Foundation
import JSON
import Lexer
import Testing

@testable import Interpreter

@Suite("Inputs that broke something")
struct RegressionTests {
  private static let folder = Program.folder.deletingLastPathComponent()
    .appendingPathComponent("Fuzz")

  private static func inputs(_ suffix: String) -> [String] {
    let names = try? FileManager.default.contentsOfDirectory(atPath: folder.path)
    return (names ?? []).filter { $0.hasSuffix(suffix) }.sorted()
  }

  private static func bytes(_ name: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: folder.appendingPathComponent(name)))
  }

  private static func limits(collectsAlways: Bool) -> Limits {
    var limits = Limits()
    limits.instructions = 4_000
    limits.memory = 32 << 20
    limits.callDepth = 60
    limits.capabilities = []
    limits.collectsAlways = collectsAlways
    return limits
  }

  @Test("scripts end, with and without collections", arguments: inputs(".msh"))
  func script(_ name: String) async throws {
    let source = Source(name: name, bytes: try Self.bytes(name))
    for isInteractive in [false, true] {
      let session = Session(
        library: StandardLibrary.make(), isInteractive: isInteractive
      ) { _ in }
      if let complaints = try? session.complaints(about: source) { #expect(complaints == []) }
    }
    let plain = await Program.run(source, [:], Self.limits(collectsAlways: false))
    let stressed = await Program.run(source, [:], Self.limits(collectsAlways: true))
    #expect(plain.output == stressed.output)
    let renderer = DiagnosticRenderer(color: false)
    #expect(
      plain.reports.map { renderer.render($0) } == stressed.reports.map { renderer.render($0) })
  }

  @Test("JSON that is read can be written and read again", arguments: inputs(".json"))
  func json(_ name: String) throws {
    guard let value = try? JSONValue.parse(Self.bytes(name)) else { return }
    #expect(try JSONValue.parse(text: value.text()) == value)
  }

  @Test("YAML that is read can be written and read again", arguments: inputs(".yaml"))
  func yaml(_ name: String) throws {
    let text = String(decoding: try Self.bytes(name), as: UTF8.self)
    guard let values = try? YAML.parseAll(text) else { return }
    for value in values { #expect(try YAML.parse(YAML.format(value)) == value) }
  }
}
