// The fibers of a machine by their numbers.

/// Fibers in the order of their numbers, which only grow. Not a dictionary: every run has one fiber at
/// least, and for a first dictionary of integers the Swift runtime looks through the whole program to find
/// out what integers conform to.
struct FiberTable {
  private var numbers: [Int] = []
  /// Nil for fibers that have ended and were not yet dropped.
  private var fibers: [Fiber?] = []
  private var count = 0

  /// A fiber by its number. A new one must have the highest so far.
  subscript(number: Int) -> Fiber? {
    get { position(of: number).flatMap { fibers[$0] } }
    set {
      if let position = position(of: number) {
        replace(position, newValue)
      } else if let newValue {
        numbers.append(number)
        fibers.append(newValue)
        count += 1
      }
    }
  }

  /// All fibers, in the order in which they were made.
  var values: some Sequence<Fiber> { fibers.lazy.compactMap { $0 } }

  /// Drops every fiber.
  mutating func removeAll() { self = FiberTable() }

  private mutating func replace(_ position: Int, _ fiber: Fiber?) {
    if fibers[position] != nil { count -= 1 }
    if fiber != nil { count += 1 }
    fibers[position] = fiber
    guard count < fibers.count / 2 else { return }
    numbers = numbers.indices.filter { fibers[$0] != nil }.map { numbers[$0] }
    fibers.removeAll { $0 == nil }
  }

  private func position(of number: Int) -> Int? {
    var (low, high) = (0, numbers.count)
    while low < high {
      let middle = (low + high) / 2
      if numbers[middle] < number { low = middle + 1 } else { high = middle }
    }
    return low < numbers.count && numbers[low] == number ? low : nil
  }
}
