// Blocks of the heap that are too large for a cell: one of the C library's each, in a list.

/// The start of a large block; the object or the buffer follows, at an odd multiple of eight.
struct LargeBlock {
  var next: UnsafeMutablePointer<LargeBlock>?
  var previous: UnsafeMutablePointer<LargeBlock>?
  /// Bytes of what follows.
  var size: Int
  var isMarked: Bool
  var holdsObject: Bool
  /// Keeps what follows away from multiples of sixteen, where cells are.
  private let padding = 0

  init(next: UnsafeMutablePointer<LargeBlock>?, size: Int, holdsObject: Bool) {
    self.next = next
    self.size = size
    self.holdsObject = holdsObject
    isMarked = false
  }

  /// Bytes with what follows.
  var whole: Int { MemoryLayout<LargeBlock>.stride + size }

  /// Blocks from so many bytes on come from the system itself.
  private static let systemFrom = 4 << 20

  /// True when a block of so many bytes, with what follows, comes from the system.
  static func isFromSystem(_ whole: Int) -> Bool { whole >= systemFrom }

  /// The next capacity of a buffer whose elements take so many bytes each. A block of the system grows
  /// without a copy, so it needs no reserve as large as itself, which would count below the cap.
  static func capacity(after capacity: Int, stride: Int) -> Int {
    isFromSystem(capacity * stride) ? capacity + capacity / 4 : 2 * capacity
  }

  /// Bytes of the block, as the C library or the system rounds them.
  var footprint: Int {
    Self.isFromSystem(whole) ? SystemMemory.rounded(whole) : Heap.footprint(whole)
  }
}

extension UnsafeMutablePointer where Pointee == LargeBlock {
  /// The block of what stands in it.
  @inline(__always)
  init(of content: UnsafeMutableRawPointer) {
    self = (content - MemoryLayout<LargeBlock>.stride).assumingMemoryBound(to: LargeBlock.self)
  }

  @inline(__always)
  var content: UnsafeMutableRawPointer { UnsafeMutableRawPointer(self + 1) }
}

/// All large blocks of a heap.
struct LargeBlocks {
  private(set) var first: UnsafeMutablePointer<LargeBlock>?

  mutating func make(_ size: Int, holdsObject: Bool) -> UnsafeMutablePointer<LargeBlock> {
    let whole = MemoryLayout<LargeBlock>.stride + size
    let memory =
      LargeBlock.isFromSystem(whole)
      ? SystemMemory.take(whole) : .allocate(byteCount: whole, alignment: 16)
    let block = memory.bindMemory(to: LargeBlock.self, capacity: 1)
    block.initialize(to: LargeBlock(next: first, size: size, holdsObject: holdsObject))
    first?.pointee.previous = block
    first = block
    return block
  }

  /// Gives a block that came from the system another size, without a copy; nil when that cannot be.
  mutating func grow(
    _ block: UnsafeMutablePointer<LargeBlock>, to size: Int
  ) -> UnsafeMutablePointer<LargeBlock>? {
    let whole = block.pointee.whole
    guard LargeBlock.isFromSystem(whole), size > block.pointee.size,
      let memory = SystemMemory.resize(
        block, whole, to: MemoryLayout<LargeBlock>.stride + size)
    else { return nil }
    let moved = memory.assumingMemoryBound(to: LargeBlock.self)
    moved.pointee.size = size
    moved.pointee.next?.pointee.previous = moved
    if let previous = moved.pointee.previous {
      previous.pointee.next = moved
    } else {
      first = moved
    }
    return moved
  }

  mutating func free(_ block: UnsafeMutablePointer<LargeBlock>) {
    let (next, previous) = (block.pointee.next, block.pointee.previous)
    next?.pointee.previous = previous
    if let previous { previous.pointee.next = next } else { first = next }
    let whole = block.pointee.whole
    if LargeBlock.isFromSystem(whole) {
      SystemMemory.giveBack(block, whole)
    } else {
      block.deallocate()
    }
  }

  /// Blocks that are freed between two looks at the interrupt.
  private static let blocksPerLook = 1024

  /// Frees what is not marked, and takes the marks off the rest.
  ///
  /// - Parameter isBrokenOff: asked now and then; what was not looked at by then stays as it is.
  /// - Returns: the bytes that were freed.
  mutating func sweep(isBrokenOff: () -> Bool) -> Int {
    var freed = 0
    var current = first
    var left = Self.blocksPerLook
    while let block = current {
      left -= 1
      if left == 0 {
        if isBrokenOff() { break }
        left = Self.blocksPerLook
      }
      current = block.pointee.next
      if block.pointee.isMarked {
        block.pointee.isMarked = false
      } else {
        freed += block.pointee.footprint
        free(block)
      }
    }
    return freed
  }

  /// Takes all marks off.
  func clearMarks() {
    var current = first
    while let block = current {
      block.pointee.isMarked = false
      current = block.pointee.next
    }
  }

  mutating func removeAll() {
    while let block = first { free(block) }
  }
}
