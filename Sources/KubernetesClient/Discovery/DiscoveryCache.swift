// Asks a cluster what it serves, once, however many callers want to know.

import JSON
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The discovery of one client: one fetch at a time, shared by all who wait for it, and cancelled when
/// all of them are.
final class DiscoveryCache: Sendable {
  private struct State {
    var run: SharedRun<DiscoveredResources>?
    var generation = 0
    /// True when what is on disk is not good enough for the next fetch.
    var isDiskOutdated = false
    var streamsLists = true
  }

  private let state = Mutex(State())
  /// Where the answers are kept between runs; nil keeps none.
  let file: DiscoveryFile?

  init(file: DiscoveryFile?) { self.file = file }

  /// What the cluster serves and which fetch that comes from. With `outdated`, the result of that
  /// fetch or an older one is not good enough, and neither is what is on disk.
  func resources(
    outdated: Int? = nil,
    fetch: @escaping @Sendable (_ mayUseDisk: Bool) async throws -> DiscoveredResources
  ) async throws -> (DiscoveredResources, generation: Int) {
    let (run, generation) = state.withLock { state in
      if let run = state.run, outdated.map({ state.generation > $0 }) ?? true, run.join() {
        return (run, state.generation)
      }
      let mayUseDisk = outdated == nil && !state.isDiskOutdated
      let run = SharedRun { try await fetch(mayUseDisk) }
      _ = run.join()
      state.generation += 1
      state.run = run
      return (run, state.generation)
    }
    do {
      let resources = try await run.value()
      return (resources, generation)
    } catch let error as CancellationError {
      throw error
    } catch {
      state.withLock { state in
        if state.generation == generation { state.run = nil }
      }
      throw error
    }
  }

  /// How many wait for the fetch that is under way.
  var waiting: Int { state.withLock { $0.run?.callers ?? 0 } }

  /// Makes the next caller ask the cluster again.
  func invalidate() {
    state.withLock { state in
      state.run = nil
      state.isDiskOutdated = true
    }
  }

  /// False once the server has refused to begin a watch with all objects.
  var streamsLists: Bool { state.withLock { $0.streamsLists } }

  func noteNoStreamingLists() { state.withLock { $0.streamsLists = false } }
}

extension KubernetesClient {
  /// Finds a resource by plural, singular, kind (any case), short name, `resource.group` or
  /// `resource.version.group`, as kubectl does. What is not found is asked for anew once, as a
  /// CustomResourceDefinition may be fresh; then it is an error with the reason `UnknownResource`
  /// and the names that exist. A short name that fits several resources is the first one's, and a
  /// warning names the others.
  public func resourceType(named name: String) async throws -> ResourceType {
    let (found, resources) = try await lookUp { $0.match(named: name) }
    guard let found else {
      throw unknown("resource \"\(name)\"", known: resources.names, failed: resources.failed)
    }
    if !found.others.isEmpty {
      let others = found.others.map(\.qualifiedName).joined(separator: ", ")
      hooks.onWarning?(
        "\"\(name)\" is taken as \(found.type.qualifiedName); it could also mean \(others)")
    }
    return found.type
  }

  /// Finds every resource that a word means: the members of a category such as `all`, of which
  /// each is given in its preferred version, or else the one resource of that name. Words can be
  /// joined by commas.
  public func resourceTypes(named words: String) async throws -> [ResourceType] {
    var types: [ResourceType] = []
    for word in words.split(separator: ",", omittingEmptySubsequences: false).map(String.init) {
      let (known, _) = try await discovery.resources(fetch: fetchDiscovery)
      let members = known.resources(inCategory: word)
      types += members.isEmpty ? [try await resourceType(named: word)] : members
    }
    return types
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

  /// Takes note of an error: where a path of the discovery that was found on disk leads nowhere, the
  /// discovery is older than the cluster.
  func noted(_ error: APIError) -> APIError {
    if error.status == 404, error.details?["kind"] == nil, discovery.file != nil {
      discovery.invalidate()
    }
    return error
  }

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
  private func fetchDiscovery(mayUseDisk: Bool) async throws -> DiscoveredResources {
    let now = Int64(time(nil))
    let old = discovery.file?.read()
    if mayUseDisk, let old, old.isFresh(at: now), let resources = DiscoveredResources(old) {
      return resources
    }
    let documents = try await fetchDocuments(old ?? DiscoveryDocuments(saved: 0), now)
    guard let resources = DiscoveredResources(documents) else {
      throw APIError(
        cluster: cluster, verb: "discover", object: "/apis", status: 404, reason: "NotFound",
        message: "the server has no /apis: is \(settings.server) an API server's address?")
    }
    // What is incomplete now may be complete in a minute.
    if resources.failed.isEmpty { discovery.file?.write(documents) }
    return resources
  }

  private func fetchDocuments(
    _ old: DiscoveryDocuments, _ now: Int64
  ) async throws -> DiscoveryDocuments {
    async let coreAnswer = discover("/api", old.documents["/api"], aggregatedAccept)
    async let groupsAnswer = discover("/apis", old.documents["/apis"], aggregatedAccept)
    let core = try await coreAnswer
    let groups = try await groupsAnswer
    var result = DiscoveryDocuments(saved: now)
    result.documents["/api"] = core
    result.documents["/apis"] = groups
    guard let groups, !(groups.isAggregated && core?.isAggregated ?? true) else { return result }
    let versions = DiscoveredResources.legacyVersions(result)
    for (path, document) in try await fetchVersions(of: versions, old) {
      result.documents[path] = document
    }
    return result
  }

  /// One document, nil when the server has none there. One that the server says has not changed is
  /// the old one.
  private func discover(
    _ path: String, _ old: DiscoveryDocuments.Document?, _ accept: String = "application/json"
  ) async throws -> DiscoveryDocuments.Document? {
    var call = Call(verb: "discover", object: path, path: path)
    call.accept = accept
    if let etag = old?.etag { call.headers = [("If-None-Match", etag)] }
    do {
      let response = try await send(call)
      if response.status == 304, let old { return old }
      return DiscoveryDocuments.Document(
        etag: response.head.header("etag"),
        isAggregated: Self.isAggregated(response.head.header("content-type") ?? ""),
        content: try parse(response, call))
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

  /// The documents of all versions, asked for in parallel: one request for each, unthrottled, as the
  /// number of requests under way is bounded anyway (kubectl#1126, kubernetes#105489). A group whose
  /// own server is down is left out; a cluster that cannot be reached or that refuses is an error.
  private func fetchVersions(
    of paths: [String], _ old: DiscoveryDocuments
  ) async throws -> [String: DiscoveryDocuments.Document] {
    try await withThrowingTaskGroup(of: VersionDocument.self) { tasks in
      for path in paths {
        tasks.addTask {
          do {
            let document = try await self.discover(path, old.documents[path])
            return VersionDocument(path: path, document: document)
          } catch let error as APIError where error.status >= 500 {
            return VersionDocument(path: path, document: nil)
          }
        }
      }
      var documents: [String: DiscoveryDocuments.Document] = [:]
      for try await answer in tasks { documents[answer.path] = answer.document }
      return documents
    }
  }

  /// What one group version answered. A struct made after the wait: of a tuple made around it, the
  /// optimiser of Swift 6.3 was seen to lose the first half.
  private struct VersionDocument: Sendable {
    let path: String
    let document: DiscoveryDocuments.Document?
  }
}
