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

import JSON

#if canImport(Glibc)
  import Glibc
#endif

/// What a heap leaves: its objects, of which none is looked at any more.
private struct HeapMemory: ~Copyable {
  private var pages: PageStore
  private var large: LargeBlocks
  private let isTrimmed: Bool

  init(_ pages: PageStore, _ large: LargeBlocks, isTrimmed: Bool) {
    self.pages = pages
    self.large = large
    self.isTrimmed = isTrimmed
  }

  deinit {
    var (pages, large) = (pages, large)
    large.removeAll()
    pages.removeAll()
    if isTrimmed { CLibrary.giveBackMemory() }
  }
}

/// Owns every object of one machine.
public final class Heap {
  /// What changes all the time.
  let state: UnsafeMutablePointer<HeapState>
  /// The cap; going past it is an error that no script catches.
  let limit: Int
  /// Pages that no cells lie in.
  var pages = PageStore()
  /// Objects and buffers that are too large for a cell.
  var large = LargeBlocks()
  /// Errors and objects of the embedder, which hold a Swift object each.
  var references: [UnsafeMutablePointer<ReferenceObject>] = []
  /// Objects that were marked and not yet looked into.
  var worklist: [UnsafeMutableRawPointer] = []
  /// Long rows of values whose first ones were marked.
  var rows: [MarkedRow] = []
  /// The most bytes that there were at a collection since memory was last given back.
  var peak = 0
  private var permanents: [StringReference] = []
  private var interned: [ExactText: StringReference] = [:]
  /// Names of the library's functions by their index.
  let nativeNames: [String]

  /// True after a collection that was broken off: large blocks may have its marks.
  var hasStaleMarks = false
  /// Bytes that a library function has borrowed.
  var borrowed = 0
  /// Data that a library function had begun to make when it failed; see `giveBackBorrowed`.
  var abandoned: [JSONValue] = []
  /// Why the run must stop, if it must.
  let interrupt = Interrupt()
  /// What embedders' objects own, closed when the fiber ends that opened it, or the run.
  let resources = ResourceTable()
  /// Where text is put together.
  public private(set) lazy var text = TextBuffer(self)
  /// For tests; see `Limits`.
  var onLook: (@Sendable (_ steps: Int) -> Void)?
  var stepLimit = Int.max
  /// Nanoseconds of the monotonic clock after which the run must stop.
  var deadline = UInt64.max
  var duration: Duration?
  /// Collects for a library function; the machine sets it, since it knows the roots.
  var relieve: (() -> Void)?

  /// True for tests: every safe place collects, so that a value which is in no root is found out. Then
  /// every object is a block of its own, so that a sanitizer sees the use of one that was freed.
  let isStressed: Bool

  /// Makes an empty heap that may grow to `limit` bytes.
  init(limit: Int, isStressed: Bool = false, nativeNames: [String] = []) {
    self.limit = limit
    self.nativeNames = nativeNames
    self.isStressed = isStressed
    state = .allocate(capacity: 1)
    state.initialize(
      to: HeapState(
        threshold: isStressed ? -1 : min(limit, Self.leastThreshold),
        mostInCell: isStressed ? 0 : HeapState.mostInCell))
  }

  deinit {
    for reference in references { reference.pointee.content.release() }
    let waste = HeapMemory(pages, large, isTrimmed: peak > Self.trimSize)
    if max(bytes, peak) > Self.trimSize { Disposal.beside(consume waste) }
    for string in permanents { (UnsafeMutableRawPointer(string) - 8).deallocate() }
    state.pointee.classes.deallocate()
    state.deallocate()
  }

  /// Bytes that all objects and their buffers take.
  public internal(set) var bytes: Int {
    @inline(__always) get { state.pointee.bytes }
    @inline(__always) set { state.pointee.bytes = newValue }
  }

  /// Steps of the run so far.
  var steps: Int {
    @inline(__always) get { state.pointee.steps }
    @inline(__always) set { state.pointee.steps = newValue }
  }

  /// The steps at which the limits are looked at next.
  var nextLook: Int {
    @inline(__always) get { state.pointee.nextLook }
    @inline(__always) set { state.pointee.nextLook = newValue }
  }

  /// True when the machine should collect at its next safe place.
  @inline(__always)
  var isCollectionDue: Bool { state.pointee.bytes > state.pointee.threshold }

  // MARK: Allocation

  /// Reports that a buffer of an object grew (or shrank, when negative) by that many bytes.
  @inline(__always)
  func account(_ change: Int) { bytes += change }

  /// Reports that a buffer of an object has another size now; sizes in bytes.
  @inline(__always)
  func account(buffer size: Int, was old: Int) {
    bytes += Self.footprint(size) - Self.footprint(old)
  }

  /// Elements or pairs that an object itself has room for when it is made with its size.
  private static let mostOwn = 8

  /// Makes an empty list with room for `capacity` elements.
  public func makeList(capacity: Int = 0) -> ListReference {
    let own = capacity > 0 && capacity <= Self.mostOwn ? capacity : 0
    let size = MemoryLayout<ListObject>.size &+ own &* MemoryLayout<Value>.stride
    let list = allocate(size: size, tag: .list).assumingMemoryBound(to: ListObject.self)
    list.pointee.count = 0
    list.pointee.capacity = own
    list.pointee.items = own > 0 ? list.ownItems : nil
    list.pointee.version = 0
    if capacity > own { list.reserve(capacity, self) }
    return list
  }

  /// Makes an empty map.
  public func makeMap(capacity: Int = 0) -> MapReference {
    let own = capacity > 0 && capacity <= Self.mostOwn ? capacity : 0
    let size = MemoryLayout<MapObject>.size &+ own &* MemoryLayout<MapEntry>.stride
    let map = allocate(size: size, tag: .map).assumingMemoryBound(to: MapObject.self)
    map.pointee.size = 0
    map.pointee.used = 0
    map.pointee.capacity = UInt32(truncatingIfNeeded: own)
    map.pointee.entries = own > 0 ? map.ownEntries : nil
    map.pointee.table = nil
    map.pointee.tableSize = 0
    map.pointee.version = 0
    map.pointee.last = 0
    if capacity > own { map.reserve(capacity, self) }
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
      string.pointee.scalarCount +=
        end - start - StringReference.continuationCount(base + start, end - start)
      try charge(bytes: end - start)
      start = end
    }
    return string
  }

  /// Bytes of text that are copied between two looks at the limits.
  private static let textPiece = 256 << 10

  /// Makes a string of `byteCount` bytes that `fill` writes; they must be valid UTF-8.
  ///
  /// - Parameter isASCII: true when it is known that each byte is a scalar.
  @inline(__always)
  func makeString(
    byteCount: Int, isASCII: Bool = false, fill: (UnsafeMutablePointer<UInt8>) -> Void
  ) -> StringReference {
    let memory = allocate(size: MemoryLayout<StringObject>.size + byteCount, tag: .string)
    return Self.initializeString(memory, byteCount, isASCII, fill)
  }

  @inline(__always)
  private static func initializeString(
    _ memory: UnsafeMutableRawPointer, _ byteCount: Int, _ isASCII: Bool,
    _ fill: (UnsafeMutablePointer<UInt8>) -> Void
  ) -> StringReference {
    let string = memory.assumingMemoryBound(to: StringObject.self)
    string.pointee.hash = 0
    string.pointee.form = .whole
    string.pointee.byteCount = byteCount
    fill(UnsafeMutableRawPointer(string + 1).assumingMemoryBound(to: UInt8.self))
    string.pointee.scalarCount = isASCII ? byteCount : string.countScalars()
    return string
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
      let view = makeJoined(left, right, .view, allocateShifted(size: size, tag: .string))
      view.owner.initialize(to: owner)
      return view
    }
    let capacity = 2 * (first + second)
    let size = MemoryLayout<StringObject>.size + StringRoom.size + capacity
    let string = makeJoined(left, right, .growable, allocate(size: size, tag: .string))
    string.room.initialize(to: StringRoom(used: first + second, capacity: capacity))
    try copy(left.bytes, to: string.bytes, count: first)
    try copy(right.bytes, to: string.bytes + first, count: second)
    return string
  }

  private func makeJoined(
    _ left: StringReference, _ right: StringReference, _ form: StringObject.Form,
    _ memory: UnsafeMutableRawPointer
  ) -> StringReference {
    let string = memory.assumingMemoryBound(to: StringObject.self)
    string.pointee.hash = 0
    string.pointee.form = form
    string.pointee.scalarCount = left.pointee.scalarCount + right.pointee.scalarCount
    string.pointee.byteCount = left.pointee.byteCount + right.pointee.byteCount
    return string
  }

  /// The one permanent string of that text: constants and names, which are compared by address first.
  func intern(_ text: String) -> StringReference {
    if let known = interned[ExactText(text)] { return known }
    var copy = text
    let string = copy.withUTF8 { utf8 in
      let size = MemoryLayout<StringObject>.size + utf8.count
      // Not at a multiple of sixteen, see `ObjectHeader`.
      let memory = UnsafeMutableRawPointer.allocate(byteCount: 8 + size, alignment: 16) + 8
      memory.bindMemory(to: ObjectHeader.self, capacity: 1).initialize(
        to: ObjectHeader(tag: .string, place: .permanent, epoch: 0))
      return Self.initializeString(memory, utf8.count, false) { target in
        if let base = utf8.baseAddress { target.update(from: base, count: utf8.count) }
      }
    }
    bytes += Self.footprint(8 + MemoryLayout<StringObject>.size + text.utf8.count)
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
    references.append(reference)
    bytes += content.size
    return Value(memory, tag)
  }
}
