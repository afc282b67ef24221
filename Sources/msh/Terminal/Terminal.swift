// What the terminal can show: its width, and whether colour is wanted.

import Glibc

/// Questions about the terminal.
enum Terminal {
  /// True when a person types on standard input.
  static var isInputTerminal: Bool { isatty(STDIN_FILENO) == 1 }

  /// Whether to colour. Left to itself: where somebody looks, or CLICOLOR_FORCE asks for it, and never
  /// against NO_COLOR or on a dumb terminal.
  static func wantsColor(_ choice: ColorChoice = .auto, on output: Output) -> Bool {
    switch choice {
    case .always: return true
    case .never: return false
    case .auto:
      guard environment("NO_COLOR") == nil else { return false }
      if let force = environment("CLICOLOR_FORCE"), force != "0" { return true }
      return output.isTerminal && environment("TERM") != "dumb"
    }
  }

  /// Columns for source lines of errors: the terminal's, less what stands before each line.
  static var errorWidth: Int {
    Output.errors.isTerminal ? max(40, width(of: STDERR_FILENO) - 8) : 160
  }

  /// Columns of the terminal behind standard output; 80 when there is none.
  static var width: Int { width(of: STDOUT_FILENO) }

  private static func width(of descriptor: Int32) -> Int {
    var size = winsize()
    guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
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
