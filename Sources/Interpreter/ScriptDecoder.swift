// Scripts' values as Swift's `Decodable` types: maps as structs, lists as arrays.

extension ScriptValue {
  /// Decodes a Swift type from the value: keyed containers from maps, unkeyed ones from lists. A
  /// `Duration` is decoded from a duration, and `ScriptValue` from anything.
  ///
  /// - Parameter type: what to make.
  /// - Throws: `DecodingError`, which names the path to what did not fit.
  public func decode<T: Decodable>(as type: T.Type = T.self) throws -> T {
    try ScriptDecoder(value: self, codingPath: []).decode(type)
  }
}

/// One value on the way to a Swift type.
private struct ScriptDecoder: Decoder, SingleValueDecodingContainer {
  let value: ScriptValue
  let codingPath: [any CodingKey]
  var userInfo: [CodingUserInfoKey: Any] { [:] }

  func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
    guard let pairs = value.map else { throw mismatch([String: ScriptValue].self, "a map") }
    return KeyedDecodingContainer(KeyedValues(pairs: pairs, codingPath: codingPath))
  }

  func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
    guard let elements = value.list else { throw mismatch([ScriptValue].self, "a list") }
    return UnkeyedValues(elements: elements, codingPath: codingPath)
  }

  func singleValueContainer() -> any SingleValueDecodingContainer { self }

  func decodeNil() -> Bool { value.isNull }

  func decode(_ type: Bool.Type) throws -> Bool { try required(value.bool, type, "a bool") }

  func decode(_ type: String.Type) throws -> String {
    try required(value.string, type, "a string")
  }

  func decode(_ type: Double.Type) throws -> Double {
    try required(Double.from(value), type, "a number")
  }

  func decode(_ type: Float.Type) throws -> Float { Float(try decode(Double.self)) }
  func decode(_ type: Int.Type) throws -> Int { try integer(type) }
  func decode(_ type: Int8.Type) throws -> Int8 { try integer(type) }
  func decode(_ type: Int16.Type) throws -> Int16 { try integer(type) }
  func decode(_ type: Int32.Type) throws -> Int32 { try integer(type) }
  func decode(_ type: Int64.Type) throws -> Int64 { try integer(type) }
  func decode(_ type: UInt.Type) throws -> UInt { try integer(type) }
  func decode(_ type: UInt8.Type) throws -> UInt8 { try integer(type) }
  func decode(_ type: UInt16.Type) throws -> UInt16 { try integer(type) }
  func decode(_ type: UInt32.Type) throws -> UInt32 { try integer(type) }
  func decode(_ type: UInt64.Type) throws -> UInt64 { try integer(type) }

  func decode<T: Decodable>(_ type: T.Type) throws -> T {
    // Types that have a form in scripts, and another one in Codable.
    if type == Duration.self, let duration = value.duration as? T { return duration }
    if type == ScriptValue.self, let any = value as? T { return any }
    return try T(from: self)
  }

  private func integer<T: FixedWidthInteger>(_ type: T.Type) throws -> T {
    let int = try required(value.int, type, "an int")
    guard let exact = T(exactly: int) else {
      throw DecodingError.dataCorrupted(
        DecodingError.Context(codingPath: codingPath, debugDescription: "\(int) is no \(type)"))
    }
    return exact
  }

  private func required<T>(_ found: T?, _ type: Any.Type, _ wanted: String) throws -> T {
    guard let found else { throw mismatch(type, wanted) }
    return found
  }

  private func mismatch(_ type: Any.Type, _ wanted: String) -> DecodingError {
    let text = "expected \(wanted), found \(ScriptError.article(value.typeName))"
    let context = DecodingError.Context(codingPath: codingPath, debugDescription: text)
    return value.isNull ? .valueNotFound(type, context) : .typeMismatch(type, context)
  }
}

/// The key of a list's element, and of `super`.
private struct PositionKey: CodingKey {
  var stringValue: String
  var intValue: Int?

  init(_ position: Int) {
    stringValue = "\(position)"
    intValue = position
  }

  init(stringValue: String) { self.stringValue = stringValue }
  init(intValue: Int) { self.init(intValue) }
}

/// A map while it is decoded.
private struct KeyedValues<Key: CodingKey>: KeyedDecodingContainerProtocol {
  let values: [String: ScriptValue]
  let allKeys: [Key]
  let codingPath: [any CodingKey]

  init(pairs: [(key: String, value: ScriptValue)], codingPath: [any CodingKey]) {
    values = Dictionary(pairs.map { ($0.key, $0.value) }, uniquingKeysWith: { _, last in last })
    allKeys = pairs.compactMap { Key(stringValue: $0.key) }
    self.codingPath = codingPath
  }

  func contains(_ key: Key) -> Bool { values[key.stringValue] != nil }
  func decodeNil(forKey key: Key) throws -> Bool { try decoder(key).decodeNil() }
  func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T {
    try decoder(key).decode(type)
  }

  func nestedContainer<Nested: CodingKey>(
    keyedBy type: Nested.Type, forKey key: Key
  ) throws -> KeyedDecodingContainer<Nested> {
    try decoder(key).container(keyedBy: type)
  }

  func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
    try decoder(key).unkeyedContainer()
  }

  func superDecoder() -> any Decoder {
    ScriptDecoder(
      value: values["super"] ?? .null, codingPath: codingPath + [PositionKey(stringValue: "super")])
  }

  func superDecoder(forKey key: Key) throws -> any Decoder { try decoder(key) }

  private func decoder(_ key: Key) throws -> ScriptDecoder {
    guard let value = values[key.stringValue] else {
      let text = "there is no key \"\(key.stringValue)\""
      throw DecodingError.keyNotFound(
        key, DecodingError.Context(codingPath: codingPath, debugDescription: text))
    }
    return ScriptDecoder(value: value, codingPath: codingPath + [key])
  }
}

/// A list while it is decoded.
private struct UnkeyedValues: UnkeyedDecodingContainer {
  let elements: [ScriptValue]
  let codingPath: [any CodingKey]
  private(set) var currentIndex = 0

  init(elements: [ScriptValue], codingPath: [any CodingKey]) {
    self.elements = elements
    self.codingPath = codingPath
  }

  var count: Int? { elements.count }
  var isAtEnd: Bool { currentIndex == elements.count }

  mutating func decodeNil() throws -> Bool {
    let isNull = try current().decodeNil()
    if isNull { currentIndex += 1 }
    return isNull
  }

  mutating func decode<T: Decodable>(_ type: T.Type) throws -> T {
    let value = try current().decode(type)
    currentIndex += 1
    return value
  }

  mutating func nestedContainer<Nested: CodingKey>(
    keyedBy type: Nested.Type
  ) throws -> KeyedDecodingContainer<Nested> {
    let container = try current().container(keyedBy: type)
    currentIndex += 1
    return container
  }

  mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
    let container = try current().unkeyedContainer()
    currentIndex += 1
    return container
  }

  mutating func superDecoder() throws -> any Decoder {
    let decoder = try current()
    currentIndex += 1
    return decoder
  }

  private func current() throws -> ScriptDecoder {
    let path = codingPath + [PositionKey(currentIndex)]
    guard !isAtEnd else {
      let text = "the list has only \(elements.count) elements"
      throw DecodingError.valueNotFound(
        ScriptValue.self, DecodingError.Context(codingPath: path, debugDescription: text))
    }
    return ScriptDecoder(value: elements[currentIndex], codingPath: path)
  }
}

extension ScriptValue: Decodable {
  /// Any value, when a script's value is decoded; other decoders give null, bools, numbers, strings,
  /// lists and maps.
  public init(from decoder: any Decoder) throws {
    if let own = decoder as? ScriptDecoder {
      self = own.value
      return
    }
    if let map = try? decoder.container(keyedBy: PositionKey.self) {
      let pairs = try map.allKeys.map {
        (key: $0.stringValue, value: try map.decode(ScriptValue.self, forKey: $0))
      }
      self = .map(pairs)
      return
    }
    let container = try decoder.singleValueContainer()
    if container.decodeNil() {
      self = .null
    } else if let bool = try? container.decode(Bool.self) {
      self = .bool(bool)
    } else if let int = try? container.decode(Int64.self) {
      self = .int(int)
    } else if let float = try? container.decode(Double.self) {
      self = .float(float)
    } else if let string = try? container.decode(String.self) {
      self = .string(string)
    } else {
      self = .list(try container.decode([ScriptValue].self))
    }
  }
}
