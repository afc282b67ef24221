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
        try inPieces(try call.string(0), call.heap) { $0.uppercased() }
      },
      method(of: "string", "lower", "in lower case") { call in
        try inPieces(try call.string(0), call.heap) { $0.lowercased() }
      },
      method(of: "string", "trim", "without white space at both ends") { call in
        try trim(try call.string(0), call.heap)
      },
      method(of: "string", "lines", "its lines, without line breaks") { call in
        try lines(try call.string(0), call.heap)
      },
    ]
  }

  private static var searchingStrings: [HostFunction] {
    [
      method(of: "string", "contains", [.init("text", "string")], "true when the text occurs in it")
      {
        Value(try $0.string(0).find(try $0.string(1), $0.heap) != nil)
      },
      method(
        of: "string", "startsWith", [.init("text", "string")], "true when it begins with the text"
      ) {
        call in
        let (string, prefix) = (try call.string(0), try call.string(1))
        let count = prefix.utf8.count
        return Value(
          try string.utf8.count >= count && string.hasBytes(prefix.utf8, at: 0, call.heap))
      },
      method(of: "string", "endsWith", [.init("text", "string")], "true when it ends with the text")
      {
        call in
        let (string, suffix) = (try call.string(0), try call.string(1))
        let (length, count) = (string.utf8.count, suffix.utf8.count)
        return Value(
          try length >= count && string.hasBytes(suffix.utf8, at: length - count, call.heap))
      },
      method(
        of: "string", "indexOf", [.init("text", "string")], "where the text first occurs, or null"
      ) {
        call in
        let string = try call.string(0)
        guard let offset = try string.find(try call.string(1), call.heap) else { return .null }
        return Value(try string.scalarIndex(ofByte: offset, call.heap))
      },
    ]
  }

  private static var shapingStrings: [HostFunction] {
    [
      method(
        of: "string", "split", [.init("separator", "string or regex")],
        "its pieces between separators"
      ) {
        if let regex = regex($0[1]) { return try split(&$0, by: regex) }
        return try split(&$0)
      },
      method(
        of: "string", "replace", [.init("old", "string or regex"), .init("new", "string")],
        "with every occurrence replaced; $1 and ${name} stand for groups of a regex"
      ) {
        if let regex = regex($0[1]) { return try replace(&$0, regex) }
        return try replace(&$0)
      },
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
        return Value(try string.slice(start, max(start, end), call.heap))
      },
      method(of: "string", "copy", "itself: strings never change") { $0[0] },
    ]
  }

  /// Changes a string piece by piece, each of whole scalars.
  private static func inPieces(
    _ string: StringReference, _ heap: Heap, _ change: (String) -> String
  ) throws -> Value {
    let utf8 = string.utf8
    heap.text.begin()
    var start = 0
    while start < utf8.count {
      var end = min(start + 4096, utf8.count)
      while end < utf8.count, utf8[end] & 0xC0 == 0x80 { end += 1 }
      try heap.text.append(change(String(decoding: utf8[start..<end], as: UTF8.self)))
      try heap.charge((end - start) / 8)
      start = end
    }
    return Value(try heap.text.finish())
  }

  private static func trim(_ string: StringReference, _ heap: Heap) throws -> Value {
    let utf8 = string.utf8
    var start = 0
    while start < utf8.count, let length = whiteSpace(utf8[start...]) {
      start += length
      try heap.charge()
    }
    var end = utf8.count
    while end > start {
      var first = end - 1
      while first > start, utf8[first] & 0xC0 == 0x80 { first -= 1 }
      guard whiteSpace(utf8[first..<end]) != nil else { break }
      end = first
      try heap.charge()
    }
    return try piece(string, start, end, heap)
  }

  /// Bytes of the white space that some UTF-8 begins with; nil when it begins with something else.
  private static func whiteSpace(_ utf8: Slice<UnsafeBufferPointer<UInt8>>) -> Int? {
    let scalar = String(decoding: utf8.prefix(4), as: UTF8.self).unicodeScalars.first
    guard let scalar, scalar.properties.isWhitespace else { return nil }
    return UTF8.width(scalar)
  }

  private static func lines(_ string: StringReference, _ heap: Heap) throws -> Value {
    let result = heap.makeList()
    let newline = heap.makeString("\n")
    var start = 0
    while start < string.utf8.count {
      let end = try string.find(newline, from: start, heap) ?? string.utf8.count
      let isReturn = end > start && string.utf8[end - 1] == 0x0D
      result.append(try piece(string, start, isReturn ? end - 1 : end, heap), heap)
      try heap.charge()
      start = end + 1
    }
    return Value(result)
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
    return Value(try string.split(separator, call.heap))
  }

  private static func piece(
    _ string: StringReference, _ start: Int, _ end: Int, _ heap: Heap
  ) throws -> Value {
    Value(try string.piece(start, end, heap))
  }

  private static func replace(_ call: inout NativeCall) throws -> Value {
    let (string, old, new) = (try call.string(0), try call.string(1), try call.string(2))
    guard old.scalarCount > 0 else { throw ScriptError.value("replace needs a text to look for") }
    return Value(try string.replace(old, new, call.heap))
  }

  private static func repeated(_ call: inout NativeCall) throws -> Value {
    let (string, count) = (try call.string(0), try call.int(1))
    guard count >= 0 else { throw ScriptError.value("repeat takes a count of at least 0") }
    guard string.utf8.count > 0 else { return call[0] }
    let (size, isOverflow) = string.utf8.count.multipliedReportingOverflow(by: count)
    let text = call.heap.text
    text.begin()
    try text.makeRoom(isOverflow ? .max : size)
    for _ in 0..<count { try text.append(string) }
    return Value(try text.finish())
  }

  private static func pad(_ call: inout NativeCall, isLeft: Bool) throws -> Value {
    let (string, width) = (try call.string(0), try call.int(1))
    let fill = call.has(2) ? try call.string(2) : call.heap.makeString(" ")
    guard fill.scalarCount == 1 else {
      throw ScriptError.value("\(call.signature.name) fills with one character")
    }
    guard width > string.scalarCount else { return call[0] }
    let missing = width - string.scalarCount
    let (size, isOverflow) = missing.multipliedReportingOverflow(by: fill.utf8.count)
    let text = call.heap.text
    text.begin()
    try text.makeRoom(isOverflow ? .max : size)
    if !isLeft { try text.append(string) }
    for _ in 0..<missing { try text.append(fill) }
    if isLeft { try text.append(string) }
    return Value(try text.finish())
  }
}
