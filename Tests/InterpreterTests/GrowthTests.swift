// What is very large grows by its pages, is marked part by part, and stays whole when an interrupt comes.

import Testing

@testable import Interpreter

@Suite("Large objects")
struct GrowthTests {
  private let heap = Heap(limit: 1 << 30)

  @Test("a list keeps its elements while it grows past the size of the system's own blocks")
  func list() {
    let list = heap.makeList()
    for index in 0..<1_200_000 { list.append(Value(index), heap) }
    #expect((0..<1_200_000).allSatisfy { list[item: $0].asInt == Int64($0) })
    // No reserve as large as the list.
    #expect(list.pointee.capacity < 1_600_000)
    heap.collect {}
    #expect(heap.large.first == nil)
  }

  @Test("a map finds every key while it grows, and after pairs were removed")
  func map() {
    let map = heap.makeMap()
    let keys = (0..<300_000).map { heap.makeString("key\($0)") }
    for (index, key) in keys.enumerated() { map.set(key, Value(index), heap) }
    #expect(keys.indices.allSatisfy { map.get(keys[$0])?.asInt == Int64($0) })
    for index in stride(from: 0, to: keys.count, by: 3) { _ = map.remove(keys[index]) }
    let more = (0..<300_000).map { heap.makeString("more\($0)") }
    for (index, key) in more.enumerated() { map.set(key, Value(index), heap) }
    #expect(map.count == 500_000)
    #expect(keys.indices.allSatisfy { (map.get(keys[$0]) == nil) == ($0 % 3 == 0) })
    #expect(more.indices.allSatisfy { map.get(more[$0])?.asInt == Int64($0) })
  }

  @Test("a map whose growth an interrupt breaks off has all its pairs, and gets its table back")
  func interrupted() {
    let map = heap.makeMap()
    let keys = (0..<40_000).map { heap.makeString("key\($0)") }
    for key in keys.prefix(16_384) { map.set(key, .null, heap) }
    heap.interrupt.set(.cancelled)
    for (index, key) in keys.prefix(16_400).enumerated() { map.set(key, Value(index), heap) }
    #expect(map.pointee.table == nil)
    #expect(map.count == 16_400)
    for index in [0, 1, 9000, 16_399] { #expect(map.get(keys[index])?.asInt == Int64(index)) }
    #expect(map.get(keys[20_000]) == nil)
    heap.interrupt.clear()
    for (index, key) in keys.enumerated() { map.set(key, Value(index), heap) }
    #expect(map.pointee.table != nil)
    #expect(keys.indices.allSatisfy { map.get(keys[$0])?.asInt == Int64($0) })
  }

  @Test("rows of every length are marked whole", arguments: [4095, 4096, 4097, 8192, 20_001])
  func rows(_ count: Int) {
    let list = heap.makeList()
    let map = heap.makeMap()
    for index in 0..<count {
      let inner = heap.makeList()
      inner.append(Value(heap.makeString("element \(index)")), heap)
      list.append(Value(inner), heap)
      map.set(heap.makeString("k\(index)"), Value(heap.makeString("value \(index)")), heap)
    }
    list.append(Value(map), heap)
    heap.collect { heap.mark(Value(list)) }
    // What was taken for free would be overwritten.
    for _ in 0..<count { _ = heap.makeString("something else") }
    for index in 0..<count {
      #expect(list[item: index].asList[item: 0].asString.text == "element \(index)")
      let value = map.get(heap.makeString("k\(index)"))
      #expect(value?.asString.text == "value \(index)")
    }
    heap.collect {}
    #expect(heap.rows.isEmpty && heap.worklist.isEmpty)
  }

  @Test(
    "numbers are written as Swift writes them",
    arguments: [
      0, 9, 10, 99, 100, 999, 1000, 9999, 10_000, 99_999, 100_000, 123_456_789, .max, .min, -1, -10,
      -100, -12_345,
    ] as [Int64])
  func decimals(_ number: Int64) {
    let count = Decimal.byteCount(number)
    let text = String(unsafeUninitializedCapacity: count) { buffer in
      Decimal.write(number, count, to: buffer.baseAddress.unsafelyUnwrapped)
      return count
    }
    #expect(text == "\(number)")
  }
}
