// Where objects and their buffers get memory: a cell of a page, or a block of their own.

extension Heap {
  /// Memory for an object, with its header.
  @inline(__always)
  func allocate(size: Int, tag: Value.Tag) -> UnsafeMutableRawPointer {
    guard size <= state.pointee.mostInCell else { return allocateLarge(size, tag) }
    let memory = cell(HeapState.sizeClass(size))
    initializeHeader(memory, tag, .cell)
    return memory
  }

  @inline(__always)
  private func initializeHeader(
    _ memory: UnsafeMutableRawPointer, _ tag: Value.Tag, _ place: ObjectHeader.Place
  ) {
    memory.assumingMemoryBound(to: ObjectHeader.self).initialize(
      to: ObjectHeader(tag: tag, place: place, epoch: state.pointee.epoch))
  }

  @inline(never)
  private func allocateLarge(_ size: Int, _ tag: Value.Tag) -> UnsafeMutableRawPointer {
    let block = large.make(size, holdsObject: true)
    bytes += block.pointee.footprint
    initializeHeader(block.content, tag, .large)
    return block.content
  }

  /// Memory for an object that stands eight bytes into a cell.
  func allocateShifted(size: Int, tag: Value.Tag) -> UnsafeMutableRawPointer {
    guard size + 8 <= state.pointee.mostInCell else { return allocateLarge(size, tag) }
    let memory = cell(HeapState.sizeClass(size + 8))
    initializeHeader(memory, tag, .shifted)
    initializeHeader(memory + 8, tag, .shifted)
    return memory + 8
  }

  /// The next free cell of a class.
  @inline(__always)
  private func cell(_ index: Int) -> UnsafeMutableRawPointer {
    let cells = state.pointee.classes + index
    let cell = cells.pointee.cursor
    let next = cell + cells.pointee.cellSize
    if next <= cells.pointee.end {
      cells.pointee.cursor = next
      return cell
    }
    return refill(index)
  }

  /// Finds more cells. They are counted when they are handed out side by side, not one by one.
  @inline(never)
  private func refill(_ index: Int) -> UnsafeMutableRawPointer {
    let cells = state.pointee.classes + index
    bytes += cells.pointee.refill { pages.take(zeroed: $0) }
    let cell = cells.pointee.cursor
    cells.pointee.cursor = cell + cells.pointee.cellSize
    return cell
  }

  // MARK: Buffers

  /// Memory for a buffer of an object, which must be marked with it.
  func makeBuffer(_ size: Int) -> UnsafeMutableRawPointer {
    guard size <= state.pointee.mostInCell else {
      let block = large.make(size, holdsObject: false)
      bytes += block.pointee.footprint
      return block.content
    }
    let index = HeapState.classCount &+ HeapState.sizeClass(size)
    let cells = state.pointee.classes + index
    if let cell = cells.pointee.freed {
      cells.pointee.freed = cell.load(as: UnsafeMutableRawPointer?.self)
      return cell
    }
    return cell(index)
  }

  /// Memory for a buffer in the place of a smaller one, with the first bytes of that. A very large one
  /// moves by its pages, which takes no time.
  func growBuffer(
    _ old: UnsafeMutableRawPointer, _ oldSize: Int, to size: Int, holding count: Int
  ) -> UnsafeMutableRawPointer {
    if oldSize > state.pointee.mostInCell {
      let block = UnsafeMutablePointer<LargeBlock>(of: old)
      let before = block.pointee.footprint
      if let block = large.grow(block, to: size) {
        bytes += block.pointee.footprint - before
        return block.content
      }
    }
    let buffer = makeBuffer(size)
    buffer.copyMemory(from: old, byteCount: count)
    freeBuffer(old, oldSize)
    return buffer
  }

  /// Gives a buffer of that size back, at once.
  func freeBuffer(_ buffer: UnsafeMutableRawPointer, _ size: Int) {
    guard size <= state.pointee.mostInCell else {
      let block = UnsafeMutablePointer<LargeBlock>(of: buffer)
      bytes -= block.pointee.footprint
      return large.free(block)
    }
    let index = HeapState.classCount &+ HeapState.sizeClass(size)
    let cells = state.pointee.classes + index
    buffer.storeBytes(of: cells.pointee.freed, as: UnsafeMutableRawPointer?.self)
    cells.pointee.freed = buffer
  }
}
