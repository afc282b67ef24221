// Output: `print`, and the log that goes to standard error.

import Interpreter

extension StandardLibrary {
  static func addOutput(to library: inout Library, _ options: StandardOptions) {
    library.add(
      immediate(
        "print", [.init("values", isRest: true, doc: "what to write")],
        "writes the values with a space between and a newline", "print \"a\", 1"
      ) { call in
        call.write(try joined(call) + "\n")
        return .null
      })
    for level in ["debug", "info", "warn", "error"] {
      library.add(
        immediate(
          "log.\(level)", [.init("values", isRest: true, doc: "what to write")],
          "logs the values at level \(level)", "log.\(level) \"text\""
        ) { call in
          options.log(level, try joined(call))
          return .null
        })
    }
  }

  private static func joined(_ call: NativeCall) throws -> String {
    let values = call[0].asList
    var text = ""
    for index in 0..<values.count {
      if index > 0 { text += " " }
      text += try values[item: index].text(call.heap)
      try call.heap.reserve(text.utf8.count)
    }
    return text
  }
}
