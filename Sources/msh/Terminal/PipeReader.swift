// Reading lines from a pipe or a file, for a REPL that nobody watches: no prompt, no editing.

import Glibc

/// Lines from standard input as they come.
struct PipeReader: LineReader {
  let isInteractive = false
  private var buffer: [UInt8] = []
  private var isAtEnd = false

  mutating func remember(_ entry: String) {}

  mutating func next(prompt: String) -> LineInput {
    while true {
      if let end = buffer.firstIndex(of: UInt8(ascii: "\n")) {
        let line = String(decoding: buffer[..<end], as: UTF8.self)
        buffer.removeSubrange(...end)
        return .line(line)
      }
      if isAtEnd { return lastLine() }
      switch Events.wait(watching: STDIN_FILENO) {
      case .readable: fill()
      case .event(.interrupt): return .interrupted
      case .event(.terminate), .event(.brokenPipe): return .terminated
      case .event(.pendingOutput): Output.standard.flush()
      case .event(.finished), .signal, .timeout: break
      }
    }
  }

  /// What stands after the last line break.
  private mutating func lastLine() -> LineInput {
    guard !buffer.isEmpty else { return .end }
    defer { buffer = [] }
    return .line(String(decoding: buffer, as: UTF8.self))
  }

  private mutating func fill() {
    var chunk = [UInt8](repeating: 0, count: 4096)
    let count = read(STDIN_FILENO, &chunk, chunk.count)
    if count > 0 { buffer.append(contentsOf: chunk[..<count]) }
    if count == 0 || (count < 0 && errno != EINTR) { isAtEnd = true }
  }
}
