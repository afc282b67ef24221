// What one run may use, decided by the embedder before it begins.

/// Bounds on what one run may use.
///
/// Only the call depth can be caught by a script. Any other limit ends the run at once: no `catch`,
/// `finally` or `defer` of the script runs after it. The same session can run the next script.
public struct Limits: Sendable {
  /// Calls that may be open at once, those around a `parallel` included. One more is an error that a
  /// script can catch.
  public var callDepth = 10_000
  /// Bytes that the script's values and the stacks of its fibers may take, with the allocator's
  /// overhead. A run ends when a collection leaves less than an eighth of it free.
  public var memory = 1 << 30
  /// Steps that a run may take; nil for no bound. A loop's turn and a call are a step each, and library
  /// functions count steps for their work: one for each element, one for each 64 bytes of text. Code
  /// between two loop turns or calls is bounded by the script's size.
  public var instructions: Int?
  /// The longest that a run may take, waiting included; nil for no bound.
  public var duration: Duration?
  /// Iterations of a `parallel` at once when the script names no number.
  public var parallelism = 64
  /// What library functions may do (`network`, `files`, `env`, `exec`, `clock`); nil for everything.
  /// Nothing by default: a call that lacks its capability is an error that names it.
  public var capabilities: Set<String>? = []

  /// For tests of the machine: collects garbage at every loop turn and call.
  public var collectsAlways = false
  /// For tests of the machine: called at every look at the limits, with the steps so far.
  var onLook: (@Sendable (_ steps: Int) -> Void)?

  /// The defaults.
  public init() {}
}
