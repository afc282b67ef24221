// Text formats: JSON, YAML, base64.

import Interpreter
import JSON

extension StandardLibrary {
  static func addData(to library: inout Library) {
    library.add(
      immediate("json.parse", [.init("text", "string")], "a value from JSON text") { call in
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
