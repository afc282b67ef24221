// `regex`, and the methods of strings that take one.

import Interpreter

extension StandardLibrary {
  static func addRegex(to library: inout Library) {
    library.add(
      immediate(
        "regex", [.init("pattern", "string")],
        "a regular expression (PCRE2), for matches, capture, replace and split",
        "regex(\"^v(\\\\d+)\")"
      ) { call in call.heap.makeHost(try Regex.of(try call.string(0))) })
    library.addMethod(
      of: "string",
      method(
        of: "string", "matches", [.init("pattern", "regex or string")],
        "true when the pattern occurs in it"
      ) { call in Value(try search(call).find()) })
    library.addMethod(
      of: "string",
      method(
        of: "string", "capture", [.init("pattern", "regex or string")],
        "the first match: a map of its named groups, or else a list of the whole and the groups; "
          + "null without a match"
      ) { try capture(&$0) })
  }

  /// The regex among the arguments; a string is compiled as a pattern.
  private static func search(_ call: NativeCall) throws -> RegexSearch {
    let regex: Regex
    switch call[1].tag {
    case .string: regex = try Regex.of(call[1].asString)
    default:
      guard let given = self.regex(call[1]) else { throw call.wrong(1, "regex") }
      regex = given
    }
    return try RegexSearch(regex, in: try call.string(0), call)
  }

  /// The regex that a value is; nil for other values.
  static func regex(_ value: Value) -> Regex? {
    value.tag == .host ? value.asHost as? Regex : nil
  }

  private static func capture(_ call: inout NativeCall) throws -> Value {
    let search = try search(call)
    guard try search.find() else { return .null }
    let (regex, heap, text) = (search.regex, call.heap, try call.string(0))
    func value(_ group: Int) throws -> Value {
      try search.group(group).map { try part(text, $0, heap) } ?? .null
    }
    guard regex.names.isEmpty else {
      let map = heap.makeMap(capacity: regex.names.count)
      for (name, group) in regex.names.sorted(by: { $0.group < $1.group }) {
        map.set(heap.makeString(name), try value(group), heap)
      }
      return Value(map)
    }
    let list = heap.makeList(capacity: regex.groupCount + 1)
    for group in 0...regex.groupCount { list.append(try value(group), heap) }
    return Value(list)
  }

  /// `split` by a regex; groups do not become pieces.
  static func split(_ call: inout NativeCall, by regex: Regex) throws -> Value {
    let (text, heap) = (try call.string(0), call.heap)
    let pieces = heap.makeList()
    var start = 0
    try RegexSearch(regex, in: text, call).each { match in
      pieces.append(try part(text, start..<max(start, match.lowerBound), heap), heap)
      start = match.upperBound
      try heap.reserve(0)
    }
    pieces.append(try part(text, start..<text.utf8.count, heap), heap)
    return Value(pieces)
  }

  /// Bytes of the new text of a `replace` by a regex.
  private static let longestTemplate = 64 << 10

  /// `replace` by a regex: `$1`, `${name}` and `$0` in the new text stand for groups, `$$` for a dollar.
  static func replace(_ call: inout NativeCall, _ regex: Regex) throws -> Value {
    let (text, heap) = (try call.string(0), call.heap)
    // A person wrote the new text; what is longer has no groups to find.
    let given = try call.string(2)
    guard given.utf8.count <= longestTemplate else {
      throw ScriptError.value("the new text for a regex is longer than 64 KiB")
    }
    let template = try RegexTemplate(given.text, regex)
    let search = try RegexSearch(regex, in: text, call)
    let result = heap.text
    result.begin()
    var start = 0
    try search.each { match in
      if start < match.lowerBound { try append(text, start..<match.lowerBound, to: result) }
      for piece in template.pieces {
        switch piece {
        case .text(let bytes): try bytes.withUnsafeBufferPointer { try result.append($0) }
        case .group(let group):
          if let range = search.group(group) { try append(text, range, to: result) }
        }
      }
      start = match.upperBound
    }
    try append(text, start..<text.utf8.count, to: result)
    return Value(try result.finish())
  }

  private static func append(
    _ text: StringReference, _ range: Range<Int>, to buffer: TextBuffer
  ) throws {
    try buffer.append(UnsafeBufferPointer(rebasing: text.utf8[range]))
  }

  private static func part(
    _ text: StringReference, _ range: Range<Int>, _ heap: Heap
  ) throws -> Value {
    Value(try heap.makeText(UnsafeBufferPointer(rebasing: text.utf8[range])))
  }
}

/// The new text of a `replace`, taken apart.
struct RegexTemplate {
  enum Piece {
    case text([UInt8])
    case group(Int)
  }

  private(set) var pieces: [Piece] = []

  /// - Throws: a `ScriptError` for a group that the pattern does not have.
  init(_ text: String, _ regex: Regex) throws(ScriptError) {
    var rest = Substring(text)
    while let dollar = rest.firstIndex(of: "$") {
      add(rest[..<dollar])
      rest = rest[dollar...].dropFirst()
      if rest.first == "$" {
        add("$")
        rest = rest.dropFirst()
      } else if rest.first == "{", let close = rest.firstIndex(of: "}") {
        pieces.append(.group(try Self.group(rest[..<close].dropFirst(), regex)))
        rest = rest[close...].dropFirst()
      } else {
        let digits = rest.prefix { ("0"..."9") ~= $0 }.prefix(2)
        guard !digits.isEmpty else {
          add("$")
          continue
        }
        // `$12` is group 12 when there is one, else group 1 and a 2.
        let isWhole = (Int(digits) ?? 0) <= regex.groupCount
        let number = isWhole ? digits : digits.prefix(1)
        pieces.append(.group(try Self.group(number, regex)))
        rest = rest.dropFirst(number.count)
      }
    }
    add(rest)
  }

  private mutating func add(_ text: Substring) {
    if !text.isEmpty { pieces.append(.text(Array(text.utf8))) }
  }

  private static func group(_ name: Substring, _ regex: Regex) throws(ScriptError) -> Int {
    if let number = Int(name), (0...regex.groupCount) ~= number { return number }
    if let named = regex.names.first(where: { $0.name == name }) { return named.group }
    throw ScriptError.value(
      "\(regex.description) has no group \"\(name)\"",
      notes: ["in the new text of a regex, $1 and ${name} stand for groups, $$ for a dollar"])
  }
}
