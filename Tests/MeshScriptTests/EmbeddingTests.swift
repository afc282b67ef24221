// What Swift gives to scripts: functions with typed parameters, methods, constants, verbs; and how
// their errors look from both sides.

import MeshScript
import Synchronization
import Testing

/// Runs a text and gives its value, or fails the test with the script's error.
func value(_ engine: Engine, _ text: String) async throws -> ScriptValue {
  let outcome = await engine.run(Source(name: "test.msh", text: text))
  if case .rejected(let diagnostics)? = outcome.failure {
    Issue.record("\(diagnostics.all.map(\.message))")
  }
  return try outcome.get()
}

/// Runs a text that must fail, and gives its first diagnostic.
func failure(_ engine: Engine, _ text: String) async throws -> Diagnostic {
  let outcome = await engine.run(Source(name: "test.msh", text: text))
  return try #require(outcome.errors.first, "\(text) gave \(outcome.value)")
}

private enum Color: String, CaseIterable, ScriptConvertible { case red, green, blue }

private struct OutOfStock: HostError {
  var item: String
  var kind: String { "stock" }
  var message: String { "there is no \(item) left" }
  var notes: [String] { ["order some"] }
  var details: [(key: String, value: ScriptValue)] { [("item", .string(item))] }
}

@Suite("Registered functions")
struct EmbeddingTests {
  let engine = Engine()

  @Test("take and give Swift's types")
  func types() async throws {
    engine.register("shout", "text") { (text: String) in text.uppercased() }
    engine.register("half", "n") { (n: Double) in n / 2 }
    engine.register("flip", "b") { (b: Bool) in !b }
    engine.register("total", "ns") { (ns: [Int]) in ns.reduce(0, +) }
    engine.register("longest", "map") { (map: [String: Int]) in map.values.max() }
    engine.register("twice", "time") { (time: Duration) in time * 2 }
    engine.register("same", "any") { (any: ScriptValue) in any }
    engine.register("next", "color") { (color: Color) in color == .red ? Color.green : .blue }
    #expect(try await value(engine, "shout \"hi\"") == "HI")
    #expect(try await value(engine, "half 3") == 1.5)
    #expect(try await value(engine, "flip true") == false)
    #expect(try await value(engine, "total([1, 2, 3])") == 6)
    #expect(try await value(engine, "longest({a: 1, b: 7})") == 7)
    #expect(try await value(engine, "longest({})") == .null)
    #expect(try await value(engine, "twice 90s") == .duration(180_000_000_000))
    #expect(try await value(engine, "same({a: [1, null]})") == ["a": [1, .null]])
    #expect(try await value(engine, "next \"red\"") == "green")
  }

  @Test("may wait, and other fibers go on meanwhile")
  func suspending() async throws {
    let (stream, continuation) = AsyncStream.makeStream(of: Int.self)
    engine.register("take") { () async -> Int in
      for await number in stream { return number }
      return -1
    }
    engine.register("send", "number") { (number: Int) async in
      continuation.yield(number)
    }
    #expect(try await value(engine, "parallel { take() \n send(7) }") == [7, .null])
  }

  @Test("have defaults, optional, named and rest parameters")
  func parameters() async throws {
    engine.register("greet", "name", .defaulted("times", 1), .named("end", default: "!")) {
      (name: String, times: Int, end: String) in
      String(repeating: "hi \(name)\(end)", count: times)
    }
    engine.register("note", "text", "mark") { (text: String, mark: String?) in (mark ?? "-") + text
    }
    engine.register("sum", .rest("numbers")) { (numbers: [Int]) in numbers.reduce(0, +) }
    #expect(try await value(engine, "greet \"a\"") == "hi a!")
    #expect(try await value(engine, "greet \"a\", 2, end: \".\"") == "hi a.hi a.")
    #expect(try await value(engine, "greet(times: 2, name: \"b\")") == "hi b!hi b!")
    #expect(try await value(engine, "note(\"x\") + note(\"y\", \"*\")") == "-x*y")
    #expect(try await value(engine, "[sum(), sum(1, 2, 3), sum(...[4, 5])]") == [0, 6, 9])
  }

  @Test(
    "refuse what does not fit, as builtins do",
    arguments: [
      ("greet(7)", "E0401", "greet takes a string for \"name\", not an int"),
      (
        "total([1, \"2\"])", "E0401",
        "total takes a list of int for \"ns\", not a list with a string in it"
      ),
      (
        "paint(\"pink\")", "E0401",
        "paint takes a \"red\", \"green\" or \"blue\" for \"color\", not \"pink\""
      ),
      ("wait1(\"x\")", "E0401", "wait1 takes an int for \"n\", not a string"),
    ])
  func wrongTypes(text: String, code: String, message: String) async throws {
    engine.register("greet", "name") { (name: String) in name }
    engine.register("total", "ns") { (ns: [Int]) in ns.count }
    engine.register("paint", "color") { (color: Color) in color }
    engine.register("wait1", "n") { (n: Int) async in n }
    let error = try await failure(engine, text)
    #expect(error.message == message)
    #expect(error.code == code)
    #expect(try await failure(engine, "sleep \"x\"").code == code)
    #expect(error.location != nil)
  }

  @Test("are checked before anything runs, as builtins are")
  func compileTime() async throws {
    let called = Mutex(false)
    engine.register("greet", "name") { (name: String) in
      called.withLock { $0 = true }
      return name
    }
    for text in [
      "greet(\"a\")\ngreat(\"b\")", "greet(\"a\")\ngreet()", "greet(\"a\")\ngreet(nam: 1)",
    ] {
      #expect(throws: Diagnostics.self) { try engine.compile(text) }
      _ = await engine.run(Source(name: "a", text: text))
    }
    #expect(called.withLock { $0 } == false)
    let diagnostics = #expect(throws: Diagnostics.self) { try engine.compile("great(\"b\")") }
    #expect(diagnostics?.all.first?.label.contains("greet") == true)
  }

  @Test("throw Swift errors that scripts catch by kind")
  func errors() async throws {
    engine.register("buy", "item") { (item: String) throws -> String in throw OutOfStock(item: item)
    }
    engine.register("order", "item") { (item: String) async throws -> String in
      throw OutOfStock(item: item)
    }
    for call in ["buy", "order"] {
      let text = "try { \(call) \"tea\" } catch e { [e.kind, e.message, e.item, e.notes] }"
      #expect(
        try await value(engine, text)
          == ["stock", "there is no tea left", "tea", ["order some"]])
      let error = try await failure(engine, "let x = 1\n  \(call) \"tea\"")
      let position = error.location.map { $0.source.position(of: $0.span.start) }
      #expect(position == Position(line: 2, column: 3))
    }
  }

  @Test("may live in a namespace, replace a builtin, and need a capability")
  func names() async throws {
    engine.register("text.shout", "text") { (text: String) in text.uppercased() }
    engine.register("max", "a", "b") { (a: Int, b: Int) in a * b }
    engine.register("secretPlan", capability: .files) { () in 42 }
    #expect(try await value(engine, "text.shout(\"a\") + \"${max(6, 7)}\"") == "A42")
    #expect(try await failure(engine, "secretPlan()").message.contains("capability \"files\""))
  }

  @Test("and constants are listed with their help")
  func listed() async throws {
    engine.register(constant: "answer", 42)
    engine.register("greet", "name", doc: "says hello") { (name: String) in name }
    #expect(try await value(engine, "answer") == 42)
    #expect(engine.library.names.contains("answer"))
    #expect(engine.library.functions["greet"]?.signature.doc == "says hello")
    #expect(engine.library.functions["greet"]?.signature.parameters.map(\.type) == ["string"])
  }
}

/// A verb of the embedder.
private enum Tag: Verb {
  static let signature = Signature(
    "tag", [.cluster, .init("name", "string", doc: "the tag")], doc: "marks a cluster",
    example: "tag c1, \"blue\"")

  static func run(_ call: VerbCall) async throws -> ScriptValue {
    let name = try call.needed("name")
    return try await call.eachDeclared { cluster in
      let manifest: JSONValue = [
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": ["name": .string(name), "namespace": "default"],
      ]
      let outcomes = try await call.declare([.apply(manifest, on: cluster)])
      return .string(outcomes[0].result.rawValue)
    }
  }
}

@Suite("A verb of the embedder")
struct EmbeddedVerbTests {
  @Test("stands beside the shipped ones, with operations that the report shows")
  func report() async throws {
    var options = EngineOptions()
    let folder = try Folder.temporary()
    defer { folder.remove() }
    try folder.child("kubeconfig").write(unreachable)
    options.kubeconfig = folder.child("kubeconfig").path
    options.capabilities = [.network]
    let engine = Engine(options)
    engine.register(verb: Tag.self)
    #expect(throws: Diagnostics.self) { try engine.compile("tag()") }
    let outcome = await engine.run(
      Source(name: "a.msh", text: "let c = cluster(\"here\")\n[tag(c, \"blue\"), c.tag(\"red\")]"))
    #expect(outcome.value == ["failed", "failed"])
    #expect(outcome.exitCode == 3)
    #expect(outcome.report.operations.map(\.action) == ["apply", "apply"])
    #expect(outcome.report.operations.first?.cluster == "here")
  }

  /// A context whose server is on a port where nobody listens.
  private let unreachable = """
    apiVersion: v1
    kind: Config
    current-context: here
    contexts: [{name: here, context: {cluster: here, user: me}}]
    clusters: [{name: here, cluster: {server: "https://127.0.0.1:1"}}]
    users: [{name: me, user: {token: none}}]
    """
}
