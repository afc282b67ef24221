// Values as text and as tables, and help made of signatures.

import MeshScript
import Testing

@Suite("Values as text")
struct ValueTextTests {
  @Test("one line, as print writes values inside lists")
  func line() {
    let map: ScriptValue = .map([
      ("name", .string("x")), ("b-c", .float(1.5)), ("t", .duration(5_400_000_000_000)),
      ("n", .null), ("l", .list([.int(1), .bool(true), .range(0, 3, isClosed: false)])),
    ])
    #expect(
      ValueText.line(map) == #"{name: "x", "b-c": 1.5, t: 1h30m, n: null, l: [1, true, 0..<3]}"#)
    #expect(ValueText.line(.string("a\n\"b\" $")) == #""a\n\"b\" $""#)
    #expect(ValueText.line(.string("${x}")) == #""\${x}""#)
    #expect(ValueText.line(.duration(0)) == "0s")
    #expect(ValueText.line(.duration(-1_500_000_000)) == "-1s500ms")
    #expect(ValueText.line(.json(["a": [1, .null]])) == "{a: [1, null]}")
  }

  @Test("what does not fit is broken, one element a line")
  func broken() {
    let value: ScriptValue = .map([
      ("short", .list([.int(1), .int(2)])),
      ("long", .list([.string("aaaaaaaaaa"), .string("bbbbbbbbbb")])),
    ])
    let text = ValueText(width: 24).text(of: value)
    #expect(
      text == """
        {
          short: [1, 2],
          long: [
            "aaaaaaaaaa",
            "bbbbbbbbbb"
          ]
        }
        """)
  }
}

@Suite("Lists of maps as tables")
struct ValueTableTests {
  @Test("every key is a column, in the order in which keys are first seen")
  func maps() throws {
    let value: ScriptValue = .list([
      .map([("name", .string("a")), ("n", .int(3))]),
      .map([("name", .string("long one")), ("extra", .bool(true))]),
    ])
    let table = try #require(ValueTable(value))
    #expect(
      table.lines(width: 80) == ["NAME      N  EXTRA", "a         3", "long one     true"])
  }

  @Test("resources show namespace, name and age, and kinds where they differ")
  func resources() throws {
    func resource(_ kind: String, _ name: String) -> JSONValue {
      [
        "kind": .string(kind), "spec": ["much": "more"],
        "metadata": [
          "name": .string(name), "namespace": "default",
          "creationTimestamp": "2026-01-02T03:04:05Z",
        ],
      ]
    }
    let same = try #require(ValueTable(.json([resource("Pod", "a"), resource("Pod", "b")])))
    #expect(same.columns == ["namespace", "name", "created"])
    #expect(same.rows[1] == ["default", "b", "2026-01-02T03:04:05Z"])
    let mixed = try #require(ValueTable(.json([resource("Pod", "a"), resource("Service", "b")])))
    #expect(mixed.columns.first == "kind")
  }

  @Test("a line is cut to the width, at its widest cells")
  func width() throws {
    let value: ScriptValue = .list([
      .map([("a", .string("short")), ("b", .string(String(repeating: "x", count: 100)))])
    ])
    let lines = try #require(ValueTable(value)).lines(width: 40)
    #expect(lines.allSatisfy { $0.count <= 40 })
    #expect(lines[1].hasPrefix("short") && lines[1].hasSuffix("…"))
  }

  @Test("anything else is no table")
  func others() {
    #expect(ValueTable(.list([])) == nil)
    #expect(ValueTable(.list([.map([("a", .int(1))]), .int(2)])) == nil)
    #expect(ValueTable(.map([("a", .int(1))])) == nil)
  }
}

@Suite("Help")
struct HelpTests {
  private let library: Library = {
    var library = Library()
    library.add(
      HostFunction(
        Signature(
          "join",
          [
            Signature.Parameter("cluster", "cluster", doc: "which one"),
            Signature.Parameter(
              "wait", "duration", default: "5m", isNamedOnly: true, doc: "how long"),
          ], doc: "joins a cluster", example: "join c1, wait: 1m"),
        .suspending { _ in .null }))
    return library
  }()

  @Test("a function's parameters, defaults, sentence and example")
  func topic() throws {
    let text = try #require(HelpText.topic("join", in: library))
    #expect(
      text == """
        join cluster, [wait:]
          joins a cluster

          cluster  cluster   which one
          wait:    duration  how long; default 5m

          Example: join c1, wait: 1m

        """)
    #expect(HelpText.topic("leave", in: library) == nil)
  }

  @Test("the list has one line for each function")
  func index() {
    #expect(HelpText.index(of: library) == "Functions:\n  join  joins a cluster\n")
    let all = HelpText.index(of: Engine().library)
    #expect(all.hasPrefix("Verbs:\n") && all.contains("\nFunctions:\n"))
  }

  @Test("the methods of a type")
  func methods() throws {
    let text = try #require(HelpText.topic("list", in: Engine().library))
    #expect(text.hasPrefix("list "), "the verb comes first")
    let map = try #require(HelpText.topic("map", in: Engine().library))
    #expect(map.contains(".keys") && map.contains(".filter"), "\(map)")
  }

  @Test("a script's own description stands apart from its first param's")
  func parameters() throws {
    func help(_ text: String) throws -> String {
      let source = Source(name: "a.msh", text: text)
      return HelpText.parameters(try Engine().check(source).parameters, of: source)
    }
    #expect(
      try help("#!/usr/bin/env msh\n## Joins clusters.\nparam n = 1 ## how many\nparam s: string\n")
        == """
        Joins clusters.

        Params of a.msh, set with --set name=value:
          n  int     how many (default 1)
          s  string  (must be set)

        """)
    #expect(
      try help("## how\n## many\nparam n = 1\n") == """
        Params of a.msh, set with --set name=value:
          n  int  how many (default 1)

        """)
    #expect(try help("print 1\n") == "a.msh has no params.\n")
  }

  @Test("every function of the standard library can be explained")
  func standardLibrary() {
    let library = Engine().library
    #expect(library.functions["gateway"] != nil)
    for (name, function) in library.functions {
      #expect(!function.signature.doc.isEmpty, "\(name) has no sentence")
      #expect(HelpText.topic(name, in: library)?.contains(function.signature.doc) == true)
    }
  }
}
