// Text formats and digests: JSON, YAML, base64, SHA-256, UUIDs.

import Crypto
import Interpreter
import JSON

extension StandardLibrary {
  static func addData(to library: inout Library) {
    library.add(
      immediate("json.parse", [.init("text", "string")], "a value from JSON text") { call in
        try call.heap.charge(bytes: try call.string(0).utf8.count)
        do {
          return call.heap.makeValue(try JSONValue.parse(Array(try call.string(0).utf8)))
        } catch let error as JSONError {
          throw ScriptError.value("this is no JSON: \(error)")
        }
      })
    library.add(
      immediate(
        "json.format", [.init("value"), .init("indent", "int", default: "compact")],
        "JSON text of a value"
      ) { call in
        let indent = call.has(1) ? try call.int(1) : nil
        if let indent, !(0...16).contains(indent) {
          throw ScriptError.value("indent is from 0 to 16")
        }
        return Value(call.heap.makeString(try call.machine.json(call[0]).text(indent: indent)))
      })
    addYAML(to: &library)
    addBase64(to: &library)
    addDigests(to: &library)
  }

  private static func addDigests(to library: inout Library) {
    library.add(
      immediate("sha256", [.init("text", "string")], "the SHA-256 of the text's bytes, in hex") {
        call in
        try call.heap.charge(bytes: try call.string(0).utf8.count)
        let digest = SHA256.hash(data: Array(try call.string(0).utf8))
        return Value(call.heap.makeString(hexadecimal(digest)))
      })
    library.add(
      immediate("uuid", [], "a random UUID (RFC 9562, version 4)") { call in
        var bytes = (0..<16).map { _ in UInt8.random(in: 0...255) }
        bytes[6] = bytes[6] & 0x0F | 0x40
        bytes[8] = bytes[8] & 0x3F | 0x80
        let digits = hexadecimal(bytes)
        var text = ""
        for (index, digit) in digits.enumerated() {
          if [8, 12, 16, 20].contains(index) { text += "-" }
          text.append(digit)
        }
        return Value(call.heap.makeString(text))
      })
  }

  private static func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
    bytes.map { byte in
      let digits = String(byte, radix: 16)
      return digits.count == 1 ? "0" + digits : digits
    }.joined()
  }

  private static func addYAML(to library: inout Library) {
    library.add(
      immediate("yaml.parse", [.init("text", "string")], "a value from YAML text") { call in
        try yaml { call.heap.makeValue(try YAML.parse(try call.string(0).text)) }
      })
    library.add(
      immediate("yaml.parseAll", [.init("text", "string")], "a list with each YAML document") {
        call in
        try yaml { call.heap.makeValue(.array(try YAML.parseAll(try call.string(0).text))) }
      })
    library.add(
      immediate("yaml.format", [.init("value")], "YAML text of a value") { call in
        Value(call.heap.makeString(YAML.format(try call.machine.json(call[0]))))
      })
  }

  private static func yaml(_ body: () throws -> Value) throws -> Value {
    do {
      return try body()
    } catch let error as YAMLError {
      throw ScriptError.value("this is no YAML: \(error)")
    }
  }

  private static func addBase64(to library: inout Library) {
    library.add(
      immediate("base64.encode", [.init("text", "string")], "the text's bytes in base64") { call in
        Value(call.heap.makeString(Base64.encode(try call.string(0).utf8)))
      })
    library.add(
      immediate("base64.decode", [.init("text", "string")], "the text that was encoded") { call in
        let bytes = Base64.decode(try call.string(0).text)
        guard let bytes, let text = String(validating: bytes, as: UTF8.self) else {
          throw ScriptError.value("this is no base64 of a text")
        }
        return Value(call.heap.makeString(text))
      })
  }
}
