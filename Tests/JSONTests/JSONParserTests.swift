// The JSON parser takes RFC 8259 to the letter and says where a text leaves it.

import JSON
import Testing

@Suite("JSON parsing")
struct JSONParserTests {
  @Test("every kind of value is read")
  func values() throws {
    #expect(try JSONValue.parse(text: " null ") == .null)
    #expect(try JSONValue.parse(text: "true") == .bool(true))
    #expect(try JSONValue.parse(text: "false\n") == .bool(false))
    #expect(try JSONValue.parse(text: "\"x\"") == .string("x"))
    #expect(try JSONValue.parse(text: "[]") == .array([]))
    #expect(try JSONValue.parse(text: "{}") == .object([:]))
    #expect(try JSONValue.parse(text: "[1,[2,{\"a\":null}]]") == [1, [2, ["a": .null]]])
  }

  @Test("integers of 64 bits are exact, larger ones and fractions are doubles")
  func numbers() throws {
    #expect(try JSONValue.parse(text: "9223372036854775807") == .int(.max))
    #expect(try JSONValue.parse(text: "-9223372036854775808") == .int(.min))
    #expect(try JSONValue.parse(text: "9223372036854775808") == .double(9_223_372_036_854_775_808))
    #expect(try JSONValue.parse(text: "-9223372036854775809") == .double(-9.223372036854775809e18))
    #expect(try JSONValue.parse(text: "99999999999999999999999") == .double(1e23))
    #expect(try JSONValue.parse(text: "1.0") == .double(1))
    #expect(try JSONValue.parse(text: "1e2") == .double(100))
    #expect(try JSONValue.parse(text: "-0") == .int(0))
    #expect(try JSONValue.parse(text: "-1.25E-2") == .double(-0.0125))
  }

  @Test("escapes and surrogate pairs are decoded")
  func escapes() throws {
    #expect(try JSONValue.parse(text: #""\"\\\/\b\f\n\r\t""#) == "\"\\/\u{8}\u{C}\n\r\t")
    #expect(try JSONValue.parse(text: #""\u00e9\u20ac""#) == "é€")
    #expect(try JSONValue.parse(text: #""\uD83D\uDE00""#) == "😀")
    #expect(try JSONValue.parse(text: #""\u0000""#) == "\u{0}")
  }

  @Test("keys keep their order, and of equal ones the last value counts")
  func objects() throws {
    let value = try JSONValue.parse(text: #"{"b":1,"a":2,"b":3}"#)
    #expect(value.object?.keys == ["b", "a"])
    #expect(value["b"] == 3)
  }

  @Test("an object of many keys is read whole")
  func manyKeys() throws {
    let pairs = (0..<5000).map { "\"a-rather-long-key-\($0)\":\($0)" }
    let text = "{" + (pairs + ["\"a-rather-long-key-7\":-7"]).joined(separator: ",") + "}"
    let value = try JSONValue.parse(text: text)
    #expect(value.object?.count == 5000)
    #expect(value["a-rather-long-key-7"] == -7)
    #expect(value["a-rather-long-key-4999"] == 4999)
  }

  @Test(
    "what is no JSON is refused",
    arguments: [
      "", " ", "nul", "True", "01", "-", "-01", "1.", ".5", "1e", "1e+", "+1", "0x1", "1e999",
      "[1,]", "[1 2]", "[", "]", "{", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}", "{'a':1}",
      "\"", "\"\\\"", "\"\\x\"", "\"\\u12\"", "\"\\u12g4\"", "\"a\nb\"", "\"\t\"", "1 2", "nullx",
      "\"\\ud800\"", "\"\\udc00\"", "\"\\ud800\\u0041\"", "\"\\ud800\\ud800\"", "\u{FEFF}1",
      "[1]//", "NaN", "Infinity",
    ])
  func refused(text: String) {
    #expect(throws: JSONError.self) { try JSONValue.parse(text: text) }
  }

  @Test("invalid UTF-8 is refused, in values and in keys")
  func invalidUTF8() {
    let bad: [[UInt8]] = [
      [0x22, 0xFF, 0x22], [0x22, 0xC3, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22],
      [0x22, 0xC0, 0xAF, 0x22], [0x7B, 0x22, 0xFF, 0x22, 0x3A, 0x31, 0x7D],
    ]
    for bytes in bad {
      #expect(throws: JSONError.self) { try JSONValue.parse(bytes) }
    }
  }

  @Test("errors tell the place")
  func places() {
    let error = #expect(throws: JSONError.self) {
      try JSONValue.parse(text: "{\n  \"a\": 1,\n  \"b\" 2\n}")
    }
    #expect(error?.line == 3)
    #expect(error?.column == 7)
    #expect(error?.offset == 18)
    #expect(error?.description == "':' is missing after a key at line 3, column 7")
  }

  @Test("nesting is accepted to 512 levels and refused beyond")
  func depth() throws {
    func nested(_ depth: Int) -> String {
      String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
    }
    _ = try JSONValue.parse(text: nested(512))
    let error = #expect(throws: JSONError.self) { try JSONValue.parse(text: nested(513)) }
    #expect(error?.message == "nested deeper than 512")
    #expect(throws: JSONError.self) {
      try JSONValue.parse(text: String(repeating: "{\"a\":", count: 200_000))
    }
  }

  @Test("random and damaged texts never crash the parser")
  func noise() {
    var generator = SeededGenerator(seed: 0x5EED)
    let sample = Array(
      #"{"a":[1,-2.5e3,"x\u00e9\n",true,null],"b":{"c":"é😀","d":[[],{}]}}"#.utf8)
    var accepted = 0
    for _ in 0..<4000 {
      var bytes = sample
      for _ in 0..<Int.random(in: 1...4, using: &generator) {
        let index = Int.random(in: 0..<bytes.count, using: &generator)
        switch Int.random(in: 0..<3, using: &generator) {
        case 0: bytes[index] = UInt8.random(in: 0...255, using: &generator)
        case 1: bytes.remove(at: index)
        default: bytes.insert(UInt8.random(in: 0...255, using: &generator), at: index)
        }
      }
      guard let value = try? JSONValue.parse(bytes) else { continue }
      accepted += 1
      #expect((try? JSONValue.parse(value.bytes())) == value)
    }
    #expect(accepted > 0)
  }
}

/// A small generator with a fixed start, so that a failure can be repeated (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64
  init(seed: UInt64) { state = seed }
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}
