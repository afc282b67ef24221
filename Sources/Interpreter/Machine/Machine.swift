// The machine: runs bytecode on fibers, synchronously, until everything waits or the script has ended.
//
// It never awaits. A library function that must wait becomes a host call: the fiber is parked, the call
// is put on a list, and other fibers go on; the driver (`Session`) carries calls out and resumes fibers.
// An `async` interpreter loop was measured at four times the time of this one.
//
// The loop keeps its state (code, registers, captures, program counter) in locals; `Frame` gets the
// program counter back only when a call, an error or a collection needs it.

import Lexer

/// Something the driver has to wait for on a fiber's behalf.
struct HostCall: Sendable {
  let fiber: Int
  let perform: @Sendable () async throws -> ScriptValue
}

/// Runs programs. Confined to one task at a time.
public final class Machine {
  /// The memory of all values.
  public let heap: Heap
  let names: LibraryNames
  /// What belongs to this run and not to the library.
  let context: (any Sendable)?
  let limits: Limits
  let operators: Operators
  var interrupt: Interrupt { heap.interrupt }
  let output: @Sendable (String) -> Void

  var globals: [Value] = []
  /// Modules that have run, by their index; the others have no value.
  var modules: [Value] = []
  var globalNames: [String] = []
  var libraryConstants: [Value] = []
  var fibers = FiberTable()
  var ready: [Fiber] = []
  var readyHead = 0
  var calls: [HostCall] = []
  /// Fibers that wait for a time.
  var timers = Timers()
  /// Every program that ran here, kept alive for closures and frames.
  var loaded: [LoadedPrototype] = []
  var methods: MethodTable
  let methodCache = MethodCache()
  /// The library's functions by their index.
  let natives: NativeTable
  var parameters: [String: ScriptValue] = [:]
  var nextFiber = 0
  /// Steps of the run that ended last.
  private(set) var stepsTaken = 0
  /// Steps between two looks at the limits.
  static let tickCount = 256

  init(
    _ prepared: PreparedLibrary, limits: Limits, context: (any Sendable)? = nil,
    output: @escaping @Sendable (String) -> Void
  ) {
    names = prepared.names
    self.context = context
    self.limits = limits
    self.output = output
    heap = Heap(
      limit: limits.memory, isStressed: limits.collectsAlways,
      nativeNames: prepared.names.functionNames)
    operators = Operators(heap: heap)
    methods = MethodTable(prepared)
    natives = NativeTable(names.functions)
    libraryConstants = names.constants.map { makeValue($0.value) }
    heap.relieve = { [unowned self] in relieve() }
  }

  /// How a fiber's turn ended.
  enum Outcome {
    case finished(Value)
    case failed(ScriptError)
    case suspended
    /// The slice is over; the fiber can go on.
    case paused
  }

  /// How a program's run ended, or why it came to a stop.
  enum Step {
    case finished(Value)
    case failed(ScriptError)
    case waiting
    /// The slice is over; `run` goes on where it was.
    case paused
  }

  // MARK: Fibers

  /// Starts a program; `run` then runs it.
  func start(_ main: Prototype) {
    let program = LoadedPrototype(main, heap)
    loaded.append(program)
    let fiber = makeFiber(group: nil, item: 0)
    enter(fiber, heap.makeClosure(program.body), arguments: [])
    ready.append(fiber)
  }

  /// Starts a call of the function that a global holds; `run` then runs it.
  func start(
    calling global: Int, _ arguments: [ScriptValue], named: [(name: String, value: ScriptValue)]
  ) throws(ScriptError) {
    let function = globals[global]
    guard function.tag == .closure else {
      if function.tag == .undefined { throw .noValueYet(globalName(global)) }
      throw .notCallable(function)
    }
    let fiber = makeFiber(group: nil, item: 0)
    fiber.reserve(1 + arguments.count + named.count)
    for (index, value) in (arguments + named.map(\.value)).enumerated() {
      fiber.stack[1 + index] = makeValue(value)
    }
    try pushClosure(
      fiber, function.asClosure, 1, arguments.count, names: named.map(\.name), result: 0)
    ready.append(fiber)
  }

  func makeFiber(group: ParallelGroup?, item: Int) -> Fiber {
    let fiber = Fiber(heap, id: nextFiber, group: group, item: item)
    nextFiber += 1
    fibers[fiber.id] = fiber
    return fiber
  }

  /// Gives a fresh fiber its first frame.
  func enter(
    _ fiber: Fiber, _ closure: UnsafeMutablePointer<ClosureObject>, arguments: [Value]
  ) {
    let body = closure.pointee.body
    fiber.reserve(max(body.pointee.registerCount, arguments.count))
    for (index, argument) in arguments.enumerated() { fiber.stack[index] = argument }
    fiber.push(Frame(body: body, closure: closure, base: 0, result: 0))
  }

  /// Steps between two returns of `runSlice`: about a millisecond of a loop that does little.
  static let sliceSteps = 1 << 17

  /// Runs as `run` does, but for so many steps at most. A library function is not cut off: it ends first.
  func runSlice() -> Step {
    sliceEnd = heap.steps &+ Self.sliceSteps
    return run()
  }

  /// Steps after which `run` returns.
  private var sliceEnd = Int.max

  /// Runs until the program has ended, nothing can go on without what it waits for, or the slice is over.
  func run() -> Step {
    while readyHead < ready.count {
      if heap.steps >= sliceEnd { return .paused }
      let fiber = ready[readyHead]
      readyHead += 1
      if interrupt.isSet || heap.steps > heap.stepLimit { return .failed(stopped(fiber)) }
      if readyHead > 1024, readyHead * 2 > ready.count {
        ready.removeFirst(readyHead)
        readyHead = 0
      }
      heap.resources.owner = fiber.id
      switch settled.removeValue(forKey: fiber.id).map(Outcome.failed) ?? execute(fiber) {
      case .suspended: continue
      case .paused:
        // Fibers change places only where they wait.
        if readyHead > 0 { readyHead -= 1 } else { ready.insert(fiber, at: 0) }
        return .paused
      case .finished(let value):
        guard let group = fiber.group else { return .finished(value) }
        finish(fiber, in: group, .success(value))
      case .failed(let error):
        guard let group = fiber.group, error.isCatchable else { return .failed(error) }
        finish(fiber, in: group, .failure(error))
      }
    }
    // What has run must not keep ended fibers alive.
    ready.removeAll(keepingCapacity: true)
    readyHead = 0
    return .waiting
  }

  /// The limit that a fiber's next turn would pass, placed where the fiber stands.
  private func stopped(_ fiber: Fiber) -> ScriptError {
    if !interrupt.isSet { interrupt.set(.instructions) }
    return unwind(fiber, heap.interruption) ?? heap.interruption
  }

  /// The error of a run that must stop while everything waits.
  func stoppedWaiting() -> ScriptError {
    guard let fiber = fibers.values.first(where: { _ in true }) else { return heap.interruption }
    return unwind(fiber, heap.interruption) ?? heap.interruption
  }

  /// Ends a run: lets go of its fibers and, in a machine that goes on, of much of its garbage.
  ///
  /// - Parameter keepsResources: true when later inputs may use what this one opened.
  func endRun(keepsResources: Bool) {
    stepsTaken = heap.steps
    // Whoever cancels does not wait for a collection.
    let isCancelled = interrupt.reason == .cancelled
    reset()
    if !keepsResources { heap.resources.closeAll() }
    guard heap.bytes > 8 << 20 else { return }
    if isCancelled { heap.collectSoon() } else { heap.collect(markRoots: markRoots) }
  }

  /// Drops everything that is under way; globals and closures stay.
  func reset() {
    fibers.removeAll()
    ready.removeAll()
    readyHead = 0
    calls.removeAll()
    timers.removeAll()
    sliceEnd = .max
    heap.beginRun(limits)
    failure = nil
    settled.removeAll()
    lastValue = nil
  }

  /// Gives a parked fiber the result of its host call.
  func resume(_ id: Int, with result: Result<ScriptValue, any Error>) {
    guard let fiber = fibers[id] else { return }
    switch result {
    case .success(let value):
      fiber.stack[fiber.resumeIndex] = makeValue(value)
      ready.append(fiber)
    case .failure(let error):
      raise(Self.scriptError(error), in: fiber)
    }
  }

  /// Makes an error of any Swift error.
  static func scriptError(_ error: any Error) -> ScriptError {
    if let error = error as? ScriptError { return error }
    if error is CancellationError { return .cancelled }
    if let error = error as? any HostError {
      return ScriptError(
        kind: error.kind, error.message, notes: error.notes, details: error.details)
    }
    return ScriptError(kind: "error", .thrown, "\(error)")
  }

  /// Fails a parked fiber at the place where it waits.
  func raise(_ error: ScriptError, in fiber: Fiber) {
    if let error = unwind(fiber, error) {
      settle(fiber, error)
    } else {
      ready.append(fiber)
    }
  }

  private func settle(_ fiber: Fiber, _ error: ScriptError) {
    if fiber.group != nil, error.isCatchable {
      // Not finished here: a failure that goes up through thousands of nested `parallel`s would take
      // as many frames of the stack.
      settled[fiber.id] = error
      ready.append(fiber)
    } else {
      failure = error
    }
  }

  /// Errors that ended fibers while they were parked.
  private var settled: [Int: ScriptError] = [:]

  /// The value of the program that ran last, until the run is over.
  var lastValue: Value?

  /// The error of a fiber that failed while it was parked and that ends the run.
  var failure: ScriptError?

  // MARK: Errors

  /// Finds the handler of an error and moves the fiber there.
  ///
  /// - Returns: nil when a handler took it; the error, with its place and stack, when none did.
  func unwind(_ fiber: Fiber, _ error: ScriptError) -> ScriptError? {
    var error = error
    if error.location == nil {
      if fiber.frameCount > 0 {
        let innermost = fiber.frames[fiber.frameCount - 1].body.pointee.owner.takeUnretainedValue()
        if innermost.isPrelude { error = error.inLibrary(innermost.name) }
      }
      locate(&error, fiber)
    }
    while fiber.frameCount > 0 {
      let frame = fiber.frames[fiber.frameCount - 1]
      let prototype = frame.body.pointee.owner.takeUnretainedValue()
      let index = frame.pc - 1
      if error.isCatchable,
        let handler = prototype.handlers.first(where: { $0.range.contains(index) })
      {
        fiber.frames[fiber.frameCount - 1].pc = handler.target
        fiber.stack[frame.base + handler.register] = heap.makeError(error)
        return nil
      }
      fiber.frameCount -= 1
    }
    return error
  }

  /// Entries of a stack after which the callers of a `parallel` are left out.
  private static let stackEntries = 100

  /// Fills in where the error happened and the calls that led there, through `parallel` to its caller.
  private func locate(_ error: inout ScriptError, _ fiber: Fiber) {
    var current: Fiber? = fiber
    while let fiber = current {
      // A function that a library method called, until the method's own call is reached.
      var called: String?
      for index in stride(from: fiber.frameCount - 1, through: 0, by: -1) {
        let frame = fiber.frames[index]
        let prototype = frame.body.pointee.owner.takeUnretainedValue()
        let location = prototype.location(before: frame.pc)
        if error.location == nil, !prototype.isPrelude { error.location = location }
        guard index > 0 || fiber.group != nil else { continue }
        let name = index > 0 ? prototype.name : itemName(fiber, prototype)
        let site = callSite(fiber, index, location)
        if site.source.name == MethodTable.preludeName {
          if !prototype.isPrelude { called = name }
          continue
        }
        error.stack.append((called.map { "\($0) in \(name)" } ?? name, site))
        called = nil
      }
      current = error.stack.count < Self.stackEntries ? fiber.group?.parent : nil
    }
  }

  /// The body of a `parallel` with the item that it ran for.
  private func itemName(_ fiber: Fiber, _ prototype: Prototype) -> String {
    guard let group = fiber.group else { return prototype.name }
    let item = itemText(group, fiber.item)
    return group.body.tag == .null ? "\(item) of parallel" : "parallel for \(item)"
  }

  /// Where the function of a frame was called.
  private func callSite(_ fiber: Fiber, _ index: Int, _ own: Location) -> Location {
    if index > 0 {
      let caller = fiber.frames[index - 1]
      return caller.body.pointee.owner.takeUnretainedValue().location(before: caller.pc)
    }
    guard let parent = fiber.group?.parent, parent.frameCount > 0 else { return own }
    let caller = parent.frames[parent.frameCount - 1]
    return caller.body.pointee.owner.takeUnretainedValue().location(before: caller.pc)
  }

  // MARK: Collection and limits

  /// Looks at cancellation and the step limit; called every `tickCount` loop turns and calls.
  ///
  /// - Returns: true when the slice is over.
  func checkLimits() throws(ScriptError) -> Bool {
    heap.steps += Self.tickCount
    try heap.look()
    return heap.steps >= sliceEnd
  }

  /// Frees what nothing reaches. Every running frame's program counter need not be up to date.
  func collect() throws(ScriptError) {
    heap.collect(markRoots: markRoots)
    try heap.throwIfInterrupted()
    if heap.bytes > heap.headroom {
      interrupt.set(.memory)
      throw .memoryLimit(limits.memory)
    }
  }

  private func markRoots() {
    markShared()
    for fiber in fibers.values { fiber.markRoots(heap) }
  }

  /// Collects in the middle of an instruction: arguments may stand above a fiber's top, and nothing is
  /// cleared.
  private func relieve() {
    heap.collectKeepingNew {
      markShared()
      for fiber in fibers.values { fiber.markAllSlots(heap) }
    }
  }

  private func markShared() {
    for value in globals { heap.mark(value) }
    for value in modules { heap.mark(value) }
    for value in libraryConstants { heap.mark(value) }
    if let lastValue { heap.mark(lastValue) }
    methods.markRoots(heap)
    for fiber in fibers.values { fiber.waiting?.markRoots(heap) }
  }
}
