// A list that comes in pieces gives the values and the errors of the whole text.

import JSON
import Testing

@Suite("JSON lists in pieces")
struct JSONListReaderTests {
  private static let list =
    #"{"kind":"L","metadata":{"items":[1],"a":"x\"]"},"items":[{"a":[1,{"b":"}\\"}],"é":null},"#
    + "\n 12 ,\"s\\n]\" ,[],true,-1.5e3],\"z\":\"items\"} "

  @Test("a list that is cut anywhere reads the same")
  func everyCut() throws {
    let bytes = Array(Self.list.utf8)
    let value = try JSONValue.parse(bytes)
    #expect(value["items"]?.array?.count == 6)
    for cut in 0...bytes.count { #expect(read(bytes, cuts: [cut]) == .success(value)) }
    #expect(read(bytes, cuts: Array(0..<bytes.count)) == .success(value))
  }

  @Test("items are there as soon as their last byte is")
  func early() throws {
    var reader = JSONListReader()
    var counts: [Int] = []
    for part in [#"{"items":[{"a":1"#, "},", #"{"b":2},{"c"#, "\":3}", "]}"] {
      try append(Array(part.utf8), to: &reader)
      counts.append(reader.items.count)
    }
    #expect(counts == [0, 1, 2, 3, 3])
  }

  @Test("a list that breaks off anywhere has the error of the whole text")
  func everyEnd() {
    let bytes = Array(Self.list.utf8)
    for end in 0..<bytes.count {
      let part = Array(bytes[..<end])
      #expect(read(part, cuts: [end / 2]) == whole(part))
    }
  }

  @Test(
    "what is no list is read whole",
    arguments: [
      "{}", "[]", "[[1]]", "12", "\"items\"", #"{"items":null}"#, #"{"items":{"items":[1]}}"#,
      #"{"kind":"Status","code":403,"details":{"items":[{"a":1}]}}"#, #"[{"items":[1]}]"#,
      #"{"a":"\"items\":[","items":[]}"#, #"{"a":["items",[1]],"b":{"items":[2]}}"#,
    ])
  func noList(text: String) {
    let bytes = Array(text.utf8)
    #expect(read(bytes, cuts: Array(0..<bytes.count)) == whole(bytes))
  }

  @Test(
    "of items that come twice the last count, however they are spelled",
    arguments: [
      #"{"items":[1],"items":[2,3]}"#, #"{"items":[1],"items":null}"#,
      #"{"items":null,"items":[2]}"#, #"{"items":[1],"\u0069tems":[2]}"#,
      #"{"items":[1],"\u0069tems":[]}"#, #"{"\u0069tems":[1],"items":[]}"#,
      #"{"\u0069tems":[1]}"#, #"{"items":[0],"\u0069tems":[1],"items":[2]}"#,
      #"{"items":[7],"b":"\n"}"#,
    ])
  func twice(text: String) {
    let bytes = Array(text.utf8)
    #expect(read(bytes, cuts: [3, 9]) == whole(bytes))
  }

  @Test(
    "errors tell the place in the whole text",
    arguments: [
      "{\"items\":[{},\n {\"a\" 1}]}", "{\"items\":[1 2]}", "{\"items\":[1,]}", "{\"items\":[,1]}",
      "{\"items\":[{}],\n \"b\":tru}", "{\"a\":nul,\"items\":[{]}", "{\"items\":[{\"a\":1]]}",
      "{\"items\":[nullx]}", "{\"items\":[1]} x", "{\"items\":[1]}}", "{} {\"items\":[1,]}",
      "{\"items\":[1]\n\n,2}", "<html>", "{\"items\" [1]}", "{\"items\":[\"a\nb\"]}",
      "{\"items\":[\"\\ud800\"]}", "{'items':[1]}", "\u{FEFF}{\"items\":[1]}",
    ])
  func places(text: String) {
    let bytes = Array(text.utf8)
    let expected = whole(bytes)
    #expect(throws: JSONError.self) { try expected.get() }
    #expect(read(bytes, cuts: []) == expected)
    #expect(read(bytes, cuts: Array(0..<bytes.count)) == expected)
  }

  @Test("nesting is counted from the outside")
  func depth() {
    for depth in [509, 510, 511] {
      let text =
        "{\"items\":[" + String(repeating: "[", count: depth)
        + String(repeating: "]", count: depth) + "]}"
      let bytes = Array(text.utf8)
      #expect(read(bytes, cuts: [100]) == whole(bytes))
    }
  }

  @Test("damaged lists have the value or the error of the whole text")
  func noise() {
    var generator = SeededGenerator(seed: 0x11575)
    let alphabet = Array("{}[]\":,\\ nitems0\n\u{1}".utf8)
    var accepted = 0
    for _ in 0..<3000 {
      var bytes = Array(Self.list.utf8)
      for _ in 0..<Int.random(in: 1...3, using: &generator) {
        let index = Int.random(in: 0..<bytes.count, using: &generator)
        let byte = alphabet[Int.random(in: 0..<alphabet.count, using: &generator)]
        switch Int.random(in: 0..<3, using: &generator) {
        case 0: bytes[index] = byte
        case 1: bytes.remove(at: index)
        default: bytes.insert(byte, at: index)
        }
      }
      let expected = whole(bytes)
      if case .success = expected { accepted += 1 }
      let cut = Int.random(in: 0...bytes.count, using: &generator)
      #expect(read(bytes, cuts: [cut]) == expected)
    }
    #expect(accepted > 100)
  }

  // MARK: Reading

  private func whole(_ bytes: [UInt8]) -> Result<JSONValue, JSONError> {
    Result { () throws(JSONError) in try JSONValue.parse(bytes) }
  }

  /// The list put together again.
  private func read(_ bytes: [UInt8], cuts: [Int]) -> Result<JSONValue, JSONError> {
    Result { () throws(JSONError) in
      var reader = JSONListReader()
      var start = 0
      for end in cuts + [bytes.count] {
        try append(Array(bytes[start..<end]), to: &reader)
        start = end
      }
      var (value, items) = try reader.finish()
      if value["items"]?.array != nil { value["items"] = .array(items) }
      return value
    }
  }

  private func append(
    _ bytes: [UInt8], to reader: inout JSONListReader
  ) throws(JSONError) {
    try reader.append(bytes)
  }
}
