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

  /// The resource with that plural, singular, kind or short name, also as `res.group` and
  /// `res.version.group`; nil when there is none.
  func resource(named name: String) -> ResourceType? {
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
  private func match(_ word: String, where fits: (ResourceType) -> Bool) -> ResourceType? {
    let candidates = all.filter(fits)
    return candidates.first { $0.plural == word || $0.singular == word }
      ?? candidates.first { $0.kind.lowercased() == word }
      ?? candidates.first { $0.shortNames.contains(word) }
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

  // MARK: Aggregated discovery (apidiscovery.k8s.io v2 and v2beta1)

  /// Adds the groups of an APIGroupDiscoveryList. A version marked stale is served by nobody at the
  /// moment and goes last.
  mutating func add(aggregated list: JSONValue) {
    for item in list["items"]?.array ?? [] {
      let group = item["metadata"]?["name"]?.string ?? ""
      var fresh: [Version] = []
      var stale: [Version] = []
      for entry in item["versions"]?.array ?? [] {
        guard let name = entry["version"]?.string else { continue }
        let resources = (entry["resources"]?.array ?? []).compactMap {
          Self.aggregatedResource($0, group: group, version: name)
        }
        if entry["freshness"] == "Stale" {
          stale.append(Version(name: name, resources: resources))
          failed.append(group.isEmpty ? name : "\(group)/\(name)")
        } else {
          fresh.append(Version(name: name, resources: resources))
        }
      }
      groups.append(Group(name: group, versions: fresh + stale))
    }
  }

  private static func aggregatedResource(
    _ entry: JSONValue, group: String, version: String
  ) -> ResourceType? {
    // Without a kind the entry is only the parent of its subresources.
    guard let plural = entry["resource"]?.string,
      let kind = entry["responseKind"]?["kind"]?.string, !kind.isEmpty
    else { return nil }
    return ResourceType(
      group: group, version: version, kind: kind, plural: plural,
      singular: entry["singularResource"]?.string ?? "",
      shortNames: strings(entry["shortNames"]), categories: strings(entry["categories"]),
      isNamespaced: entry["scope"] == "Namespaced", verbs: strings(entry["verbs"]),
      subresources: (entry["subresources"]?.array ?? []).compactMap { $0["subresource"]?.string })
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
    for entry in entries {
      let parts = (entry["name"]?.string ?? "").split(separator: "/", maxSplits: 1)
      if parts.count == 2 { subresources[String(parts[0]), default: []].append(String(parts[1])) }
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
        subresources: subresources[plural] ?? [])
    }
  }

  private static func strings(_ value: JSONValue?) -> [String] {
    value?.array?.compactMap(\.string) ?? []
  }
}
