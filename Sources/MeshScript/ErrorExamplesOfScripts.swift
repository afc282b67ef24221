// Examples of the errors of scripts: the text, the grammar, names, and what happens while one runs.

import Interpreter

extension ErrorExample {
  /// E01xx: the text. Escapes put in what an editor would not show.
  static let ofTexts: [ErrorExample] = [
    latin,
    ErrorExample(
      ErrorCode.nullByte, "let a = 1\u{0}\n",
      "Save the file as text. In a string a NUL is written `\\0`."),
    ErrorExample(
      ErrorCode.unexpectedCharacter, "let total = 5 € + 1\n",
      "Take the character away, or put it in a string."),
    ErrorExample(
      ErrorCode.foreignOperator, "let a = true && !false\n", "Write `and`, `or`, `not`, `==`, `!=`."
    ),
    ErrorExample(
      ErrorCode.malformedNumber, "let mask = 0xFG\n",
      "Write digits of the number's base, with single `_` between digits."),
    ErrorExample(
      ErrorCode.numberOutOfRange, "let big = 9223372036854775808\n",
      "Integers have 64 bits; write a float (`9.3e18`) where precision does not matter."),
    ErrorExample(
      ErrorCode.malformedDuration, "sleep 30m1h\n",
      "Write the units from large to small, whole numbers before each: `1h30m`."),
    ErrorExample(
      ErrorCode.unclosedString, "print \"hello\n",
      "Close the string on its line, or write it with three quotes."),
    ErrorExample(
      ErrorCode.unknownEscape, "let path = \"C:\\dir\"\n",
      "Write `\\\\` for a backslash, or a raw string: 'C:\\dir'."),
    ErrorExample(
      ErrorCode.invalidScalar, "let s = \"\\u{D800}\"\n",
      "Write a Unicode scalar: up to 10FFFF, surrogates aside."),
    ErrorExample(
      ErrorCode.multilineStringShape, "let s = \"\"\"text\n  \"\"\"\n",
      "The text begins on the line after the opening quotes, and the closing quotes have a line of"
        + " their own."),
    ErrorExample(
      ErrorCode.multilineIndentation, "let s = \"\"\"\n  one\n two\n  \"\"\"\n",
      "Indent every line at least as far as the closing quotes, with the same white space."),
  ]

  private static let latin: ErrorExample = {
    var example = ErrorExample(
      ErrorCode.invalidUTF8, "print \"caf\u{FFFD}\"\n",
      "Save the file as UTF-8; here an editor wrote it as Latin-1.")
    example.bytes = Array("print \"caf".utf8) + [0xE9] + Array("\"\n".utf8)
    return example
  }()

  /// E02xx: the grammar.
  static let ofGrammar: [ErrorExample] = [
    ErrorExample(
      ErrorCode.unexpectedToken, "let xs = [1 2]\n",
      "Write what is expected; the note often knows what was meant."),
    ErrorExample(
      ErrorCode.unclosedBracket, "let xs = [1, 2\nlet ys = xs\n",
      "Close the bracket that the second line points at."),
    ErrorExample(
      ErrorCode.expectedExpression, "let a = 1 +\n", "Write a value after the operator."),
    ErrorExample(
      ErrorCode.expectedEndOfStatement, "let pair = 1, 2\n",
      "End the statement with a line break or `;`. A list stands in brackets."),
    ErrorExample(
      ErrorCode.chainedComparison, "let x = 5\nprint 1 < x < 10\n",
      "Join two comparisons with `and`, or ask whether a range contains it: `x in 2...9`."),
    ErrorExample(
      ErrorCode.invalidTarget, "let xs = [1, 2, 3]\nxs[0..<2] = [0]\n",
      "Assign to a name, a member (`m.key`) or an element (`xs[0]`)."),
    ErrorExample(
      ErrorCode.duplicateKey, "let labels = {app: \"a\", app: \"b\"}\n",
      "Keep one of the entries. Assign `labels.app = …` later to change it."),
    ErrorExample(
      ErrorCode.positionalAfterNamed, "print sep: \",\", 1\n",
      "Give positional arguments first, then those with names."),
    ErrorExample(
      ErrorCode.invalidPattern, "let [first, 2] = [1, 2]\n",
      "Bind names in `let` and `for`; compare with values in `match`."),
    ErrorExample(
      ErrorCode.missingValue, "var count\n", "Give a first value: `var count = 0`."),
    ErrorExample(
      ErrorCode.nestedTooDeeply,
      "let deep = \(String(repeating: "[", count: 300))\n",
      "Give parts of it names with `let`, or move them into functions."),
    ErrorExample(
      ErrorCode.missingHandler, "try { fail \"no\" }\nprint 1\n",
      "Add `catch e { }`, `finally { }`, or both."),
    ErrorExample(
      ErrorCode.invalidParameter, "fn greet(name = \"you\", greeting) { print greeting, name }\n",
      "Put parameters with defaults behind those without, and a rest parameter last."),
    ErrorExample(
      ErrorCode.unexpectedInterpolation, "let key = \"a\"\nlet m = {\"${key}\": 1}\n",
      "Write a computed key in brackets: `{[key]: 1}`."),
    ErrorExample(
      ErrorCode.foreignKeyword, "def greet(name) { print name }\n",
      "Write the keyword of this language that the label names."),
  ]

  /// E03xx: names.
  static let ofNames: [ErrorExample] = [
    ErrorExample(
      FaultCode.unknownName, "let clusters = [1]\nprint clutsers\n",
      "Correct the name, or declare it with `let` or `var` before."),
    ErrorExample(
      FaultCode.unknownMember, "let c = {network: \"n1\"}\nprint c.netwrok\n",
      "Correct the name, or write `c?.name` to get null when it is missing."),
    ErrorExample(
      FaultCode.declaredTwice, "let a = 1\nlet a = 2\n",
      "Choose another name, or declare it once with `var` and assign to it."),
    ErrorExample(
      FaultCode.fixedName, "let count = 0\ncount = 1\n",
      "Declare it with `var`, or use another name for the new value."),
    ErrorExample(
      FaultCode.misplacedLoopControl, "if true { break }\n",
      "Use it inside a `for` or `while`. An item of `parallel for` ends with `continue`."),
    ErrorExample(
      FaultCode.misplacedReturn, "fn f() {\n  defer { return 1 }\n}\n",
      "Return after the block; inside it set a variable that the function returns."),
    ErrorExample(
      FaultCode.misplacedParameter, "if true {\n  param size = 3\n}\n",
      "Declare params at the top of the script."),
    ErrorExample(
      FaultCode.unknownParameterType, "param size: integer\n",
      "Use one of the types that the label names, or give a default instead."),
    ErrorExample(
      FaultCode.namespaceAsValue, "let parse = json\n", "Write one of its members."),
    ErrorExample(
      FaultCode.unusedFunctionName, "fn greet() { print \"hello\" }\ngreet\nprint 1\n",
      "Add parentheses to call it: `greet()`. This is a warning; the script runs."),
    ErrorExample(
      FaultCode.bindingInAlternatives, "match [1] {\n  [x], x => x\n}\n",
      "Write an arm for each pattern, or use `_`."),
    ErrorExample(
      FaultCode.unknownArgument, "fn greet(name) { print name }\ngreet(nmae: \"you\")\n",
      "Correct the argument's name; `msh help NAME` lists those of a verb or function."),
    ErrorExample(
      FaultCode.missingArgument,
      "fn greet(name, greeting) { print greeting, name }\ngreet(\"you\")\n",
      "Give the argument, or a default to the parameter."),
    ErrorExample(
      FaultCode.doubledArgument, "fn greet(name) { print name }\ngreet(\"you\", name: \"me\")\n",
      "Give it once, by position or by name."),
    ErrorExample(
      FaultCode.tooManyArguments, "fn greet(name) { print name }\ngreet(\"you\", \"me\")\n",
      "Leave the rest out, or declare a rest parameter: `fn greet(...names)`."),
    ErrorExample(
      FaultCode.usedBeforeDeclaration, "print size\nlet size = 3\n",
      "Move the declaration up. Only a `fn` is known before its line."),
    ErrorExample(
      FaultCode.misplacedImport, "if true { import \"std/mesh\" as mesh }\n",
      "Import at the top of the file."),
    .outside(
      FaultCode.importCycle, "import \"join.msh\" as join    # in join.msh",
      prints: "join.msh imports itself",
      "Move what both need into a module that imports neither."),
    ErrorExample(
      FaultCode.moduleTrouble, "import \"std/mash\" as mash\n",
      "Paths are relative to the importing file; `std/…` are the modules that ship with msh."),
    ErrorExample(
      FaultCode.functionTooLarge,
      "fn f(a, b) { if a < b { \(String(repeating: "a = b; ", count: 33_000)) } }\n",
      "Split the function, or read large data from a file."),
    ErrorExample(
      FaultCode.unknownScriptParameter, "param size = 3\nprint size\n",
      "Correct the name after `--set`; `msh run --help FILE` lists the script's params.",
      parameters: ["sise": "4"]),
    .outside(
      FaultCode.importName, "import \"my-helpers.msh\"",
      prints: "\"my-helpers.msh\" gives no name to import it by",
      "Name it: `import \"my-helpers.msh\" as helpers`."),
    .outside(
      FaultCode.moduleSetTooLate, "import \"a.msh\" as a\nimport \"a.msh\" as b, size: 1",
      prints: "a.msh was imported before, so its params are set already",
      "A module runs once: set its params at its first import."),
    .outside(
      FaultCode.importDepth, "a module that imports one that imports one …",
      prints: "imports are nested too deeply", "Import modules side by side."),
    ErrorExample(
      FaultCode.notSupported, "trust [1]\n",
      "The manual describes the whole language; this part comes with a later version."),
  ]
}
