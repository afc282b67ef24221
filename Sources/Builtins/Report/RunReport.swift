// What a run did: every write and every failure, by cluster, as a table and as data.

import Interpreter
import JSON

/// The outcome of a run so far.
public struct RunReport: Sendable {
  /// One write that was carried out, or one step that failed or was skipped.
  public struct Entry: Sendable {
    /// The cluster's name in the script.
    public var cluster: String
    /// `apply`, `delete`, `wait` or `read`.
    public var action: String
    /// What it was about.
    public var object: ObjectReference
    /// How it ended.
    public var result: Outcome.Result
    /// The whole message of a failure, or why it was skipped.
    public var error: String?
    /// HTTP status of a failure; nil when there was no answer.
    public var status: Int?
    /// Kubernetes' reason for a failure, such as `Forbidden`.
    public var reason: String?
    /// True when the failure was thrown, so that the script could catch it. Such a failure does not
    /// make a run fail by itself.
    public var isThrown: Bool
  }

  /// What happened to one cluster.
  public struct ClusterSummary: Sendable {
    /// The cluster's name in the script.
    public var name: String
    /// False when its API server could not be reached.
    public var isReachable: Bool
    /// How many objects came to each end.
    public var counts: [Outcome.Result: Int]
    /// The message of the first failure, or why its work was skipped.
    public var reason: String?

    /// How many objects came to an end.
    public func count(_ result: Outcome.Result) -> Int { counts[result] ?? 0 }
  }

  /// One element for each cluster that the run worked with, in the order the script named them.
  public var clusters: [ClusterSummary]
  /// Grouped by cluster, in the order they happened.
  public var operations: [Entry]

  /// 0 when nothing failed, 3 when a cluster's work failed. For a script that ended in an error, 3 when
  /// that was a cluster's failure, else 1.
  public func exitCode(after error: ScriptError? = nil) -> Int32 {
    if let error { return error.isClusterFailure ? 3 : 1 }
    return operations.contains { $0.result == .failed && !$0.isThrown } ? 3 : 0
  }

  /// True when nothing was written and nothing failed: there is no table to show.
  public var isEmpty: Bool { operations.isEmpty }

  /// A line for each cluster: what was created, changed, left, deleted, what failed and why.
  public var table: String {
    let head = ["CLUSTER", "CREATED", "CHANGED", "UNCHANGED", "DELETED", "FAILED", "REASON"]
    let columns: [Outcome.Result] = [.created, .changed, .unchanged, .deleted, .failed]
    let rows = clusters.map { cluster in
      [cluster.name] + columns.map { String(cluster.count($0)) } + [cluster.reason ?? ""]
    }
    return TextTable(head: head, rows: rows).text
  }

  /// The report as `-o json` prints it; `exit` is the code that the command ends with.
  public func json(exit: Int32) -> JSONValue {
    [
      "exit": .int(Int64(exit)), "clusters": .array(clusters.map(RunReport.json)),
      "operations": .array(operations.map(RunReport.json)),
    ]
  }

  private static func json(_ cluster: ClusterSummary) -> JSONValue {
    var object: JSONValue = [
      "name": .string(cluster.name), "reachable": .bool(cluster.isReachable),
    ]
    for result in [Outcome.Result.created, .changed, .unchanged, .deleted, .failed] {
      object[result.rawValue] = .int(Int64(cluster.count(result)))
    }
    return object
  }

  private static func json(_ entry: Entry) -> JSONValue {
    var object: JSONValue = [
      "cluster": .string(entry.cluster), "action": .string(entry.action),
      "apiVersion": .string(entry.object.apiVersion), "kind": .string(entry.object.kind),
      "namespace": entry.object.namespace.map { .string($0) } ?? .null,
      "name": entry.object.name.map { .string($0) } ?? .null,
      "result": .string(entry.result.rawValue),
    ]
    if let error = entry.error { object["error"] = .string(error) }
    if let status = entry.status { object["status"] = .int(Int64(status)) }
    if let reason = entry.reason { object["reason"] = .string(reason) }
    return object
  }
}

extension RunReport {
  /// Makes a report of entries, for the clusters of these names.
  ///
  /// - Parameters:
  ///   - entries: in the order they happened.
  ///   - clusters: names in the order the script made them, with whether they answered.
  init(entries: [Entry], clusters: [(name: String, isReachable: Bool)]) {
    var order: [String: Int] = [:]
    for (index, cluster) in clusters.enumerated() where order[cluster.name] == nil {
      order[cluster.name] = index
    }
    operations = entries.enumerated()
      .sorted { left, right in
        let first = order[left.element.cluster] ?? .max
        let second = order[right.element.cluster] ?? .max
        return first == second ? left.offset < right.offset : first < second
      }
      .map(\.element)
    let entries = operations
    self.clusters = clusters.map { name, isReachable in
      let own = entries.filter { $0.cluster == name }
      var counts: [Outcome.Result: Int] = [:]
      for entry in own { counts[entry.result, default: 0] += 1 }
      return ClusterSummary(
        name: name, isReachable: isReachable, counts: counts, reason: RunReport.reason(own))
    }
  }

  private static func reason(_ entries: [Entry]) -> String? {
    let failures = entries.filter { $0.result == .failed }
    guard let first = failures.first else {
      return entries.first { $0.result == .skipped }?.error.map { "skipped: \($0)" }
    }
    let distinct = Set(failures.compactMap(\.error)).count
    return (first.error ?? "") + (distinct > 1 ? " (and \(distinct - 1) more)" : "")
  }
}
