// What a run tells while it goes on, for progress lines and logs.

/// Something that happened while verbs were carried out.
public enum MeshEvent: Sendable, CustomStringConvertible {
  /// An operation ended.
  case ended(Outcome)
  /// An operation is still waiting, and why; told when the reason changes.
  case waiting(Operation, reason: String)
  /// A cluster's API server could not be reached; told once for each cluster and run.
  case unreachable(cluster: String, reason: String)
  /// An API server warned of something, such as a version that is going away.
  case warning(cluster: String, text: String)

  /// One line for a log.
  public var description: String {
    switch self {
    case .ended(let outcome):
      guard outcome.result != .failed else { return outcome.reason ?? "" }
      let reason = outcome.reason.map { ": \($0)" } ?? ""
      return "\(outcome.operation.cluster.name): \(outcome.operation.object) "
        + "\(outcome.result.rawValue)\(reason)"
    case .waiting(let operation, let reason):
      return "\(operation.cluster.name): \(operation.object): \(reason)"
    case .unreachable(_, let reason): return reason
    case .warning(let cluster, let text): return "\(cluster): warning: \(text)"
    }
  }
}
