// A kind of object that a cluster serves: its names, versions, verbs and the shape of its fields.

import JSON

/// One row of the table of resources; custom resource definitions add rows.
struct ResourceType: Sendable {
  /// A version under which the resource is served, between two minor versions of Kubernetes.
  struct Version: Sendable {
    let name: String
    /// First minor version that serves it.
    let since: Int
    /// First minor version that does not any more.
    let until: Int

    init(_ name: String, since: Int = 0, until: Int = .max) {
      self.name = name
      self.since = since
      self.until = until
    }
  }

  let group: String
  /// Plural, as in paths.
  let resource: String
  let kind: String
  var singular: String
  var listKind: String
  var shortNames: [String] = []
  var categories: [String] = []
  var isNamespaced = true
  /// Served versions, preferred first. The last one that is served is irrelevant to storage: objects
  /// are stored under the first.
  var versions: [Version] = [Version("v1")]
  var subresources: [String] = []
  var verbs = Self.allVerbs
  var shape: Shape = .any
  /// Shapes of versions whose fields differ from the stored version's.
  var versionShapes: [String: Shape] = [:]
  /// `metadata.generation` counts the changes of what is neither metadata nor status.
  var hasGeneration = false
  var isCustom = false
  /// Deletion answers with the object in place of a Status.
  var returnsDeleted = false
  /// Columns of tables beside the name, where a custom resource definition names them.
  var printerColumns: [JSONValue] = []

  static let allVerbs = [
    "create", "delete", "deletecollection", "get", "list", "patch", "update", "watch",
  ]

  /// `deployments.apps`, or `pods` for the core group.
  var id: String { group.isEmpty ? resource : "\(resource).\(group)" }
  /// Versions by name, preferred first.
  var versionNames: [String] { versions.map(\.name) }
  /// The version that objects are stored in.
  var storageVersion: String { versions.first?.name ?? "v1" }
  var hasStatus: Bool { subresources.contains("status") }

  func apiVersion(_ version: String) -> String {
    group.isEmpty ? version : "\(group)/\(version)"
  }

  func shape(version: String) -> Shape { versionShapes[version] ?? shape }

  init(
    _ group: String, _ resource: String, _ kind: String, short: [String] = [],
    categories: [String] = [], namespaced: Bool = true, versions: [Version] = [Version("v1")],
    sub: [String] = [], verbs: [String] = Self.allVerbs, generation: Bool = false,
    returnsDeleted: Bool = false
  ) {
    self.group = group
    self.resource = resource
    self.kind = kind
    singular = kind.lowercased()
    listKind = kind + "List"
    shortNames = short
    self.categories = categories
    isNamespaced = namespaced
    self.versions = versions
    subresources = sub
    self.verbs = verbs
    shape = KindShapes.shape(kind)
    hasGeneration = generation
    self.returnsDeleted = returnsDeleted
  }

  /// The row for one minor version of Kubernetes; nil when that serves no version of it.
  func served(byMinor minor: Int) -> ResourceType? {
    var result = self
    if id == "services" { result.returnsDeleted = minor >= 22 }
    result.versions = versions.filter { $0.since <= minor && minor < $0.until }
    return result.versions.isEmpty ? nil : result
  }
}
