// The REPL's history file: one entry a line, readable by its owner only.
//
// Readline's own file format writes an entry of several lines as several entries. Here a line break
// inside an entry is written as `\n` and a backslash as `\\`, so entries come back whole.

import Glibc

/// The file that keeps what was typed.
struct History {
  /// Where it is; nil when there is no home directory to keep it in.
  let path: String?
  /// Entries that are kept; older ones are dropped when the file is loaded.
  static let capacity = 10_000

  /// The usual place: `msh/history` under XDG_STATE_HOME, or under `~/.local/state`.
  static func standard(environment: (String) -> String?) -> History {
    if let state = environment("XDG_STATE_HOME"), state.hasPrefix("/") {
      return History(path: "\(state)/msh/history")
    }
    guard let home = environment("HOME") else { return History(path: nil) }
    return History(path: "\(home)/.local/state/msh/history")
  }

  /// The entries of the file, oldest first; none when it cannot be read. A file that has grown too long
  /// is cut.
  func load() -> [String] {
    guard let path, case .success(let bytes) = Files.read(path) else { return [] }
    let lines = bytes.split(separator: UInt8(ascii: "\n"))
    let kept = lines.suffix(Self.capacity)
    if lines.count > kept.count {
      let text = kept.flatMap { Array($0) + [UInt8(ascii: "\n")] }
      _ = Files.write(text, to: path, flags: O_TRUNC)
    }
    return kept.map { Self.decode(String(decoding: $0, as: UTF8.self)) }
  }

  /// Adds an entry to the file. A history that cannot be written is no reason to stop working.
  func append(_ entry: String) {
    guard let path else { return }
    Files.makeParentDirectories(of: path)
    _ = Files.write(Array((Self.encode(entry) + "\n").utf8), to: path, flags: O_APPEND)
  }

  /// An entry as one line.
  static func encode(_ entry: String) -> String {
    var line = ""
    for scalar in entry.unicodeScalars {
      switch scalar {
      case "\\": line += "\\\\"
      case "\n": line += "\\n"
      default: line.unicodeScalars.append(scalar)
      }
    }
    return line
  }

  /// The entry that a line holds; a backslash before anything else stands for itself.
  static func decode(_ line: String) -> String {
    var entry = ""
    var isEscaped = false
    for scalar in line.unicodeScalars {
      guard isEscaped else {
        if scalar == "\\" { isEscaped = true } else { entry.unicodeScalars.append(scalar) }
        continue
      }
      isEscaped = false
      switch scalar {
      case "n": entry += "\n"
      case "\\": entry += "\\"
      default:
        entry += "\\"
        entry.unicodeScalars.append(scalar)
      }
    }
    return isEscaped ? entry + "\\" : entry
  }
}
