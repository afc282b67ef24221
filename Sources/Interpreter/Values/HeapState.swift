// What changes in a heap all the time, in raw memory: the compiler checks no access to it, and passing it
// on counts no reference.

/// The counters of a heap, and its cells.
struct HeapState {
  /// Bytes that all objects and their buffers take.
  var bytes = 0
  /// A collection is due when `bytes` passes this.
  var threshold: Int
  /// Steps of the run so far.
  var steps = 0
  /// The steps at which the limits are looked at next.
  var nextLook = 0
  /// Tells objects apart that were made since the library function that runs was called, or since the
  /// last collection.
  var epoch: UInt32 = 1
  /// Larger objects and buffers are blocks of their own.
  let mostInCell: Int
  /// Cells for objects by the class of their size, then those for buffers.
  let classes: UnsafeMutablePointer<CellClass>

  /// The size up to which classes are sixteen bytes apart, and the largest of a cell; between the two,
  /// classes are sixty-four bytes apart.
  private static let fineLimit = 256
  static let mostInCell = 1024
  static let classCount = fineLimit / 16 + (mostInCell - fineLimit) / 64 + 1

  init(threshold: Int, mostInCell: Int) {
    self.threshold = threshold
    self.mostInCell = mostInCell
    classes = .allocate(capacity: 2 * Self.classCount)
    for index in 0..<2 * Self.classCount {
      let sizeClass = index % Self.classCount
      (classes + index).initialize(
        to: CellClass(
          cellSize: Self.cellSize(sizeClass), holdsObjects: index < Self.classCount))
    }
  }

  /// The class of a size that fits a cell.
  @inline(__always)
  static func sizeClass(_ size: Int) -> Int {
    size <= fineLimit ? (size &+ 15) &>> 4 : 16 &+ (size &- fineLimit &+ 63) &>> 6
  }

  private static func cellSize(_ sizeClass: Int) -> Int {
    sizeClass <= 16 ? max(16, sizeClass * 16) : fineLimit + (sizeClass - 16) * 64
  }

  /// Bytes of the cell that a size gets.
  static func cellSize(of size: Int) -> Int { cellSize(sizeClass(size)) }
}
