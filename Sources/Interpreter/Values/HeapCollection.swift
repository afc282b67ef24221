// Collection: what the roots reach is marked, and what is not marked is free.
//
// Marks of cells are bits of their pages. Nothing is done with a dead object but for those that hold a
// Swift object: its cell, and its buffers' cells, count as free from then on.
//
// An interrupt breaks a collection off: the run is over, and collections of a large heap take seconds.
// Marks are then no longer what the allocator may go by, so it takes new pages until the next collection.

/// A row of values that is marked part by part: the list of what is still to be looked into would be as long
/// as the row otherwise, and take an eighth of the heap.
struct MarkedRow {
  enum Content {
    case values(UnsafeMutablePointer<Value>)
    case pairs(UnsafeMutablePointer<MapEntry>)
  }

  let content: Content
  /// The first that is not marked.
  var next: Int
  let count: Int
}

extension Heap {
  /// Bytes that must be in use before the first collection.
  static let leastThreshold = 4 << 20
  /// Freed bytes that are worth a walk through the allocator's lists to give them back.
  static let trimSize = 32 << 20
  /// Objects that are marked, or let go, between two looks at the interrupt.
  private static let objectsPerLook = 4096

  // MARK: Marking

  /// Marks a root.
  @inline(__always)
  func mark(_ value: Value) {
    if value.isObject { markObject(value.pointer, value.tag) }
  }

  /// Marks an object. One in a cell is not looked at: it may be far away, and its turn comes.
  @inline(__always)
  private func markObject(_ object: UnsafeMutableRawPointer, _ tag: Value.Tag) {
    guard Self.isInCell(object) else { return markElsewhere(object, tag) }
    guard UnsafeMutablePointer<Page>(of: object).mark(object) else { return }
    if Self.hasChildren(tag) { worklist.append(object) }
  }

  @inline(__always)
  private static func isInCell(_ object: UnsafeMutableRawPointer) -> Bool {
    UInt(bitPattern: object) & 8 == 0
  }

  @inline(__always)
  private static func hasChildren(_ tag: Value.Tag) -> Bool {
    switch tag {
    case .list, .map, .closure, .link, .box: true
    default: false
    }
  }

  @inline(never)
  private func markElsewhere(_ object: UnsafeMutableRawPointer, _ tag: Value.Tag) {
    let header = object.assumingMemoryBound(to: ObjectHeader.self)
    switch header.pointee.place {
    case .permanent: return
    case .cell, .shifted:
      guard UnsafeMutablePointer<Page>(of: object).mark(object) else { return }
    case .large:
      let block = UnsafeMutablePointer<LargeBlock>(of: object)
      if block.pointee.isMarked { return }
      block.pointee.isMarked = true
    }
    if Self.hasChildren(tag) { return worklist.append(object) }
    guard tag == .string else { return }
    // A view keeps the string alive whose beginning it is; that one is no view.
    let string = object.assumingMemoryBound(to: StringObject.self)
    if string.pointee.form == .view {
      markObject(UnsafeMutableRawPointer(string.owner.pointee), .string)
    }
  }

  /// Marks a buffer of that size.
  @inline(__always)
  private func markBuffer(_ buffer: UnsafeMutableRawPointer, _ size: Int) {
    if size <= state.pointee.mostInCell {
      _ = UnsafeMutablePointer<Page>(of: buffer).mark(buffer)
    } else {
      UnsafeMutablePointer<LargeBlock>(of: buffer).pointee.isMarked = true
    }
  }

  private func markChildren(_ object: UnsafeMutableRawPointer) {
    switch object.assumingMemoryBound(to: ObjectHeader.self).pointee.tag {
    case .list:
      let list = object.assumingMemoryBound(to: ListObject.self).pointee
      guard let items = list.items else { return }
      if items != object.assumingMemoryBound(to: ListObject.self).ownItems {
        markBuffer(items, list.capacity &* MemoryLayout<Value>.stride)
      }
      markAll(items, list.count)
    case .map: markPairs(object.assumingMemoryBound(to: MapObject.self))
    case .closure:
      let closure = object.assumingMemoryBound(to: ClosureObject.self)
      for index in 0..<closure.pointee.captureCount { mark(closure.captures[index]) }
    case .link:
      let link = object.assumingMemoryBound(to: LinkObject.self)
      for index in 0..<2 * link.pointee.count { mark(link.ends[index]) }
    case .box: mark(object.assumingMemoryBound(to: BoxObject.self).pointee.value)
    default: break
    }
  }

  /// Marks values that stand in a row; of a long one the first only, see `markRow`.
  @inline(__always)
  private func markAll(_ values: UnsafeMutablePointer<Value>, _ count: Int) {
    guard count <= Self.objectsPerLook else {
      return rows.append(MarkedRow(content: .values(values), next: 0, count: count))
    }
    for index in 0..<count { mark(values[index]) }
  }

  private func markPairs(_ map: MapReference) {
    guard let entries = map.pointee.entries else { return }
    if entries != map.ownEntries { markBuffer(entries, map.entriesSize) }
    if let table = map.pointee.table { markBuffer(table, map.tableBytes) }
    let count = Int(map.pointee.used)
    guard count <= Self.objectsPerLook else {
      return rows.append(MarkedRow(content: .pairs(entries), next: 0, count: count))
    }
    markPairs(entries, 0..<count)
  }

  @inline(__always)
  private func markPairs(_ entries: UnsafeMutablePointer<MapEntry>, _ range: Range<Int>) {
    for index in range {
      guard let key = entries[index].key else { continue }
      markObject(UnsafeMutableRawPointer(key), .string)
      mark(entries[index].value)
    }
  }

  /// Marks the next part of the last row. False when there is none.
  private func markRow() -> Bool {
    guard var row = rows.popLast() else { return false }
    let range = row.next..<min(row.next + Self.objectsPerLook, row.count)
    row.next = range.upperBound
    if row.next < row.count { rows.append(row) }
    switch row.content {
    case .values(let values): for index in range { mark(values[index]) }
    case .pairs(let entries): markPairs(entries, range)
    }
    return true
  }

  // MARK: Collecting

  /// Frees everything that is not reachable from what `markRoots` marks, unless an interrupt breaks it
  /// off.
  func collect(markRoots: () -> Void) {
    // What dies now must not be taken for new later.
    beginNative()
    collect(keepsNew: false, markRoots)
  }

  /// Notes that a library function begins: what is made from now on is kept by `collectKeepingNew`.
  @inline(__always)
  func beginNative() {
    state.pointee.epoch &+= 1
    if state.pointee.epoch == 0 { restartEpochs() }
  }

  /// Frees what neither the roots nor the objects made since `beginNative` reach.
  func collectKeepingNew(_ markRoots: () -> Void) { collect(keepsNew: true, markRoots) }

  private func collect(keepsNew: Bool, _ markRoots: () -> Void) {
    let before = bytes
    guard markLiving(keepsNew, markRoots), sweep() else {
      worklist.removeAll()
      rows.removeAll()
      hasStaleMarks = true
      return
    }
    giveBack(before)
    // The next collection comes when the heap has doubled, or is three times as large where nearly
    // everything lives: all collections on the way to the cap take a few times what the last one takes.
    let factor = bytes > before / 4 * 3 ? 3 : 2
    state.pointee.threshold =
      isStressed ? -1 : min(max(Self.leastThreshold, bytes * factor), max(limit, bytes))
  }

  /// Marks what lives. False when it was broken off.
  private func markLiving(_ keepsNew: Bool, _ markRoots: () -> Void) -> Bool {
    if hasStaleMarks {
      large.clearMarks()
      hasStaleMarks = false
    }
    forEachClass { $0.pointee.clearMarks() }
    markRoots()
    if keepsNew { markNew() }
    guard markReachable() else {
      forEachClass { $0.pointee.keepAll() }
      return false
    }
    return true
  }

  private func markNew() {
    forEachObject(isBreakable: true) { header in
      guard header.pointee.epoch == state.pointee.epoch else { return }
      let shift = header.pointee.place == .shifted ? 8 : 0
      markObject(UnsafeMutableRawPointer(header) + shift, header.pointee.tag)
    }
  }

  private func markReachable() -> Bool {
    var left = Self.objectsPerLook
    repeat {
      while let object = worklist.popLast() {
        markChildren(object)
        left &-= 1
        if left == 0 {
          if interrupt.isSet { return false }
          left = Self.objectsPerLook
        }
      }
      if interrupt.isSet { return false }
    } while markRow()
    return true
  }

  /// Frees what is not marked. False when it was broken off: the rest is freed by the next collection.
  private func sweep() -> Bool {
    let isBrokenOff = { [interrupt] in interrupt.isSet }
    guard releaseReferences() else {
      forEachClass { $0.pointee.keepAll() }
      return false
    }
    forEachClass { bytes -= $0.pointee.sweep({ pages.give($0) }, isBrokenOff: isBrokenOff) }
    bytes -= large.sweep(isBrokenOff: isBrokenOff)
    return !isBrokenOff()
  }

  /// Lets go of the Swift objects that dead errors and host values hold. False when it was broken off.
  private func releaseReferences() -> Bool {
    var seen = 0
    var isBrokenOff = false
    references.removeAll { reference in
      seen &+= 1
      if seen & (Self.objectsPerLook - 1) == 0, interrupt.isSet { isBrokenOff = true }
      if isBrokenOff || isMarked(UnsafeMutableRawPointer(reference)) { return false }
      bytes -= reference.pointee.contentSize
      reference.pointee.content.release()
      return true
    }
    return !isBrokenOff
  }

  private func isMarked(_ object: UnsafeMutableRawPointer) -> Bool {
    switch object.assumingMemoryBound(to: ObjectHeader.self).pointee.place {
    case .cell, .shifted: UnsafeMutablePointer<Page>(of: object).isMarked(object)
    case .large: UnsafeMutablePointer<LargeBlock>(of: object).pointee.isMarked
    case .permanent: true
    }
  }

  /// Lets the next safe place collect.
  func collectSoon() { state.pointee.threshold = min(state.pointee.threshold, bytes / 2) }

  private func giveBack(_ before: Int) {
    peak = max(peak, before)
    guard peak - bytes > Self.trimSize, bytes < peak / 2 else { return }
    peak = bytes
    worklist = []
    pages.giveBack()
    CLibrary.giveBackMemory()
  }

  // MARK: Walking

  private func forEachClass(_ body: (UnsafeMutablePointer<CellClass>) -> Void) {
    for index in 0..<2 * HeapState.classCount { body(state.pointee.classes + index) }
  }

  /// Calls `body` with the header of every object, and with what dead ones have left in their cells: the
  /// tag and the epoch of those are as they were. Of a shifted object it is the copy before it.
  ///
  /// - Parameter isBreakable: whether an interrupt ends it.
  private func forEachObject(
    isBreakable: Bool = false, _ body: (UnsafeMutablePointer<ObjectHeader>) -> Void
  ) {
    for index in 0..<HeapState.classCount {
      var current = state.pointee.classes[index].pages
      while let page = current {
        if isBreakable, interrupt.isSet { return }
        for position in 0..<page.cellCount {
          body(page.cell(position).assumingMemoryBound(to: ObjectHeader.self))
        }
        current = page.pointee.next
      }
    }
    var current = large.first
    while let block = current {
      if isBreakable, interrupt.isSet { return }
      if block.pointee.holdsObject {
        body(block.content.assumingMemoryBound(to: ObjectHeader.self))
      }
      current = block.pointee.next
    }
  }

  /// Begins to count epochs anew: no object must look as if it were new when the numbers come again.
  private func restartEpochs() {
    forEachObject { $0.pointee.epoch = 0 }
    state.pointee.epoch = 1
  }
}
