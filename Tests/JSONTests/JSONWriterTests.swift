// The JSON writer: what it writes reads back as the same value.

import JSON
import Testing

@Suite("JSON writing")
struct JSONWriterTests {
  @Test("one line by default, with keys in the value's order")
  func compact() {
    let value: JSONValue = ["b": [1, 2.5, true, .null], "a": "x", "e": [], "o": [:]]
    #expect(value.text() == #"{"b":[1,2.5,true,null],"a":"x","e":[],"o":{}}"#)
    #expect(value.text(sortedKeys: true) == #"{"a":"x","b":[1,2.5,true,null],"e":[],"o":{}}"#)
  }

  @Test("indented on request")
  func indented() {
    let value: JSONValue = ["a": [1, ["b": "x"]], "e": []]
    #expect(
      value.text(indent: 2) == """
        {
          "a": [
            1,
            {
              "b": "x"
            }
          ],
          "e": []
        }
        """)
  }

  @Test("doubles stay doubles and keep every digit")
  func doubles() throws {
    let smallest = Double.leastNonzeroMagnitude
    let doubles = [1.0, -0.5, 0.1, 1e100, smallest, 1.7976931348623157e308, 1e16, 123_456.789e-10]
    for double in doubles {
      let text = JSONValue.double(double).text()
      #expect(try JSONValue.parse(text: text) == .double(double))
    }
    #expect(JSONValue.double(1).text() == "1.0")
    #expect(JSONValue.double(.infinity).text() == "null")
    #expect(JSONValue.double(.nan).text() == "null")
  }

  @Test("strings are escaped where JSON demands it and nowhere else")
  func strings() throws {
    #expect(
      JSONValue.string("a\"b\\c\n\u{1}\u{7F}é/<😀").text() == "\"a\\\"b\\\\c\\n\\u0001\u{7F}é/<😀\"")
    for scalar in (0..<0x300).compactMap({ Unicode.Scalar($0) }) {
      let value = JSONValue.string("x\(Character(scalar))y")
      #expect(try JSONValue.parse(value.bytes()) == value)
    }
  }

  @Test("objects are equal whatever the order of their keys")
  func equality() {
    let one: JSONValue = ["a": 1, "b": 2]
    let other: JSONValue = ["b": 2, "a": 1]
    #expect(one == other)
    #expect(Set([one, other]).count == 1)
    #expect(one != ["a": 1, "b": 3])
    #expect(one != ["a": 1, "c": 2])
  }
}

@Suite("Base64")
struct Base64Tests {
  @Test("every length round trips")
  func roundTrip() {
    var generator = SeededGenerator(seed: 64)
    for count in 0..<100 {
      let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
      #expect(Base64.decode(Base64.encode(bytes)) == bytes)
    }
    #expect(Base64.encode(Array("hello".utf8)) == "aGVsbG8=")
  }

  @Test("line breaks are skipped, anything else is refused")
  func refused() {
    #expect(Base64.decode("aGVs\nbG8=\n") == Array("hello".utf8))
    for text in ["a", "aGVsbG8", "aGVsbG8==", "aGVs bG8=", "aGV$", "=aaa", "aGVsbG8=x", "===="] {
      #expect(Base64.decode(text) == nil, "\(text)")
    }
  }
}
