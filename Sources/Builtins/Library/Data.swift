// Text formats and digests: JSON, YAML, base64, SHA-256, UUIDs.

import Crypto
import Interpreter
import JSON

extension StandardLibrary {
  static func addData(to library: inout Library) {
    library.add(
      immediate("json.parse", [.init("text", "string")], "a value from JSON text") { call in
        defer { call.heap.giveBackBorrowed() }
        do {
          let text = try call.string(0).utf8
          return try call.heap.makeData(
            freeing: try JSONValue.parse(text, look: call.heap.textLook()))
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
        call.heap.text.begin()
        try call[0].writeJSON(to: call.heap.text, call.heap, indent: indent)
        return Value(try call.heap.text.finish())
      })
    addYAML(to: &library)
    addBase64(to: &library)
    addDigests(to: &library)
  }

  private static func addDigests(to library: inout Library) {
    library.add(
      immediate("sha256", [.init("text", "string")], "the SHA-256 of the text's bytes, in hex") {
        call in
        var hash = SHA256()
        try pieces(of: try call.string(0), call.heap) { piece in
          hash.update(bufferPointer: UnsafeRawBufferPointer(piece))
        }
        return Value(call.heap.makeString(hexadecimal(hash.finalize())))
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

  /// Bytes of a text that are worked on between two looks at the limits; a multiple of three, for base64.
  private static let pieceSize = 48 << 10

  /// Calls `body` with the bytes of a text, piece by piece.
  private static func pieces(
    of string: StringReference, _ heap: Heap, _ body: (UnsafeBufferPointer<UInt8>) throws -> Void
  ) throws {
    let utf8 = string.utf8
    for start in stride(from: 0, to: utf8.count, by: pieceSize) {
      let end = min(start + pieceSize, utf8.count)
      try body(UnsafeBufferPointer(rebasing: utf8[start..<end]))
      try heap.charge(bytes: end - start)
    }
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
        defer { call.heap.giveBackBorrowed() }
        let text = try call.string(0).utf8
        return try yaml {
          try call.heap.makeData(freeing: try YAML.parse(text, look: call.heap.textLook()))
        }
      })
    library.add(
      immediate("yaml.parseAll", [.init("text", "string")], "a list with each YAML document") {
        call in
        defer { call.heap.giveBackBorrowed() }
        let text = try call.string(0).utf8
        return try yaml {
          try call.heap.makeData(
            freeing: .array(try YAML.parseAll(text, look: call.heap.textLook())))
        }
      })
    library.add(
      immediate("yaml.format", [.init("value")], "YAML text of a value") { call in
        let heap = call.heap
        defer { heap.giveBackBorrowed() }
        let data = try call.machine.json(call[0])
        let text = YAML.format(data, look: heap.textLook(isWriting: true))
        try heap.free(consume data)
        heap.text.begin()
        try heap.text.append(text)
        return Value(try heap.text.finish())
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
        let text = call.heap.text
        text.begin()
        try pieces(of: try call.string(0), call.heap) { try text.append(Base64.encode($0)) }
        return Value(try text.finish())
      })
    library.add(
      immediate("base64.decode", [.init("text", "string")], "the text that was encoded") { call in
        let text = call.heap.text
        text.begin()
        var decoder = Base64.Decoder()
        var isRight = true
        try pieces(of: try call.string(0), call.heap) { piece in
          var bytes: [UInt8] = []
          isRight = isRight && decoder.decode(piece, to: &bytes)
          try bytes.withUnsafeBufferPointer { try text.append($0) }
        }
        var rest: [UInt8] = []
        isRight = isRight && decoder.finish(to: &rest)
        try rest.withUnsafeBufferPointer { try text.append($0) }
        guard isRight, let string = try text.finishValidated() else {
          throw ScriptError.value("this is no base64 of a text")
        }
        return Value(string)
      })
  }
}
