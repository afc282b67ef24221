// Pages of the heap: where small objects and buffers stand side by side, in cells of one size each.
//
//     | next, cell size, sort | marks: a bit for each 16 bytes | cell | cell | cell | …
//
// A page begins at a multiple of its size, so the page of a cell, and with it the cell's mark, follows
// from the cell's address. What is not marked at the end of a collection is free: nothing is done with
// it, and `CellClass` finds the gaps when it needs room. So making an object is an addition and a
// comparison, and freeing one is nothing at all.

#if canImport(Glibc)
  import Glibc
#endif

/// The start of a page; marks and cells follow.
struct Page {
  static let size = 16 << 10
  fileprivate static let marksOffset = 32
  fileprivate static let markWords = size / 16 / 64
  static let cellsOffset = marksOffset + markWords * 8

  /// The next page with cells of the same size and sort.
  var next: UnsafeMutablePointer<Page>?
  /// Bytes of a cell.
  var cellSize: Int
  /// Whether the cells are objects; otherwise they are buffers of objects.
  var holdsObjects: Bool
}

extension UnsafeMutablePointer where Pointee == Page {
  /// The page that a cell stands in.
  @inline(__always)
  init(of cell: UnsafeRawPointer) {
    let address = UInt(bitPattern: cell) & ~UInt(Page.size - 1)
    self = UnsafeMutablePointer(bitPattern: address).unsafelyUnwrapped
  }

  /// Cells that fit.
  @inline(__always)
  var cellCount: Int { (Page.size - Page.cellsOffset) / pointee.cellSize }

  @inline(__always)
  private var marks: UnsafeMutablePointer<UInt64> {
    UnsafeMutableRawPointer(self).advanced(by: Page.marksOffset)
      .assumingMemoryBound(to: UInt64.self)
  }

  /// The first byte of a cell by its position.
  @inline(__always)
  func cell(_ position: Int) -> UnsafeMutableRawPointer {
    UnsafeMutableRawPointer(self)
      .advanced(by: Page.cellsOffset &+ position &* pointee.cellSize)
  }

  @inline(__always)
  func isMarked(_ cell: UnsafeRawPointer) -> Bool {
    let granule = (UInt(bitPattern: cell) & UInt(Page.size - 1)) &>> 4
    return marks[Int(granule &>> 6)] & (1 &<< UInt64(granule & 63)) != 0
  }

  /// Marks a cell; false when it was marked already.
  @inline(__always)
  func mark(_ cell: UnsafeRawPointer) -> Bool {
    let granule = (UInt(bitPattern: cell) & UInt(Page.size - 1)) &>> 4
    let bit: UInt64 = 1 &<< UInt64(granule & 63)
    let word = marks + Int(granule &>> 6)
    if word.pointee & bit != 0 { return false }
    word.pointee |= bit
    return true
  }

  /// Forgets all marks.
  func clearMarks() { marks.update(repeating: 0, count: Page.markWords) }

  /// Cells that are marked.
  var markedCount: Int {
    var count = 0
    for index in 0..<Page.markWords { count += marks[index].nonzeroBitCount }
    return count
  }
}

/// Cells of one size and sort: where the next one comes from.
struct CellClass {
  /// The next free cell, as long as it ends before `end`.
  var cursor: UnsafeMutableRawPointer
  /// The end of the free cells that lie side by side.
  var end: UnsafeMutableRawPointer
  /// Buffers that were given back between two collections, chained by their first bytes.
  var freed: UnsafeMutableRawPointer?
  var cellSize: Int
  var holdsObjects: Bool
  /// Bytes of the cells that were handed out, less those that were found free since.
  private(set) var bytes = 0
  /// All pages.
  var pages: UnsafeMutablePointer<Page>?
  /// The page that gaps are looked for in, and the cell where to go on.
  var page: UnsafeMutablePointer<Page>?
  var position = 0
  /// True when all pages but this one were gone through since the last collection: what they have left is
  /// in use, though not marked.
  var isLast = false

  /// Most bytes that are handed out and counted at once.
  private static let runSize = 4 << 10
  /// Pages that are swept between two looks at the interrupt.
  private static let pagesPerLook = 1024

  init(cellSize: Int, holdsObjects: Bool) {
    self.cellSize = cellSize
    self.holdsObjects = holdsObjects
    cursor = UnsafeMutableRawPointer(bitPattern: 16).unsafelyUnwrapped
    end = cursor
  }

  /// Takes the next cells that lie side by side.
  ///
  /// - Parameter newPage: gives a page when all are full.
  /// - Returns: their bytes.
  mutating func refill(_ newPage: (Bool) -> UnsafeMutablePointer<Page>) -> Int {
    while let page {
      let count = page.cellCount
      while position < count, page.isMarked(page.cell(position)) { position += 1 }
      if position < count { return takeRun(page, count) }
      self.page = isLast ? nil : page.pointee.next
      position = 0
    }
    let fresh = newPage(holdsObjects)
    fresh.initialize(to: Page(next: pages, cellSize: cellSize, holdsObjects: holdsObjects))
    fresh.clearMarks()
    pages = fresh
    page = fresh
    position = 0
    isLast = true
    return takeRun(fresh, fresh.cellCount)
  }

  private mutating func takeRun(_ page: UnsafeMutablePointer<Page>, _ count: Int) -> Int {
    let most = max(1, Self.runSize / cellSize)
    let first = position
    repeat {
      position += 1
    } while position < count && position - first < most
      && !page.isMarked(page.cell(position))
    cursor = page.cell(first)
    end = page.cell(position)
    let size = (position - first) * cellSize
    bytes += size
    return size
  }

  /// Begins a collection: nothing is marked.
  func clearMarks() {
    var current = pages
    while let page = current {
      page.clearMarks()
      current = page.pointee.next
    }
  }

  /// Takes every cell of the pages there are for one in use, until the next collection.
  mutating func keepAll() { page = nil }

  /// Ends a collection: everything that is not marked is free.
  ///
  /// - Parameters:
  ///   - release: takes the pages without a marked cell.
  ///   - isBrokenOff: asked now and then; what was not looked at by then stays in use.
  /// - Returns: the bytes that were freed.
  mutating func sweep(
    _ release: (UnsafeMutablePointer<Page>) -> Void, isBrokenOff: () -> Bool
  ) -> Int {
    var live = 0
    var kept: UnsafeMutablePointer<Page>?
    var last: UnsafeMutablePointer<Page>?
    var current = pages
    var left = Self.pagesPerLook
    while let page = current {
      left -= 1
      if left == 0 {
        if isBrokenOff() { break }
        left = Self.pagesPerLook
      }
      current = page.pointee.next
      let count = page.markedCount
      if count == 0 {
        release(page)
      } else {
        live += count * cellSize
        page.pointee.next = kept
        kept = page
        if last == nil { last = page }
      }
    }
    last?.pointee.next = current
    pages = kept ?? current
    page = current == nil ? kept : nil
    position = 0
    isLast = false
    // Both may lie in pages that were released.
    freed = nil
    cursor = UnsafeMutableRawPointer(bitPattern: 16).unsafelyUnwrapped
    end = cursor
    // How much of the pages that were not looked at is in use is not known: all of it, as before.
    guard current == nil else { return 0 }
    defer { bytes = live }
    return bytes - live
  }
}

/// Pages that nothing uses, and the blocks of the system's memory that all pages lie in.
struct PageStore {
  /// Pages that something stood in.
  private var used: [UnsafeMutablePointer<Page>] = []
  /// Pages that hold zeros.
  private var zeroed: [UnsafeMutablePointer<Page>] = []
  private(set) var blocks: [(start: UnsafeMutableRawPointer, size: Int)] = []
  /// Pages of the newest block that were never used.
  private var next = 0
  private var end = 0
  private static let leastBlock = 1 << 20
  private static let mostBlock = 32 << 20
  /// From so many bytes on, blocks ask for the system's large pages, of which one may be half empty.
  private static let largeFrom = 16 << 20

  /// A page; one for objects holds zeros or old objects of pages whose cells had another size, which
  /// nobody must take for objects, so it is zeroed.
  mutating func take(zeroed isZeroed: Bool) -> UnsafeMutablePointer<Page> {
    if let page = used.popLast() {
      if isZeroed {
        UnsafeMutableRawPointer(page).initializeMemory(
          as: UInt8.self, repeating: 0, count: Page.size)
      }
      return page
    }
    if let page = zeroed.popLast() { return page }
    if next == end { addBlock() }
    defer { next += Page.size }
    return UnsafeMutablePointer(bitPattern: next).unsafelyUnwrapped
  }

  /// Takes a page back.
  mutating func give(_ page: UnsafeMutablePointer<Page>) { used.append(page) }

  private mutating func addBlock() {
    let total = blocks.reduce(0) { $0 + $1.size }
    let isLarge = total >= Self.largeFrom
    let unit = isLarge ? SystemMemory.largePage : Page.size
    let size = min(max(Self.leastBlock, total / 4), Self.mostBlock) / unit * unit
    if isLarge {
      let memory = SystemMemory.take(size)
      blocks.append((memory, size))
      next = Int(bitPattern: memory)
    } else {
      let memory = SystemMemory.takeSmall(size + unit)
      blocks.append((memory, size + unit))
      next = (Int(bitPattern: memory) + unit - 1) & ~(unit - 1)
    }
    end = next + size
  }

  /// Gives the memory of unused pages back to the system; their addresses stay reserved.
  mutating func giveBack() {
    let pages = used.sorted()
    used = []
    var first = 0
    while first < pages.count {
      var last = first + 1
      while last < pages.count,
        UnsafeRawPointer(pages[last]) - UnsafeRawPointer(pages[last - 1]) == Page.size
      { last += 1 }
      madvise(pages[first], (last - first) * Page.size, MADV_DONTNEED)
      first = last
    }
    zeroed += pages
  }

  /// Gives everything back; no page may be used afterwards.
  mutating func removeAll() {
    for block in blocks { SystemMemory.giveBack(block.start, block.size) }
    blocks = []
    used = []
    zeroed = []
    next = 0
    end = 0
  }
}
