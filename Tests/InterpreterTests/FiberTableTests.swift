// The table of fibers against a dictionary.

import Testing

@testable import Interpreter

@Suite("The table of fibers")
struct FiberTableTests {
  @Test("holds what a dictionary would hold, in the order of the numbers")
  func table() {
    let heap = Heap(limit: 1 << 30)
    var numbers = SystemRandomNumberGenerator()
    var table = FiberTable()
    var expected: [Int: Fiber] = [:]
    for number in 0..<2000 {
      let fiber = Fiber(heap, id: number)
      table[number] = fiber
      expected[number] = fiber
      if number % 3 != 0 {
        let ended = Int.random(in: 0...number, using: &numbers)
        table[ended] = nil
        expected[ended] = nil
      }
      if number == 1000 {
        table.removeAll()
        expected.removeAll()
      }
      let some = Int.random(in: 0...number, using: &numbers)
      #expect(table[some] === expected[some])
    }
    #expect(table.values.map(\.id) == expected.keys.sorted())
    #expect(table.values.allSatisfy { expected[$0.id] === $0 })
    #expect(table[2000] == nil)
  }
}
