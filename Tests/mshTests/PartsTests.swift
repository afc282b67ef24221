// The command line's parts that need no process of their own.

import Lexer
import MeshScript
import Testing

@testable import msh

@Suite("History entries")
struct HistoryTests {
  @Test(
    "every entry comes back from its line",
    arguments: ["", "plain", "two\nlines", "a \\n b", "\\", "\\\\n", "ends\\", "\n\n", "ü € 𝄞"])
  func roundTrip(entry: String) {
    let line = History.encode(entry)
    #expect(!line.contains("\n"))
    #expect(History.decode(line) == entry)
  }

  @Test("the place follows XDG_STATE_HOME, then HOME")
  func place() {
    func path(_ variables: [String: String]) -> String? {
      History.standard { variables[$0] }.path
    }
    #expect(path(["XDG_STATE_HOME": "/state", "HOME": "/home/a"]) == "/state/msh/history")
    #expect(
      path(["XDG_STATE_HOME": "relative", "HOME": "/home/a"]) == "/home/a/.local/state/msh/history")
    #expect(path(["HOME": "/home/a"]) == "/home/a/.local/state/msh/history")
    #expect(path([:]) == nil)
  }

  @Test("a file that has grown too long keeps its newest entries")
  func capacity() throws {
    let scratch = try Scratch()
    let lines = (0..<History.capacity + 5).map { "entry \($0)\n" }.joined()
    let history = History(path: try scratch.write(lines, to: "history"))
    let entries = history.load()
    #expect(entries.count == History.capacity)
    #expect(entries.first == "entry 5")
    #expect(history.load() == entries)
  }
}

@Suite("Simulated clusters that do not start")
struct SandboxFailureTests {
  @Test("say why")
  func failure() {
    struct NoPort: Error, CustomStringConvertible { var description: String { "no free port" } }
    let diagnostic = Sandbox.failure(NoPort())
    #expect(diagnostic.code == "E0604")
    #expect(diagnostic.message == "cannot start the simulated clusters: no free port")
  }
}

@Suite("What stands around the cursor")
struct CompletionContextTests {
  @Test("a name at the start")
  func start() {
    let context = CompletionContext("gat")
    #expect(context.word == "gat")
    #expect(context.function == nil && !context.isMember && !context.isInString)
  }

  @Test("the arguments of a command call and of a call in parentheses")
  func arguments() {
    #expect(CompletionContext("gateway c1, ne").function == "gateway")
    #expect(CompletionContext("let x = 1; gateway c1, ne").function == "gateway")
    #expect(CompletionContext("print list(c1, na").function == "list")
    #expect(CompletionContext("let c = cluster(\"a\", co").function == "cluster")
    #expect(CompletionContext("gateway c1, network: n").argument == "network")
    #expect(CompletionContext("gateway c1, network: n, re").argument == nil)
    #expect(CompletionContext("json.parse te").function == "json.parse")
  }

  @Test("members")
  func members() {
    let context = CompletionContext("let t = json.pa")
    #expect(context.receiver == "json" && context.word == "pa" && context.isMember)
    #expect(CompletionContext("f(x).na").isMember)
    #expect(!CompletionContext("a.b c").isMember)
  }

  @Test("strings and comments")
  func strings() {
    let context = CompletionContext("cluster(\"one\", context: \"on-pr")
    #expect(context.isInString && context.word == "on-pr")
    #expect(context.argument == "context" && context.function == "cluster")
    #expect(!CompletionContext("print \"a\" + b").isInString)
    #expect(CompletionContext("print \"a \\\" b").isInString)
    #expect(CompletionContext("print 1 # gate").word == "")
  }
}

@Suite("Completion")
struct CompleterTests {
  private let completer = Completer(library: Engine().library) { ["onprem-1", "onprem-2", "gke"] }

  @Test("verbs, keywords and names that inputs declared")
  func names() {
    #expect(completer.complete("gatew").candidates == ["gateway"])
    #expect(completer.complete("whi").candidates == ["while"])
    completer.learn(Source(name: "<repl>", text: "let frankfurt = 1\nfn berlin() => 2"))
    #expect(completer.complete("print frank").candidates == ["frankfurt"])
    #expect(completer.complete("print ber").candidates == ["berlin"])
  }

  @Test("named arguments of the verb that is being called")
  func arguments() {
    #expect(completer.complete("gateway c1, netw").candidates == ["network: "])
    #expect(completer.complete("expose c1, netw").candidates == [])
  }

  @Test("contexts where a context is wanted, files in other strings")
  func strings() {
    #expect(
      completer.complete("let c = cluster(\"a\", context: \"onprem-").candidates
        == ["onprem-1", "onprem-2"])
    #expect(completer.complete("gateway cluster(\"gk").candidates == ["gke"])
    #expect(completer.complete("cluster(\"a\", network: \"gk").candidates == [])
    #expect(completer.complete("readFile \"no").wantsFiles)
  }

  @Test("the REPL's own commands")
  func commands() {
    #expect(completer.complete(":cl").candidates == ["clusters"])
    #expect(completer.complete(":help gatew").candidates == ["gateway"])
    #expect(completer.complete(":load ./").wantsFiles)
  }
}

@Suite("The REPL's commands")
struct MetaCommandTests {
  @Test("are read with and without an argument")
  func parse() {
    #expect(MetaCommand("1 + 1") == nil)
    #expect(MetaCommand(":help") == .help(nil))
    #expect(MetaCommand("  :help gateway ") == .help("gateway"))
    #expect(MetaCommand(":q") == .quit)
    #expect(MetaCommand(":time 1 + 1") == .time("1 + 1"))
    #expect(MetaCommand(":time") == .time(nil))
    #expect(MetaCommand(":load a b.msh") == .load("a b.msh"))
  }

  @Test("say what is wrong with them")
  func invalid() {
    guard case .invalid(let message)? = MetaCommand(":halp") else {
      Issue.record("accepted")
      return
    }
    #expect(message.contains(":halp") && message.contains(":help"))
    #expect(MetaCommand(":load") == .invalid(":load needs the path of a script"))
  }
}

@Suite("Command lines without options")
struct QuickCommandTests {
  @Test("are read without the parser, and mean the same")
  func quick() {
    #expect(QuickCommand.input(["a.msh"]) == .file("a.msh"))
    #expect(QuickCommand.input(["run", "a.msh"]) == .file("a.msh"))
    #expect(QuickCommand.input(["-"]) == .standardInput)
    #expect(QuickCommand.input(["-c", "--x"]) == .code("--x"))
    #expect(QuickCommand.input(["run", "check"]) == .file("check"))
  }

  @Test("everything else is left to the parser")
  func others() {
    for arguments in [
      ["--help"], ["-v"], ["check"], ["help"], ["a", "b"], ["-c"], ["a.msh", "-v"], [""],
      ["-c", "x", "y"], ["--", "a"], ["run", "--help"],
    ] {
      #expect(QuickCommand.input(arguments) == nil, "\(arguments)")
    }
  }

  @Test("know every subcommand")
  func subcommands() {
    let names = MshCommand.configuration.subcommands.map { $0._commandName }
    #expect(Set(QuickCommand.subcommands) == Set(names))
  }
}

@Suite("Option values")
struct OptionValueTests {
  @Test("durations are written as in scripts")
  func durations() {
    #expect(Duration(script: "250ms") == .milliseconds(250))
    #expect(Duration(script: "1h30m") == .seconds(5400))
    #expect(Duration(script: "2d") == .seconds(172_800))
    #expect(Duration(script: "0s") == .zero)
    for wrong in ["", "5", "m", "30m1h", "1.5h", "-5s", "5x", "1m1m", "1h 2m"] {
      #expect(Duration(script: wrong) == nil, "\(wrong)")
    }
  }

  @Test("settings are split at the first equals sign")
  func settings() {
    #expect(Setting(argument: "a=b=c") == Setting(name: "a", value: "b=c"))
    #expect(Setting(argument: "a=")?.value == "")
    #expect(Setting(argument: "=b") == nil)
    #expect(Setting(argument: "a") == nil)
  }
}
