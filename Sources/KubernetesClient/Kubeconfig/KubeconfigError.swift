// What can be wrong with a kubeconfig; all problems of one context come in one error.

/// A kubeconfig that cannot be used, with every problem that was found.
public struct KubeconfigError: Error, Sendable, CustomStringConvertible {
  /// The kind of trouble.
  public enum Reason: Sendable, Hashable {
    /// A file cannot be read.
    case unreadable
    /// A file is no kubeconfig.
    case malformed
    /// There is no file, no context and no cluster around this process.
    case noConfiguration
    /// The context that was asked for is not there; `known` has those that are.
    case unknownContext
    /// The context's entries contradict themselves or lack something.
    case invalid
  }

  /// The kind of trouble.
  public let reason: Reason
  /// The context in question, if there is one.
  public let context: String?
  /// Each problem with its file and field; no secret is among them.
  public let problems: [String]
  /// The names of the contexts that exist.
  public let known: [String]

  init(_ reason: Reason, context: String? = nil, problems: [String], known: [String] = []) {
    self.reason = reason
    self.context = context
    self.problems = problems
    self.known = known
  }

  /// One line, or one line for each of several problems.
  public var description: String {
    guard problems.count != 1 else { return problems[0] }
    let title =
      context.map { "context \"\($0)\" cannot be used" } ?? "the kubeconfig cannot be used"
    return ([title + ":"] + problems.map { "  - \($0)" }).joined(separator: "\n")
  }
}
