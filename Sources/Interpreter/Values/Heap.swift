// The memory of one machine: allocation, accounting, and a tracing mark-sweep collection.
//
// A collection starts only where the machine asks for it (loop turns, calls, after host calls), when
// every live value is in a root. So library functions may allocate freely without registering anything.
// Marking uses a work list of its own: a chain of a million nested lists takes no stack. Blocks are
// counted with the allocator's overhead and buffers with their capacity, so the accounted bytes follow
// the process's own.
//
// One collection may come elsewhere: when a library function needs memory that garbage holds. It keeps
// everything that was made since the function was called, which no root may reach yet.

#if canImport(Glibc)
  import Glibc
#endif

/// Owns every object of one machine.
public final class Heap {
  /// Bytes that all objects and their buffers take.
  public private(set) var bytes = 0
  /// The cap; going past it is an error that no script catches.
  let limit: Int
  /// A collection is due when `bytes` passes this.
  private(set) var threshold: Int
  /// The most bytes that there were at a collection since memory was last given back.
  private var peak = 0
  /// Freed bytes that are worth a walk through the allocator's lists to give them back.
  private static let trimSize = 32 << 20
  private(set) var objects: UnsafeMutableRawPointer?
  private var permanents: [StringReference] = []
  private var interned: [ExactText: StringReference] = [:]
  private var worklist: [Value] = []
  /// Names of the library's functions by their index.
  let nativeNames: [String]
  /// The newest object when the library function that runs was called: newer ones are kept by `relieve`.
  private var boundary: UnsafeMutableRawPointer?

  /// True after a collection that was broken off: some objects still have its marks.
  private var hasStaleMarks = false
  /// Objects that are marked or freed between two looks at the interrupt.
  private static let objectsPerLook = 4096
  /// Bytes that a library function has borrowed.
  var borrowed = 0
  /// Why the run must stop, if it must.
  let interrupt = Interrupt()
  /// What embedders' objects own, closed when the fiber ends that opened it, or the run.
  let resources = ResourceTable()
  /// Where text is put together.
  public private(set) lazy var text = TextBuffer(self)
  /// For tests; see `Limits`.
  var onLook: (@Sendable (_ steps: Int) -> Void)?
  /// Steps of the run so far.
  var steps = 0
  /// The steps at which the limits are looked at next.
  var nextLook = 0
  var stepLimit = Int.max
  /// Nanoseconds of the monotonic clock after which the run must stop.
  var deadline = UInt64.max
  var duration: Duration?
  /// Collects for a library function; the machine sets it, since it knows the roots.
  var relieve: (() -> Void)?

  /// True for tests: every safe place collects, so that a value which is in no root is found out.
  private let isStressed: Bool

  /// Makes an empty heap that may grow to `limit` bytes.
  init(limit: Int, isStressed: Bool = false, nativeNames: [String] = []) {
    self.limit = limit
    self.nativeNames = nativeNames
    self.isStressed = isStressed
    threshold = isStressed ? -1 : min(limit, 8 << 20)
  }

  deinit {
    sweepAll()
    for string in permanents { UnsafeMutableRawPointer(string).deallocate() }
    if peak > Self.trimSize { CLibrary.giveBackMemory() }
  }

  /// True when the machine should collect at its next safe place.
  @inline(__always)
  var isCollectionDue: Bool { bytes > threshold }

  // MARK: Allocation

  private func allocate(size: Int, tag: Value.Tag) -> UnsafeMutableRawPointer {
    let memory = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 16)
    memory.bindMemory(to: ObjectHeader.self, capacity: 1).initialize(
      to: ObjectHeader(
        next: objects, size: UInt32(truncatingIfNeeded: size), tag: tag, isMarked: false))
    objects = memory
    bytes += Self.footprint(size)
    return memory
  }

  /// Reports that a buffer of an object grew (or shrank, when negative) by that many bytes.
  @inline(__always)
  func account(_ change: Int) { bytes += change }

  /// Reports that a buffer of an object has another size now; sizes in bytes.
  @inline(__always)
  func account(buffer size: Int, was old: Int) {
    bytes += Self.footprint(size) - Self.footprint(old)
  }

  /// Makes an empty list with room for `capacity` elements.
  public func makeList(capacity: Int = 0) -> ListReference {
    let list = allocate(size: MemoryLayout<ListObject>.size, tag: .list)
      .assumingMemoryBound(to: ListObject.self)
    list.pointee.count = 0
    list.pointee.capacity = 0
    list.pointee.items = nil
    list.pointee.version = 0
    if capacity > 0 { list.reserve(capacity, self) }
    return list
  }

  /// Makes an empty map.
  public func makeMap(capacity: Int = 0) -> MapReference {
    let map = allocate(size: MemoryLayout<MapObject>.size, tag: .map)
      .assumingMemoryBound(to: MapObject.self)
    map.pointee.count = 0
    map.pointee.used = 0
    map.pointee.capacity = 0
    map.pointee.entries = nil
    map.pointee.table = nil
    map.pointee.tableSize = 0
    map.pointee.version = 0
    if capacity > 0 { map.reserve(capacity, self) }
    return map
  }

  /// Makes a string from UTF-8 bytes, which must be valid.
  public func makeString(_ utf8: UnsafeBufferPointer<UInt8>) -> StringReference {
    makeString(byteCount: utf8.count) { target in
      if let base = utf8.baseAddress { target.update(from: base, count: utf8.count) }
    }
  }

  /// Makes a string from a Swift string.
  public func makeString(_ text: String) -> StringReference {
    var text = text
    return text.withUTF8 { makeString($0) }
  }

  /// Makes a string of valid UTF-8 of any length: the memory is asked for first, and long texts are copied
  /// piece by piece, with a look at the limits between them.
  ///
  /// - Throws: when the run passes its memory or must stop.
  public func makeText(_ utf8: UnsafeBufferPointer<UInt8>) throws(ScriptError) -> StringReference {
    guard let base = utf8.baseAddress, utf8.count > Self.textPiece else { return makeString(utf8) }
    try reserve(MemoryLayout<StringObject>.size + utf8.count)
    let string = allocate(size: MemoryLayout<StringObject>.size + utf8.count, tag: .string)
      .assumingMemoryBound(to: StringObject.self)
    string.pointee.hash = 0
    string.pointee.form = .whole
    string.pointee.scalarCount = 0
    string.pointee.byteCount = utf8.count
    var start = 0
    while start < utf8.count {
      let end = min(start + Self.textPiece, utf8.count)
      (string.bytes + start).update(from: base + start, count: end - start)
      string.pointee.scalarCount += utf8[start..<end].count { $0 & 0xC0 != 0x80 }
      try charge(bytes: end - start)
      start = end
    }
    return string
  }

  /// Bytes of text that are copied between two looks at the limits.
  private static let textPiece = 256 << 10

  /// Makes a string of `byteCount` bytes that `fill` writes; they must be valid UTF-8.
  func makeString(
    byteCount: Int, fill: (UnsafeMutablePointer<UInt8>) -> Void
  ) -> StringReference {
    let memory = allocate(size: MemoryLayout<StringObject>.size + byteCount, tag: .string)
    return finishString(memory, byteCount, fill)
  }

  /// Makes the string of a long one and a piece behind it: in place when the long one's room is still
  /// free, else in a new block with room for as much again.
  ///
  /// - Throws: when the run must stop.
  func makeJoined(
    _ left: StringReference, _ right: StringReference
  ) throws(ScriptError) -> StringReference {
    let (first, second) = (left.pointee.byteCount, right.pointee.byteCount)
    let owner = left.pointee.form == .view ? left.owner.pointee : left
    if owner.pointee.form == .growable, owner.room.pointee.used == first,
      owner.room.pointee.capacity - first >= second
    {
      owner.room.pointee.used += second
      try copy(right.bytes, to: left.bytes + first, count: second)
      let size = MemoryLayout<StringObject>.size + MemoryLayout<StringReference>.size
      let view = makeJoined(left, right, .view, size)
      view.owner.initialize(to: owner)
      return view
    }
    let capacity = 2 * (first + second)
    let size = MemoryLayout<StringObject>.size + StringRoom.size + capacity
    let string = makeJoined(left, right, .growable, size)
    string.room.initialize(to: StringRoom(used: first + second, capacity: capacity))
    try copy(left.bytes, to: string.bytes, count: first)
    try copy(right.bytes, to: string.bytes + first, count: second)
    return string
  }

  private func makeJoined(
    _ left: StringReference, _ right: StringReference, _ form: StringObject.Form, _ size: Int
  ) -> StringReference {
    let string = allocate(size: size, tag: .string).assumingMemoryBound(to: StringObject.self)
    string.pointee.hash = 0
    string.pointee.form = form
    string.pointee.scalarCount = left.pointee.scalarCount + right.pointee.scalarCount
    string.pointee.byteCount = left.pointee.byteCount + right.pointee.byteCount
    return string
  }

  private func finishString(
    _ memory: UnsafeMutableRawPointer, _ byteCount: Int,
    _ fill: (UnsafeMutablePointer<UInt8>) -> Void
  ) -> StringReference {
    let string = memory.assumingMemoryBound(to: StringObject.self)
    string.pointee.hash = 0
    string.pointee.form = .whole
    string.pointee.byteCount = byteCount
    fill(string.bytes)
    string.pointee.scalarCount = string.countScalars()
    return string
  }

  /// The one permanent string of that text: constants and names, which are compared by address first.
  func intern(_ text: String) -> StringReference {
    if let known = interned[ExactText(text)] { return known }
    var copy = text
    let string = copy.withUTF8 { utf8 in
      let size = MemoryLayout<StringObject>.size + utf8.count
      let memory = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 16)
      memory.bindMemory(to: ObjectHeader.self, capacity: 1).initialize(
        to: ObjectHeader(next: nil, size: 0, tag: .string, isMarked: true))
      return finishString(memory, utf8.count) { target in
        if let base = utf8.baseAddress { target.update(from: base, count: utf8.count) }
      }
    }
    bytes += Self.footprint(MemoryLayout<StringObject>.size + text.utf8.count)
    permanents.append(string)
    interned[ExactText(text)] = string
    return string
  }

  func makeRange(_ start: Int64, _ end: Int64, isClosed: Bool) -> Value {
    let memory = allocate(size: MemoryLayout<RangeObject>.size, tag: .range)
    let range = memory.assumingMemoryBound(to: RangeObject.self)
    range.pointee.start = start
    range.pointee.end = end
    range.pointee.isClosed = isClosed
    return Value(memory, .range)
  }

  func makeBox(_ value: Value) -> Value {
    let memory = allocate(size: MemoryLayout<BoxObject>.size, tag: .box)
    memory.assumingMemoryBound(to: BoxObject.self).pointee.value = value
    return Value(memory, .box)
  }

  func makeClosure(
    _ body: UnsafeMutablePointer<PrototypeBody>
  ) -> UnsafeMutablePointer<ClosureObject> {
    let count = body.pointee.captureCount
    let size = MemoryLayout<ClosureObject>.size + count * MemoryLayout<Value>.stride
    let closure = allocate(size: size, tag: .closure).assumingMemoryBound(to: ClosureObject.self)
    closure.pointee.body = body
    closure.pointee.captureCount = count
    return closure
  }

  func makeLink(_ pairs: [(from: Value, to: Value)]) -> Value {
    let size = MemoryLayout<LinkObject>.size + 2 * pairs.count * MemoryLayout<Value>.stride
    let memory = allocate(size: size, tag: .link)
    let link = memory.assumingMemoryBound(to: LinkObject.self)
    link.pointee.count = pairs.count
    for (index, pair) in pairs.enumerated() {
      link.ends[2 * index] = pair.from
      link.ends[2 * index + 1] = pair.to
    }
    return Value(memory, .link)
  }

  /// Makes a value that holds an error.
  public func makeError(_ error: ScriptError) -> Value {
    makeReference(ReferenceObject.Content(error: error), .error)
  }

  /// Makes a value that holds an object of the embedder.
  public func makeHost(_ object: any HostObject) -> Value {
    if let resource = object as? any HostResource { resources.adopt(resource) }
    return makeReference(ReferenceObject.Content(host: object), .host)
  }

  private func makeReference(_ content: ReferenceObject.Content, _ tag: Value.Tag) -> Value {
    let memory = allocate(size: MemoryLayout<ReferenceObject>.size, tag: tag)
    let reference = memory.assumingMemoryBound(to: ReferenceObject.self)
    reference.pointee.content = Unmanaged.passRetained(content)
    reference.pointee.contentSize = content.size
    bytes += content.size
    return Value(memory, tag)
  }

  // MARK: Collection

  /// Marks a root.
  @inline(__always)
  func mark(_ value: Value) {
    if value.isObject { markObject(value) }
  }

  private func markObject(_ value: Value) {
    let header = value.pointer.assumingMemoryBound(to: ObjectHeader.self)
    if header.pointee.isMarked { return }
    if value.tag == .string { return value.asString.markAsReached() }
    header.pointee.isMarked = true
    worklist.append(value)
  }

  /// Frees everything that is not reachable from what `markRoots` marks.
  func collect(markRoots: () -> Void) {
    boundary = objects
    collectKeepingNew(markRoots)
  }

  /// Notes that a library function begins: what is made from now on is kept by `collectKeepingNew`.
  @inline(__always)
  func beginNative() { boundary = objects }

  /// Frees what neither the roots nor the objects made since `beginNative` reach.
  ///
  /// An interrupt breaks it off, and nothing more is freed: the run is over, and collections of a large
  /// heap take seconds.
  func collectKeepingNew(_ markRoots: () -> Void) {
    if hasStaleMarks { clearMarks() }
    markRoots()
    var new = objects
    while let memory = new, memory != boundary {
      let header = memory.assumingMemoryBound(to: ObjectHeader.self).pointee
      markObject(Value(memory, header.tag))
      new = header.next
    }
    let before = bytes
    guard markReachable(), sweep() else {
      hasStaleMarks = true
      worklist.removeAll()
      boundary = nil
      return
    }
    giveBack(before)
    // The next collection comes when the heap has doubled: all collections on the way to the cap take a
    // few times what the last one takes.
    threshold = isStressed ? -1 : min(max(8 << 20, bytes * 2), max(limit, bytes))
  }

  /// False when it was broken off.
  private func markReachable() -> Bool {
    var left = Self.objectsPerLook
    while let value = worklist.popLast() {
      markChildren(value)
      left -= 1
      if left == 0 {
        if interrupt.isSet { return false }
        left = Self.objectsPerLook
      }
    }
    return !interrupt.isSet
  }

  private func clearMarks() {
    var current = objects
    while let memory = current {
      let header = memory.assumingMemoryBound(to: ObjectHeader.self)
      header.pointee.isMarked = false
      current = header.pointee.next
    }
    hasStaleMarks = false
  }

  private func giveBack(_ before: Int) {
    peak = max(peak, before)
    guard peak - bytes > Self.trimSize, bytes < peak / 2 else { return }
    peak = bytes
    worklist = []
    CLibrary.giveBackMemory()
  }

  private func markChildren(_ value: Value) {
    switch value.tag {
    case .list:
      let list = value.asList.pointee
      for index in 0..<list.count { mark(list.items.unsafelyUnwrapped[index]) }
    case .map:
      let map = value.asMap.pointee
      for index in 0..<map.used {
        let entry = map.entries.unsafelyUnwrapped[index]
        guard let key = entry.key else { continue }
        key.markAsReached()
        mark(entry.value)
      }
    case .closure:
      let closure = value.asClosure
      for index in 0..<closure.pointee.captureCount { mark(closure.captures[index]) }
    case .link:
      let link = value.asLink
      for index in 0..<2 * link.pointee.count { mark(link.ends[index]) }
    case .box:
      mark(value.asBox.pointee.value)
    default:
      break
    }
  }

  /// Frees what is not marked; the others stay in order, newest first. False when it was broken off.
  private func sweep() -> Bool {
    var left = Self.objectsPerLook
    var last: UnsafeMutablePointer<ObjectHeader>?
    var current = objects
    var isOld = false
    while let memory = current {
      left -= 1
      if left == 0 {
        if interrupt.isSet { return false }
        left = Self.objectsPerLook
      }
      if memory == boundary {
        isOld = true
        boundary = nil
      }
      let header = memory.assumingMemoryBound(to: ObjectHeader.self)
      let next = header.pointee.next
      if header.pointee.isMarked {
        header.pointee.isMarked = false
        if isOld, boundary == nil { boundary = memory }
        last = header
      } else {
        free(memory, header.pointee)
        if let last { last.pointee.next = next } else { objects = next }
      }
      current = next
    }
    return true
  }

  /// Lets the next safe place collect.
  func collectSoon() { threshold = min(threshold, bytes / 2) }

  private func sweepAll() {
    var current = objects
    while let memory = current {
      let header = memory.assumingMemoryBound(to: ObjectHeader.self).pointee
      current = header.next
      free(memory, header)
    }
    objects = nil
  }

  private func free(_ memory: UnsafeMutableRawPointer, _ header: ObjectHeader) {
    bytes -= Self.footprint(size(memory, header))
    switch header.tag {
    case .list:
      let list = memory.assumingMemoryBound(to: ListObject.self).pointee
      bytes -= Self.footprint(list.capacity * MemoryLayout<Value>.stride)
      list.items?.deallocate()
    case .map:
      let map = memory.assumingMemoryBound(to: MapObject.self).pointee
      bytes -= Self.footprint(map.capacity * MemoryLayout<MapEntry>.stride)
      bytes -= Self.footprint(map.tableSize * MemoryLayout<UInt32>.stride)
      map.entries?.deallocate()
      map.table?.deallocate()
    case .error, .host:
      let reference = memory.assumingMemoryBound(to: ReferenceObject.self).pointee
      bytes -= reference.contentSize
      reference.content.release()
    default:
      break
    }
    memory.deallocate()
  }

  /// Bytes of an object's block. The header's field holds those below 4 GiB.
  private func size(_ memory: UnsafeMutableRawPointer, _ header: ObjectHeader) -> Int {
    guard header.tag == .string else { return Int(header.size) }
    return memory.assumingMemoryBound(to: StringObject.self).blockSize
  }
}
