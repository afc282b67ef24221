// Runs programs of the language with a collection at every chance, and compares what they print with
// their `# expect:` comments. The sanitizer the build is made with watches.

import Builtins
import Glibc
import Interpreter
import Lexer

/// The stress run.
enum Stress {
  /// - Returns: the process's exit status, 1 when a program printed something else.
  static func run(_ files: [String]) -> Int32 {
    var failures = 0
    for file in files where !isRight(file) {
      print("FAILED \(file)")
      failures += 1
    }
    print("\(files.count - failures) of \(files.count) programs do what they say")
    return failures == 0 && !files.isEmpty ? 0 : 1
  }

  static func bytes(of file: String) -> [UInt8] {
    guard let stream = fopen(file, "r") else { return [] }
    defer { fclose(stream) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while case let count = fread(&buffer, 1, buffer.count, stream), count > 0 {
      bytes += buffer[..<count]
    }
    return bytes
  }

  private static func isRight(_ file: String) -> Bool {
    let source = Source(name: file, bytes: bytes(of: file))
    let found = output(of: source)
    let lines = source.text(Span(0, source.bytes.count)).split(separator: "\n")
    let expected = lines.compactMap { expectation($0) }
    guard found != expected else { return true }
    print("printed: \(found)\nexpected: \(expected)")
    return false
  }

  /// What stands after `# expect:` on a line.
  private static func expectation(_ line: Substring) -> String? {
    let mark = Array("# expect:".utf8)
    let bytes = Array(line.utf8)
    guard bytes.count >= mark.count else { return nil }
    for start in 0...bytes.count - mark.count
    where bytes[start..<start + mark.count].elementsEqual(mark) {
      return trimmed(String(decoding: bytes[(start + mark.count)...], as: UTF8.self))
    }
    return nil
  }

  private static func trimmed(_ text: String) -> String {
    let start = text.drop { $0.isWhitespace }
    return String(start.reversed().drop { $0.isWhitespace }.reversed())
  }

  private static func output(of source: Source) -> [String] {
    let text = Printed()
    _ = waiting {
      var limits = Limits()
      limits.capabilities = nil
      limits.collectsAlways = true
      // Each collection walks every open call, so deep recursion would take minutes.
      limits.callDepth = 500
      var options = StandardOptions()
      options.arguments = ["one", "two"]
      options.environment = ["GREETING": "hello"]
      let library = StandardLibrary.make(options)
      let session = Session(library: library, limits: limits) { text.append($0) }
      // What fails is told by what was printed until then.
      _ = try? await session.run(source)
      return RunResult()
    }
    var lines = text.text.split(separator: "\n", omittingEmptySubsequences: false)
    if lines.last?.isEmpty == true { lines.removeLast() }
    return lines.map { trimmed(String($0)) }
  }
}
