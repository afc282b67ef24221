// How lists are asked for: whole objects or their metadata, at which version, and page by page.

import JSON

/// How much of each object a server sends.
public enum ObjectForm: Sendable, Hashable {
  /// All of it.
  case whole
  /// apiVersion, kind and metadata (PartialObjectMetadata of meta.k8s.io/v1): what counting, pruning
  /// and deleting need, at a fraction of the size.
  case metadata

  /// The `Accept` header; `kind` is what the metadata comes in.
  func accept(kind: String) -> String {
    switch self {
    case .whole: "application/json"
    case .metadata:
      "application/json;as=\(kind);g=meta.k8s.io;v=v1,application/json"
    }
  }

  /// The metadata of an object under its own kind, whatever form the server sent: one that does not
  /// know the form sends everything.
  func reduce(_ object: JSONValue, _ type: ResourceType) -> JSONValue {
    var result = JSONObject()
    result.append("apiVersion", .string(type.apiVersion))
    result.append("kind", .string(type.kind))
    result.append("metadata", object["metadata"] ?? [:])
    return .object(result)
  }
}

/// How exactly the resource version of a list is meant.
public enum VersionMatch: String, Sendable, Hashable {
  /// The objects as they were at that version, while the server still has it.
  case exact = "Exact"
  /// The objects at that version or a newer one; a server can answer from memory.
  case notOlderThan = "NotOlderThan"
}

/// The queries of a list in pages, without effects.
struct Pager {
  private let selectors: [(String, String?)]
  private let resourceVersion: String?
  private let match: VersionMatch?
  private var limit: Int?
  private var token: String?
  private var isDone = false

  init(
    selectors: [(String, String?)], resourceVersion: String?, match: VersionMatch?, pageSize: Int
  ) {
    self.selectors = selectors
    self.resourceVersion = resourceVersion
    self.match = match
    limit = pageSize
  }

  /// The query of the next page; nil when there is none.
  var next: [(String, String?)]? {
    guard !isDone else { return nil }
    var query = selectors + [("limit", limit.map(String.init)), ("continue", token)]
    // The token stands for a version; servers refuse both together (kubernetes#85221).
    if token == nil {
      query += [
        ("resourceVersion", resourceVersion), ("resourceVersionMatch", match?.rawValue),
      ]
    }
    return query
  }

  /// Takes note of what a page says about the one after it.
  mutating func received(_ next: String?) {
    token = next.flatMap { $0.isEmpty ? nil : $0 }
    isDone = token == nil
  }

  /// Whether a list without pages can mend an error: only when pages have expired between two
  /// requests. For the first one a 410 is about the version that was asked for.
  func canRestart(after error: APIError) -> Bool {
    error.status == 410 && token != nil
  }

  /// Goes on with one list without pages, at the version that was asked for.
  mutating func restart() { (token, limit) = (nil, nil) }
}
