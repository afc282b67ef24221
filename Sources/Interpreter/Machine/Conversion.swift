// Between the machine's values and the Sendable form that leaves it.

import JSON

extension Heap {
  /// Makes a value of the machine.
  public func makeValue(_ value: ScriptValue) -> Value {
    switch value {
    case .null, .function: return .null
    case .bool(let value): return Value(value)
    case .int(let value): return Value(value)
    case .float(let value): return Value(value)
    case .string(let text): return Value(makeString(text))
    case .duration(let value): return Value(nanoseconds: value)
    case .list(let elements):
      let list = makeList(capacity: elements.count)
      for element in elements { list.append(makeValue(element), self) }
      return Value(list)
    case .map(let pairs):
      let map = makeMap(capacity: pairs.count)
      for pair in pairs { map.set(key(pair.key), makeValue(pair.value), self) }
      return Value(map)
    case .range(let start, let end, let isClosed):
      return makeRange(start, end, isClosed: isClosed)
    case .link(let pairs):
      return makeLink(pairs.map { (makeValue($0.from), makeValue($0.to)) })
    case .error(let error): return makeError(error)
    case .host(let object): return makeHost(object)
    case .json(let json): return makeValue(json)
    }
  }

  private func key(_ text: String) -> StringReference { makeString(text) }

  /// Copies a value out of the machine.
  ///
  /// - Throws: when it is nested more than 500 levels deep, cycles included.
  public func scriptValue(_ value: Value, depth: Int = 0) throws(ScriptError) -> ScriptValue {
    if depth > 500 { throw .value("the value is nested too deeply, or contains itself") }
    try charge()
    switch value.tag {
    case .undefined, .null, .box: return .null
    case .bool: return .bool(value.asBool)
    case .int: return .int(value.asInt)
    case .float: return .float(value.asDouble)
    case .duration: return .duration(value.asInt)
    case .string:
      return .string(try value.asString.text(self))
    case .native: return .function(name: nativeNames[Int(value.bits)])
    case .closure:
      return .function(name: value.asClosure.pointee.body.pointee.owner.takeUnretainedValue().name)
    case .list:
      var elements: [ScriptValue] = []
      elements.reserveCapacity(value.asList.count)
      for index in 0..<value.asList.count {
        elements.append(try scriptValue(value.asList[item: index], depth: depth + 1))
      }
      return .list(elements)
    case .map:
      var pairs: [(key: String, value: ScriptValue)] = []
      var position = 0
      while let pair = value.asMap.next(position) {
        pairs.append((pair.key.text, try scriptValue(pair.value, depth: depth + 1)))
        position = pair.next
      }
      return .map(pairs)
    case .range:
      let (start, end, isClosed) = value.rangeBounds
      return .range(start, end, isClosed: isClosed)
    case .link: return .link(try linkEnds(value, depth))
    case .error: return .error(value.asError)
    case .host: return .host(value.asHost)
    }
  }

  private func linkEnds(
    _ value: Value, _ depth: Int
  ) throws(ScriptError) -> [(from: ScriptValue, to: ScriptValue)] {
    let link = value.asLink
    var pairs: [(from: ScriptValue, to: ScriptValue)] = []
    for index in 0..<link.pointee.count {
      let from = try scriptValue(link.ends[2 * index], depth: depth + 1)
      pairs.append((from, try scriptValue(link.ends[2 * index + 1], depth: depth + 1)))
    }
    return pairs
  }
}

extension Machine {
  /// Makes a value of the machine.
  func makeValue(_ value: ScriptValue) -> Value { heap.makeValue(value) }

  /// Copies a value out of the machine.
  ///
  /// - Throws: when it is nested more than 500 levels deep, cycles included.
  func scriptValue(_ value: Value) throws(ScriptError) -> ScriptValue {
    try heap.scriptValue(value)
  }

  /// The value as JSON data. The memory of it is borrowed: the caller calls `Heap.giveBackBorrowed`.
  ///
  /// - Throws: when something in it is no data: a function, a cluster, a float that is not finite.
  public func json(_ value: Value, depth: Int = 0) throws(ScriptError) -> JSONValue {
    if depth > 500 { throw .value("the value is nested too deeply, or contains itself") }
    try heap.charge()
    switch value.tag {
    case .undefined, .null: return .null
    case .bool: return .bool(value.asBool)
    case .int: return .int(value.asInt)
    case .float:
      guard value.asDouble.isFinite else { throw .value("JSON has no \(try value.text(heap))") }
      return .double(value.asDouble)
    case .string: return .string(try swiftText(value.asString))
    case .duration: return .string(try value.text(heap))
    case .list: return try json(value.asList, depth)
    case .map: return try json(value.asMap, depth)
    default:
      throw .value("\(ScriptError.article(value.typeName)) is no data and has no JSON")
    }
  }

  /// Bytes before the elements of a Swift array, and what the allocator adds.
  private static var arrayHead: Int { 48 }

  private func swiftText(_ string: StringReference) throws(ScriptError) -> String {
    // Shorter ones need no memory of their own.
    let size = string.pointee.byteCount
    if size > 15 { try heap.borrow(Heap.footprint(size + 32)) }
    return try string.text(heap)
  }

  private func json(_ list: ListReference, _ depth: Int) throws(ScriptError) -> JSONValue {
    guard list.count > 0 else { return .array([]) }
    try heap.borrow(Self.arrayHead + list.count * MemoryLayout<JSONValue>.stride)
    var elements: [JSONValue] = []
    elements.reserveCapacity(list.count)
    do throws(ScriptError) {
      for index in 0..<list.count {
        elements.append(try json(list[item: index], depth: depth + 1))
      }
    } catch {
      heap.abandoned.append(.array(elements))
      throw error
    }
    return .array(elements)
  }

  private func json(_ map: MapReference, _ depth: Int) throws(ScriptError) -> JSONValue {
    guard map.count > 0 else { return .object(JSONObject()) }
    let pairSize = MemoryLayout<JSONValue>.stride + MemoryLayout<String>.stride
    try heap.borrow(2 * Self.arrayHead + map.count * pairSize)
    var object = JSONObject()
    object.reserveCapacity(map.count)
    do throws(ScriptError) {
      var position = 0
      while let pair = map.next(position) {
        object.append(try swiftText(pair.key), try json(pair.value, depth: depth + 1))
        position = pair.next
      }
    } catch {
      heap.abandoned.append(.object(object))
      throw error
    }
    return .object(object)
  }

  /// A copy that shares no list or map with the original.
  ///
  /// - Throws: when it is nested more than 500 levels deep, cycles included, or passes the memory cap.
  public func deepCopy(_ value: Value, depth: Int = 0) throws(ScriptError) -> Value {
    if depth > 500 { throw .value("the value is nested too deeply, or contains itself") }
    try heap.charge()
    switch value.tag {
    case .list:
      let list = value.asList
      try heap.reserve(list.count * MemoryLayout<Value>.stride)
      let copy = heap.makeList(capacity: list.count)
      for index in 0..<list.count {
        copy.append(try deepCopy(list[item: index], depth: depth + 1), heap)
      }
      return Value(copy)
    case .map:
      try heap.reserve(value.asMap.count * MemoryLayout<MapEntry>.stride)
      let copy = heap.makeMap(capacity: value.asMap.count)
      var position = 0
      while let pair = value.asMap.next(position) {
        copy.set(pair.key, try deepCopy(pair.value, depth: depth + 1), heap)
        position = pair.next
      }
      return Value(copy)
    default:
      return value
    }
  }

  /// `left + right`, for library functions.
  public func add(_ left: Value, _ right: Value) throws(ScriptError) -> Value {
    try operators.add(left, right)
  }
}

extension Heap {
  /// Makes maps and lists of JSON data that was read from a text of any size, and frees the data. When
  /// the run must stop, what is not freed by then is freed beside.
  ///
  /// - Throws: when the run passes its memory or must stop.
  public func makeData(freeing json: consuming JSONValue) throws(ScriptError) -> Value {
    guard borrowed > Disposal.leastBytes else { return try makeData(json) }
    let value: Value
    do throws(ScriptError) {
      value = try makeData(json)
    } catch {
      Disposal.beside(consume json)
      throw error
    }
    try free(consume json)
    return value
  }

  /// Frees JSON data whose memory was borrowed, with looks at the limits.
  ///
  /// - Throws: when the run must stop; the rest is then freed beside.
  public func free(_ json: consuming JSONValue) throws(ScriptError) {
    guard borrowed > Disposal.leastBytes else { return }
    JSONValue.free(json) { canGoOn(after: $0 / 4) }
    try throwIfInterrupted()
  }

  /// Makes maps and lists of JSON data of any size.
  ///
  /// - Throws: when the run passes its memory or must stop.
  public func makeData(_ json: JSONValue) throws(ScriptError) -> Value {
    try charge()
    switch json {
    case .string(var text):
      let result = text.withUTF8 { utf8 in
        Result { () throws(ScriptError) in try makeText(utf8) }
      }
      return Value(try result.get())
    case .array(let elements):
      try reserve(elements.count * MemoryLayout<Value>.stride)
      let list = makeList(capacity: elements.count)
      for element in elements { list.append(try makeData(element), self) }
      return Value(list)
    case .object(let object):
      try reserve(object.count * MemoryLayout<MapEntry>.stride)
      let map = makeMap(capacity: object.count)
      for (key, value) in object { map.set(makeString(key), try makeData(value), self) }
      return Value(map)
    default: return makeValue(json)
    }
  }

  /// What a reader or writer of text tells of its work; see `Look`. Counts as work, and what it has
  /// made as memory that was borrowed: the caller calls `giveBackBorrowed`.
  ///
  /// - Parameter isWriting: whether it makes nothing but text.
  public func textLook(isWriting: Bool = false) -> Look {
    Look { [self] bytes, values in
      do throws(ScriptError) {
        try charge(bytes: bytes + 64 * values)
        try borrow(bytes + (isWriting ? 0 : Look.bytesPerValue * values))
        return true
      } catch {
        return false
      }
    }
  }

  /// Makes maps and lists of JSON data.
  public func makeValue(_ json: JSONValue) -> Value {
    switch json {
    case .null: return .null
    case .bool(let value): return Value(value)
    case .int(let value): return Value(value)
    case .double(let value): return Value(value)
    case .string(let text): return Value(makeString(text))
    case .array(let elements):
      let list = makeList(capacity: elements.count)
      for element in elements { list.append(makeValue(element), self) }
      return Value(list)
    case .object(let object):
      let map = makeMap(capacity: object.count)
      for (key, value) in object { map.set(makeString(key), makeValue(value), self) }
      return Value(map)
    }
  }
}
