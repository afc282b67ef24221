// How the machine uses what host values can do: operators, order, loops, indexes, membership.

extension Value {
  /// The host value; nil for everything else.
  var hostObject: (any HostObject)? { tag == .host ? asHost : nil }
}

extension Operators {
  /// `left op right` when one of them is a host value that knows the operator.
  ///
  /// - Throws: the usual error of operands when none does.
  func host(_ op: HostOperator, _ left: Value, _ right: Value) throws(ScriptError) -> Value {
    if let object = left.hostObject as? any HostOperators,
      let result = try apply(object, op, right, .left)
    {
      return result
    }
    if let object = right.hostObject as? any HostOperators,
      let result = try apply(object, op, left, .right)
    {
      return result
    }
    throw .operands(op.rawValue, left, right)
  }

  private func apply(
    _ object: any HostOperators, _ op: HostOperator, _ other: Value, _ side: HostSide
  ) throws(ScriptError) -> Value? {
    let other = try heap.scriptValue(other)
    return try asked { try object.apply(op, other, side: side) }.map(heap.makeValue)
  }

  /// `-value` of a host value.
  func hostNegate(_ value: Value) throws(ScriptError) -> Value {
    guard let object = value.hostObject as? any HostNegatable else {
      var error = ScriptError.type("cannot apply - to \(value.typeName)")
      error.blame = .operand(value.typeName)
      throw error
    }
    return heap.makeValue(try asked { try object.negated() })
  }

  /// `left in right` of a host value.
  func hostContains(_ left: Value, _ right: Value) throws(ScriptError) -> Bool {
    guard let object = right.hostObject as? any HostContainer else {
      throw .operands("in", left, right)
    }
    let value = try heap.scriptValue(left)
    return try asked { try object.contains(value) }
  }
}

extension Value {
  /// The order of two host values.
  func hostCompare(_ other: Value, _ op: String) throws(ScriptError) -> Int {
    guard let left = hostObject as? any HostOrdered, let right = other.hostObject,
      let order = try asked({ try left.compare(right) })
    else { throw .operands(op, self, other) }
    return order
  }
}

extension Machine {
  /// The next element of a loop over a host value; nil at its end.
  func hostElement(_ sequence: Value, at position: Int) throws(ScriptError) -> Value? {
    guard let object = sequence.hostObject as? any HostIterable else {
      throw .notIterable(sequence)
    }
    return try asked { try object.element(at: position) }.map(makeValue)
  }

  /// `object[index]` of a host value; nil when it has no such index.
  func hostElement(_ object: Value, _ index: Value) throws(ScriptError) -> Value? {
    guard let object = object.hostObject as? any HostIndexable else { return nil }
    let index = try scriptValue(index)
    return try asked { try object.element(index) }.map(makeValue)
  }

  /// `object[index] = value` of a host value; false when it cannot be set.
  func setHostElement(
    _ object: Value, _ index: Value, _ value: Value
  ) throws(ScriptError) -> Bool {
    guard let object = object.hostObject as? any HostIndexable else { return false }
    let (index, value) = (try scriptValue(index), try scriptValue(value))
    return try asked { try object.setElement(index, value) }
  }

  /// `object.name = value` of a host value; false when it cannot be set.
  func setHostMember(_ object: Value, _ name: String, _ value: Value) throws(ScriptError) -> Bool {
    guard let object = object.hostObject as? any HostMembers else { return false }
    let value = try scriptValue(value)
    return try asked { try object.setMember(name, value) }
  }
}

/// Asks a host value something; whatever it throws becomes an error of the script.
private func asked<T>(_ body: () throws -> T) throws(ScriptError) -> T {
  do { return try body() } catch { throw Machine.scriptError(error) }
}
