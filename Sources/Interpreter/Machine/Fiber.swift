// A fiber: one thread of a script's control, with a stack and frames of its own.
//
// Fibers are the machine's, not the system's: switching costs a few loads, and a suspended one takes
// less than a kilobyte. A stack starts as small as its first function needs and grows by copying.

/// A call under way.
struct Frame {
  var body: UnsafeMutablePointer<PrototypeBody>
  var closure: UnsafeMutablePointer<ClosureObject>
  /// Index of R[0] in the fiber's stack.
  var base: Int
  /// The next instruction.
  var next: UnsafeMutablePointer<Instruction>
  /// Index in the fiber's stack that gets the result.
  var result: Int

  /// A frame that begins with a function's first instruction.
  @inline(__always)
  init(
    body: UnsafeMutablePointer<PrototypeBody>, closure: UnsafeMutablePointer<ClosureObject>,
    base: Int, result: Int
  ) {
    self.body = body
    self.closure = closure
    self.base = base
    self.result = result
    next = body.pointee.code
  }

  /// Index of the next instruction.
  var pc: Int {
    get { next - body.pointee.code }
    set { next = body.pointee.code + newValue }
  }
}

/// One line of execution.
final class Fiber {
  let id: Int
  private(set) var stack: UnsafeMutablePointer<Value>
  private(set) var capacity: Int
  private(set) var frames: UnsafeMutablePointer<Frame>
  private var frameCapacity: Int
  var frameCount = 0
  /// The `parallel` that it runs an item of.
  let group: ParallelGroup?
  let item: Int
  /// Where the result of what it waits for goes.
  var resumeIndex = 0
  /// The `parallel` that it waits for.
  var waiting: ParallelGroup?
  /// Calls that are open around it, in the fibers that wait for it.
  let outerDepth: Int
  private let heap: Heap

  /// Slots beyond a frame's registers that a library call may use to pad its arguments.
  static let slack = 8

  init(_ heap: Heap, id: Int, group: ParallelGroup? = nil, item: Int = 0) {
    self.heap = heap
    outerDepth = group.map { $0.parent.outerDepth + $0.parent.frameCount } ?? 0
    self.id = id
    self.group = group
    self.item = item
    capacity = 0
    stack = UnsafeMutablePointer<Value>.allocate(capacity: 1)
    frameCapacity = 2
    frames = UnsafeMutablePointer<Frame>.allocate(capacity: 2)
    heap.account(buffer: Self.size, was: 0)
    heap.account(buffer: frameCapacity * MemoryLayout<Frame>.stride, was: 0)
  }

  /// Bytes of the object itself, its place in the machine's tables, and its smallest stack.
  private static let size = 256

  deinit {
    heap.account(buffer: 0, was: Self.size)
    heap.account(buffer: 0, was: frameCapacity * MemoryLayout<Frame>.stride)
    heap.account(buffer: 0, was: capacity * MemoryLayout<Value>.stride)
    stack.deallocate()
    frames.deallocate()
  }

  /// Makes room for `count` slots; pointers into the stack are void afterwards.
  @inline(__always)
  func reserve(_ count: Int) {
    if count &+ Self.slack > capacity { grow(count) }
  }

  private func grow(_ count: Int) {
    let wanted = max(count + Self.slack, capacity == 0 ? 0 : capacity * 2)
    let bigger = UnsafeMutablePointer<Value>.allocate(capacity: wanted)
    bigger.update(from: stack, count: capacity)
    (bigger + capacity).initialize(repeating: .null, count: wanted - capacity)
    stack.deallocate()
    stack = bigger
    let stride = MemoryLayout<Value>.stride
    heap.account(buffer: wanted * stride, was: capacity * stride)
    capacity = wanted
  }

  /// Adds a frame. The caller has checked the depth.
  @inline(__always)
  func push(_ frame: Frame) {
    if frameCount == frameCapacity { growFrames() }
    frames[frameCount] = frame
    frameCount &+= 1
  }

  private func growFrames() {
    let bigger = UnsafeMutablePointer<Frame>.allocate(capacity: frameCapacity * 2)
    bigger.update(from: frames, count: frameCount)
    frames.deallocate()
    frames = bigger
    let stride = MemoryLayout<Frame>.stride
    heap.account(buffer: 2 * frameCapacity * stride, was: frameCapacity * stride)
    frameCapacity *= 2
  }

  /// Marks every slot, also above the registers in use: none of them is stale, since every other
  /// collection clears those.
  func markAllSlots(_ heap: Heap) {
    markClosures(heap)
    for index in 0..<capacity { heap.mark(stack[index]) }
  }

  private func markClosures(_ heap: Heap) {
    for index in 0..<frameCount {
      heap.mark(Value(UnsafeMutableRawPointer(frames[index].closure), .closure))
    }
  }

  /// Marks every register in use and clears the slots above, so that no stale pointer is ever followed.
  func markRoots(_ heap: Heap) {
    var top = 0
    if frameCount > 0 {
      let frame = frames[frameCount - 1]
      top = min(capacity, frame.base + frame.body.pointee.registerCount)
    }
    markClosures(heap)
    for index in 0..<top { heap.mark(stack[index]) }
    for index in top..<max(top, capacity) { stack[index] = .null }
  }
}

/// A `parallel` under way: its items, and what became of them.
final class ParallelGroup {
  let parent: Fiber
  /// The items of a `parallel for`; for `parallel { }` the closures themselves.
  let items: Value
  /// Keys or indexes, when the loop has two variables.
  let keys: Value
  /// What runs for every item; null when the items are closures.
  let body: Value
  /// The results, in the order of the items.
  let results: ListReference
  let limit: Int
  var next = 0
  var running = 0
  var failures: [(item: Int, error: ScriptError)] = []

  init(
    parent: Fiber, items: Value, keys: Value, body: Value, results: ListReference, limit: Int
  ) {
    self.parent = parent
    self.items = items
    self.keys = keys
    self.body = body
    self.results = results
    self.limit = limit
  }

  var count: Int { items.asList.count }
  var isDone: Bool { running == 0 && next == count }

  func markRoots(_ heap: Heap) {
    heap.mark(items)
    heap.mark(keys)
    heap.mark(body)
    heap.mark(Value(results))
  }
}
