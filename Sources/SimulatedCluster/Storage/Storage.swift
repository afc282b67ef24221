// The objects of one cluster with their revisions: what etcd is to an API server.

import JSON

/// Objects by resource, one counter of revisions for all, and a bounded history for watches.
struct Storage: Sendable {
  /// One change of one object.
  struct Change: Sendable {
    enum Kind: String, Sendable {
      case added = "ADDED"
      case modified = "MODIFIED"
      case deleted = "DELETED"
    }
    let revision: Int64
    let kind: Kind
    /// The object after the change; for a deletion its last state with the revision of the deletion.
    let object: JSONValue
    let previous: JSONValue?
  }

  /// Changes per resource that watches can still be resumed from.
  private struct History: Sendable {
    var changes: [Change] = []
    /// Changes up to this revision are forgotten.
    var forgotten: Int64 = 0
  }

  /// The objects of a resource as they were when a list in pages began.
  private struct Snapshot: Sendable {
    let resource: String
    let revision: Int64
    let objects: [ObjectKey: JSONValue]
  }

  private(set) var revision: Int64 = 1
  private var objects: [String: [ObjectKey: JSONValue]] = [:]
  private var histories: [String: History] = [:]
  private var snapshots: [Snapshot] = []
  private let historyLimit: Int
  private static let snapshotLimit = 64

  init(historyLimit: Int) {
    self.historyLimit = historyLimit
  }

  func object(_ resource: String, _ key: ObjectKey) -> JSONValue? { objects[resource]?[key] }

  /// Every object of a resource, in the order of lists.
  func all(_ resource: String) -> [JSONValue] { Self.sorted(objects[resource] ?? [:]) }

  /// Every object of a resource in any order, for those who look at all of them.
  func values(_ resource: String) -> [JSONValue] {
    objects[resource].map { Array($0.values) } ?? []
  }

  /// The resources that have objects.
  var resources: [String] { objects.filter { !$0.value.isEmpty }.keys.sorted() }

  /// Stores an object under a new revision and tells what changed.
  mutating func store(_ object: JSONValue, _ resource: String) -> Change {
    revision += 1
    var stored = object
    stored.setMeta("resourceVersion", .string(String(revision)))
    let previous = objects[resource, default: [:]].updateValue(stored, forKey: stored.key)
    return record(
      Change(
        revision: revision, kind: previous == nil ? .added : .modified, object: stored,
        previous: previous), resource)
  }

  /// Removes an object; nil when there is none.
  mutating func remove(_ resource: String, _ key: ObjectKey) -> Change? {
    guard let previous = objects[resource]?.removeValue(forKey: key) else { return nil }
    revision += 1
    var last = previous
    last.setMeta("resourceVersion", .string(String(revision)))
    return record(
      Change(revision: revision, kind: .deleted, object: last, previous: previous), resource)
  }

  private mutating func record(_ change: Change, _ resource: String) -> Change {
    var history = histories.removeValue(forKey: resource) ?? History()
    history.changes.append(change)
    // Cut in blocks, so that the cost per change stays constant.
    if history.changes.count > historyLimit * 2 {
      let cut = history.changes.count - historyLimit
      history.forgotten = history.changes[cut - 1].revision
      history.changes.removeFirst(cut)
    }
    histories[resource] = history
    return change
  }

  /// The changes after a revision; nil when the history does not reach back that far.
  func changes(_ resource: String, after revision: Int64) -> [Change]? {
    guard let history = histories[resource] else { return [] }
    guard revision >= history.forgotten else { return nil }
    return history.changes.filter { $0.revision > revision }
  }

  /// The objects of a resource as they were at a revision, in the order of lists; nil when the history
  /// does not reach back that far.
  func state(_ resource: String, at revision: Int64) -> [JSONValue]? {
    guard let later = changes(resource, after: revision) else { return nil }
    var then = objects[resource] ?? [:]
    for change in later.reversed() { then[change.object.key] = change.previous }
    return Self.sorted(then)
  }

  /// Forgets history and snapshots, as etcd's compaction does.
  mutating func compact() {
    for resource in histories.keys {
      histories[resource]?.changes.removeAll()
      histories[resource]?.forgotten = revision
    }
    snapshots.removeAll()
  }

  // MARK: - Pages

  /// Keeps the present state of a resource for the pages that follow; returns its revision.
  mutating func keepSnapshot(_ resource: String) -> Int64 {
    if !snapshots.contains(where: { $0.resource == resource && $0.revision == revision }) {
      if snapshots.count >= Self.snapshotLimit { snapshots.removeFirst() }
      snapshots.append(
        Snapshot(resource: resource, revision: revision, objects: objects[resource] ?? [:]))
    }
    return revision
  }

  /// The objects of a kept snapshot; nil when it is gone.
  func snapshot(_ resource: String, _ revision: Int64) -> [JSONValue]? {
    snapshots.first { $0.resource == resource && $0.revision == revision }
      .map { Self.sorted($0.objects) }
  }

  private static func sorted(_ objects: [ObjectKey: JSONValue]) -> [JSONValue] {
    objects.sorted { $0.key < $1.key }.map(\.value)
  }
}
