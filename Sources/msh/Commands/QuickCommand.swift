// The commonest command lines, read without the argument parser.
//
// The parser finds out at run time which protocols its commands and options conform to. In a program
// with as many types as this one, that takes longer than starting the process and running a small script
// together, and start-up is what a tool is judged by that scripts call in loops.

/// `msh`, `msh FILE`, `msh -c CODE`, `msh -`, and the same after `run`, without any option.
enum QuickCommand {
  /// Words that are no file's name when they come first.
  static let subcommands = ["check", "help", "repl", "run", "sandbox"]

  /// What to run; nil leaves the command line to the parser.
  static func input(_ arguments: [String]) -> ScriptInput? {
    var rest = arguments[...]
    if rest.first == "run" {
      rest = rest.dropFirst()
    } else if let first = rest.first, subcommands.contains(first) {
      return nil
    }
    let words = Array(rest)
    switch words.count {
    case 0: return ScriptInput(file: nil, code: nil)
    case 1 where words[0] == "-" || !(words[0].hasPrefix("-") || words[0].isEmpty):
      return ScriptInput(file: words[0], code: nil)
    case 2 where words[0] == "-c": return ScriptInput(file: nil, code: words[1])
    default: return nil
    }
  }
}
