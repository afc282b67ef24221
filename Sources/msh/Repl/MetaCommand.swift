// The REPL's own commands: a line that begins with a colon, which no statement does.

/// One command of the REPL.
enum MetaCommand: Equatable {
  case help(String?)
  case quit
  case clusters
  /// With code: runs it and says how long it took. Without: says so after every input, or no longer.
  case time(String?)
  case load(String)
  /// The line begins with a colon, but this is no command, or it lacks its argument.
  case invalid(String)

  /// Every command with what it takes and what it does, for `:help`.
  static let rows: [(name: String, argument: String, text: String)] = [
    ("help", "[verb]", "what can be typed here, or what a verb does"),
    ("clusters", "", "the contexts of the kubeconfig"),
    ("load", "FILE", "run a script's statements here"),
    ("time", "[code]", "say how long the code takes; alone: after every input"),
    ("quit", "", "leave, as Ctrl-D does"),
  ]

  /// Names with a colon, for completion.
  static let names = rows.map(\.name)

  /// Reads a line; nil when it is no command.
  init?(_ line: String) {
    let trimmed = line.trimmingBlanks()
    guard trimmed.hasPrefix(":") else { return nil }
    let words = trimmed.dropFirst().split(separator: " ", maxSplits: 1)
    let name = words.first.map(String.init) ?? ""
    let argument = words.count > 1 ? String(words[1]).trimmingBlanks() : nil
    switch name {
    case "help", "h", "?": self = .help(argument)
    case "quit", "q", "exit": self = .quit
    case "clusters": self = .clusters
    case "time": self = .time(argument)
    case "load":
      self = argument.map(MetaCommand.load) ?? .invalid(":load needs the path of a script")
    default:
      let known = Self.names.map { ":\($0)" }.joined(separator: " ")
      self = .invalid("no command \":\(name)\"; there are \(known)")
    }
  }
}

extension String {
  /// The text without blanks at its ends.
  func trimmingBlanks() -> String {
    let isBlank: (Character) -> Bool = { $0 == " " || $0 == "\t" || $0.isNewline }
    return String(drop(while: isBlank).reversed().drop(while: isBlank).reversed())
  }
}
