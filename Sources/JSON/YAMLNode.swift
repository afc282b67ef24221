// The nodes of a YAML text, composed from libyaml's events.

import CYAML

/// A node with its place; an alias is the node it stands for, shared and not copied.
struct YAMLNode {
  /// What a node holds.
  enum Content {
    /// `isPlain`: written without quotes, and not as a block.
    case scalar(String, isPlain: Bool)
    case sequence([YAMLNode])
    case mapping([(key: YAMLNode, value: YAMLNode)])
  }

  var content: Content
  /// The tag in full, such as `tag:yaml.org,2002:str`; empty when none was written.
  var tag: String
  /// From 1.
  var line: Int
  /// In characters, from 1.
  var column: Int

  /// Bytes of a scalar's text.
  var size: Int {
    if case .scalar(let text, _) = content { text.utf8.count } else { 0 }
  }
}

/// Reads the documents of one text. The C parser keeps a pointer to itself, so it lives at an address
/// of its own for as long as this object.
final class YAMLComposer {
  private let parser: UnsafeMutablePointer<yaml_parser_t>
  private let input: UnsafeBufferPointer<UInt8>
  private var event = yaml_event_t()
  private var anchors: [String: YAMLNode] = [:]
  /// Bytes that the C parser has taken.
  private var position = 0
  private var look: Look?
  /// Nodes that were read when the reader failed, and have no place in a document.
  private var abandoned: [YAMLNode] = []

  /// Prepares to read bytes that outlive this object.
  init(_ input: UnsafeBufferPointer<UInt8>, _ look: Look?) {
    self.look = look
    self.input = input
    parser = .allocate(capacity: 1)
    parser.initialize(to: yaml_parser_t())
    yaml_parser_initialize(parser)
    yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
    // It asks for some kilobytes at a time, also in the middle of a scalar of any length. The object
    // outlives the parser.
    yaml_parser_set_input(
      parser,
      { context, target, size, count in
        guard let context, let target, let count else { return 0 }
        let composer = Unmanaged<YAMLComposer>.fromOpaque(context).takeUnretainedValue()
        return composer.read(target, size, count) ? 1 : 0
      }, Unmanaged.passUnretained(self).toOpaque())
  }

  /// Gives the C parser its next bytes; false when it shall stop.
  private func read(
    _ target: UnsafeMutablePointer<UInt8>, _ size: Int, _ count: UnsafeMutablePointer<Int>
  ) -> Bool {
    let length = min(size, input.count - position)
    if length > 0, let base = input.baseAddress {
      target.update(from: base + position, count: length)
    }
    position += length
    count.pointee = length
    return look?.count(bytes: length) != false
  }

  deinit {
    yaml_event_delete(&event)
    yaml_parser_delete(parser)
    parser.deallocate()
  }

  /// The root nodes of all documents, empty ones included.
  func documents() throws(YAMLError) -> [YAMLNode] {
    var roots: [YAMLNode] = []
    do throws(YAMLError) {
      try advance()
      while event.type != YAML_STREAM_END_EVENT {
        if event.type == YAML_DOCUMENT_START_EVENT {
          anchors.removeAll()
          try advance()
          roots.append(try node(depth: 0))
        }
        try advance()
      }
    } catch {
      let waste = Waste(roots, abandoned, anchors)
      roots = []
      abandoned = []
      anchors = [:]
      if position > Disposal.leastBytes { Disposal.beside(consume waste) }
      throw error
    }
    return roots
  }

  /// What a failed reader leaves.
  private struct Waste {
    let roots: [YAMLNode]
    let abandoned: [YAMLNode]
    let anchors: [String: YAMLNode]

    init(_ roots: [YAMLNode], _ abandoned: [YAMLNode], _ anchors: [String: YAMLNode]) {
      self.roots = roots
      self.abandoned = abandoned
      self.anchors = anchors
    }
  }

  /// Moves to the next event.
  private func advance() throws(YAMLError) {
    yaml_event_delete(&event)
    guard yaml_parser_parse(parser, &event) == 1 else { throw problem() }
  }

  /// The node that the current event begins; afterwards its last event is the current one.
  private func node(depth: Int) throws(YAMLError) -> YAMLNode {
    let mark = event.start_mark
    // A node is about twice as large as the value that becomes of it.
    guard look?.count(bytes: 0, values: 2) != false else { throw error("stopped", at: mark) }
    guard depth <= JSONValue.maximumDepth + 1 else {
      throw error("nested deeper than \(JSONValue.maximumDepth)", at: mark)
    }
    switch event.type {
    case YAML_ALIAS_EVENT:
      let name = text(event.data.alias.anchor)
      guard let node = anchors[name] else {
        throw error("the alias *\(name) stands for nothing before it", at: mark)
      }
      return node
    case YAML_SCALAR_EVENT: return try scalar(at: mark)
    case YAML_SEQUENCE_START_EVENT: return try sequence(at: mark, depth: depth)
    case YAML_MAPPING_START_EVENT: return try mapping(at: mark, depth: depth)
    default: throw error("the YAML cannot be read", at: mark)
    }
  }

  private func scalar(at mark: yaml_mark_t) throws(YAMLError) -> YAMLNode {
    let scalar = event.data.scalar
    let bytes = UnsafeBufferPointer(start: scalar.value, count: scalar.length)
    let content = YAMLNode.Content.scalar(
      try longText(bytes, at: mark),
      isPlain: scalar.style == YAML_PLAIN_SCALAR_STYLE || scalar.style == YAML_ANY_SCALAR_STYLE)
    return finish(content, tag: text(scalar.tag), anchor: text(scalar.anchor), at: mark)
  }

  /// The text of a scalar, which the C parser has found valid; a long one is copied piece by piece.
  private func longText(
    _ bytes: UnsafeBufferPointer<UInt8>, at mark: yaml_mark_t
  ) throws(YAMLError) -> String {
    let most = 256 << 10
    guard bytes.count > most else { return String(decoding: bytes, as: UTF8.self) }
    var text = ""
    text.reserveCapacity(bytes.count)
    var from = 0
    while from < bytes.count {
      var to = min(from + most, bytes.count)
      while to < bytes.count, bytes[to] & 0xC0 == 0x80 { to -= 1 }
      text += String(decoding: bytes[from..<to], as: UTF8.self)
      guard look?.count(bytes: Look.interval) != false else { throw error("stopped", at: mark) }
      from = to
    }
    return text
  }

  private func sequence(at mark: yaml_mark_t, depth: Int) throws(YAMLError) -> YAMLNode {
    let tag = text(event.data.sequence_start.tag)
    let anchor = text(event.data.sequence_start.anchor)
    var elements: [YAMLNode] = []
    do throws(YAMLError) {
      try advance()
      while event.type != YAML_SEQUENCE_END_EVENT {
        elements.append(try node(depth: depth + 1))
        try advance()
      }
    } catch {
      abandoned.append(finish(.sequence(elements), tag: "", anchor: "", at: mark))
      throw error
    }
    return finish(.sequence(elements), tag: tag, anchor: anchor, at: mark)
  }

  private func mapping(at mark: yaml_mark_t, depth: Int) throws(YAMLError) -> YAMLNode {
    let tag = text(event.data.mapping_start.tag)
    let anchor = text(event.data.mapping_start.anchor)
    var pairs: [(key: YAMLNode, value: YAMLNode)] = []
    do throws(YAMLError) {
      try advance()
      while event.type != YAML_MAPPING_END_EVENT {
        let key = try node(depth: depth + 1)
        try advance()
        pairs.append((key, try node(depth: depth + 1)))
        try advance()
      }
    } catch {
      abandoned.append(finish(.mapping(pairs), tag: "", anchor: "", at: mark))
      throw error
    }
    return finish(.mapping(pairs), tag: tag, anchor: anchor, at: mark)
  }

  /// An anchor is known from its node's end on, so a node cannot contain itself.
  private func finish(
    _ content: YAMLNode.Content, tag: String, anchor: String, at mark: yaml_mark_t
  ) -> YAMLNode {
    let node = YAMLNode(
      content: content, tag: tag, line: Int(mark.line) + 1, column: Int(mark.column) + 1)
    if !anchor.isEmpty { anchors[anchor] = node }
    return node
  }

  private func text(_ bytes: UnsafeMutablePointer<yaml_char_t>?) -> String {
    bytes.map { String(cString: $0) } ?? ""
  }

  private func error(_ message: String, at mark: yaml_mark_t) -> YAMLError {
    YAMLError(message: message, line: Int(mark.line) + 1, column: Int(mark.column) + 1)
  }

  /// What the C parser complains about.
  private func problem() -> YAMLError {
    let state = parser.pointee
    var message = state.problem.map { String(cString: $0) } ?? "the YAML cannot be read"
    guard state.error != YAML_READER_ERROR else { return readerProblem(message) }
    if let context = state.context {
      let line = state.context_mark.line + 1
      message += " (\(String(cString: context)) that began at line \(line))"
    }
    return error(message, at: state.problem_mark)
  }

  /// A byte or character that YAML does not allow: the parser tells its offset only.
  private func readerProblem(_ message: String) -> YAMLError {
    guard look?.isStopped != true else { return YAMLError(message: "stopped", line: 0, column: 0) }
    let offset = min(Int(clamping: parser.pointee.problem_offset), input.count)
    let place = TextPlace(of: offset, in: input)
    return YAMLError(
      message: message, line: place.line, column: place.scalars(upTo: offset, in: input) + 1)
  }
}
