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

  /// Bytes of the block, as the C library rounds them.
  var footprint: Int { Heap.footprint(MemoryLayout<LargeBlock>.stride + size) }
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
    let block = UnsafeMutableRawPointer.allocate(
      byteCount: MemoryLayout<LargeBlock>.stride + size, alignment: 16
    ).bindMemory(to: LargeBlock.self, capacity: 1)
    block.initialize(to: LargeBlock(next: first, size: size, holdsObject: holdsObject))
    first?.pointee.previous = block
    first = block
    return block
  }

  mutating func free(_ block: UnsafeMutablePointer<LargeBlock>) {
    let (next, previous) = (block.pointee.next, block.pointee.previous)
    next?.pointee.previous = previous
    if let previous { previous.pointee.next = next } else { first = next }
    block.deallocate()
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
