// Objects of one text share keys and values inside of the parser; nobody may notice.

import JSON
import Testing

@Suite("JSON sharing")
struct JSONSharingTests {
  @Test("objects whose keys are alike, mixed, double or many are read as they are written")
  func shapes() throws {
    var generator = SeededGenerator(seed: 0x5EA9E)
    let keys = [
      "a", "b", "name", "a-long-key-of-a-label", "a-long-key-of-a-labem", "é", "e\u{301}",
    ]
    for _ in 0..<200 {
      var text = "["
      var expected: [JSONObject] = []
      for index in 0..<30 {
        var object = JSONObject()
        var members: [String] = []
        for _ in 0..<Int.random(in: 0...6, using: &generator) {
          let key = keys[Int.random(in: 0..<keys.count, using: &generator)]
          let value = Int64.random(in: 0...2, using: &generator)
          members.append("\(spelled(key, &generator)):\(value)")
          object[key] = .int(value)
        }
        text += (index > 0 ? "," : "") + "{" + members.joined(separator: ",") + "}"
        expected.append(object)
      }
      let read = try #require(try JSONValue.parse(text: text + "]").array)
      #expect(read == expected.map { .object($0) })
      #expect(read.map { $0.object?.keys } == expected.map(\.keys))
    }
  }

  /// The key between quotes, now and then with an escape.
  private func spelled(_ key: String, _ generator: inout SeededGenerator) -> String {
    guard key.hasPrefix("a"), Int.random(in: 0..<4, using: &generator) == 0 else {
      return "\"\(key)\""
    }
    return "\"\\u0061\(key.dropFirst())\""
  }

  @Test("more kinds of objects, keys and values than the parser remembers are read right")
  func bounds() throws {
    var expected: [JSONValue] = []
    for index in 0..<3000 {
      var object = JSONObject()
      for key in 0..<(index % 100) { object["key-\(key)-\(index % 37)"] = "value-\(index % 5)" }
      object["a-key-that-no-other-object-has-\(index)"] = .array([.object(object)])
      expected.append(.object(object))
    }
    let value = JSONValue.array(expected)
    let read = try JSONValue.parse(value.bytes())
    #expect(read == value)
    #expect(read.bytes() == value.bytes())
  }

  @Test("a change of one object leaves its likes alone")
  func copies() throws {
    var list = try #require(
      try JSONValue.parse(text: #"[{"a":{"b":[1,2]},"c":1},{"a":{"b":[1,2]},"c":1}]"#).array)
    list[0]["a"]?["b"] = 3
    list[0]["d"] = 4
    #expect(list[0] == ["a": ["b": 3], "c": 1, "d": 4])
    #expect(list[1] == ["a": ["b": [1, 2]], "c": 1])
  }

  @Test("values that differ only in their kind are told apart")
  func kinds() throws {
    let texts = ["0", "1", "false", "true", "null", "0.0", "\"\"", "[]", "{}", "\"0\"", "-1"]
    let text = "[" + texts.map { "[\($0)],{\"a\":\($0)}" }.joined(separator: ",") + "]"
    let value = try JSONValue.parse(text: text)
    #expect(value.text() == text)
  }

  @Test("what was read before, well or not, does not change what is read now")
  func again() throws {
    let texts = [
      #"{"a":1,"b":{"c":"a-string-of-some-length"}}"#, #"{"a":1,"b":{"c":"#, #"{"a":1,"a":2}"#,
      #"{"b":{"c":"a-string-of-some-length"},"a":1}"#, #"[{"a":[1,{"x":]}]"#, #"{"a":1,"b":7}"#,
    ]
    let first = texts.map { try? JSONValue.parse(text: $0) }
    for _ in 0..<50 { #expect(texts.map { try? JSONValue.parse(text: $0) } == first) }
    #expect(first.filter { $0 == nil }.count == 2)
    #expect(first[2]?.text() == #"{"a":2}"#)
  }

  @Test("many threads read at once")
  func threads() async throws {
    let text =
      "["
      + (0..<200).map { "{\"id\":\($0 % 7),\"name\":\"a-long-name-\($0 % 9)\"}" }
      .joined(separator: ",") + "]"
    let value = try JSONValue.parse(text: text)
    let texts = try await withThrowingTaskGroup(of: String.self) { group in
      for _ in 0..<8 {
        group.addTask {
          for _ in 0..<50 where try JSONValue.parse(text: text) != value { return "" }
          return try JSONValue.parse(text: text).text()
        }
      }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    #expect(texts == Array(repeating: text, count: 8))
  }
}
