// What the terminal can show: its width, and whether colour is wanted.

import Glibc

/// Questions about the terminal.
enum Terminal {
  /// True when a person types on standard input.
  static var isInputTerminal: Bool { isatty(STDIN_FILENO) == 1 }

  /// Colour only where somebody looks, and never against NO_COLOR or on a dumb terminal.
  static func wantsColor(on output: Output) -> Bool {
    guard output.isTerminal, environment("NO_COLOR") == nil else { return false }
    return environment("TERM") != "dumb"
  }

  /// Columns of the terminal behind standard output; 80 when there is none.
  static var width: Int {
    var size = winsize()
    guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
    return Int(size.ws_col)
  }

  /// A variable of the environment; nil when it is not set or empty.
  static func environment(_ name: String) -> String? {
    guard let value = getenv(name), value.pointee != 0 else { return nil }
    return String(cString: value)
  }

  /// All variables of the environment.
  static var wholeEnvironment: [String: String] {
    var all: [String: String] = [:]
    var next = environ
    while let entry = next.pointee {
      let text = String(cString: entry)
      if let equals = text.firstIndex(of: "=") {
        all[String(text[..<equals])] = String(text[text.index(after: equals)...])
      }
      next += 1
    }
    return all
  }
}
