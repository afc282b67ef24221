// How a long library function that cannot throw where it works, such as in a callback from C, notices that
// the run shall stop.

extension NativeCall {
  /// False once the run must stop. It counts as work of some ten microseconds, so ask about that often.
  public var canGoOn: Bool { heap.canGoOn(after: 64) }

  /// What a function throws that stops because it cannot go on; no script catches it.
  public var interruption: ScriptError { heap.interruption }
}
