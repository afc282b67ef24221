// Where the JSON parser keeps what it has read until the container around it ends.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The values that were read and whose container has not ended.
struct JSONValueStack: ~Copyable {
  private(set) var count = 0
  private var capacity = 64
  private var values: UnsafeMutablePointer<JSONValue>
  /// Places without a value, after a parser was stopped.
  private var hole = 0..<0

  init() { values = Self.memory(capacity, instead: nil) }

  deinit {
    values.deinitialize(count: hole.lowerBound)
    (values + hole.upperBound).deinitialize(count: count - hole.upperBound)
    free(values)
  }

  /// Memory of the C library, which moves large blocks by their pages when they grow.
  private static func memory(
    _ capacity: Int, instead old: UnsafeMutablePointer<JSONValue>?
  ) -> UnsafeMutablePointer<JSONValue> {
    guard let memory = realloc(old, capacity * MemoryLayout<JSONValue>.stride) else {
      // What the allocator of the Swift runtime does as well.
      preconditionFailure("the system has no memory left")
    }
    return memory.bindMemory(to: JSONValue.self, capacity: capacity)
  }

  @inline(__always)
  mutating func push(_ value: consuming JSONValue) {
    if count == capacity { grow() }
    (values + count).initialize(to: value)
    count &+= 1
  }

  /// Takes the last value; there is one.
  mutating func pop() -> JSONValue {
    count -= 1
    return (values + count).move()
  }

  /// Takes the values from an index on.
  @inline(__always)
  mutating func pop(from base: Int, with cache: inout JSONValueCache) -> [JSONValue] {
    let size = count - base
    count = base
    return cache.array(movedFrom: values + base, count: size)
  }

  mutating func removeAll() {
    values.deinitialize(count: count)
    count = 0
  }

  /// Takes the values from an index on, of which there are many.
  ///
  /// - Parameter canGoOn: asked between two pieces of them; when it says no, the stack may only be freed.
  /// - Returns: nil then.
  mutating func pop(from base: Int, pieces: Int, canGoOn: () -> Bool) -> [JSONValue]? {
    let size = count - base
    let array = [JSONValue](unsafeUninitializedCapacity: size) { buffer, moved in
      while moved < size {
        let piece = min(pieces, size - moved)
        (buffer.baseAddress.unsafelyUnwrapped + moved)
          .moveInitialize(from: values + base + moved, count: piece)
        moved += piece
        guard moved == size || canGoOn() else { return }
      }
    }
    if array.count == size {
      count = base
      return array
    }
    (values + base).initialize(to: .array(array))
    hole = base + 1..<base + array.count
    return nil
  }

  @inline(never)
  private mutating func grow() {
    // A value may be moved as bits: it holds strong references only.
    values = Self.memory(capacity * 2, instead: values)
    capacity *= 2
  }
}
