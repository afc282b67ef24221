// Words that people bring along from other languages, and what stands for them here.

/// The words, by where they are met: at the start of a statement, or as a name that nothing declares.
enum ForeignWords {
  /// What to write in place of another language's keyword at the start of a statement.
  static func keyword(_ word: String) -> String? { keywords[word] }

  /// What to write in place of another language's constant or function.
  static func name(_ word: String) -> String? { names[word] }

  private static let keywords: [String: String] = {
    let rows: [(words: [String], advice: String)] = [
      (["func", "function", "def", "fun", "sub", "proc"], "a function is declared with `fn`"),
      (["const", "val", "final", "local"], "a fixed name is declared with `let`"),
      (["mut", "dim", "global", "nonlocal"], "a name that changes is declared with `var`"),
      (["elif", "elseif", "elsif"], "write `else if`"),
      (["foreach"], "a loop is written `for x in xs { }`"),
      (["until", "loop", "do", "repeat"], "a loop is written `while c { }`"),
      (["switch", "case", "select", "when"], "cases are written `match v { p => e }`"),
      (["unless"], "write `if not c { }`"),
      (["except", "rescue"], "write `try { } catch e { }`"),
      (["raise", "panic"], "an error is thrown with `throw`"),
      (["ensure"], "write `try { } finally { }`, or `defer { }`"),
      (["class", "struct", "type", "interface", "enum"], "there are no classes; use maps"),
      (["include", "require", "use", "using", "from"], "write `import \"path.msh\" as name`"),
      (["async", "await", "go", "spawn"], "calls wait by themselves; see `parallel`"),
      (["pass"], "an empty block is `{ }`"),
      (["end", "endif", "fi", "done", "esac", "then", "begin"], "blocks stand in `{ }`"),
      (["export", "set"], "a name is declared with `let` or `var`"),
    ]
    return Dictionary(
      uniqueKeysWithValues: rows.flatMap { row in row.words.map { ($0, row.advice) } })
  }()

  private static let names: [String: String] = {
    let rows: [(words: [String], advice: String)] = [
      (["nil", "None", "undefined", "NULL", "Null", "none", "void"], "write `null`"),
      (["True", "TRUE", "yes"], "write `true`"),
      (["False", "FALSE", "no"], "write `false`"),
      (["len", "length", "size"], "write `x.count()`"),
      (["echo", "println", "printf", "puts", "console"], "write `print`"),
      (["typeof", "isinstance"], "write `type(x)`"),
      (["range"], "a range is written `0..<n`"),
      (["toString", "String", "to_s"], "write `str(x)`"),
      (["parseInt", "Int", "Number"], "write `int(x)`"),
      (["Float", "parseFloat", "double"], "write `float(x)`"),
      (["getenv", "ENV", "process", "os"], "write `env(\"NAME\")`"),
      (["argv", "ARGV", "sys"], "write `args`"),
      (["self", "this"], "there are no objects with methods of their own; pass the value"),
      (["raise"], "an error is thrown with `throw`"),
      (["pass"], "an empty block is `{ }`"),
      (["open"], "write `readFile(path)` or `writeFile(path, text)`"),
      (["lambda"], "a function without a name is written `x => …`"),
    ]
    return Dictionary(
      uniqueKeysWithValues: rows.flatMap { row in row.words.map { ($0, row.advice) } })
  }()
}
