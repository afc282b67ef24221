// The limits of a run, looked at by everything that takes long: the machine's loop and library functions.
//
// Work is counted in steps. Counting is an addition and a comparison; every few hundred steps the
// counter's slow half looks at the interrupt, the step limit, the clock and the memory. An interrupt that
// was seen stays set until the next run, and the machine looks at it after every library call, so a
// function that swallows the error, or that can only stop early, ends the run all the same.

import JSON

extension Heap {
  /// Steps between two looks at the limits: far less than a millisecond of work.
  static let lookInterval = 512

  /// Begins a run's count.
  func beginRun(_ limits: Limits) {
    interrupt.clear()
    steps = 0
    nextLook = Self.lookInterval
    stepLimit = limits.instructions ?? .max
    deadline = .max
    duration = limits.duration
    onLook = limits.onLook
    guard let duration else { return }
    let (seconds, attoseconds) = duration.components
    let nanoseconds = Double(seconds) * 1e9 + Double(attoseconds) / 1e9
    deadline = Timers.now &+ UInt64(min(max(0, nanoseconds), 9e18))
  }

  /// Counts steps of work, and looks at the limits now and then. Every loop of a library function whose
  /// length a script decides must call it, with about one step for each element or each 64 bytes.
  ///
  /// - Throws: an error that no script can catch, when the run must stop.
  @inline(__always)
  public func charge(_ work: Int = 1) throws(ScriptError) {
    steps &+= work
    if steps >= nextLook { try look() }
  }

  /// Counts the work on so many bytes of text.
  @inline(__always)
  public func charge(bytes: Int) throws(ScriptError) { try charge(1 &+ bytes &>> 6) }

  /// Counts work where no error can be thrown, such as in a callback from C.
  ///
  /// - Returns: false when the run must stop; the caller then returns as soon as it can.
  public func canGoOn(after work: Int) -> Bool {
    do throws(ScriptError) {
      try charge(work)
      return !interrupt.isSet
    } catch {
      return false
    }
  }

  /// Looks at every limit now.
  ///
  /// - Throws: when one was passed, or the run was cancelled.
  func look() throws(ScriptError) {
    nextLook = steps &+ Self.lookInterval
    onLook?(steps)
    if steps > stepLimit { interrupt.set(.instructions) }
    if deadline != .max, Timers.now > deadline { interrupt.set(.deadline) }
    try throwIfInterrupted()
    if bytes > limit { try reserve(0) }
  }

  /// Throws what the run was interrupted for.
  @inline(__always)
  func throwIfInterrupted() throws(ScriptError) {
    if interrupt.isSet { throw interruption }
  }

  /// The error of the interrupt.
  var interruption: ScriptError {
    switch interrupt.reason {
    case .deadline: .deadline(duration ?? .zero)
    case .instructions: .instructionLimit
    case .memory: .memoryLimit(limit)
    case .cancelled, nil: .cancelled
    }
  }

  // MARK: Memory

  /// Makes sure that `additional` bytes fit below the cap, with a collection when garbage is in the way.
  ///
  /// - Throws: when they do not fit.
  @inline(__always)
  public func reserve(_ additional: Int) throws(ScriptError) {
    if additional > limit || bytes &+ additional > limit { try makeRoom(additional) }
  }

  private func makeRoom(_ additional: Int) throws(ScriptError) {
    if additional <= limit {
      relieve?()
      if bytes + additional <= headroom { return }
    }
    interrupt.set(.memory)
    throw .memoryLimit(limit)
  }

  /// Accounts memory outside of the heap that a library function takes for a while.
  ///
  /// - Throws: when it does not fit below the cap.
  public func borrow(_ size: Int) throws(ScriptError) {
    try reserve(size)
    account(size)
    borrowed += size
  }

  /// Ends what `borrow` began, all of it.
  public func giveBackBorrowed() {
    let waste = abandoned
    abandoned = []
    if !waste.isEmpty, borrowed > Disposal.leastBytes { Disposal.beside(consume waste) }
    account(-borrowed)
    borrowed = 0
  }

  /// Bytes that may live after a collection near the cap. Without the margin a script at its cap would
  /// do little else than collect.
  var headroom: Int { limit - limit / 8 }

  /// Bytes that a block of that size takes: glibc's header and rounding, whole pages for large ones.
  @inline(__always)
  static func footprint(_ size: Int) -> Int {
    if size <= 0 { return 0 }
    if size >= 128 << 10 { return (size + 16 + 4095) & ~4095 }
    return max(32, (size + 23) & ~15)
  }
}
