// Examples of the errors that a script runs into.

import Interpreter

extension ErrorExample {
  /// E04xx: the run.
  static let ofRuns: [ErrorExample] = [
    ErrorExample(
      FaultCode.thrown, "throw \"the cluster has no nodes\"\n",
      "The script's author says what is wrong. `try { } catch e { }` handles it."),
    ErrorExample(
      FaultCode.wrongType, "let port = 15443\nprint \"port \" + port\n",
      "Convert one side, or write the value into a string: `\"port ${port}\"`."),
    ErrorExample(
      FaultCode.overflow, "let big = 9223372036854775807\nprint big + 1\n",
      "Integers have 64 bits and never wrap; use floats for larger numbers."),
    ErrorExample(
      FaultCode.divisionByZero, "let nodes = 0\nprint 10 / nodes\n",
      "Ask for zero before you divide. Floats divide by IEEE rules."),
    ErrorExample(
      FaultCode.indexOutOfRange, "let xs = [1, 2]\nprint xs[2]\n",
      "Indexes run from 0 to count - 1, or from -1 backwards; `first()` and `last()` give null."),
    ErrorExample(
      FaultCode.notCallable, "let size = 3\nprint size(1)\n",
      "Call functions only. A key of a map hides the method of the same name."),
    ErrorExample(
      FaultCode.wrongArguments, "let f = (a, b) => a + b\nprint [1, 2].map(x => f(x))\n",
      "Give the arguments that the function declares."),
    ErrorExample(
      FaultCode.conditionNotBool, "let xs = []\nif xs { print \"some\" }\n",
      "Compare: `xs.count() > 0`, `x != null`, `n != 0`."),
    ErrorExample(
      FaultCode.notIterable, "for x in 5 { print x }\n",
      "Loop over a list, map, string or range: `0..<5`."),
    ErrorExample(
      FaultCode.changedInLoop, "let xs = [1, 2]\nfor x in xs { xs.append(x) }\n",
      "Loop over a copy: `for x in xs.copy()`."),
    ErrorExample(
      FaultCode.noMatch, "print match 3 { 1 => \"one\"; 2 => \"two\" }\n",
      "Add an arm `_ => …` for everything else."),
    ErrorExample(
      FaultCode.noValueYet, "show()\nlet size = 3\nfn show() { print size }\n",
      "Call the function after the declaration has run."),
    ErrorExample(
      FaultCode.callDepth, "fn down(n) { return down(n + 1) }\ndown(0)\n",
      "Give the recursion an end, or write a loop."),
    ErrorExample(
      FaultCode.memoryLimit, "var all = []\nwhile true { all.append(\"x\".repeat(10000)) }\n",
      "Keep less at once; an embedder can raise `limits.memory`.", limits: memory),
    ErrorExample(
      FaultCode.instructionLimit, "while true { }\n",
      "End the loop; an embedder can raise `limits.instructions`.", limits: steps),
    ErrorExample(
      FaultCode.parallelFailed, "parallel for n in [1, 0] {\n  print 10 / n\n}\n",
      "Every item has run. `catch e` finds each failure with its item in `e.errors`."),
    ErrorExample(
      FaultCode.unknownMethod, "print [1, 2].lenght()\n",
      "Correct the name; `msh help list` shows the methods of lists."),
    ErrorExample(
      FaultCode.capabilityMissing, "print readFile(\"notes.txt\")\n",
      "Whoever runs the script grants it: `--allow-exec`, or an embedder's `capabilities`."),
    ErrorExample(
      FaultCode.selfLink, "print \"a\" <-> \"a\"\n",
      "Link two different clusters. A list on either side leaves self-links out."),
    ErrorExample(
      FaultCode.scriptParameterValue, "param size: int\nprint size\n",
      "Set it: `--set size=3`, with a value of its type."),
    ErrorExample(
      FaultCode.wrongValue, "print int(\"three\")\n",
      "Give a value that the function can work with."),
    ErrorExample(
      FaultCode.assertionFailed, "let nodes = 2\nassert nodes == 3, \"three nodes\"\n",
      "The script expects this to hold: correct the script, or what it looks at."),
    ErrorExample(
      FaultCode.failed, "fail \"not on Fridays\"\n",
      "The script's author says what is wrong. `try { } catch e { }` handles it."),
    .outside(
      FaultCode.cancelled, "while true { }    # Ctrl-C", prints: "the run was interrupted",
      "Nothing is wrong: somebody stopped the run."),
    .outside(
      FaultCode.fileTrouble, "print readFile(\"missing.txt\")",
      prints: "cannot read missing.txt: no such file or directory",
      "Paths are relative to the folder that msh was started in."),
    ErrorExample(
      FaultCode.frozen, "import \"std/mesh\" as mesh\nmesh.join = 1\n",
      "Keep the value in a variable of your own."),
    .outside(
      FaultCode.programFailed, "exec \"sh\", \"-c\", \"exit 4\"",
      prints: "the program \"sh\" ended with status 4",
      "See what the program wrote, in `e.stderr`; `check: false` gives the status instead."),
    ErrorExample(
      FaultCode.deadline, "while true { }\n",
      "End the loop; an embedder can raise `limits.duration`.", limits: time),
  ]

  private static let memory: Limits = {
    var limits = Limits()
    limits.memory = 1 << 20
    return limits
  }()

  private static let steps: Limits = {
    var limits = Limits()
    limits.instructions = 10_000
    return limits
  }()

  private static let time: Limits = {
    var limits = Limits()
    limits.duration = .milliseconds(100)
    return limits
  }()
}
