// YAML as Kubernetes' tools read and write it.

import JSON
import Testing

@Suite("YAML reading")
struct YAMLReadingTests {
  @Test(
    "plain scalars mean what kubectl takes them for",
    arguments: [
      ("true", .bool(true)), ("Yes", .bool(true)), ("on", .bool(true)), ("y", .bool(true)),
      ("FALSE", .bool(false)), ("no", .bool(false)), ("Off", .bool(false)), ("n", .bool(false)),
      ("tRue", .string("tRue")), ("null", .null), ("~", .null), ("", .null), ("Null", .null),
      ("1", .int(1)), ("-7", .int(-7)), ("+7", .int(7)), ("0644", .int(420)), ("0o17", .int(15)),
      ("0x1F", .int(31)), ("0b101", .int(5)), ("1_000", .int(1000)), ("08", .double(8)),
      ("9223372036854775807", .int(.max)), ("18446744073709551615", .double(1.8446744073709552e19)),
      ("1.5", .double(1.5)), (".5", .double(0.5)), ("1.", .double(1)), ("1e3", .double(1000)),
      ("-1.5E-2", .double(-0.015)), ("1.2.3", .string("1.2.3")), ("1e", .string("1e")),
      ("12:30:45", .string("12:30:45")), ("2024-01-02", .string("2024-01-02")),
      ("2024-01-02T03:04:05Z", .string("2024-01-02T03:04:05Z")), ("-", .array([.null])),
      ("v1", .string("v1")), ("0x", .string("0x")), ("5m", .string("5m")),
      ("100Mi", .string("100Mi")),
    ] as [(String, JSONValue)])
  func scalars(text: String, value: JSONValue) throws {
    #expect(try YAML.parse(text) == value)
  }

  @Test("anything in quotes, and block text, is a string")
  func strings() throws {
    let text = """
      a: "true"
      b: '1'
      c: |
        1
      d: !!str 2
      e: "no"
      """
    #expect(try YAML.parse(text) == ["a": "true", "b": "1", "c": "1\n", "d": "2", "e": "no"])
  }

  @Test("keys become strings")
  func keys() throws {
    #expect(try YAML.parse("1: a\ntrue: b\n1.5: c") == ["1": "a", "true": "b", "1.5": "c"])
  }

  @Test("aliases and merge keys are followed")
  func aliases() throws {
    let text = """
      base: &base {a: 1, b: 2}
      one: {<<: *base, b: 3}
      two: *base
      """
    #expect(
      try YAML.parse(text)
        == ["base": ["a": 1, "b": 2], "one": ["b": 3, "a": 1], "two": ["a": 1, "b": 2]])
  }

  @Test("aliases that multiply are refused, not followed")
  func bomb() {
    var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    for level in 1..<12 {
      let aliases = Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
      text += "a\(level): &a\(level) [\(aliases)]\n"
    }
    let error = #expect(throws: YAMLError.self) { try YAML.parse(text) }
    #expect(error?.message.contains("aliases") == true)
  }

  @Test("several documents come apart and empty ones are left out")
  func documents() throws {
    let text = "---\na: 1\n---\n# nothing\n---\nb: 2\n...\n"
    #expect(try YAML.parseAll(text) == [["a": 1], ["b": 2]])
    #expect(try YAML.parse("") == .null)
    #expect(throws: YAMLError.self) { try YAML.parse(text) }
  }

  @Test("errors tell line and column")
  func places() {
    let duplicate = #expect(throws: YAMLError.self) { try YAML.parse("a: 1\nb: 2\na: 3\n") }
    #expect(duplicate?.message == "the key \"a\" comes twice")
    #expect(duplicate.map { $0.line > 0 } == true)
    let broken = #expect(throws: YAMLError.self) { try YAML.parse("a: 1\n  b: 2\n") }
    #expect(broken?.line == 2)
    #expect(throws: YAMLError.self) { try YAML.parse("a: .nan") }
    #expect(throws: YAMLError.self) { try YAML.parse("a: *missing") }
    #expect(throws: YAMLError.self) { try YAML.parse("a: !thing x") }
    #expect(throws: YAMLError.self) { try YAML.parse("? [1, 2]\n: x") }
    #expect(throws: YAMLError.self) { try YAML.parse("a: !!int x") }
  }

  @Test("deep nesting is refused, not followed to a crash")
  func depth() {
    let deep = String(repeating: "[", count: 100_000)
    #expect(throws: YAMLError.self) { try YAML.parse(deep) }
    let closed = String(repeating: "[", count: 800) + String(repeating: "]", count: 800)
    #expect(throws: YAMLError.self) { try YAML.parse(closed) }
  }

  @Test("random bytes and damaged texts never crash the reader")
  func noise() {
    var generator = SeededGenerator(seed: 0xA11)
    let sample = Array("a: &x [1, 'b']\nc: |-\n  text\nd: {e: *x, \"f\": 0644}\n- ? !!str\n".utf8)
    var refused = 0
    for _ in 0..<1500 {
      var bytes = sample
      for _ in 0..<Int.random(in: 1...5, using: &generator) {
        let index = Int.random(in: 0..<bytes.count, using: &generator)
        bytes[index] = UInt8.random(in: 0...255, using: &generator)
      }
      do {
        _ = try YAML.parse(String(decoding: bytes, as: UTF8.self))
      } catch {
        refused += 1
        #expect(!error.message.isEmpty)
      }
    }
    #expect(refused > 0)
  }
}

@Suite("YAML writing")
struct YAMLWritingTests {
  @Test("looks as kubectl prints it")
  func style() {
    let value: JSONValue = [
      "apiVersion": "v1", "kind": "ConfigMap",
      "metadata": ["name": "x", "labels": ["a": "yes"], "annotations": [:]],
      "data": ["script": "line 1\n  line 2\n", "cut": "a\nb", "empty": ""],
      "list": [["a": 1, "b": [1, 2]], [3, [4]], "x", []],
      "number": "1", "version": 1.5, "none": .null,
    ]
    #expect(
      YAML.format(value) == """
        apiVersion: v1
        kind: ConfigMap
        metadata:
          name: x
          labels:
            a: "yes"
          annotations: {}
        data:
          script: |
            line 1
              line 2
          cut: |-
            a
            b
          empty: ""
        list:
        - a: 1
          b:
          - 1
          - 2
        - - 3
          - - 4
        - x
        - []
        number: "1"
        version: 1.5
        none: null

        """)
  }

  @Test(
    "every string reads back as itself",
    arguments: [
      "", " ", "a", "yes", "n", "null", "~", "1", "-1", "0644", "0x1f", "1.5", ".5", "1e3", ".inf",
      "-", "- a", "-a", "?", "? a", ":", "a: b", "a:", "a:b", "#a", "a #b", "a#b", "@a", "`a", "%a",
      "!a", "&a", "*a", "[a", "{a", "a]", "'a", "\"a", "|", ">", "---", "--- a", "...", "a ", " a",
      "a\n", "\na", "\n", "a\nb", "a\nb\n", "a\nb\n\n", " a\nb\n", "\n\na\n", "a\n\n\nb", "a\r\nb",
      "a\tb", "\ta", "\ta\nb", "a\u{85}b", "a\u{2028}b", "a\u{FEFF}", "a\u{0}b", "é", "😀", "<<",
      "=",
      "2024-01-02", "12:30:45", "1_000", "a\\b", "a\"b", "a\nb: c\n- d\n", "true\nfalse\n", ",a",
      "a,",
      "--", "-.5", "+1", "0b1", "on", "OFF", "x: |\n  y\n", "key\u{7F}", "a\n \n", "\n a\n",
    ])
  func strings(text: String) throws {
    let values: [JSONValue] = [
      .string(text), ["key": .string(text)], [.string(text)], ["a": ["b": [.string(text)]]],
    ]
    for value in values {
      #expect(try YAML.parse(YAML.format(value)) == value, "\(YAML.format(value))")
    }
    guard text != "<<" else { return }
    let key: JSONValue = ["x": .object([text: 1])]
    #expect(try YAML.parse(YAML.format(key)) == key, "\(YAML.format(key))")
  }

  @Test("random values read back as themselves")
  func roundTrip() throws {
    var generator = SeededGenerator(seed: 7)
    for _ in 0..<300 {
      let value = randomValue(depth: 0, using: &generator)
      #expect(try YAML.parse(YAML.format(value)) == value, "\(YAML.format(value))")
      #expect(try JSONValue.parse(text: value.text(indent: 1)) == value)
    }
  }

  private func randomValue(depth: Int, using generator: inout SeededGenerator) -> JSONValue {
    switch Int.random(in: 0..<(depth < 4 ? 8 : 6), using: &generator) {
    case 0: return .bool(.random(using: &generator))
    case 1: return .int(.random(in: Int64.min...Int64.max, using: &generator))
    case 2: return .double(.random(in: -1e6...1e6, using: &generator))
    case 3...5: return .string(randomText(using: &generator))
    case 6:
      return .array(
        (0..<Int.random(in: 0...4, using: &generator)).map { _ in
          randomValue(depth: depth + 1, using: &generator)
        })
    default:
      var object = JSONObject()
      for _ in 0..<Int.random(in: 0...4, using: &generator) {
        object["k" + randomText(using: &generator)] = randomValue(
          depth: depth + 1, using: &generator)
      }
      return .object(object)
    }
  }

  private func randomText(using generator: inout SeededGenerator) -> String {
    let alphabet = Array("ab01 \n:-#'\"|>\\{}[],&*!%@`.é\t\u{85}")
    return String(
      (0..<Int.random(in: 0...10, using: &generator)).compactMap { _ in
        alphabet.randomElement(using: &generator)
      })
  }

  @Test("documents are parted")
  func documents() throws {
    let text = YAML.format(documents: [["a": 1], ["b": 2]])
    #expect(text == "a: 1\n---\nb: 2\n")
    #expect(try YAML.parseAll(text) == [["a": 1], ["b": 2]])
  }
}
