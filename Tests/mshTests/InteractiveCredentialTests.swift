// Credential programs that ask whoever sits at the terminal, and what becomes of them without one.

import Glibc
import Testing

@Suite("Credential programs on a terminal")
struct InteractiveCredentialTests {
  /// A simulated cluster whose kubeconfig has a program in the token's place. The program wants a
  /// password, as login programs do: with the echo off, which only the terminal's foreground may do.
  private struct Setting {
    let scratch: Scratch
    let sandbox: Child
    let kubeconfig: String

    init(mode: String) throws {
      scratch = try Scratch()
      let original = scratch.file("original")
      sandbox = try Child(["sandbox", "--clusters", "1", "--kubeconfig", original])
      sandbox.scratch = scratch
      try sandbox.expect("ready \(original)\n")
      var token: Substring = ""
      var lines: [String] = []
      for line in (Scratch.read(original) ?? "").split(separator: "\n") {
        guard line.hasPrefix("    token: ") else {
          lines.append(String(line))
          continue
        }
        token = line.dropFirst("    token: ".count)
        lines += [
          "    exec:", "      command: ./login", "      interactiveMode: \(mode)",
          "      apiVersion: client.authentication.k8s.io/v1",
        ]
      }
      kubeconfig = try scratch.write(lines.joined(separator: "\n") + "\n", to: "kubeconfig")
      let program = try scratch.write(
        #"""
        #!/bin/sh
        printf '%s' "$KUBERNETES_EXEC_INFO" > '\#(scratch.path)/info'
        printf 'login\n' >> '\#(scratch.path)/runs'
        if [ -t 0 ]; then
          stty -echo || exit 9
          printf 'Password: ' >&2
          read -r password
          stty echo
          printf '\n' >&2
          [ "$password" = sesame ] || { echo 'wrong password' >&2; exit 3; }
        else
          read -r password && { echo 'standard input is not empty' >&2; exit 4; }
        fi
        printf '%s' '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential",'
        printf '"status":{"token":"%s"}}' '\#(token)'
        """#, to: "login")
      chmod(program, 0o700)
    }

    /// What the program was told.
    var info: String? { Scratch.read(scratch.file("info")) }
    /// How often it ran.
    var runs: Int { (Scratch.read(scratch.file("runs")) ?? "").split(separator: "\n").count }

    func msh(on connection: Child.Connection, _ code: String = "") throws -> Child {
      let code = code.isEmpty ? #"print list(cluster("cluster1"), "namespaces").count() > 2"# : code
      return try Child(["-c", code, "--kubeconfig", kubeconfig], on: connection)
    }
  }

  @Test(
    "a program that may ask gets the terminal, asks once, and the run goes on",
    arguments: ["IfAvailable", "Always"])
  func asks(mode: String) throws {
    let setting = try Setting(mode: mode)
    // Two verbs at once, and later ones, share one answer.
    let child = try setting.msh(
      on: .terminal,
      """
      let c = cluster("cluster1")
      parallel for kind in ["namespaces", "pods"] { list(c, kind) }
      print list(c, "namespaces").count() > 2
      """)
    try child.expect("Password: ")
    child.type("sesame\n")
    let shown = try child.expect("true\r\n")
    #expect(!shown.contains("sesame"))
    #expect(try child.finish().status == 0)
    #expect(setting.info?.contains(#""interactive":true"#) == true)
    #expect(setting.runs == 1)
  }

  @Test("what the person answers wrongly is the program's error")
  func wrongAnswer() throws {
    let setting = try Setting(mode: "Always")
    let child = try setting.msh(on: .terminal)
    try child.expect("Password: ")
    child.type("please\n")
    try child.expect("wrong password")
    try child.expect("ended with exit code 3")
    #expect(try child.finish().status == 3)
  }

  @Test("the conversation lends its terminal to the program and has it back afterwards")
  func conversation() throws {
    let setting = try Setting(mode: "IfAvailable")
    let inputrc = try setting.scratch.write("set enable-bracketed-paste off\n", to: "inputrc")
    let child = try Child(
      ["--kubeconfig", setting.kubeconfig],
      environment: ["XDG_STATE_HOME": setting.scratch.path, "INPUTRC": inputrc], on: .terminal)
    try child.expect("msh> ")
    child.type("list(cluster(\"cluster1\"), \"namespaces\").count() > 2\r")
    try child.expect("Password: ")
    child.type("sesame\r")
    try child.expect("\ntrue\r\n")
    try child.expect("msh> ")
    child.type("6 * 7\r")
    try child.expect("\n42\r\n")
    try child.expect("msh> ")
    child.type("\u{4}")
    #expect(try child.finish().status == 0)
  }

  @Test("Ctrl-C at the question ends program and run")
  func interrupt() throws {
    let setting = try Setting(mode: "Always")
    let child = try setting.msh(on: .terminal)
    try child.expect("Password: ")
    child.type("\u{3}")
    #expect(try child.finish().status == 130)
  }

  @Test("without a terminal Always is refused, and the program never starts")
  func refused() throws {
    let setting = try Setting(mode: "Always")
    let ending = try setting.msh(on: .pipes).finish()
    #expect(ending.status == 3, "\(ending)")
    #expect(
      ending.errors.contains(
        "must ask its user (interactiveMode Always), and standard input is no terminal"),
      "\(ending)")
    #expect(setting.runs == 0)
  }

  @Test(
    "without a terminal, and with Never on one, the program reads nothing",
    arguments: [("IfAvailable", false), ("Never", false), ("Never", true)])
  func unasked(mode: String, isTerminal: Bool) throws {
    let setting = try Setting(mode: mode)
    let child = try setting.msh(on: isTerminal ? .terminal : .pipes)
    child.type("typed for the script\n")
    try child.expect(isTerminal ? "true\r\n" : "true\n")
    #expect(try child.finish().status == 0)
    #expect(setting.info?.contains(#""interactive":false"#) == true)
    #expect(setting.runs == 1)
  }
}
