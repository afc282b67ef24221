// Reads YAML into JSON values, as Kubernetes' own tools do. The text's syntax is libyaml's work; what the scalars mean is decided in YAMLScalar.swift.
//
// Kept from JSON: nesting to 512 levels, keys that are strings. A number, a bool or null as a key
// becomes its text. Aliases and merge keys (`<<`) are followed, but a text whose aliases multiply
// into more than a million values is refused. A key that comes twice is an error. A text is one
// document or several, empty documents are left out.

/// Why and where a text is no YAML, or YAML that JSON cannot hold.
public struct YAMLError: Error, Sendable, Hashable, CustomStringConvertible {
  /// What was wrong, in words.
  public let message: String
  /// Line of the place, from 1; 0 when unknown.
  public let line: Int
  /// Column of the place in characters, from 1; 0 when unknown.
  public let column: Int

  /// The message with its place.
  public var description: String {
    line > 0 ? "\(message) at line \(line), column \(column)" : message
  }
}

/// YAML texts to values and back.
public enum YAML {
  /// Parses a text of at most one document; an empty text is null.
  public static func parse(_ text: String) throws(YAMLError) -> JSONValue {
    try single(try parseAll(text))
  }

  /// Parses UTF-8 bytes of at most one document; an empty text is null.
  ///
  /// - Parameter look: is told how far the reader has come; see `Look`.
  public static func parse(
    _ bytes: UnsafeBufferPointer<UInt8>, look: Look? = nil
  ) throws(YAMLError) -> JSONValue {
    try single(try parseAll(bytes, look: look))
  }

  private static func single(_ documents: [JSONValue]) throws(YAMLError) -> JSONValue {
    guard documents.count <= 1 else {
      throw YAMLError(
        message: "found \(documents.count) documents where one was expected", line: 0, column: 0)
    }
    return documents.first ?? .null
  }

  /// Parses every document of a text.
  public static func parseAll(_ text: String) throws(YAMLError) -> [JSONValue] {
    var text = text
    let result = text.withUTF8 { bytes in
      Result { () throws(YAMLError) in try parseAll(bytes) }
    }
    return try result.get()
  }

  /// Parses every document of UTF-8 bytes.
  ///
  /// - Parameter look: is told how far the reader has come; see `Look`.
  public static func parseAll(
    _ bytes: UnsafeBufferPointer<UInt8>, look: Look? = nil
  ) throws(YAMLError) -> [JSONValue] {
    var converter = YAMLConverter(look)
    var documents: [JSONValue] = []
    var nodes = try YAMLComposer(bytes, look).documents()
    // The nodes are many when the text is long, and are freed while the values are used already.
    defer {
      let waste = nodes
      nodes = []
      if bytes.count > Disposal.leastBytes { Disposal.beside(consume waste) }
    }
    do throws(YAMLError) {
      for node in nodes {
        let value = try converter.convert(node, depth: 0)
        if case .null = value {} else { documents.append(value) }
      }
    } catch {
      documents.append(.array(converter.takeAbandoned()))
      let waste = documents
      documents = []
      if bytes.count > Disposal.leastBytes { Disposal.beside(consume waste) }
      throw error
    }
    return documents
  }
}

/// Turns the nodes of one text into values, within a budget.
private struct YAMLConverter {
  /// Values that one text may have, aliases followed.
  private var budget = 1_000_000
  private var look: Look?
  /// Values of a text that was given up, which have no place in a document.
  private var abandoned: [JSONValue] = []

  init(_ look: Look?) { self.look = look }

  mutating func takeAbandoned() -> [JSONValue] {
    defer { abandoned = [] }
    return abandoned
  }

  mutating func convert(_ node: YAMLNode, depth: Int) throws(YAMLError) -> JSONValue {
    budget -= 1
    guard look?.count(bytes: node.size, values: 1) != false else {
      throw error("stopped", at: node)
    }
    guard budget >= 0 else { throw error("the aliases multiply into too many values", at: node) }
    guard depth <= JSONValue.maximumDepth else {
      throw error("nested deeper than \(JSONValue.maximumDepth)", at: node)
    }
    switch node.content {
    case .scalar(let text, let isPlain): return try convert(text, isPlain: isPlain, in: node)
    case .sequence(let sequence):
      var elements: [JSONValue] = []
      do throws(YAMLError) {
        for element in sequence { elements.append(try convert(element, depth: depth + 1)) }
      } catch {
        abandoned.append(.array(elements))
        throw error
      }
      return .array(elements)
    case .mapping(let mapping): return .object(try convert(mapping, depth: depth))
    }
  }

  private mutating func convert(
    _ mapping: [(key: YAMLNode, value: YAMLNode)], depth: Int
  ) throws(YAMLError) -> JSONObject {
    var pairs = PairCollector()
    do throws(YAMLError) {
      try convert(mapping, into: &pairs, depth: depth)
    } catch {
      abandoned.append(.object(pairs.finish()))
      throw error
    }
    return pairs.finish()
  }

  private mutating func convert(
    _ mapping: [(key: YAMLNode, value: YAMLNode)], into pairs: inout PairCollector, depth: Int
  ) throws(YAMLError) {
    var merged: [YAMLNode] = []
    for (keyNode, valueNode) in mapping {
      if isMergeKey(keyNode) {
        merged.append(valueNode)
        continue
      }
      let key = try key(of: keyNode)
      guard pairs.add(key, try convert(valueNode, depth: depth + 1)) else {
        throw error("the key \"\(key)\" comes twice", at: keyNode)
      }
    }
    for node in merged {
      for source in try mergeSources(node, depth: depth) {
        for (key, value) in source where !pairs.contains(key) { pairs.add(key, value) }
      }
    }
  }

  private func isMergeKey(_ node: YAMLNode) -> Bool {
    guard case .scalar("<<", isPlain: true) = node.content else { return false }
    return true
  }

  /// The mappings behind a merge key: one, or a list whose first wins.
  private mutating func mergeSources(
    _ node: YAMLNode, depth: Int
  ) throws(YAMLError) -> [JSONObject] {
    switch try convert(node, depth: depth + 1) {
    case .object(let object): return [object]
    case .array(let elements):
      let objects = elements.compactMap(\.object)
      if objects.count == elements.count { return objects }
    default: break
    }
    throw error("'<<' needs a mapping or a list of mappings", at: node)
  }

  private func key(of node: YAMLNode) throws(YAMLError) -> String {
    guard case .scalar(let text, let isPlain) = node.content else {
      throw error("a key must be a string", at: node)
    }
    switch try convert(text, isPlain: isPlain, in: node) {
    case .bool(let bool): return bool ? "true" : "false"
    case .int(let int): return String(int)
    case .string(let string): return string
    default: return text
    }
  }

  private func convert(
    _ text: String, isPlain: Bool, in node: YAMLNode
  ) throws(YAMLError) -> JSONValue {
    switch node.tag {
    case "" where isPlain: break
    case "", "!", "tag:yaml.org,2002:str": return .string(text)
    case "tag:yaml.org,2002:int", "tag:yaml.org,2002:bool", "tag:yaml.org,2002:null": break
    case "tag:yaml.org,2002:float":
      if case .int(let int)? = YAMLScalar.value(of: text) { return .double(Double(int)) }
    case let tag: throw error("the tag \(tag) is not supported", at: node)
    }
    guard let value = YAMLScalar.value(of: text) else {
      throw error("JSON has no \(text)", at: node)
    }
    try check(value, against: node.tag, in: node)
    return value
  }

  private func check(_ value: JSONValue, against tag: String, in node: YAMLNode) throws(YAMLError) {
    let fits =
      switch (tag, value) {
      case ("tag:yaml.org,2002:int", .int), ("tag:yaml.org,2002:bool", .bool),
        ("tag:yaml.org,2002:null", .null), ("tag:yaml.org,2002:float", .double), ("", _):
        true
      default: false
      }
    guard fits else {
      throw error("the value is no \(tag.split(separator: ":").last ?? "such type")", at: node)
    }
  }

  private func error(_ message: String, at node: YAMLNode) -> YAMLError {
    YAMLError(message: message, line: node.line, column: node.column)
  }
}
