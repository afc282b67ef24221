// Asks a cluster what it serves, once, however many callers want to know.

import JSON
import Synchronization

/// The discovery of one client: one fetch at a time, shared by all who wait for it.
final class DiscoveryCache: Sendable {
  private struct State {
    var task: Task<DiscoveredResources, any Error>?
    var generation = 0
  }

  private let state = Mutex(State())

  /// What the cluster serves and which fetch that comes from. With `outdated`, the result of that
  /// fetch or an older one is not good enough.
  func resources(
    outdated: Int? = nil, fetch: @escaping @Sendable () async throws -> DiscoveredResources
  ) async throws -> (DiscoveredResources, generation: Int) {
    let (task, generation) = state.withLock { state in
      if let task = state.task, outdated.map({ state.generation > $0 }) ?? true {
        return (task, state.generation)
      }
      // Not a child of the caller: others may wait for it when the caller is cancelled.
      let task = Task { try await fetch() }
      state.generation += 1
      state.task = task
      return (task, state.generation)
    }
    do {
      return (try await task.sharedValue(), generation)
    } catch let error as CancellationError {
      throw error
    } catch {
      state.withLock { state in
        if state.generation == generation { state.task = nil }
      }
      throw error
    }
  }

  /// Makes the next caller ask again.
  func invalidate() { state.withLock { $0.task = nil } }
}

extension KubernetesClient {
  /// Finds a resource by plural, singular, kind (any case), short name, `resource.group` or
  /// `resource.version.group`. What is not found is asked for anew once, as a
  /// CustomResourceDefinition may be fresh; then it is an error with the reason `UnknownResource`
  /// and the names that exist.
  public func resourceType(named name: String) async throws -> ResourceType {
    let (found, resources) = try await lookUp { $0.resource(named: name) }
    if let found { return found }
    throw unknown("resource \"\(name)\"", known: resources.names, failed: resources.failed)
  }

  /// Finds the resource of an object's apiVersion and kind, with the same second try and error.
  public func resourceType(apiVersion: String, kind: String) async throws -> ResourceType {
    let (found, resources) = try await lookUp {
      $0.resource(apiVersion: apiVersion, kind: kind)
    }
    if let found { return found }
    let group = DiscoveredResources.split(apiVersion).group
    let versions = resources.versions(group: group, kind: kind).map(\.apiVersion)
    let known = versions.isEmpty ? resources.kinds(apiVersion: apiVersion) : versions
    throw unknown("kind \(kind) in \(apiVersion)", known: known, failed: resources.failed)
  }

  /// Every version in which a kind is served, the best first (v1 before v1beta1); empty when it is
  /// not served at all.
  public func servedVersions(group: String, kind: String) async throws -> [ResourceType] {
    let (found, _) = try await lookUp { resources in
      let versions = resources.versions(group: group, kind: kind)
      return versions.isEmpty ? nil : versions
    }
    return found ?? []
  }

  /// Every resource that the cluster serves, in the server's order.
  public func resourceTypes() async throws -> [ResourceType] {
    try await discovery.resources(fetch: fetchDiscovery).0.all
  }

  /// Makes the next look-up ask the cluster again.
  public func invalidateDiscovery() { discovery.invalidate() }

  private func lookUp<T>(
    _ find: (DiscoveredResources) -> T?
  ) async throws -> (T?, DiscoveredResources) {
    let (resources, generation) = try await discovery.resources(fetch: fetchDiscovery)
    if let found = find(resources) { return (found, resources) }
    let (fresh, _) = try await discovery.resources(outdated: generation, fetch: fetchDiscovery)
    return (find(fresh), fresh)
  }

  private func unknown(_ what: String, known: [String], failed: [String]) -> APIError {
    let note = failed.isEmpty ? "" : "; not available now: \(failed.joined(separator: ", "))"
    return APIError(
      cluster: cluster, verb: "discover", object: "", status: 0, reason: "UnknownResource",
      message: "the cluster serves no \(what)\(note)", known: known)
  }

  // MARK: Fetching

  /// Both documents must be aggregated before they are believed; older servers answer with their
  /// own kind of document to the same request.
  private var aggregatedAccept: String {
    ["v2", "v2beta1"].map {
      "application/json;g=apidiscovery.k8s.io;v=\($0);as=APIGroupDiscoveryList"
    }.joined(separator: ",") + ",application/json"
  }

  @Sendable
  private func fetchDiscovery() async throws -> DiscoveredResources {
    async let coreAnswer = discover("/api")
    async let groupsAnswer = discover("/apis")
    let (core, groups) = try await (coreAnswer, groupsAnswer)
    guard let groups else {
      throw APIError(
        cluster: cluster, verb: "discover", object: "/apis", status: 404, reason: "NotFound",
        message: "the server has no /apis: is \(settings.server) an API server's address?")
    }
    if groups.isAggregated, core?.isAggregated ?? true {
      var resources = DiscoveredResources()
      if let core { resources.add(aggregated: core.document) }
      resources.add(aggregated: groups.document)
      return resources
    }
    return try await fetchLegacy(core: core?.document, groups: groups.document)
  }

  private struct DiscoveryAnswer: Sendable {
    let document: JSONValue
    let isAggregated: Bool
  }

  /// One of the two documents, nil when the server has none there.
  private func discover(_ path: String) async throws -> DiscoveryAnswer? {
    var call = Call(verb: "discover", object: path, path: path)
    call.accept = aggregatedAccept
    do {
      let response = try await send(call)
      return DiscoveryAnswer(
        document: try parse(response, call),
        isAggregated: Self.isAggregated(response.head.header("content-type") ?? ""))
    } catch let error as APIError where error.status == 404 && error.reason == "NotFound" {
      return nil
    }
  }

  /// The content type's parameters tell which document came, in any order and among others.
  static func isAggregated(_ contentType: String) -> Bool {
    let parameters = contentType.split(separator: ";").map { $0.trimmingSpaces() }
    return parameters.contains("g=apidiscovery.k8s.io")
      && parameters.contains("as=APIGroupDiscoveryList")
      && (parameters.contains("v=v2") || parameters.contains("v=v2beta1"))
  }

  private func fetchLegacy(
    core: JSONValue?, groups: JSONValue
  ) async throws -> DiscoveredResources {
    let coreVersions = core?["versions"]?.array?.compactMap(\.string) ?? []
    let wanted = [(group: "", versions: coreVersions)] + DiscoveredResources.legacyGroups(groups)
    let answers = try await fetchVersions(of: wanted)
    var resources = DiscoveredResources()
    for (group, versions) in wanted where !versions.isEmpty {
      var entry = DiscoveredResources.Group(name: group, versions: [])
      for version in versions {
        let name = group.isEmpty ? version : "\(group)/\(version)"
        if let document = answers[name] {
          let list = DiscoveredResources.legacyResources(
            document, group: group, version: version)
          entry.versions.append(.init(name: version, resources: list))
        } else {
          resources.failed.append(name)
        }
      }
      resources.groups.append(entry)
    }
    return resources
  }

  /// The documents of all versions, asked for in parallel. A group whose own server is down is left
  /// out; a cluster that cannot be reached or that refuses is an error.
  private func fetchVersions(
    of groups: [(group: String, versions: [String])]
  ) async throws -> [String: JSONValue] {
    try await withThrowingTaskGroup(of: VersionDocument.self) { tasks in
      for (group, versions) in groups {
        for version in versions {
          let name = group.isEmpty ? version : "\(group)/\(version)"
          let path =
            (group.isEmpty ? "/api/" : "/apis/\(ResourcePath.encode(group))/")
            + ResourcePath.encode(version)
          tasks.addTask {
            do {
              let document = try await self.json(Call(verb: "discover", object: path, path: path))
              return VersionDocument(name: name, document: document)
            } catch let error as APIError where error.status == 404 || error.status >= 500 {
              return VersionDocument(name: name, document: nil)
            }
          }
        }
      }
      var documents: [String: JSONValue] = [:]
      for try await answer in tasks { documents[answer.name] = answer.document }
      return documents
    }
  }

  /// What one group version answered. A struct made after the wait: of a tuple made around it, the
  /// optimiser of Swift 6.3 was seen to lose the first half.
  private struct VersionDocument: Sendable {
    let name: String
    let document: JSONValue?
  }
}
