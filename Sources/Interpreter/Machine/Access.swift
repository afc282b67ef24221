// Members, indexes, loops, links and the other instructions that look into values.

import JSON
import Lexer

/// A member that is there, or that has to be waited for.
enum MemberAccess {
  case value(Value)
  case parked
}

extension Machine {
  /// The first keys of a map, for did-you-mean: no more than are worth comparing.
  func keys(_ map: MapReference) -> [String] {
    var keys: [String] = []
    var position = 0
    while keys.count < 200, let pair = map.next(position) {
      if pair.key.pointee.byteCount <= 200 { keys.append(pair.key.text) }
      position = pair.next
    }
    return keys
  }

  // MARK: Members

  /// `object.name`; parks the fiber when the embedder's object has to fetch it.
  func member(
    _ object: Value, _ name: StringReference, _ fiber: Fiber
  ) throws(ScriptError) -> MemberAccess {
    switch object.tag {
    case .map:
      if let value = object.asMap.get(name) { return .value(value) }
      var error = ScriptError.noMember(name.text, in: "map", among: keys(object.asMap))
      if methods.names(of: "map").contains(name.text) {
        error.notes = ["\"\(name.text)\" is a method: call it with .\(name.text)()"]
      }
      throw error
    case .error: return .value(try errorMember(object.asError, name.text))
    case .link:
      guard name.text == "pairs" else {
        throw .noMember(name.text, in: "link", among: ["pairs"], what: "member")
      }
      return .value(linkPairs(object))
    case .host: return try hostMember(object.asHost, name.text, fiber)
    case .null:
      throw .nullMember(name.text)
    default:
      let methods = methods.names(of: object.typeName)
      if methods.contains(name.text) {
        throw .type(
          "\"\(name.text)\" is a method of \(object.typeName)", label: "call it: .\(name.text)()")
      }
      throw .noMember(name.text, in: object.typeName, among: [], what: "member")
    }
  }

  private func hostMember(
    _ object: any HostObject, _ name: String, _ fiber: Fiber
  ) throws(ScriptError) -> MemberAccess {
    let type = object.typeName
    let object = object as? any HostMembers
    switch object?.member(name) {
    case .value(let value): return .value(makeValue(value))
    case .suspending(let perform):
      // The caller sets where the result goes before it parks.
      calls.append(HostCall(fiber: fiber.id, perform: perform))
      return .parked
    case nil:
      if methods.names(of: type).contains(name) {
        throw .type("\"\(name)\" is a method of \(type)", label: "call it: .\(name)()")
      }
      throw .noMember(name, in: type, among: object?.memberNames ?? [])
    }
  }

  private func errorMember(_ error: ScriptError, _ name: String) throws(ScriptError) -> Value {
    if let value = knownMember(error, name) { return value }
    if Self.optionalErrorMembers.contains(name) { return .null }
    let names = ["kind", "message", "notes", "stack"] + error.details.map(\.key)
    throw .noMember(name, in: "error", among: names, what: "member")
  }

  /// A member of an error; nil for one that it lacks.
  func knownMember(_ error: ScriptError, _ name: String) -> Value? {
    switch name {
    case "kind": Value(heap.makeString(error.kind))
    case "message": Value(heap.makeString(error.message))
    case "notes": makeValue(.list(error.notes.map { .string($0) }))
    case "stack": makeValue(.list(stackLines(error).map { .string($0) }))
    default: error.details.first { $0.key == name }.map { makeValue($0.value) }
    }
  }

  /// Members that only API errors fill; null in others, so that a handler can ask for them.
  static let optionalErrorMembers = ["cluster", "status", "reason", "details"]

  private func stackLines(_ error: ScriptError) -> [String] {
    var lines: [String] = []
    if let location = error.location { lines.append(Self.place(location)) }
    return lines + error.stack.map { "\($0.function) at \(Self.place($0.location))" }
  }

  static func place(_ location: Location) -> String {
    let position = location.source.position(of: location.span.start)
    return "\(location.source.name):\(position.line):\(position.column)"
  }

  func setMember(
    _ object: Value, _ name: StringReference, _ value: Value
  ) throws(ScriptError) {
    guard object.tag == .map else {
      if try setHostMember(object, name.text, value) { return }
      throw .type("cannot set a member of \(ScriptError.article(object.typeName))")
    }
    if object.asMap.isFrozen { throw .frozen }
    object.asMap.set(name, value, heap)
    try heap.reserve(0)
  }

  // MARK: Indexes

  func element(_ object: Value, _ index: Value) throws(ScriptError) -> Value {
    switch (object.tag, index.tag) {
    case (.list, .int):
      let list = object.asList
      return list[item: try position(index.asInt, list.count, "list")]
    case (.string, .int):
      let string = object.asString
      let position = try position(index.asInt, string.scalarCount, "string")
      return Value(try string.slice(position, position + 1, heap))
    case (.list, .range):
      let (start, end) = try bounds(index, object.asList.count, "list")
      return try makeSlice(object.asList, start, end)
    case (.string, .range):
      let (start, end) = try bounds(index, object.asString.scalarCount, "string")
      return Value(try object.asString.slice(start, end, heap))
    case (.map, .string):
      if let value = object.asMap.get(index.asString) { return value }
      throw .noMember(index.asString.text, in: "map", among: keys(object.asMap))
    case (.range, .int):
      let (start, end, isClosed) = object.rangeBounds
      let size = end.subtractingReportingOverflow(start)
      let count = size.partialValue.addingReportingOverflow(isClosed ? 1 : 0)
      if size.overflow || count.overflow { throw .overflow("the size of the range") }
      let offset = try position(index.asInt, Int(max(0, count.partialValue)), "range")
      return Value(start + Int64(offset))
    default:
      if let value = try hostElement(object, index) { return value }
      throw .cannotIndex(object, index)
    }
  }

  private func position(_ index: Int64, _ count: Int, _ what: String) throws(ScriptError) -> Int {
    let position = index < 0 ? index &+ Int64(count) : index
    guard position >= 0, position < Int64(count) else {
      throw .index(index, count: count, of: what)
    }
    return Int(position)
  }

  /// The half-open bounds that a range means for a sequence; bounds past the end are an error.
  private func bounds(
    _ range: Value, _ count: Int, _ what: String
  ) throws(ScriptError) -> (Int, Int) {
    let (low, high, isClosed) = range.rangeBounds
    let start = low < 0 ? low &+ Int64(count) : low
    var end = high < 0 ? high &+ Int64(count) : high
    if isClosed { end &+= 1 }
    guard start >= 0, start <= Int64(count) else { throw .index(low, count: count, of: what) }
    guard end >= 0, end <= Int64(count) else { throw .index(high, count: count, of: what) }
    return (Int(start), Int(max(start, end)))
  }

  func setElement(_ object: Value, _ index: Value, _ value: Value) throws(ScriptError) {
    switch (object.tag, index.tag) {
    case (.list, .int):
      let list = object.asList
      list[item: try position(index.asInt, list.count, "list")] = value
    case (.map, .string):
      if object.asMap.isFrozen { throw .frozen }
      object.asMap.set(index.asString, value, heap)
      try heap.reserve(0)
    default:
      if try setHostElement(object, index, value) { return }
      throw .type(
        "cannot set an element of \(ScriptError.article(object.typeName)) with "
          + "\(ScriptError.article(index.typeName)) as index")
    }
  }

  // MARK: Building

  func makeList(_ values: UnsafeMutablePointer<Value>, _ count: Int) -> Value {
    let list = heap.makeList(capacity: count)
    list.fill(values, count)
    return Value(list)
  }

  /// A map of names that differ.
  func makeMap(_ values: UnsafeMutablePointer<Value>, _ site: MethodSite) -> Value {
    let map = heap.makeMap(capacity: site.nameCount)
    map.fill(site.names, values, site.nameCount)
    return Value(map)
  }

  func makeSlice(_ list: ListReference, _ start: Int, _ end: Int) throws(ScriptError) -> Value {
    let count = max(0, end - start)
    let slice = heap.makeList(capacity: min(count, 1024))
    if count <= 1024, let items = list.pointee.items {
      slice.fill(items + start, count)
    } else {
      try slice.append(list, from: start, to: end, step: 16, heap)
    }
    return Value(slice)
  }

  func appendSpread(_ list: ListReference, _ values: Value) throws(ScriptError) {
    switch values.tag {
    case .list:
      try list.append(values.asList, to: values.asList.count, heap)
    case .range:
      let (start, end, isClosed) = values.rangeBounds
      guard isClosed ? start <= end : start < end else { return }
      let last = isClosed ? end : end - 1
      let count = UInt64(bitPattern: last &- start)
      guard count < UInt64(heap.limit) else { return try heap.reserve(.max) }
      try heap.reserve(Int(count) * MemoryLayout<Value>.stride)
      for number in start...last {
        try heap.charge()
        list.append(Value(number), heap)
      }
    default: throw .type("cannot spread \(ScriptError.article(values.typeName)) into a list")
    }
    try heap.reserve(0)
  }

  func mapPut(_ map: MapReference, _ key: Value, _ value: Value) throws(ScriptError) {
    guard key.tag == .string else {
      throw .type("a map's keys are strings, this is \(ScriptError.article(key.typeName))")
    }
    map.set(key.asString, value, heap)
  }

  func mapSpread(_ map: MapReference, _ other: Value) throws(ScriptError) {
    guard other.tag == .map else {
      throw .type("cannot spread \(ScriptError.article(other.typeName)) into a map")
    }
    try map.merge(other.asMap, heap)
  }

  func interpolate(
    _ values: UnsafeMutablePointer<Value>, _ count: Int
  ) throws(ScriptError) -> Value {
    // Strings and integers are nearly all that is put into texts: they need no Swift string.
    var size = 0
    var isASCII = true
    for index in 0..<count {
      switch values[index].tag {
      case .string:
        let string = values[index].asString
        size &+= string.pointee.byteCount
        if !string.pointee.isASCII { isASCII = false }
      case .int: size &+= Decimal.byteCount(values[index].asInt)
      default: return try interpolateAny(values, count)
      }
    }
    if size > Heap.workPiece { return try interpolateAny(values, count) }
    try heap.reserve(size)
    try heap.charge(bytes: size)
    return Value(
      heap.makeString(byteCount: size, isASCII: isASCII) { target in
        var end = target
        for index in 0..<count {
          let value = values[index]
          if value.tag == .int {
            let length = Decimal.byteCount(value.asInt)
            Decimal.write(value.asInt, length, to: end)
            end += length
          } else {
            end.update(from: value.asString.bytes, count: value.asString.pointee.byteCount)
            end += value.asString.pointee.byteCount
          }
        }
      })
  }

  private func interpolateAny(
    _ values: UnsafeMutablePointer<Value>, _ count: Int
  ) throws(ScriptError) -> Value {
    heap.text.begin()
    for index in 0..<count { try values[index].write(to: heap.text, heap) }
    return Value(try heap.text.finish())
  }

  func shortText(_ value: Value) throws(ScriptError) -> String {
    let text = try value.quotedText(heap, room: 400)
    return text.count > 60 ? text.prefix(57) + "..." : text
  }

  // MARK: Links

  func makeLink(
    _ operands: UnsafeMutablePointer<Value>, _ body: PrototypeBody, _ arrows: Int
  ) throws(ScriptError) -> Value {
    let arrows = body.owner.takeUnretainedValue().arrows[arrows]
    var pairs: [(from: Value, to: Value)] = []
    for (index, isBoth) in arrows.enumerated() {
      let (left, right) = (operands[index], operands[index + 1])
      let isFanOut = left.tag == .list || right.tag == .list
      for from in ends(left) {
        for to in ends(right) {
          try heap.charge()
          if try from.isEqual(to: to, heap) {
            if isFanOut { continue }
            throw ScriptError(
              kind: "link", .selfLink, "cannot link \(try shortText(from)) with itself")
          }
          try add(from, to, &pairs)
          if isBoth { try add(to, from, &pairs) }
        }
      }
    }
    return heap.makeLink(pairs)
  }

  private func ends(_ value: Value) -> [Value] {
    guard value.tag == .list else { return [value] }
    return (0..<value.asList.count).map { value.asList[item: $0] }
  }

  private func add(
    _ from: Value, _ to: Value, _ pairs: inout [(from: Value, to: Value)]
  ) throws(ScriptError) {
    for pair in pairs {
      try heap.charge()
      if try pair.from.isEqual(to: from, heap), try pair.to.isEqual(to: to, heap) { return }
    }
    pairs.append((from, to))
  }

  private func linkPairs(_ value: Value) -> Value {
    let link = value.asLink
    let list = heap.makeList(capacity: link.pointee.count)
    for index in 0..<link.pointee.count {
      let pair = heap.makeMap(capacity: 2)
      pair.set(heap.intern("from"), link.ends[2 * index], heap)
      pair.set(heap.intern("to"), link.ends[2 * index + 1], heap)
      list.append(Value(pair), heap)
    }
    return Value(list)
  }

  // MARK: Loops

  /// State of a loop: [0] the sequence, [1] the position, [2] the end or the sequence's version.
  func prepareLoop(
    _ state: UnsafeMutablePointer<Value>, variables: Int
  ) throws(ScriptError) {
    let sequence = state[0]
    state[1] = Value(0)
    switch sequence.tag {
    case .list: state[2] = Value(sequence.asList.pointee.version)
    case .map: state[2] = Value(Int(sequence.asMap.pointee.version))
    case .string:
      if variables == 2 { throw .type("a loop over a string has one variable") }
    case .range:
      if variables == 2 { throw .type("a loop over a range has one variable") }
      let (start, end, isClosed) = sequence.rangeBounds
      let (after, isOverflow) = end.addingReportingOverflow(isClosed ? 1 : 0)
      if isOverflow { throw .overflow("the end of the range") }
      state[1] = Value(start)
      state[2] = Value(after)
    case .host where sequence.asHost is any HostIterable: break
    default: throw .notIterable(sequence)
    }
  }

  /// Sets the loop's variables for the next turn; false at the end.
  func nextTurn(
    _ state: UnsafeMutablePointer<Value>, variables: Int
  ) throws(ScriptError) -> Bool {
    let sequence = state[0]
    let position = Int(state[1].asInt)
    switch sequence.tag {
    case .list:
      let list = sequence.asList
      if list.pointee.version != Int(state[2].asInt) { throw .changedInLoop("list") }
      guard position < list.count else { return false }
      if variables == 2 { state[3] = Value(position) }
      state[variables + 2] = list[item: position]
      state[1] = Value(position + 1)
      return true
    case .map:
      let map = sequence.asMap
      if Int(map.pointee.version) != Int(state[2].asInt) { throw .changedInLoop("map") }
      guard let pair = map.next(position) else { return false }
      state[3] = Value(pair.key)
      if variables == 2 { state[4] = pair.value }
      state[1] = Value(pair.next)
      return true
    case .string:
      let string = sequence.asString
      guard position < string.pointee.byteCount else { return false }
      var end = position + 1
      while end < string.pointee.byteCount, string.bytes[end] & 0xC0 == 0x80 { end += 1 }
      state[3] = Value(
        heap.makeString(
          UnsafeBufferPointer(start: string.bytes + position, count: end - position)))
      state[1] = Value(end)
      return true
    case .host:
      guard let element = try hostElement(sequence, at: position) else { return false }
      if variables == 2 { state[3] = Value(position) }
      state[variables + 2] = element
      state[1] = Value(position + 1)
      return true
    default:
      return false
    }
  }

  // MARK: Errors and parameters

  /// The error that `throw value` throws.
  func thrown(_ value: Value) throws(ScriptError) -> ScriptError {
    switch value.tag {
    case .string: return ScriptError(value.asString.text)
    case .error: return value.asError
    case .map: return try thrown(value.asMap)
    default:
      throw .type(
        "throw takes a string, a map or an error, not \(ScriptError.article(value.typeName))")
    }
  }

  private func thrown(_ map: MapReference) throws(ScriptError) -> ScriptError {
    var error = ScriptError("")
    guard map.get(heap.makeString("message")) != nil else {
      throw .type("a thrown map needs a message", label: "such as {message: \"…\"}")
    }
    var position = 0
    while let pair = map.next(position) {
      position = pair.next
      switch pair.key.text {
      case "kind": error.kind = try thrownText("kind", pair.value)
      case "message": error.message = try thrownText("message", pair.value)
      case "notes" where pair.value.tag == .list:
        for index in 0..<pair.value.asList.count {
          error.notes.append(try pair.value.asList[item: index].text(heap))
        }
      case let key: error.details.append((key, try scriptValue(pair.value)))
      }
    }
    return error
  }

  private func thrownText(_ key: String, _ value: Value) throws(ScriptError) -> String {
    guard value.tag == .string else {
      throw .type(
        "the \(key) of a thrown map is a string, not \(ScriptError.article(value.typeName))")
    }
    return value.asString.text
  }

  func setParameter(
    _ value: inout Value, _ name: String, _ type: String, mode: UInt8
  ) throws(ScriptError) {
    if mode == 2 { return try checkParameter(&value, name, type) }
    if mode == 3 {
      throw ScriptError(
        kind: "parameter", .scriptParameterValue, "the parameter \"\(name)\" is not set",
        notes: ["set it where the module is first imported: \(name): …"])
    }
    let isRequired = mode == 1
    guard let given = parameters[name] else {
      if isRequired {
        throw ScriptError(
          kind: "parameter", .scriptParameterValue, "the parameter \"\(name)\" is not set",
          notes: ["set it with --set \(name)=…"])
      }
      return
    }
    let wanted = type == "any" && !isRequired && value.tag != .null ? value.typeName : type
    value = makeValue(try ParameterText(name: name, type: wanted).read(given))
  }

  /// Checks what an importer gave for a module's param.
  private func checkParameter(
    _ value: inout Value, _ name: String, _ type: String
  ) throws(ScriptError) {
    if type == "any" || value.typeName == type { return }
    if type == "float", value.tag == .int {
      value = Value(Double(value.asInt))
      return
    }
    throw ScriptError(
      kind: "parameter", .scriptParameterValue,
      "the parameter \"\(name)\" takes \(ScriptError.article(type)), "
        + "not \(ScriptError.article(value.typeName))")
  }
}
