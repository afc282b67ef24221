// The simulated API server without sockets: state, and one method from request to response.
//
// A value type: `SimulatedCluster` keeps one behind a lock, so a request is carried out at once and
// alone. What a cluster's controllers do follows in `settle()`, which the server calls on a later
// turn, so that a client sees, as in reality, an object before its controller has filled it in.

import JSON

/// The state of one simulated cluster.
struct ControlPlane: Sendable {
  /// Largest body that a real API server reads.
  static let bodyLimit = 3 * 1024 * 1024

  let settings: Settings
  var storage: Storage
  /// Built-in resources of this version and those of custom resource definitions.
  var types: [ResourceType]
  var watchers: [String: [Int: Watcher]] = [:]
  var lastWatch = 0
  var credentials: Credentials
  var addresses: AddressPool
  /// What the controllers have not looked at yet.
  var pending: [ControllerTask] = []
  var logs = PodLogs()

  /// What distinguishes one cluster from another.
  struct Settings: Sendable {
    var name: String
    var version: KubernetesVersion
    var loadBalancer: SimulatedCluster.LoadBalancer
    var deployments: SimulatedCluster.Readiness
    var caPEM: String
    var historyLimit: Int
    var now: @Sendable () -> Int64
  }

  init(settings: Settings, adminToken: String, definitions: [JSONValue], index: Int) {
    self.settings = settings
    storage = Storage(historyLimit: settings.historyLimit)
    types = ResourceTable.builtIn.compactMap { $0.served(byMinor: settings.version.minor) }
    credentials = Credentials(adminToken: adminToken)
    addresses = AddressPool(cluster: index)
    seed(definitions: definitions)
  }

  /// Time as the API writes it.
  var now: String { Clock.text(settings.now()) }

  // MARK: - Requests

  /// Carries out one request.
  mutating func handle(_ request: APIRequest) -> APIResponse {
    do throws(APIError) {
      guard request.body.count <= Self.bodyLimit else { throw .tooLarge(limit: Self.bodyLimit) }
      if let response = publicAnswer(request) { return response }
      let user = try credentials.authenticate(request, now: settings.now())
      if let response = try sharedAnswer(request) { return response }
      guard let target = try target(of: request) else {
        return .text("404 page not found\n", code: 404)
      }
      try authorize(user, request, target)
      return try serve(request, target, user)
    } catch {
      return .failure(error)
    }
  }

  /// What anyone may read: health and version.
  private func publicAnswer(_ request: APIRequest) -> APIResponse? {
    switch request.segments.first {
    case "livez", "readyz", "healthz": .text("ok")
    case "version" where request.segments.count == 1: .json(settings.version.json)
    default: nil
    }
  }

  /// Discovery and OpenAPI.
  private func sharedAnswer(_ request: APIRequest) throws(APIError) -> APIResponse? {
    let segments = request.segments
    switch segments.first {
    case "openapi": return try openAPI(request, Array(segments.dropFirst()))
    case nil: return .json(["paths": ["/api", "/apis", "/livez", "/readyz", "/version"]])
    default: return try Discovery(types: types, version: settings.version).answer(request)
    }
  }

  private func openAPI(_ request: APIRequest, _ path: [String]) throws(APIError) -> APIResponse? {
    let documents = OpenAPI(types: types)
    switch path.first {
    case "v2":
      let accepted = MediaType.parse(request.accept)
      if accepted.isEmpty || accepted.contains(where: \.allowsJSON) {
        return .json(["swagger": "2.0", "info": ["title": "Kubernetes"], "paths": [:]])
      }
      return APIResponse(
        contentType: "application/com.github.proto-openapi.spec.v2.v1.0+protobuf",
        body: .bytes(OpenAPI.version2))
    case "v3" where settings.version.minor >= 24:
      if path.count == 1 { return .json(documents.index()) }
      let isCore = path.count == 3 && path[1] == "api"
      guard isCore || path.count == 4 else { return nil }
      return documents.document(group: isCore ? "" : path[2], version: path[path.count - 1])
        .map { .json($0) }
    default: return nil
    }
  }

  private mutating func serve(
    _ request: APIRequest, _ target: Target, _ user: User
  ) throws(APIError) -> APIResponse {
    guard target.subresource == nil || target.subresource == "status" else {
      return try serveSubresource(request, target, user)
    }
    if target.type.verbs == ["create"] { return try review(request, target, user) }
    switch (request.method, target.name) {
    case ("GET", .some): return try get(request, target)
    case ("GET", nil):
      return request.flag("watch")
        ? try watch(request, target) : try list(request, target)
    case ("POST", nil): return try create(request, target, user)
    case ("PUT", .some): return try replace(request, target, user)
    case ("PATCH", .some): return try patch(request, target, user)
    case ("DELETE", .some): return try delete(request, target)
    case ("DELETE", nil): return try deleteCollection(request, target)
    default: throw .methodNotAllowed
    }
  }

  // MARK: - Paths

  /// The resource that a path addresses.
  struct Target: Sendable {
    var type: ResourceType
    var version: String
    var namespace: String?
    var name: String?
    var subresource: String?

    var apiVersion: String { type.apiVersion(version) }
    var key: ObjectKey { ObjectKey(namespace: namespace ?? "", name: name ?? "") }
  }

  /// Nil for a path outside of every group version.
  private func target(of request: APIRequest) throws(APIError) -> Target? {
    var rest = request.segments[...]
    var group = ""
    switch rest.popFirst() {
    case "api": break
    case "apis":
      guard let name = rest.popFirst() else { return nil }
      group = name
    default: return nil
    }
    guard let version = rest.popFirst(), types.contains(where: { $0.group == group }) else {
      return nil
    }
    var namespace: String?
    if rest.first == "namespaces", rest.count >= 3,
      !["status", "finalize"].contains(rest[rest.startIndex + 2])
    {
      namespace = rest[rest.startIndex + 1]
      rest = rest.dropFirst(2)
    }
    let resource = rest.popFirst() ?? ""
    guard let type = type(group, resource, version), type.isNamespaced || namespace == nil,
      rest.count <= 2
    else { throw .noSuchResource }
    let name = rest.popFirst()
    let subresource = rest.popFirst()
    guard subresource.map(type.subresources.contains) ?? true else { throw .noSuchResource }
    // One object of a namespaced resource, or a new one, needs a namespace.
    let needsNamespace = name != nil || request.method == "POST"
    guard !type.isNamespaced || namespace != nil || !needsNamespace || type.verbs == ["create"]
    else { throw .noSuchResource }
    return Target(
      type: type, version: version, namespace: namespace, name: name, subresource: subresource)
  }

  /// The row of a resource, if this version of it is served.
  func type(_ group: String, _ resource: String, _ version: String) -> ResourceType? {
    types.first {
      $0.group == group && $0.resource == resource && $0.versionNames.contains(version)
    }
  }

  /// The row of a resource by its id, such as `deployments.apps`.
  func type(_ id: String) -> ResourceType? { types.first { $0.id == id } }
}

/// The version of Kubernetes that a cluster pretends to be.
struct KubernetesVersion: Sendable {
  let text: String
  let minor: Int

  init(_ text: String) {
    self.text = text
    let numbers = text.split { !$0.isNumber }.compactMap { Int($0) }
    minor = numbers.count > 1 ? numbers[1] : 0
  }

  var json: JSONValue {
    [
      "major": "1", "minor": .string(String(minor)), "gitVersion": .string("v\(text)"),
      "gitCommit": "simulated", "gitTreeState": "clean", "buildDate": "1970-01-01T00:00:00Z",
      "goVersion": "none", "compiler": "swiftc", "platform": "linux/amd64",
    ]
  }
}
