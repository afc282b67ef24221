// Where the body of an answer goes when nobody needs it as a whole.

/// Takes the body of a successful answer in pieces while it arrives. Each try of a request has a sink of
/// its own. The loop's thread alone calls it until the answer is complete; then the request's task has
/// it.
protocol BodySink: AnyObject, Sendable {
  /// Bytes taken up to now.
  var count: Int { get }

  /// Takes the next piece, after decompression. A sink that cannot use it keeps that to itself until
  /// the end.
  func receive(_ bytes: UnsafeBufferPointer<UInt8>)
}
