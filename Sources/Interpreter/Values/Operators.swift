// What the operators do with values, equality and order included: the slow paths of the machine.

#if canImport(Glibc)
  import Glibc
#endif

extension Value {
  // MARK: Equality and order

  /// `==`: structural; an int equals a float of the same number; other unlike types are unequal.
  public func isEqual(
    to other: Value, _ heap: Heap, depth: Int = 0
  ) throws(ScriptError) -> Bool {
    guard tag == other.tag else {
      guard let left = number, let right = other.number else { return false }
      return left == right
    }
    if depth > 1000 { throw .value("the values are nested too deeply to be compared") }
    switch tag {
    case .undefined, .null: return true
    case .bool, .int, .duration, .native, .box: return bits == other.bits
    case .float: return asDouble == other.asDouble
    case .string: return try asString.hasSameText(as: other.asString, heap)
    case .list: return try Self.equal(asList, other.asList, heap, depth)
    case .map: return try Self.equal(asMap, other.asMap, heap, depth)
    case .range:
      let (left, right) = (rangeBounds, other.rangeBounds)
      return left == right
    case .closure: return bits == other.bits
    case .link: return try Self.equal(asLink, other.asLink, heap, depth)
    case .error: return bits == other.bits
    case .host: return asHost.isEqual(other.asHost)
    }
  }

  private static func equal(
    _ left: ListReference, _ right: ListReference, _ heap: Heap, _ depth: Int
  ) throws(ScriptError) -> Bool {
    if left == right { return true }
    guard left.count == right.count else { return false }
    for index in 0..<left.count {
      try heap.charge()
      guard try left[item: index].isEqual(to: right[item: index], heap, depth: depth + 1) else {
        return false
      }
    }
    return true
  }

  private static func equal(
    _ left: MapReference, _ right: MapReference, _ heap: Heap, _ depth: Int
  ) throws(ScriptError) -> Bool {
    if left == right { return true }
    guard left.count == right.count else { return false }
    var position = 0
    while let pair = left.next(position) {
      try heap.charge()
      guard let other = right.get(pair.key),
        try pair.value.isEqual(to: other, heap, depth: depth + 1)
      else { return false }
      position = pair.next
    }
    return true
  }

  /// Two links are equal when they have the same pairs, in whatever order.
  private static func equal(
    _ left: UnsafeMutablePointer<LinkObject>, _ right: UnsafeMutablePointer<LinkObject>,
    _ heap: Heap, _ depth: Int
  ) throws(ScriptError) -> Bool {
    guard left.pointee.count == right.pointee.count else { return false }
    for index in 0..<left.pointee.count {
      let (from, to) = (left.ends[2 * index], left.ends[2 * index + 1])
      guard try right.contains(from, to, heap, depth) else { return false }
    }
    return true
  }

  /// Negative, zero or positive; nil for a comparison with NaN.
  public func compare(_ other: Value, _ op: String) throws(ScriptError) -> Int? {
    switch (tag, other.tag) {
    case (.int, .int), (.duration, .duration):
      return asInt < other.asInt ? -1 : asInt > other.asInt ? 1 : 0
    case (.string, .string): return asString.compare(other.asString)
    case (.bool, .bool): return Int(bits) - Int(other.bits)
    default:
      guard let left = number, let right = other.number else {
        return try hostCompare(other, op)
      }
      return left < right ? -1 : left > right ? 1 : left == right ? 0 : nil
    }
  }
}

extension UnsafeMutablePointer where Pointee == LinkObject {
  func contains(
    _ from: Value, _ to: Value, _ heap: Heap, _ depth: Int = 0
  ) throws(ScriptError) -> Bool {
    for index in 0..<pointee.count {
      try heap.charge()
      if try ends[2 * index].isEqual(to: from, heap, depth: depth + 1),
        try ends[2 * index + 1].isEqual(to: to, heap, depth: depth + 1)
      {
        return true
      }
    }
    return false
  }
}

/// Arithmetic and the other operators that are not comparisons.
struct Operators {
  let heap: Heap

  func add(_ left: Value, _ right: Value) throws(ScriptError) -> Value {
    switch (left.tag, right.tag) {
    case (.int, .int):
      let (sum, isOverflow) = left.asInt.addingReportingOverflow(right.asInt)
      if isOverflow { throw .overflow("the sum") }
      return Value(sum)
    case (.duration, .duration):
      let (sum, isOverflow) = left.asInt.addingReportingOverflow(right.asInt)
      if isOverflow { throw .overflow("the sum") }
      return Value(nanoseconds: sum)
    case (.string, .string): return try join(left.asString, right.asString)
    case (.list, .list): return try join(left.asList, right.asList)
    case (.map, .map): return try join(left.asMap, right.asMap)
    default:
      guard let first = left.number, let second = right.number else {
        return try host(.add, left, right)
      }
      return Value(first + second)
    }
  }

  private func join(_ left: StringReference, _ right: StringReference) throws(ScriptError) -> Value
  {
    let (first, second) = (left.pointee.byteCount, right.pointee.byteCount)
    try heap.reserve(first + second)
    if first >= StringRoom.least { return Value(try heap.makeJoined(left, right)) }
    if second > Heap.workPiece {
      heap.text.begin()
      try heap.text.append(left)
      try heap.text.append(right)
      return Value(try heap.text.finish())
    }
    try heap.charge(bytes: first + second)
    return Value(
      heap.makeString(byteCount: first + second) { target in
        target.update(from: left.bytes, count: first)
        (target + first).update(from: right.bytes, count: second)
      })
  }

  private func join(_ left: ListReference, _ right: ListReference) throws(ScriptError) -> Value {
    try heap.reserve((left.count + right.count) * MemoryLayout<Value>.stride)
    let list = heap.makeList(capacity: left.count + right.count)
    try list.append(left, to: left.count, step: 16, heap)
    try list.append(right, to: right.count, step: 16, heap)
    return Value(list)
  }

  private func join(_ left: MapReference, _ right: MapReference) throws(ScriptError) -> Value {
    try heap.reserve((left.count + right.count) * MemoryLayout<MapEntry>.stride)
    let map = heap.makeMap(capacity: left.count + right.count)
    try map.merge(left, heap)
    try map.merge(right, heap)
    return Value(map)
  }

  func subtract(_ left: Value, _ right: Value) throws(ScriptError) -> Value {
    if left.tag == right.tag, left.tag == .int || left.tag == .duration {
      let (result, isOverflow) = left.asInt.subtractingReportingOverflow(right.asInt)
      if isOverflow { throw .overflow("the difference") }
      return left.tag == .int ? Value(result) : Value(nanoseconds: result)
    }
    guard let first = left.number, let second = right.number else {
      return try host(.subtract, left, right)
    }
    return Value(first - second)
  }

  func multiply(_ left: Value, _ right: Value) throws(ScriptError) -> Value {
    switch (left.tag, right.tag) {
    case (.int, .int):
      let (product, isOverflow) = left.asInt.multipliedReportingOverflow(by: right.asInt)
      if isOverflow { throw .overflow("the product") }
      return Value(product)
    case (.duration, .int), (.duration, .float): return try scale(left.asInt, right)
    case (.int, .duration), (.float, .duration): return try scale(right.asInt, left)
    default:
      guard let first = left.number, let second = right.number else {
        return try host(.multiply, left, right)
      }
      return Value(first * second)
    }
  }

  private func scale(_ duration: Int64, _ factor: Value) throws(ScriptError) -> Value {
    if factor.tag == .int {
      let (product, isOverflow) = duration.multipliedReportingOverflow(by: factor.asInt)
      if isOverflow { throw .overflow("the duration") }
      return Value(nanoseconds: product)
    }
    return try nanoseconds(Double(duration) * factor.asDouble)
  }

  private func nanoseconds(_ value: Double) throws(ScriptError) -> Value {
    guard let exact = Int64(exactly: value.rounded()) else { throw .overflow("the duration") }
    return Value(nanoseconds: exact)
  }

  func divide(_ left: Value, _ right: Value) throws(ScriptError) -> Value {
    switch (left.tag, right.tag) {
    case (.int, .int):
      if right.asInt == 0 { throw .divisionByZero }
      let (quotient, isOverflow) = left.asInt.dividedReportingOverflow(by: right.asInt)
      if isOverflow { throw .overflow("the quotient") }
      return Value(quotient)
    case (.duration, .duration):
      if right.asInt == 0 { throw .divisionByZero }
      return Value(Double(left.asInt) / Double(right.asInt))
    case (.duration, .int):
      if right.asInt == 0 { throw .divisionByZero }
      let (quotient, isOverflow) = left.asInt.dividedReportingOverflow(by: right.asInt)
      if isOverflow { throw .overflow("the duration") }
      return Value(nanoseconds: quotient)
    case (.duration, .float): return try nanoseconds(Double(left.asInt) / right.asDouble)
    default:
      guard let first = left.number, let second = right.number else {
        return try host(.divide, left, right)
      }
      return Value(first / second)
    }
  }

  func remainder(_ left: Value, _ right: Value) throws(ScriptError) -> Value {
    if left.tag == right.tag, left.tag == .int || left.tag == .duration {
      if right.asInt == 0 { throw .divisionByZero }
      let result = left.asInt.remainderReportingOverflow(dividingBy: right.asInt).partialValue
      return left.tag == .int ? Value(result) : Value(nanoseconds: result)
    }
    guard let first = left.number, let second = right.number else {
      return try host(.remainder, left, right)
    }
    return Value(fmod(first, second))
  }

  func negate(_ value: Value) throws(ScriptError) -> Value {
    switch value.tag {
    case .float: return Value(-value.asDouble)
    case .int, .duration:
      let (result, isOverflow) = Int64(0).subtractingReportingOverflow(value.asInt)
      if isOverflow { throw .overflow("the result") }
      return value.tag == .int ? Value(result) : Value(nanoseconds: result)
    default:
      return try hostNegate(value)
    }
  }

  /// `left in right`.
  func contains(_ left: Value, _ right: Value) throws(ScriptError) -> Bool {
    switch right.tag {
    case .list:
      return try right.asList.index(of: left, heap) != nil
    case .map:
      guard left.tag == .string else { throw .operands("in", left, right) }
      return right.asMap.get(left.asString) != nil
    case .string:
      guard left.tag == .string else { throw .operands("in", left, right) }
      return try right.asString.find(left.asString, heap) != nil
    case .range:
      guard let number = left.number else { throw .operands("in", left, right) }
      return Self.isWithin(number, left, right)
    default:
      return try hostContains(left, right)
    }
  }

  static func isWithin(_ number: Double, _ value: Value, _ range: Value) -> Bool {
    let (start, end, isClosed) = range.rangeBounds
    if value.tag == .int {
      return value.asInt >= start && (isClosed ? value.asInt <= end : value.asInt < end)
    }
    return number >= Double(start) && (isClosed ? number <= Double(end) : number < Double(end))
  }

  func range(_ low: Value, _ high: Value, isClosed: Bool) throws(ScriptError) -> Value {
    guard low.tag == .int, high.tag == .int else {
      throw .operands(isClosed ? "..." : "..<", low, high)
    }
    return heap.makeRange(low.asInt, high.asInt, isClosed: isClosed)
  }
}
