// Methods of strings. Positions and counts are in Unicode scalars.

import Interpreter

extension StandardLibrary {
  static func addStrings(to library: inout Library) {
    for function in simpleStrings + searchingStrings + shapingStrings {
      library.addMethod(of: "string", function)
    }
  }

  private static var simpleStrings: [HostFunction] {
    [
      method(of: "string", "count", "number of Unicode scalars") { call in
        Value(try call.string(0).scalarCount)
      },
      method(of: "string", "isEmpty", "true when there is no character") { call in
        Value(try call.string(0).scalarCount == 0)
      },
      method(of: "string", "upper", "in upper case") { call in
        Value(call.heap.makeString(try call.string(0).text.uppercased()))
      },
      method(of: "string", "lower", "in lower case") { call in
        Value(call.heap.makeString(try call.string(0).text.lowercased()))
      },
      method(of: "string", "trim", "without white space at both ends") { call in
        let scalars = try call.string(0).text.unicodeScalars
        let start = scalars.drop { $0.properties.isWhitespace }
        let end = start.reversed().drop { $0.properties.isWhitespace }
        var text = String.UnicodeScalarView()
        text.append(contentsOf: end.reversed())
        return Value(call.heap.makeString(String(text)))
      },
      method(of: "string", "lines", "its lines, without line breaks") { call in
        // In bytes: as a Character, "\r\n" is one and no "\n".
        let bytes = try call.string(0).utf8
        var pieces = bytes.split(separator: 0x0A, omittingEmptySubsequences: false)
        if pieces.last?.isEmpty == true { pieces.removeLast() }
        let result = call.heap.makeList(capacity: pieces.count)
        for piece in pieces {
          let line = piece.last == 0x0D ? piece.dropLast() : piece
          result.append(
            Value(call.heap.makeString(UnsafeBufferPointer(rebasing: line))), call.heap)
        }
        return Value(result)
      },
    ]
  }

  private static var searchingStrings: [HostFunction] {
    [
      method(of: "string", "contains", [.init("text", "string")], "true when the text occurs in it")
      {
        Value(try $0.string(0).find(try $0.string(1)) != nil)
      },
      method(
        of: "string", "startsWith", [.init("text", "string")], "true when it begins with the text"
      ) {
        call in
        let (string, prefix) = (try call.string(0), try call.string(1))
        return Value(string.text.utf8.starts(with: prefix.utf8))
      },
      method(of: "string", "endsWith", [.init("text", "string")], "true when it ends with the text")
      {
        call in
        let (string, suffix) = (try call.string(0), try call.string(1))
        return Value(string.utf8.reversed().starts(with: suffix.utf8.reversed()))
      },
      method(
        of: "string", "indexOf", [.init("text", "string")], "where the text first occurs, or null"
      ) {
        call in
        let string = try call.string(0)
        guard let offset = string.find(try call.string(1)) else { return .null }
        return Value(string.scalarIndex(ofByte: offset))
      },
    ]
  }

  private static var shapingStrings: [HostFunction] {
    [
      method(of: "string", "split", [.init("separator", "string")], "its pieces between separators")
      {
        try split(&$0)
      },
      method(
        of: "string", "replace", [.init("old", "string"), .init("new", "string")],
        "with every occurrence replaced"
      ) { try replace(&$0) },
      method(of: "string", "repeat", [.init("count", "int")], "itself so many times") {
        try repeated(&$0)
      },
      method(
        of: "string", "padLeft",
        [.init("width", "int"), .init("fill", "string", default: "\" \"")],
        "filled up on the left"
      ) { try pad(&$0, isLeft: true) },
      method(
        of: "string", "padRight",
        [.init("width", "int"), .init("fill", "string", default: "\" \"")],
        "filled up on the right"
      ) { try pad(&$0, isLeft: false) },
      method(
        of: "string", "slice",
        [.init("from", "int"), .init("to", "int", default: "the end")],
        "from one position up to another"
      ) { call in
        let string = try call.string(0)
        let count = string.scalarCount
        let start = try call.position(1, count: count, of: "string", isEndAllowed: true)
        let end =
          call.has(2)
          ? try call.position(2, count: count, of: "string", isEndAllowed: true) : count
        return Value(string.slice(start, max(start, end), call.heap))
      },
      method(of: "string", "copy", "itself: strings never change") { $0[0] },
    ]
  }

  static func list(_ texts: [String], _ heap: Heap) -> Value {
    let list = heap.makeList(capacity: texts.count)
    for text in texts { list.append(Value(heap.makeString(text)), heap) }
    return Value(list)
  }

  private static func split(_ call: inout NativeCall) throws -> Value {
    let (string, separator) = (try call.string(0), try call.string(1))
    guard separator.scalarCount > 0 else {
      throw ScriptError.value(
        "split needs a separator", notes: ["for c in s { } gives the characters"])
    }
    let result = call.heap.makeList()
    var start = 0
    while let end = string.find(separator, from: start) {
      result.append(piece(string, start, end, call.heap), call.heap)
      start = end + separator.utf8.count
    }
    result.append(piece(string, start, string.utf8.count, call.heap), call.heap)
    return Value(result)
  }

  private static func piece(
    _ string: StringReference, _ start: Int, _ end: Int, _ heap: Heap
  ) -> Value {
    Value(heap.makeString(UnsafeBufferPointer(rebasing: string.utf8[start..<end])))
  }

  private static func replace(_ call: inout NativeCall) throws -> Value {
    let (string, old, new) = (try call.string(0), try call.string(1), try call.string(2))
    guard old.scalarCount > 0 else { throw ScriptError.value("replace needs a text to look for") }
    var bytes: [UInt8] = []
    var start = 0
    while let end = string.find(old, from: start) {
      bytes += string.utf8[start..<end]
      bytes += new.utf8
      start = end + old.utf8.count
      try call.heap.reserve(bytes.count)
    }
    bytes += string.utf8[start...]
    try call.heap.reserve(bytes.count)
    return Value(bytes.withUnsafeBufferPointer { call.heap.makeString($0) })
  }

  private static func repeated(_ call: inout NativeCall) throws -> Value {
    let (string, count) = (try call.string(0), try call.int(1))
    guard count >= 0 else { throw ScriptError.value("repeat takes a count of at least 0") }
    let (size, isOverflow) = string.utf8.count.multipliedReportingOverflow(by: count)
    try call.heap.reserve(isOverflow ? Int.max / 2 : size)
    return Value(call.heap.makeString(String(repeating: string.text, count: count)))
  }

  private static func pad(_ call: inout NativeCall, isLeft: Bool) throws -> Value {
    let (string, width) = (try call.string(0), try call.int(1))
    let fill = call.has(2) ? try call.string(2).text : " "
    guard fill.unicodeScalars.count == 1 else {
      throw ScriptError.value("\(call.signature.name) fills with one character")
    }
    let missing = width - string.scalarCount
    guard missing > 0 else { return call[0] }
    try call.heap.reserve(missing * 4)
    let padding = String(repeating: fill, count: missing)
    return Value(call.heap.makeString(isLeft ? padding + string.text : string.text + padding))
  }
}
