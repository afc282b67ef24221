// What one cluster serves, and how names are resolved in it. Pure: parses documents and answers
// questions.

import JSON

/// The resources of a cluster, in the server's order, the core group first.
struct DiscoveredResources: Sendable {
  struct Version: Sendable {
    var name: String
    var resources: [ResourceType]
  }

  struct Group: Sendable {
    var name: String
    /// The preferred version first.
    var versions: [Version]
  }

  var groups: [Group] = []
  /// Groups and versions that the server names and could not describe.
  var failed: [String] = []

  /// Every resource: groups in order, in each the preferred version first.
  var all: [ResourceType] { groups.flatMap { $0.versions.flatMap(\.resources) } }

  // MARK: Questions

  /// What a name means.
  struct Match: Sendable {
    var type: ResourceType
    /// Other resources that have the same short name, of lower priority.
    var others: [ResourceType] = []
  }

  /// The resource with that plural, singular, kind or short name, also as `res.group` and
  /// `res.version.group`; nil when there is none.
  func resource(named name: String) -> ResourceType? { match(named: name)?.type }

  /// The same, with what else it could have meant.
  func match(named name: String) -> Match? {
    let lower = name.lowercased()
    guard let dot = lower.firstIndex(of: ".") else { return match(lower) { _ in true } }
    let word = String(lower[..<dot])
    let rest = String(lower[lower.index(after: dot)...])
    if let found = match(word, where: { $0.group == rest }) { return found }
    let version = rest.prefix { $0 != "." }
    if VersionPriority.isVersion(version) {
      let group = rest.dropFirst(version.count + 1)
      if let found = match(word, where: { $0.version == version && $0.group == group }) {
        return found
      }
    }
    return match(word) { !rest.isEmpty && $0.group.hasPrefix(rest) }
  }

  /// An exact plural or singular (a kind in lower case is mostly that) wins over a short name.
  private func match(_ word: String, where fits: (ResourceType) -> Bool) -> Match? {
    let candidates = all.filter(fits)
    let exact =
      candidates.first { $0.plural == word || $0.singular == word }
      ?? candidates.first { $0.kind.lowercased() == word }
    if let exact { return Match(type: exact) }
    let short = candidates.filter { $0.shortNames.contains(word) }
    guard let first = short.first else { return nil }
    // The same resource in another version is no other resource.
    var seen: Set = [first.qualifiedName]
    return Match(type: first, others: short.filter { seen.insert($0.qualifiedName).inserted })
  }

  /// The members of a category, each in its preferred version, in the server's order.
  func resources(inCategory category: String) -> [ResourceType] {
    let word = category.lowercased()
    var seen: Set<String> = []
    return all.filter { $0.categories.contains(word) && seen.insert($0.qualifiedName).inserted }
  }

  func resource(apiVersion: String, kind: String) -> ResourceType? {
    let (group, version) = Self.split(apiVersion)
    return groups.first { $0.name == group }?.versions.first { $0.name == version }?
      .resources.first { $0.kind == kind }
  }

  /// The resource of that kind in each version that is served, the best version first.
  func versions(group: String, kind: String) -> [ResourceType] {
    let resources = groups.first { $0.name == group }?.versions.flatMap(\.resources) ?? []
    return resources.filter { $0.kind == kind }.sorted {
      VersionPriority($1.version) < VersionPriority($0.version)
    }
  }

  /// All names that `resource(named:)` takes without a group, for "did you mean".
  var names: [String] {
    var seen: Set<String> = []
    return all.flatMap { [$0.plural, $0.singular] + $0.shortNames + [$0.kind] }
      .filter { seen.insert($0).inserted }
  }

  /// The kinds of one API version, for "did you mean".
  func kinds(apiVersion: String) -> [String] {
    let (group, version) = Self.split(apiVersion)
    let resources =
      groups.first { $0.name == group }?.versions.first { $0.name == version }?.resources ?? []
    return resources.map(\.kind)
  }

  /// `apps/v1` to its parts; the core group is empty.
  static func split(_ apiVersion: String) -> (group: String, version: String) {
    guard let slash = apiVersion.firstIndex(of: "/") else { return ("", apiVersion) }
    return (
      String(apiVersion[..<slash]), String(apiVersion[apiVersion.index(after: slash)...])
    )
  }

  // MARK: Documents

  init() {}

  /// What the documents of a discovery say; nil when there is none of the named groups.
  init?(_ documents: DiscoveryDocuments) {
    guard let groups = documents.documents["/apis"] else { return nil }
    let core = documents.documents["/api"]
    if groups.isAggregated, core?.isAggregated ?? true {
      if let core { add(aggregated: core.content) }
      add(aggregated: groups.content)
    } else {
      add(legacy: documents)
    }
  }

  private mutating func add(legacy documents: DiscoveryDocuments) {
    for (group, versions) in Self.legacyGroups(of: documents) where !versions.isEmpty {
      var entry = Group(name: group, versions: [])
      for version in versions {
        if let document = documents.documents[Self.path(group, version)] {
          let list = Self.legacyResources(document.content, group: group, version: version)
          entry.versions.append(.init(name: version, resources: list))
        } else {
          failed.append(group.isEmpty ? version : "\(group)/\(version)")
        }
      }
      groups.append(entry)
    }
  }

  /// The paths of the documents that the two lists of a legacy discovery lead to.
  static func legacyVersions(_ documents: DiscoveryDocuments) -> [String] {
    legacyGroups(of: documents).flatMap { group in group.versions.map { path(group.group, $0) } }
  }

  private static func legacyGroups(
    of documents: DiscoveryDocuments
  ) -> [(group: String, versions: [String])] {
    let core = documents.documents["/api"]?.content["versions"]?.array?.compactMap(\.string) ?? []
    let named = documents.documents["/apis"].map { legacyGroups($0.content) } ?? []
    return [(group: "", versions: core)] + named
  }

  private static func path(_ group: String, _ version: String) -> String {
    (group.isEmpty ? "/api/" : "/apis/\(ResourcePath.encode(group))/")
      + ResourcePath.encode(version)
  }

  // MARK: Aggregated discovery (apidiscovery.k8s.io v2 and v2beta1)

  /// Adds the groups of an APIGroupDiscoveryList. A version marked stale is served by nobody at the
  /// moment: what was known of it is left out, and its name is kept.
  mutating func add(aggregated list: JSONValue) {
    for item in list["items"]?.array ?? [] {
      let group = item["metadata"]?["name"]?.string ?? ""
      var versions: [Version] = []
      for entry in item["versions"]?.array ?? [] {
        guard let name = entry["version"]?.string else { continue }
        let resources = (entry["resources"]?.array ?? []).compactMap {
          Self.aggregatedResource($0, group: group, version: name)
        }
        if entry["freshness"] == "Stale" {
          failed.append(group.isEmpty ? name : "\(group)/\(name)")
        } else {
          versions.append(Version(name: name, resources: resources))
        }
      }
      if !versions.isEmpty { groups.append(Group(name: group, versions: versions)) }
    }
  }

  private static func aggregatedResource(
    _ entry: JSONValue, group: String, version: String
  ) -> ResourceType? {
    // Without a kind the entry is only the parent of its subresources.
    guard let plural = entry["resource"]?.string,
      let kind = entry["responseKind"]?["kind"]?.string, !kind.isEmpty
    else { return nil }
    let subresources = entry["subresources"]?.array ?? []
    var versions: [String: String] = [:]
    for part in subresources {
      guard let name = part["subresource"]?.string else { continue }
      versions[name] = apiVersion(
        part["responseKind"]?["group"], part["responseKind"]?["version"],
        unlike: (group, version))
    }
    return ResourceType(
      group: group, version: version, kind: kind, plural: plural,
      singular: entry["singularResource"]?.string ?? "",
      shortNames: strings(entry["shortNames"]), categories: strings(entry["categories"]),
      isNamespaced: entry["scope"] == "Namespaced", verbs: strings(entry["verbs"]),
      subresources: subresources.compactMap { $0["subresource"]?.string },
      subresourceVersions: versions)
  }

  // MARK: Legacy discovery

  /// Group and versions of an APIGroupList, the preferred version first.
  static func legacyGroups(_ list: JSONValue) -> [(group: String, versions: [String])] {
    (list["groups"]?.array ?? []).compactMap { entry in
      guard let name = entry["name"]?.string else { return nil }
      let preferred = entry["preferredVersion"]?["version"]?.string
      let versions = (entry["versions"]?.array ?? []).compactMap { $0["version"]?.string }
      return (name, versions.filter { $0 == preferred } + versions.filter { $0 != preferred })
    }
  }

  /// The resources of an APIResourceList.
  static func legacyResources(
    _ list: JSONValue, group: String, version: String
  ) -> [ResourceType] {
    let entries = list["resources"]?.array ?? []
    var subresources: [String: [String]] = [:]
    var versions: [String: [String: String]] = [:]
    for entry in entries {
      let parts = (entry["name"]?.string ?? "").split(separator: "/", maxSplits: 1).map(String.init)
      guard parts.count == 2 else { continue }
      subresources[parts[0], default: []].append(parts[1])
      versions[parts[0], default: [:]][parts[1]] = apiVersion(
        entry["group"], entry["version"], unlike: (group, version))
    }
    return entries.compactMap { entry in
      guard let plural = entry["name"]?.string, !plural.contains("/"),
        let kind = entry["kind"]?.string
      else { return nil }
      return ResourceType(
        group: group, version: version, kind: kind, plural: plural,
        singular: entry["singularName"]?.string ?? "",
        shortNames: strings(entry["shortNames"]), categories: strings(entry["categories"]),
        isNamespaced: entry["namespaced"]?.bool ?? false, verbs: strings(entry["verbs"]),
        subresources: subresources[plural] ?? [], subresourceVersions: versions[plural] ?? [:])
    }
  }

  /// The apiVersion of a subresource; nil when it is the resource's own or is not told.
  private static func apiVersion(
    _ group: JSONValue?, _ version: JSONValue?, unlike own: (group: String, version: String)
  ) -> String? {
    guard let version = version?.string, !version.isEmpty else { return nil }
    let group = group?.string ?? ""
    guard group != own.group || version != own.version else { return nil }
    return group.isEmpty ? version : "\(group)/\(version)"
  }

  private static func strings(_ value: JSONValue?) -> [String] {
    value?.array?.compactMap(\.string) ?? []
  }
}
