// A simulated Kubernetes cluster: an API server on loopback with TLS, HTTP/2 and HTTP/1.1.
//
// `ControlPlane` is the whole of the API as a value, from request to response. This class puts it
// behind a lock, gives it a listener, certificates and faults, and lets its controllers run.
// Nothing leaves the machine and nothing is written to disk; `stop()` ends it without a trace.

import JSON
import NIOCore
import NIOPosix
import Synchronization

/// One running simulated cluster.
public final class SimulatedCluster: Sendable {
  /// What LoadBalancer Services get.
  public enum LoadBalancer: Sendable, Equatable {
    /// An address from a range that is kept for documentation.
    case ip
    /// A host name under `example.com`.
    case hostname
    /// Nothing: they stay pending.
    case none
  }

  /// What becomes of Deployments.
  public enum Readiness: Sendable, Equatable {
    /// They are available as soon as their controller has seen them.
    case ready
    /// Nobody looks at them: no status at all.
    case never
    /// They never become available, for this reason.
    case failing(String)
  }

  /// How a cluster is to be.
  public struct Options: Sendable {
    /// Name of the cluster, used in its certificates and host names.
    public var name = "cluster1"
    /// Position among several clusters, from 1; addresses are taken from its own range.
    public var index = 1
    /// Version of Kubernetes. Before 1.24 service accounts have token Secrets of their own, before
    /// 1.26 there is no aggregated discovery, before 1.23 no `autoscaling/v2`.
    public var version = "1.32.0"
    /// What LoadBalancer Services get.
    public var loadBalancer = LoadBalancer.ip
    /// What becomes of Deployments.
    public var deployments = Readiness.ready
    /// Whether the custom resources of Istio and of the Gateway API are installed.
    public var istio = true
    /// Versions of `networking.istio.io` that are served, preferred first.
    public var istioVersions = ["v1", "v1beta1", "v1alpha3"]
    /// Port of 127.0.0.1; 0 takes a free one.
    public var port = 0
    /// Changes per resource from which watches can be resumed.
    public var historyLimit = 2000
    /// Milliseconds between a change and the controllers' reaction.
    public var controllerDelay = 0
    /// Seconds between bookmarks of watches that ask for them.
    public var bookmarkInterval = 60
    /// Bytes that watches and logs are cut into, each sent by itself; nil sends them as they are.
    public var pieceSize: Int?
    /// Largest number of streams that one HTTP/2 connection may have open.
    public var maximumStreams = 100
    /// Seconds since 1970; tests put a clock of their own here.
    public var now: @Sendable () -> Int64 = { Clock.now() }

    /// A cluster of the newest version with everything in it.
    public init() {}

    /// The same with another name.
    public init(name: String) { self.name = name }
  }

  private struct State {
    var plane: ControlPlane
    var requests: [RequestRecord] = []
    var faults: [Fault] = []
    var isSettling = false
  }

  /// How the cluster was started.
  public let options: Options
  /// Bearer token of the administrator.
  public let adminToken: String
  /// Certificate of the authority that signed the server's certificate, as PEM.
  public let caPEM: String
  /// Port of 127.0.0.1 on which the cluster answers.
  public var port: Int { listener.withLock { $0?.port ?? 0 } }
  /// Address of the API server.
  public var server: String { "https://127.0.0.1:\(port)" }

  private let state: Mutex<State>
  private let listener = Mutex<Listener?>(nil)
  private let authority: CertificateAuthority

  /// Two threads serve all clusters of the process; they live as long as it does.
  private static let group = MultiThreadedEventLoopGroup(numberOfThreads: 2)

  private init(_ options: Options, authority: CertificateAuthority) {
    self.options = options
    self.authority = authority
    caPEM = authority.certificatePEM
    adminToken = Identifiers.secret(bytes: 24)
    let settings = ControlPlane.Settings(
      name: options.name, version: KubernetesVersion(options.version),
      loadBalancer: options.loadBalancer, deployments: options.deployments,
      caPEM: authority.certificatePEM, historyLimit: options.historyLimit, now: options.now)
    let definitions =
      options.istio ? MeshDefinitions.definitions(istioVersions: options.istioVersions) : []
    state = Mutex(
      State(
        plane: ControlPlane(
          settings: settings, adminToken: adminToken, definitions: definitions,
          index: options.index)))
  }

  /// Starts a cluster; it answers when this returns.
  ///
  /// - Throws: An error of the system when the port is taken.
  public static func start(_ options: Options = Options()) async throws -> SimulatedCluster {
    let authority = try CertificateAuthority(cluster: options.name)
    let cluster = SimulatedCluster(options, authority: authority)
    let listener = try await Listener.start(
      cluster: cluster, identity: try authority.serverIdentity(), group: group, port: options.port)
    cluster.listener.withLock { $0 = listener }
    return cluster
  }

  /// Ends the server and starts it anew at the same port, with what it has stored: every connection,
  /// watch and page is gone.
  ///
  /// - Parameter meanwhile: Runs while nobody listens.
  /// - Throws: An error of the system when the port is taken, and what `meanwhile` throws.
  public func restart(meanwhile: @Sendable () async throws -> Void = {}) async throws {
    let port = port
    await stop()
    endWatches()
    compact()
    try await meanwhile()
    let fresh = try await Listener.start(
      cluster: self, identity: try authority.serverIdentity(), group: Self.group, port: port)
    listener.withLock { $0 = fresh }
  }

  /// Closes the listener and every connection; a later connection is refused.
  public func stop() async {
    let open = listener.withLock { listener in
      defer { listener = nil }
      return listener
    }
    await open?.stop()
  }

  // MARK: - Requests

  /// Number of requests that are remembered at least.
  private static let recordLimit = 50_000

  /// The requests that were answered, in order.
  public var requests: [RequestRecord] { state.withLock { $0.requests } }

  /// Forgets the requests so far.
  public func clearRequests() { state.withLock { $0.requests.removeAll() } }

  /// Makes the next matching requests fail as described.
  public func inject(_ fault: Fault) { state.withLock { $0.faults.append(fault) } }

  /// Removes all faults.
  public func clearFaults() { state.withLock { $0.faults.removeAll() } }

  /// Forgets the history of changes and the pages of lists, as a compaction of etcd does: watches and
  /// lists that go on from before are told that they are too old.
  public func compact() { state.withLock { $0.plane.storage.compact() } }

  /// Ends every open watch, as a server that restarts does.
  public func endWatches() {
    state.withLock { state in
      for id in state.plane.watchers.values.flatMap(\.keys) { state.plane.endWatch(id) }
    }
  }

  /// Sends a bookmark to every open watch that asked for them.
  public func sendBookmarks() { state.withLock { $0.plane.sendBookmarks() } }

  /// Sends a failure to every open watch, as an event of type ERROR, and ends it.
  public func failWatches(code: Int, reason: String, message: String, retryAfter: Int? = nil) {
    var error = APIError(code: code, reason: reason, message: message)
    if let retryAfter { error.details = ["retryAfterSeconds": .int(Int64(retryAfter))] }
    state.withLock { $0.plane.failWatches(error) }
  }

  // MARK: - Logs

  /// Writes a line into the log of a pod's container.
  public func writeLog(
    _ text: String, pod: String, namespace: String = "default", container: String
  ) {
    let place = PodLogs.Container(
      pod: ObjectKey(namespace: namespace, name: pod), name: container)
    let now = options.now()
    state.withLock { $0.plane.logs.write(text, to: place, seconds: now) }
  }

  /// Ends the connections of all who follow a pod's logs, as a load balancer does that has waited too
  /// long; the containers go on.
  public func cutLogs(pod: String, namespace: String = "default") {
    state.withLock {
      $0.plane.logs.endFollowers(of: ObjectKey(namespace: namespace, name: pod))
    }
  }

  /// Lets a container end and start anew.
  public func restartContainer(
    _ container: String, pod: String, namespace: String = "default"
  ) {
    let place = PodLogs.Container(
      pod: ObjectKey(namespace: namespace, name: pod), name: container)
    state.withLock { state in
      state.plane.restartContainer(place)
      state.plane.settle()
    }
  }

  /// Carries out a request, and lets the controllers follow on a later turn.
  func respond(to request: APIRequest) -> APIResponse {
    let (response, needsSettling) = state.withLock { state in
      let response = state.plane.handle(request)
      let needsSettling = !state.plane.pending.isEmpty && !state.isSettling
      if needsSettling { state.isSettling = true }
      return (response, needsSettling)
    }
    if needsSettling { scheduleControllers() }
    return response
  }

  private func scheduleControllers() {
    Self.group.next().scheduleTask(in: .milliseconds(Int64(options.controllerDelay))) {
      self.state.withLock { state in
        state.isSettling = false
        state.plane.settle()
      }
    }
  }

  /// The fault that a request runs into, which is thereby used up once.
  func takeFault(for request: APIRequest) -> Fault.Effect? {
    state.withLock { state in
      guard let index = state.faults.firstIndex(where: { $0.matches(request) }) else { return nil }
      state.faults[index].count -= 1
      defer { state.faults.removeAll { $0.count <= 0 } }
      return state.faults[index].effect
    }
  }

  func record(_ record: RequestRecord) {
    state.withLock { state in
      state.requests.append(record)
      // Cut in blocks, so that a cluster that stays up for long does not grow.
      if state.requests.count > 2 * Self.recordLimit {
        state.requests.removeFirst(state.requests.count - Self.recordLimit)
      }
    }
  }

  func endWatch(_ id: Int) { state.withLock { $0.plane.endWatch(id) } }

  func sendBookmark(watch id: Int) { state.withLock { $0.plane.sendBookmarks(watch: id) } }
}
