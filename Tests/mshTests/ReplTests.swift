// The REPL, on a terminal and on a pipe.

import Glibc
import Testing

@Suite("The REPL on a terminal")
struct TerminalReplTests {
  /// A REPL with a state directory of its own, after its first prompt.
  private func start(_ scratch: Scratch, _ arguments: [String] = []) throws -> Child {
    let child = try Child(
      arguments,
      environment: ["XDG_STATE_HOME": scratch.path, "INPUTRC": try Self.inputrc(scratch)],
      on: .terminal)
    child.scratch = scratch
    try child.expect("msh> ")
    return child
  }

  /// Readline without bracketed paste, whose escapes would stand in every comparison.
  private static func inputrc(_ scratch: Scratch) throws -> String {
    try scratch.write("set enable-bracketed-paste off\n", to: "inputrc")
  }

  @Test("values are shown, names stay, _ is the last value, Ctrl-D ends")
  func conversation() throws {
    let child = try start(try Scratch())
    child.type("let a = 20\r")
    try child.expect("msh> ")
    child.type("a + 1\r")
    try child.expect("\n21\r\n")
    child.type("_ * 2\r")
    try child.expect("\n42\r\n")
    try child.expect("msh> ")
    child.type("({name: \"x\"}).name\r")
    try child.expect("\n\"x\"\r\n")
    // A Ctrl-D is for the prompt that is shown; what comes earlier, the terminal itself takes.
    try child.expect("msh> ")
    child.type("\u{4}")
    #expect(try child.finish().status == 0)
  }

  @Test("an unfinished input goes on in the next line")
  func multipleLines() throws {
    let child = try start(try Scratch())
    child.type("fn twice(x) {\r")
    try child.expect("... ")
    child.type("  x * 2\r")
    try child.expect("... ")
    child.type("}\r")
    try child.expect("msh> ")
    child.type("twice(21)\r")
    try child.expect("\n42\r\n")
  }

  @Test("errors have carets, and the conversation goes on")
  func errors() throws {
    let child = try start(try Scratch())
    child.type("print nonsense\r")
    try child.expect("^^^^^^^^")
    try child.expect("msh> ")
    child.type("1 + 1\r")
    try child.expect("\n2\r\n")
  }

  @Test("a list of maps is a table")
  func table() throws {
    let child = try start(try Scratch())
    child.type("[{name: \"a\", pods: 3}, {name: \"long one\", pods: 12}]\r")
    let text = try child.expect("msh> ")
    #expect(text.contains("NAME      PODS\r\na         3\r\nlong one  12\r\n"), "\(text)")
  }

  @Test("Ctrl-C at the prompt clears the line and keeps what is typed next")
  func interruptAtPrompt() throws {
    let child = try start(try Scratch())
    child.type("forgotten")
    try child.expect("forgotten")
    child.type("\u{3}")
    try child.expect("^C")
    try child.expect("msh> ")
    child.type("40 + 2\r")
    try child.expect("\n42\r\n")
  }

  @Test("Ctrl-C during an evaluation ends that evaluation only")
  func interruptEvaluation() throws {
    let child = try start(try Scratch())
    child.type("let kept = 7\r")
    try child.expect("msh> ")
    child.type("print \"going\"; while true { }\r")
    try child.expect("\ngoing\r\n")
    child.type("\u{3}")
    try child.expect("interrupted")
    try child.expect("msh> ")
    child.type("kept * 6\r")
    try child.expect("\n42\r\n")
  }

  @Test("Ctrl-C in a continued input forgets all of it")
  func interruptContinuation() throws {
    let child = try start(try Scratch())
    child.type("let a = [1,\r")
    try child.expect("... ")
    child.type("\u{3}")
    try child.expect("msh> ")
    child.type("6 * 7\r")
    try child.expect("\n42\r\n")
  }

  @Test("the history is kept for the next time, readable by its owner only")
  func history() throws {
    let scratch = try Scratch()
    let first = try start(scratch)
    first.type("let t = [1,\r")
    try first.expect("... ")
    first.type("2]\r")
    try first.expect("msh> ")
    first.type("\u{4}")
    _ = try first.finish()
    let path = scratch.file("msh/history")
    #expect(Scratch.read(path) == "let t = [1,\\n2]\n")
    #expect(Scratch.mode(path) == 0o600)
    let second = try start(scratch)
    // Up, then Enter: the whole entry of two lines comes back.
    second.type("\u{10}\r")
    try second.expect("msh> ")
    second.type("t[1] + 40\r")
    try second.expect("\n42\r\n")
  }

  @Test("Tab completes verbs and their named arguments")
  func completion() throws {
    let child = try start(try Scratch())
    child.type("gatew\t")
    try child.expect("gateway")
    child.type(" c, netw\t")
    try child.expect("network: ")
  }

  @Test("the commands explain, load, time and leave")
  func commands() throws {
    let scratch = try Scratch()
    let file = try scratch.write("let loaded = 41\n", to: "lib.msh")
    let child = try start(scratch)
    child.type(":help gateway\r")
    try child.expect("Example: gateway")
    child.type(":load \(file)\r")
    child.type(":time loaded + 1\r")
    try child.expect("\n42\r\n")
    try child.expect("took ")
    child.type(":nonsense\r")
    try child.expect("no command \":nonsense\"")
    try child.expect("msh> ")
    child.type(":quit\r")
    #expect(try child.finish().status == 0)
  }

  @Test(":clusters lists the contexts")
  func clusters() throws {
    let scratch = try Scratch()
    let kubeconfig = try scratch.write(Kubeconfigs.plain, to: "kubeconfig")
    let child = try start(scratch, ["--kubeconfig", kubeconfig])
    child.type(":clusters\r")
    try child.expect("plain")
    try child.expect("http://127.0.0.1:9")
  }
}

@Suite("The REPL on a pipe")
struct PipeReplTests {
  @Test("no prompt, values on standard output, errors on standard error")
  func pipe() throws {
    let ending = try msh("repl", input: "let a = [1,\n2]\na[1]\nprnt 1\na.count() + 40\n")
    #expect(ending.output == "2\n42\n", "\(ending)")
    #expect(ending.errors.contains("prnt"))
    #expect(ending.status == 1)
  }

  @Test("an input that is never finished is an error")
  func unfinished() throws {
    let ending = try msh("repl", input: "let a = (1 +\n")
    #expect(ending.status == 1)
    #expect(ending.errors.contains("error[E"), "\(ending)")
  }

  @Test("nothing at all is a success")
  func empty() throws {
    let ending = try msh("repl", input: "\n\n  \n")
    #expect(ending.status == 0)
    #expect(ending.output == "" && ending.errors == "", "\(ending)")
  }
}
