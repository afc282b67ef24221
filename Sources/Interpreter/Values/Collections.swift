// Lists and maps of the heap: growth, lookup, change.

extension UnsafeMutablePointer where Pointee == ListObject {
  /// Number of elements.
  @inline(__always)
  public var count: Int { pointee.count }

  /// An element; the index must be within the list. Setting one counts as a change.
  @inline(__always)
  public subscript(item index: Int) -> Value {
    get { pointee.items.unsafelyUnwrapped[index] }
    nonmutating set {
      pointee.items.unsafelyUnwrapped[index] = newValue
      pointee.version &+= 1
    }
  }

  /// The elements' place behind the struct, in a list that was made with few of them.
  @inline(__always)
  var ownItems: UnsafeMutablePointer<Value> {
    UnsafeMutableRawPointer(self + 1).assumingMemoryBound(to: Value.self)
  }

  /// Makes room for `capacity` elements.
  public func reserve(_ capacity: Int, _ heap: Heap) {
    guard capacity > pointee.capacity else { return }
    let stride = MemoryLayout<Value>.stride
    let buffer: UnsafeMutableRawPointer
    if let old = pointee.items, old != ownItems {
      buffer = heap.growBuffer(
        old, pointee.capacity * stride, to: capacity * stride, holding: pointee.count * stride)
    } else {
      buffer = heap.makeBuffer(capacity * stride)
      if let old = pointee.items { buffer.copyMemory(from: old, byteCount: pointee.count * stride) }
    }
    pointee.items = buffer.assumingMemoryBound(to: Value.self)
    pointee.capacity = capacity
  }

  /// Sets the elements of a list that is empty and has room for them.
  func fill(_ values: UnsafeMutablePointer<Value>, _ count: Int) {
    guard count > 0 else { return }
    pointee.items.unsafelyUnwrapped.update(from: values, count: count)
    pointee.count = count
  }

  /// Appends an element.
  @inline(__always)
  public func append(_ value: Value, _ heap: Heap) {
    let count = pointee.count
    if count == pointee.capacity { grow(heap) }
    pointee.items.unsafelyUnwrapped[count] = value
    pointee.count = count &+ 1
    pointee.version &+= 1
  }

  @inline(never)
  private func grow(_ heap: Heap) {
    let stride = MemoryLayout<Value>.stride
    reserve(LargeBlock.capacity(after: Swift.max(2, pointee.capacity), stride: stride), heap)
  }

  /// The index of the first element that equals a value; nil without one.
  public func index(of value: Value, _ heap: Heap) throws(ScriptError) -> Int? {
    for index in 0..<count {
      try heap.charge()
      if try self[item: index].isEqual(to: value, heap) { return index }
    }
    return nil
  }

  /// Appends the elements of another list from `start` up to `end`, which are within it.
  ///
  /// - Parameter step: elements that count as one step.
  /// - Throws: when they do not fit below the memory cap, or the run must stop.
  public func append(
    _ other: ListReference, from start: Int = 0, to end: Int, step: Int = 1, _ heap: Heap
  ) throws(ScriptError) {
    guard end > start, let items = other.pointee.items else { return }
    // The other list may be this one, whose items move when it grows.
    let copies = other == self
    try heap.reserve((end - start) * MemoryLayout<Value>.stride)
    if copies { reserve(pointee.count + end - start, heap) }
    try append(
      (copies ? pointee.items.unsafelyUnwrapped : items) + start, count: end - start, step: step,
      heap)
  }

  /// Inserts before an index, which is at most the count.
  ///
  /// - Throws: when the run must stop.
  public func insert(_ value: Value, at index: Int, _ heap: Heap) throws(ScriptError) {
    append(value, heap)
    let items = pointee.items.unsafelyUnwrapped
    try heap.move(items + index, to: items + index + 1, count: pointee.count - 1 - index)
    items[index] = value
  }

  /// Removes and returns the element at an index within the list.
  ///
  /// - Throws: when the run must stop.
  public func remove(at index: Int, _ heap: Heap) throws(ScriptError) -> Value {
    let items = pointee.items.unsafelyUnwrapped
    let removed = items[index]
    try heap.move(items + index + 1, to: items + index, count: pointee.count - 1 - index)
    pointee.count -= 1
    pointee.version &+= 1
    return removed
  }
}

extension UnsafeMutablePointer where Pointee == MapObject {
  /// Number of pairs.
  @inline(__always)
  public var count: Int { Int(pointee.size) }

  /// Used entries, removed ones included.
  @inline(__always)
  private var used: Int { Int(pointee.used) }

  /// The pairs' place behind the struct, in a map that was made with few of them.
  @inline(__always)
  var ownEntries: UnsafeMutablePointer<MapEntry> {
    UnsafeMutableRawPointer(self + 1).assumingMemoryBound(to: MapEntry.self)
  }

  /// Bytes of the pairs' buffer.
  @inline(__always)
  var entriesSize: Int { Int(pointee.capacity) &* MemoryLayout<MapEntry>.stride }

  /// Bytes of the table.
  @inline(__always)
  var tableBytes: Int { Int(pointee.tableSize) &* MemoryLayout<UInt32>.stride }

  /// The value of a key; nil when it is missing.
  ///
  /// Names in a script and the keys of literals are one object each, so in a small map a look at the
  /// addresses nearly always finds the pair.
  @inline(__always)
  public func get(_ key: StringReference) -> Value? {
    if pointee.table == nil, let entries = pointee.entries {
      for index in 0..<used where entries[index].key == key { return entries[index].value }
    }
    return search(key)
  }

  @inline(never)
  private func search(_ key: StringReference) -> Value? {
    let index = find(key)
    guard index >= 0 else { return nil }
    return pointee.entries.unsafelyUnwrapped[index].value
  }

  /// The entry's index, or -1.
  private func find(_ key: StringReference) -> Int {
    guard let entries = pointee.entries else { return -1 }
    if let table = pointee.table { return find(key, entries, table) }
    for index in 0..<used where entries[index].key == key { return index }
    let hash = key.hash
    for index in 0..<used {
      guard let known = entries[index].key, known.hash == hash else { continue }
      if known.hasSameText(as: key) { return index }
    }
    return -1
  }

  private func find(
    _ key: StringReference, _ entries: UnsafeMutablePointer<MapEntry>,
    _ table: UnsafeMutablePointer<UInt32>
  ) -> Int {
    // A key is often looked up again at once (`if key in map { map[key] += 1 }`), or after the one that
    // was added before it: loops over the same keys, maps that are compared or merged.
    let last = Int(pointee.last)
    if last < used, entries[last].key == key { return last }
    if last &+ 1 < used, entries[last &+ 1].key == key {
      pointee.last = UInt32(truncatingIfNeeded: last &+ 1)
      return last &+ 1
    }
    let mask = Int(pointee.tableSize) &- 1
    let hash = key.hash
    var slot = Int(hash) & mask
    while table[slot] != UInt32.max {
      let index = Int(table[slot])
      if let known = entries[index].key,
        known == key
          || (known.hash == hash && known.hasSameText(as: key))
      {
        pointee.last = UInt32(truncatingIfNeeded: index)
        return index
      }
      slot = (slot &+ 1) & mask
    }
    return -1
  }

  /// True when scripts cannot change it: a module.
  public var isFrozen: Bool { pointee.header.isFrozen }

  /// Sets a key, at the end when it is new.
  public func set(_ key: StringReference, _ value: Value, _ heap: Heap) {
    pointee.version &+= 1
    let index = find(key)
    if index >= 0 {
      pointee.entries.unsafelyUnwrapped[index].value = value
      return
    }
    if pointee.used == pointee.capacity { grow(heap) }
    let entries = pointee.entries.unsafelyUnwrapped
    (entries + used).initialize(to: MapEntry(key: key, value: value))
    pointee.used += 1
    pointee.size += 1
    if pointee.table != nil {
      insertInTable(used - 1, key.hash)
    } else if used > 8 {
      rebuildTable(heap)
    }
  }

  /// Sets the pairs of a map that is empty and has room for them; the keys differ.
  func fill(
    _ keys: UnsafeMutablePointer<StringReference>, _ values: UnsafeMutablePointer<Value>,
    _ count: Int
  ) {
    guard count > 0 else { return }
    let entries = pointee.entries.unsafelyUnwrapped
    for index in 0..<count {
      (entries + index).initialize(to: MapEntry(key: keys[index], value: values[index]))
    }
    pointee.used = UInt32(count)
    pointee.size = UInt32(count)
    guard pointee.table != nil else { return }
    for index in 0..<count { insertInTable(index, keys[index].hash) }
  }

  /// Sets every key of another map.
  public func merge(_ other: MapReference, _ heap: Heap) throws(ScriptError) {
    var position = 0
    while let pair = other.next(position) {
      try heap.charge()
      set(pair.key, pair.value, heap)
      position = pair.next
    }
  }

  /// Removes a key and returns its value; nil when it is missing.
  public func remove(_ key: StringReference) -> Value? {
    let index = find(key)
    guard index >= 0 else { return nil }
    pointee.version &+= 1
    pointee.size -= 1
    let entries = pointee.entries.unsafelyUnwrapped
    let removed = entries[index].value
    // The slot stays in the table, so that probing goes on past it; compaction drops it.
    entries[index] = MapEntry(key: nil, value: .null)
    return removed
  }

  /// Makes room for `capacity` pairs.
  func reserve(_ capacity: Int, _ heap: Heap) {
    guard capacity > Int(pointee.capacity) else { return }
    resize(capacity, heap)
    if capacity > 8 { rebuildTable(heap) }
  }

  private func grow(_ heap: Heap) {
    // Many removed entries: the same room is enough once they are dropped.
    let isSparse = count < used / 2
    let capacity = Int(pointee.capacity)
    let larger = LargeBlock.capacity(
      after: Swift.max(2, capacity), stride: MemoryLayout<MapEntry>.stride)
    // The places of pairs that only got more room are as they were.
    let keepsPlaces = count == used && pointee.table != nil
    resize(isSparse ? capacity : larger, heap)
    if keepsPlaces, Self.tableSize(for: Int(pointee.capacity)) == Int(pointee.tableSize) { return }
    if pointee.table != nil || used > 8 { rebuildTable(heap) }
  }

  /// Places of a table for so many pairs: a power of two, half of it empty.
  private static func tableSize(for capacity: Int) -> Int {
    var size = 32
    while size < capacity * 2 { size *= 2 }
    return size
  }

  /// Moves the pairs into a buffer of that capacity, without the removed ones.
  private func resize(_ capacity: Int, _ heap: Heap) {
    let size = capacity * MemoryLayout<MapEntry>.stride
    if let old = pointee.entries, old != ownEntries, count == used, size > entriesSize {
      pointee.entries = heap.growBuffer(
        old, entriesSize, to: size, holding: used * MemoryLayout<MapEntry>.stride
      ).assumingMemoryBound(to: MapEntry.self)
      pointee.capacity = UInt32(capacity)
      return
    }
    let entries = heap.makeBuffer(size).assumingMemoryBound(to: MapEntry.self)
    var count = 0
    if let old = pointee.entries {
      for index in 0..<used where old[index].key != nil {
        (entries + count).initialize(to: old[index])
        count += 1
      }
      if old != ownEntries { heap.freeBuffer(old, entriesSize) }
    }
    pointee.entries = entries
    pointee.capacity = UInt32(capacity)
    pointee.used = UInt32(count)
  }

  /// Entries of the table that are filled between two looks at the interrupt.
  private static var entriesPerLook: Int { 16 << 10 }

  /// Makes the table of all pairs, unless an interrupt breaks it off: the map has none then, until the
  /// next pair is added.
  private func rebuildTable(_ heap: Heap) {
    let size = Self.tableSize(for: Int(pointee.capacity))
    if size != Int(pointee.tableSize) {
      if let old = pointee.table { heap.freeBuffer(old, tableBytes) }
      pointee.tableSize = UInt32(size)
      pointee.table = heap.makeBuffer(tableBytes).assumingMemoryBound(to: UInt32.self)
    }
    var start = 0
    while start < size {
      let count = Swift.min(size - start, Self.entriesPerLook)
      (pointee.table.unsafelyUnwrapped + start).initialize(repeating: UInt32.max, count: count)
      start += count
      if start < size, heap.interrupt.isSet { return dropTable(heap) }
    }
    let entries = pointee.entries.unsafelyUnwrapped
    for index in 0..<used {
      if index & (Self.entriesPerLook - 1) == 0, index > 0, heap.interrupt.isSet {
        return dropTable(heap)
      }
      guard let key = entries[index].key else { continue }
      insertInTable(index, key.hash)
    }
  }

  /// Goes on without a table: keys are then searched one by one, but not many of them, since the run ends
  /// at the next step.
  private func dropTable(_ heap: Heap) {
    heap.nextLook = heap.steps
    guard let table = pointee.table else { return }
    heap.freeBuffer(table, tableBytes)
    pointee.table = nil
    pointee.tableSize = 0
  }

  private func insertInTable(_ index: Int, _ hash: UInt32) {
    let table = pointee.table.unsafelyUnwrapped
    let mask = Int(pointee.tableSize) &- 1
    var slot = Int(hash) & mask
    while table[slot] != UInt32.max { slot = (slot + 1) & mask }
    table[slot] = UInt32(index)
  }

  /// The next pair at or after an entry index, with the index after it; nil at the end. Start at 0.
  public func next(_ start: Int) -> (key: StringReference, value: Value, next: Int)? {
    var index = start
    while index < used {
      let entry = pointee.entries.unsafelyUnwrapped[index]
      index += 1
      if let key = entry.key { return (key, entry.value, index) }
    }
    return nil
  }

  /// Calls `body` with every pair in order.
  public func each(_ body: (StringReference, Value) throws -> Void) rethrows {
    var position = 0
    while let pair = next(position) {
      try body(pair.key, pair.value)
      position = pair.next
    }
  }
}
