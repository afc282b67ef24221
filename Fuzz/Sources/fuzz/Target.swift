// What is fuzzed: each target takes any bytes and stops the process when a promise is broken.

import Builtins
import Interpreter
import JSON
import Lexer

@testable import KubernetesClient

/// One thing to be fuzzed.
enum Target: String, CaseIterable {
  /// Lexer, parser, and every diagnostic's text, of any bytes.
  case parser
  /// The whole way from bytes to a run's end, within limits.
  case pipeline
  /// Programs that a grammar makes of the bytes, run in several ways that must agree.
  case grammar
  /// JSON text.
  case json
  /// YAML text.
  case yaml
  /// Kubeconfig files.
  case kubeconfig
  /// The bytes of a watch, which come in pieces of any size.
  case watch

  func test(_ bytes: [UInt8]) {
    switch self {
    case .parser: parse(bytes)
    case .pipeline: pipeline(bytes)
    case .grammar: grammar(bytes)
    case .json: json(bytes)
    case .yaml: yaml(bytes)
    case .kubeconfig: kubeconfig(bytes)
    case .watch: watch(bytes)
    }
  }

  // MARK: The language

  private func parse(_ bytes: [UInt8]) {
    let source = Source(name: "fuzz.msh", bytes: bytes)
    for isInteractive in [false, true] {
      let session = Session(library: Runner.library, isInteractive: isInteractive) { _ in }
      do {
        _ = try session.check(source)
      } catch let found as Diagnostics {
        require(!found.all.isEmpty, "a failure without a diagnostic")
        render(found.all, source)
      } catch {
        require(false, "check threw \(error)")
      }
      render(session.warnings, source)
    }
  }

  private func render(_ diagnostics: [Diagnostic], _ source: Source) {
    for diagnostic in diagnostics {
      if let span = diagnostic.location?.span {
        require(span.start <= span.end, "a place ends before it starts")
        require(Int(span.start) <= source.bytes.count, "a place is past the end")
      }
      let text = DiagnosticRenderer(color: false, width: 80).render(diagnostic)
      require(!text.isEmpty, "a diagnostic without a text")
      let isSafe = text.unicodeScalars.allSatisfy { $0 == "\n" || $0.value >= 0x20 }
      require(isSafe, "control characters in a diagnostic")
      _ = DiagnosticRenderer(color: true, width: 0).render(diagnostic)
    }
  }

  private func pipeline(_ bytes: [UInt8]) {
    guard let first = bytes.first else { return }
    let source = Source(name: "fuzz.msh", bytes: Array(bytes.dropFirst()))
    Runner.verify(source)
    var runner = Runner()
    runner.collectsAlways = first & 1 != 0
    runner.isInteractive = first & 2 != 0
    render(runner.run(source).diagnostics, source)
  }

  /// The same program must do the same: again, with a collection at every chance, and with its names as
  /// globals.
  private func grammar(_ bytes: [UInt8]) {
    let text = ProgramGenerator.program(bytes)
    let source = Source(name: "fuzz.msh", text: text)
    Runner.verify(source)
    let plain = Runner().run(source)
    render(plain.diagnostics, source)
    require(!plain.isRefused, "the grammar makes programs that compile, not\n\(text)\n\(plain)")
    let again = Runner().run(source)
    require(again == plain, "a second run differs\n\(text)\n\(plain)\n\(again)")
    var stressed = Runner()
    stressed.collectsAlways = true
    let collected = stressed.run(source)
    require(collected == plain, "a collection changes the run\n\(text)\n\(plain)\n\(collected)")
    var interactive = Runner()
    interactive.isInteractive = true
    let global = interactive.run(source)
    require(global.output == plain.output, "globals differ\n\(text)\n\(plain)\n\(global)")
  }

  // MARK: Data

  private func json(_ bytes: [UInt8]) {
    pieces(bytes)
    guard let value = try? JSONValue.parse(bytes) else { return }
    for indent in [nil, 2] {
      let text = value.text(indent: indent)
      let again = try? JSONValue.parse(text: text)
      require(again == value, "JSON that was written reads differently: \(text)")
    }
  }

  /// A text that comes in pieces, its items apart, is the text.
  private func pieces(_ bytes: [UInt8]) {
    let whole = Result { () throws(JSONError) in try JSONValue.parse(bytes) }
    let cut = bytes.count / 2 + (bytes.count > 2 ? Int(bytes[0]) % 2 : 0)
    let read = Result { () throws(JSONError) in
      var reader = JSONListReader()
      try reader.append(Array(bytes[..<cut]))
      try reader.append(Array(bytes[cut...]))
      var (value, items) = try reader.finish()
      if value["items"]?.array != nil { value["items"] = .array(items) }
      return value
    }
    require(read == whole, "pieces read differently: \(read), not \(whole)")
  }

  private func yaml(_ bytes: [UInt8]) {
    guard let values = try? YAML.parseAll(String(decoding: bytes, as: UTF8.self)) else { return }
    for value in values {
      let text = YAML.format(value)
      let again = try? YAML.parse(text)
      require(again == value, "YAML that was written reads differently: \(text)")
    }
  }

  private func kubeconfig(_ bytes: [UInt8]) {
    let text = String(decoding: bytes, as: UTF8.self)
    guard let config = try? Kubeconfig.parse(text) else { return }
    for name in config.contextNames { _ = try? config.settings(context: name) }
  }

  /// Cut anywhere, the same bytes are the same events.
  private func watch(_ bytes: [UInt8]) {
    var whole = LineFramer()
    let lines = whole.append(bytes)
    for line in lines { _ = WatchLine(line) }
    var cut = LineFramer()
    let middle = bytes.count / 2
    let found = cut.append(Array(bytes[..<middle])) + cut.append(Array(bytes[middle...]))
    require(found == lines, "the pieces of a watch change its lines")
    require(cut.remainder == whole.remainder, "the pieces of a watch change its rest")
  }
}

/// Stops the process, which libFuzzer takes for a crash, unless a promise is kept.
func require(_ isKept: Bool, _ message: @autoclosure () -> String) {
  if !isKept { fatalError(message()) }
}
