// The command line: what runs, what is shown, and what msh leaves with.

import Testing

@Suite("The command line")
struct CommandLineTests {
  @Test("-c runs its text and writes to standard output only")
  func code() throws {
    let ending = try msh("-c", "print 1")
    #expect(ending.status == 0, "\(ending)")
    #expect(ending.output == "1\n")
    #expect(ending.errors == "")
  }

  @Test("- is a script on standard input, and so is no file at all", arguments: [["-"], []])
  func standardInput(arguments: [String]) throws {
    let child = try Child(arguments)
    child.type("let a = 2\nprint a + 3\n")
    let ending = try child.finish()
    #expect(ending.status == 0, "\(ending)")
    #expect(ending.output == "5\n")
  }

  @Test("a file runs with and without the word run; options may follow it")
  func file() throws {
    let scratch = try Scratch()
    let file = try scratch.write("param n = 1\nprint n + 1\n", to: "add.msh")
    for arguments in [
      [file, "--set", "n=4"], ["run", file, "--set=n=4"], ["--set", "n=4", file],
    ] {
      let ending = try Child(arguments).finish()
      #expect(ending.status == 0, "\(ending)")
      #expect(ending.output == "5\n")
    }
  }

  @Test("--disassemble prints the bytecode under its lines, and runs nothing")
  func disassemble() throws {
    let scratch = try Scratch()
    let file = try scratch.write("print 6 * 7\n", to: "answer.msh")
    for arguments in [["--disassemble", file], ["run", file, "--disassemble"]] {
      let ending = try Child(arguments).finish()
      #expect(ending.status == 0, "\(ending)")
      #expect(ending.output.hasPrefix("fn <main>: "), "\(ending)")
      #expect(ending.output.contains("  ; 1: print 6 * 7\n"), "\(ending)")
      #expect(ending.output.hasSuffix("\n"), "\(ending)")
    }
    let wrong = try msh("--disassemble", "-c", "print nope")
    #expect(wrong.status == 1, "\(wrong)")
    #expect(wrong.errors.contains("unknown name \"nope\""), "\(wrong)")
  }

  @Test("--as, --as-group, --as-uid and -n are for every cluster of the run")
  func identity() throws {
    let code = """
      for name in ["cluster1", "cluster2"] { print get(cluster(name), "cm/none", default: name) }
      """
    let ending = try msh(
      "-c", code, "--sandbox", "2", "-vv", "--as", "jane", "--as-group", "dev", "--as-group",
      "ops", "--as-uid", "7", "-n", "kube-system")
    #expect(ending.status == 0, "\(ending)")
    #expect(ending.output == "cluster1\ncluster2\n")
    for cluster in ["cluster1", "cluster2"] {
      // A request's headers follow its line, with two spaces before them.
      let lines = ending.errors.split(separator: "\n")
      let start = "\(cluster): GET /api/v1/namespaces/kube-system/configmaps/none 404 "
      let request = lines.drop { !$0.hasPrefix(start) }.dropFirst().prefix { $0.hasPrefix("  ") }
      for line in [
        "> Impersonate-User: jane", "> Impersonate-Group: dev", "> Impersonate-Group: ops",
        "> Impersonate-Uid: 7",
      ] {
        #expect(request.contains { $0 == "  \(line)" }, "\(ending)")
      }
    }
  }

  @Test("--request-timeout ends a request that gets no answer")
  func requestTimeout() throws {
    let server = try RawServer(.keepsSilent)
    let scratch = try Scratch()
    let kubeconfig = try scratch.write(server.kubeconfig, to: "kubeconfig")
    let ending = try msh(
      "-c", "print list(cluster(\"odd\"), \"pods\")", "--kubeconfig", kubeconfig,
      "--request-timeout", "200ms")
    #expect(ending.status == 3, "\(ending)")
    // Requests have 30 s by themselves.
    let told = ending.errors.firstMatch(of: /timed out after (\d+) milliseconds/)
    #expect(told.flatMap { Int($0.1) }.map { $0 < 30_000 } == true, "\(ending)")
  }

  @Test("options of identity and time that cannot be meant are refused")
  func wrongIdentity() throws {
    for (arguments, problem) in [
      (["--as-group", "dev"], "--as-group and --as-uid need --as"),
      (["--as-uid", "7"], "--as-group and --as-uid need --as"),
      (["--as", ""], "--as takes a name"),
      (["--request-timeout", "0s"], "--request-timeout takes a duration above 0s"),
      (["--request-timeout", "soon"], "--request-timeout"),
      (["-n", ""], "--namespace takes a name"),
    ] {
      let ending = try Child(["-c", "print 1"] + arguments).finish()
      #expect(ending.status != 0, "\(ending)")
      #expect(ending.errors.contains(problem), "\(ending)")
      #expect(ending.output.isEmpty)
    }
  }

  @Test("what follows -- is the script's")
  func arguments() throws {
    let ending = try msh("-c", "print args", "--", "--set", "-x", "plain")
    #expect(ending.output == "[\"--set\", \"-x\", \"plain\"]\n", "\(ending)")
    #expect(ending.status == 0)
  }

  @Test("--help FILE lists the params and runs nothing")
  func parameters() throws {
    let scratch = try Scratch()
    let file = try scratch.write(
      """
      param revision = "asm-198-6" ## control-plane revision label
      param count: int
      print "it ran"
      """, to: "params.msh")
    for arguments in [["run", "--help", file], [file, "--help"]] {
      let ending = try Child(arguments).finish()
      #expect(ending.status == 0, "\(ending)")
      #expect(!ending.output.contains("it ran"))
      let lines = ending.output.split(separator: "\n")
      let revision = lines.first { $0.contains("revision") }
      #expect(revision?.contains("control-plane revision label") == true, "\(ending)")
      #expect(revision?.contains("\"asm-198-6\"") == true)
      #expect(lines.contains { $0.contains("count") && $0.contains("int") }, "\(ending)")
      #expect(ending.errors == "")
    }
  }

  @Test("--help without a file explains the command, on standard output")
  func help() throws {
    for arguments in [["--help"], ["run", "--help"], ["help", "run"], ["sandbox", "--help"]] {
      let ending = try Child(arguments).finish()
      #expect(ending.status == 0, "\(arguments): \(ending)")
      #expect(ending.output.contains("USAGE"))
      #expect(ending.errors == "")
    }
  }

  @Test("help explains a verb, and knows what was meant by a wrong name")
  func verbHelp() throws {
    let gateway = try msh("help", "gateway")
    #expect(gateway.status == 0, "\(gateway)")
    #expect(gateway.output.contains("network"))
    #expect(gateway.output.contains("Example: gateway"))
    let list = try msh("help")
    #expect(list.output.contains("gateway") && list.output.contains("expose"), "\(list)")
    let wrong = try msh("help", "gatway")
    #expect(wrong.status == 1)
    #expect(wrong.errors.contains("did you mean \"gateway\"?"), "\(wrong)")
  }

  @Test("--version prints the version")
  func version() throws {
    let ending = try msh("--version")
    #expect(ending.status == 0)
    #expect(ending.output.split(separator: ".").count == 3, "\(ending)")
  }

  @Test(
    "a wrong command line is code 64 and one message on standard error",
    arguments: [
      ["--nonsense"], ["-c", "print 1", "file.msh"], ["-c", "print 1", "--set", "novalue"],
      ["-c", "print 1", "--set", "a=1", "--set", "a=2"], ["-c", "print 1", "--sandbox", "0"],
      ["-c", "print 1", "--sandbox", "1", "--kubeconfig", "x"], ["-c", "print 1", "-o", "yaml"],
      ["-c", "print 1", "--timeout", "soon"], ["-c", "print 1", "--unreachable", "5x"],
      ["sandbox", "--clusters", "0"], ["run", "a.msh", "b.msh"],
    ])
  func wrongCommandLine(arguments: [String]) throws {
    let ending = try Child(arguments).finish()
    #expect(ending.status == 64, "\(ending)")
    #expect(ending.output == "")
    #expect(ending.errors.contains("Error: "), "\(ending)")
  }

  @Test("check finds errors without running, in every file that it is given")
  func check() throws {
    let scratch = try Scratch()
    let good = try scratch.write("print 1\n", to: "good.msh")
    let bad = try scratch.write("print (1\n", to: "bad.msh")
    let worse = try scratch.write("prnt 1\n", to: "worse.msh")
    let fine = try msh("check", good)
    #expect(fine.status == 0 && fine.output == "" && fine.errors == "", "\(fine)")
    let ending = try msh("check", bad, good, worse)
    #expect(ending.status == 1)
    #expect(ending.output == "")
    #expect(ending.errors.contains("bad.msh:1:"), "\(ending)")
    #expect(ending.errors.contains("worse.msh:1:1"))
  }

  @Test("-o json is one document on standard output; print goes to standard error")
  func json() throws {
    let ending = try msh("-c", "print \"words\"", "-o", "json")
    #expect(ending.status == 0)
    #expect(ending.errors == "words\n")
    #expect(ending.output.hasPrefix("{") && ending.output.contains("\"exit\":0"), "\(ending)")
    #expect(ending.output.contains("\"clusters\":[]"))
    #expect(ending.output.contains("\"operations\":[]"))
  }

  @Test("-o json is a document also when there was no run")
  func jsonWithoutRun() throws {
    for arguments in [["/nonexistent.msh"], ["-c", "print ("]] {
      let ending = try Child(arguments + ["-o", "json"]).finish()
      #expect(ending.status == 1)
      #expect(ending.output.hasPrefix("{\"exit\":1,"), "\(ending)")
      #expect(ending.output.contains("\"errors\":[{"))
    }
  }

  @Test("nobody has to read standard error")
  func closedErrors() throws {
    let child = try Child(["-c", "log.info \"words\"\nprint 1"], on: .nobodyReadsErrors)
    let ending = try child.finish()
    #expect(ending.status == 0)
    #expect(ending.output == "1\n")
  }

  @Test("--diagnostics json writes one object a line, with the place")
  func jsonDiagnostics() throws {
    let ending = try msh("-c", "let a = 1\nprint b", "--diagnostics", "json")
    #expect(ending.status == 1)
    let lines = ending.errors.split(separator: "\n")
    #expect(lines.count == 1, "\(ending)")
    #expect(lines.first?.hasPrefix("{") == true)
    #expect(ending.errors.contains("\"start\":{\"line\":1,\"character\":6}"), "\(ending)")
  }

  @Test("--diagnostics short writes one line for each error")
  func shortDiagnostics() throws {
    let ending = try msh("-c", "let a = 1\nprint b\nprint c", "--diagnostics", "short")
    #expect(ending.status == 1)
    #expect(
      ending.errors == """
        <command>:2:7: error[E0301]: unknown name "b"
        <command>:3:7: error[E0301]: unknown name "c"

        """)
  }

  @Test("msh help explains an error's code with its example, what that prints, and the way out")
  func helpOnCodes() throws {
    let ending = try msh("help", "e0302")
    #expect(ending.status == 0)
    #expect(ending.output.hasPrefix("E0302: "))
    #expect(ending.output.contains("error[E0302]: no key \"netwrok\" in map"))
    #expect(ending.output.contains("Correct the name"))
  }

  @Test("what cannot be read or written has a code")
  func filesInErrors() throws {
    let missing = try msh("run", "/missing/join.msh")
    #expect(missing.status == 1)
    #expect(missing.errors.contains("E0601"), "\(missing)")
    let place = try msh("sandbox", "--clusters", "1", "--kubeconfig", "/missing/config")
    #expect(place.status == 1)
    #expect(place.errors.contains("E0605"), "\(place)")
  }

  @Test("--color and CLICOLOR_FORCE colour what goes to a pipe")
  func forcedColor() throws {
    let always = try msh("-c", "print b", "--color", "always")
    #expect(always.errors.contains("\u{1B}["))
    let forced = try Child(["-c", "print b"], environment: ["CLICOLOR_FORCE": "1"]).finish()
    #expect(forced.errors.contains("\u{1B}["))
    let never = try Child(["-c", "print b", "--color", "never"], on: .terminal).finish()
    #expect(!never.output.contains("\u{1B}["))
  }

  @Test("a reader that goes away ends msh without a word")
  func brokenPipe() throws {
    let child = try Child(
      ["-c", "var i = 0\nwhile true { print i; i += 1 }"], on: .nobodyReads)
    let ending = try child.finish()
    #expect(ending.errors == "")
    #expect(ending.status == 141)
  }

  @Test("colour is for terminals only, and NO_COLOR turns it off there")
  func color() throws {
    let piped = try msh("-c", "print b")
    #expect(!piped.errors.contains("\u{1B}["), "\(piped)")
    let shown = try Child(["-c", "print b"], on: .terminal).finish()
    #expect(shown.output.contains("\u{1B}["))
    let plain = try Child(["-c", "print b"], environment: ["NO_COLOR": "1"], on: .terminal).finish()
    #expect(plain.output.contains("error") && !plain.output.contains("\u{1B}["), "\(plain)")
  }
}
