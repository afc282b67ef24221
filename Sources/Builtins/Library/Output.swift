// Output: `print`, and the log that goes to standard error.

import Interpreter

extension StandardLibrary {
  static func addOutput(to library: inout Library, _ options: StandardOptions) {
    library.add(
      immediate(
        "print", [.init("values", isRest: true, doc: "what to write")],
        "writes the values with a space between and a newline", "print \"a\", 1"
      ) { call in
        let text = try joined(call)
        try text.append(UInt8(ascii: "\n"))
        try text.deliver { call.write($0) }
        return .null
      })
    for level in ["debug", "info", "warn", "error"] {
      library.add(
        immediate(
          "log.\(level)", [.init("values", isRest: true, doc: "what to write")],
          "logs the values at level \(level)", "log.\(level) \"text\""
        ) { call in
          var line = ""
          try joined(call).deliver { line += $0 }
          options.log(level, line)
          return .null
        })
    }
  }

  private static func joined(_ call: NativeCall) throws -> TextBuffer {
    let (values, text) = (call[0].asList, call.heap.text)
    text.begin()
    for index in 0..<values.count {
      if index > 0 { try text.append(UInt8(ascii: " ")) }
      try values[item: index].write(to: text, call.heap)
    }
    return text
  }
}
