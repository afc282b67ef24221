// One run of a script, or one session of the REPL: its clusters, its settings and its report.

import Interpreter
import JSON
import KubernetesClient
import Synchronization

/// What a run does with a cluster that cannot be reached.
public enum UnreachablePolicy: Sendable, Hashable {
  /// That cluster's work fails, the rest goes on.
  case fail
  /// That cluster's work is left out and does not count as a failure.
  case skip
  /// Try for so long, then fail.
  case wait(Duration)
}

/// What a run is told from outside.
public struct MeshOptions: Sendable {
  /// A kubeconfig to read instead of those that the environment names.
  public var kubeconfigPath: String?
  /// The context of `cluster()`; nil takes the kubeconfig's current one.
  public var currentContext: String?
  /// What takes the place of what the kubeconfig says, for every cluster.
  public var overrides = KubeconfigOverrides()
  /// How long one request may take, further tries included.
  public var requestTimeout = Duration.seconds(30)
  /// Clusters that one verb works on at once.
  public var parallelism = 64
  /// How long waits last unless the script says otherwise.
  public var timeout = Duration.seconds(300)
  /// What to do about clusters that cannot be reached.
  public var unreachable = UnreachablePolicy.fail
  /// Lets `link` take loopback API addresses as if every call said `allowLoopback: true`: for clusters
  /// that all live on this machine, such as simulated ones.
  public var allowsLoopback = false
  /// The environment: KUBECONFIG and HOME are read from it.
  public var environment: [String: String] = [:]
  /// The connections to clusters, with their bounds and time-outs.
  public var transport = Transport.shared
  /// The folder that keeps what clusters serve between runs; nil keeps nothing.
  public var discoveryFolder: DiscoveryFolder?
  /// Told what happens, from any thread.
  public var onEvent: (@Sendable (MeshEvent) -> Void)?
  /// Told of each request, from any thread: cluster, method, path, status, time, bytes, connection and
  /// why it was sent again, in one line. No secret is in it.
  public var trace: (@Sendable (String) -> Void)?
  /// Adds a line for each header to what `trace` is told; credentials are masked.
  public var tracesHeaders = false
  /// Told of each request, from any thread, as an entry of an HTTP archive: JSON text for between
  /// `RequestArchive.opening` and `.closing`. Credentials are masked and no body is in it.
  public var archive: (@Sendable (String) -> Void)?

  /// The defaults, with an empty environment.
  public init() {}
}

/// One run, or one session of the REPL. It lends verbs to a library and keeps what they did.
public final class Mesh: Sendable {
  /// What the run was told from outside; scripts can change some of it, see `settings`.
  public let options: MeshOptions
  private let state: Mutex<State>

  private struct State {
    var kubeconfigs: [String: Kubeconfig] = [:]
    var connections: [ConnectionKey: ClusterConnection] = [:]
    /// Every name that the script gave to a connection, in order.
    var named: [(name: String, connection: ClusterConnection)] = []
    var touched: Set<String> = []
    var told: Set<String> = []
    /// Warnings of API servers that were shown in this run, with their contexts.
    var warned: Set<[String]> = []
    var entries: [RunReport.Entry] = []
    var fence: [String]?
    var parallelism: Int
    var timeout: Duration
    var unreachable: UnreachablePolicy
  }

  private struct ConnectionKey: Hashable {
    let path: String
    let context: String
  }

  /// Makes a run; nothing is read or connected yet.
  public init(options: MeshOptions) {
    self.options = options
    state = Mutex(
      State(
        parallelism: options.parallelism, timeout: options.timeout,
        unreachable: options.unreachable))
  }

  /// The verbs, the members of clusters and secrets, and `table`, all of this run.
  public var library: Library { VerbTable.library(of: self) }

  /// The same for any run: the verbs find theirs in the context of the session that calls them.
  public static var sharedLibrary: Library { VerbTable.library() }

  /// What happened so far.
  public func report() -> RunReport {
    state.withLock { state in
      var seen: Set<String> = []
      let clusters = state.named.filter { name, _ in
        state.touched.contains(name) && seen.insert(name).inserted
      }
      return RunReport(
        entries: state.entries, clusters: clusters.map { ($0.name, $0.connection.failure == nil) })
    }
  }

  /// Starts over, as a REPL does between inputs: the report is empty, and clusters that were
  /// unreachable are tried again. Names, connections, fence and settings stay.
  public func reset() {
    let connections = state.withLock { state in
      state.entries = []
      state.touched = []
      state.told = []
      state.warned = []
      return Array(state.connections.values)
    }
    for connection in connections where connection.failure != nil { connection.reset() }
  }

  var executor: Executor { Executor(mesh: self) }
}

// MARK: - Clusters

extension Mesh {
  /// The kubeconfig at a path, or the run's own; read once.
  func kubeconfig(_ path: String?) throws(ScriptError) -> Kubeconfig {
    let key = path ?? options.kubeconfigPath ?? ""
    if let known = state.withLock({ $0.kubeconfigs[key] }) { return known }
    do {
      let loaded = try Kubeconfig.load(
        explicitPath: key.isEmpty ? nil : key, environment: options.environment)
      return state.withLock { state in
        let kept = state.kubeconfigs[key] ?? loaded
        state.kubeconfigs[key] = kept
        return kept
      }
    } catch { throw ScriptError.kubeconfig(error) }
  }

  /// The cluster of a context under a name.
  func cluster(
    name: String?, context: String?, network: String?, kubeconfig path: String?
  ) throws(ScriptError) -> Cluster {
    let kubeconfig = try kubeconfig(path)
    let current = path == nil ? options.currentContext : nil
    let context = context ?? name ?? current ?? kubeconfig.currentContext
    let connection = try connection(context, of: kubeconfig, path: path)
    let name = name ?? connection.context
    state.withLock { state in
      guard !state.named.contains(where: { $0.name == name && $0.connection === connection }) else {
        return
      }
      state.named.append((name, connection))
    }
    return Cluster(name: name, network: network, connection: connection, mesh: self)
  }

  private func connection(
    _ context: String?, of kubeconfig: Kubeconfig, path: String?
  ) throws(ScriptError) -> ClusterConnection {
    let key = ConnectionKey(path: path ?? "", context: context ?? "")
    if let known = state.withLock({ $0.connections[key] }) { return known }
    let settings: ConnectionSettings
    do {
      settings = try kubeconfig.settings(context: context, overriding: options.overrides)
    } catch { throw ScriptError.kubeconfig(error) }
    let made = ClusterConnection(
      settings: settings, hooks: hooks(settings.contextName), folder: options.discoveryFolder,
      transport: options.transport, requestTimeout: options.requestTimeout)
    return state.withLock { state in
      let kept = state.connections[key] ?? made
      state.connections[key] = kept
      return kept
    }
  }

  private func hooks(_ context: String) -> ClientHooks {
    var hooks = ClientHooks()
    if let onEvent = options.onEvent {
      hooks.onWarning = { [weak self] text in
        // A server repeats itself with every request.
        let isNew = self?.state.withLock { $0.warned.insert([context, text]).inserted } ?? false
        if isNew { onEvent(.warning(cluster: context, text: text)) }
      }
    }
    if options.trace != nil || options.archive != nil {
      hooks.onRequest = { [options] request in
        let headers = options.tracesHeaders ? request.headerLines.map { "  \($0)" } : []
        options.trace?(([request.line] + headers).joined(separator: "\n"))
        options.archive?(HTTPArchive.entry(request).text())
      }
    }
    return hooks
  }

  /// Throws when a fence keeps scripts away from the cluster.
  func admit(_ cluster: Cluster) throws(ScriptError) {
    guard let fence = state.withLock({ $0.fence }) else { return }
    guard !fence.contains(where: { Glob.matches($0, cluster.context) }) else { return }
    let patterns = fence.map { "\"\($0)\"" }.joined(separator: ", ")
    throw .usage(
      .outsideFence, "cluster \(cluster.name) is outside the fence",
      notes: ["its context is \"\(cluster.context)\", the fence is \(patterns)"])
  }

  /// Runs a body for each item, at most `parallelism` at once, and gives the results in order.
  func fanOut<Item: Sendable, Result: Sendable>(
    _ items: [Item], _ body: @escaping @Sendable (Item) async -> Result
  ) async -> [Result] {
    let width = max(1, state.withLock { $0.parallelism })
    return await withTaskGroup(of: Numbered<Result>.self) { group in
      var results = [Result?](repeating: nil, count: items.count)
      for (index, item) in items.enumerated() {
        if index >= width, let done = await group.next() { results[done.index] = done.result }
        group.addTask {
          let result = await body(item)
          return Numbered(index: index, result: result)
        }
      }
      for await done in group { results[done.index] = done.result }
      return results.compactMap(\.self)
    }
  }

  /// A result with its item's place. A struct made after the wait: of a tuple made around it, the
  /// optimiser of Swift 6.3 was seen to lose the number.
  private struct Numbered<Result: Sendable>: Sendable {
    let index: Int
    let result: Result
  }
}

// MARK: - Settings and the report

extension Mesh {
  /// How long waits last unless the script says otherwise.
  var timeout: Duration { state.withLock { $0.timeout } }

  /// What to do about clusters that cannot be reached.
  var unreachable: UnreachablePolicy { state.withLock { $0.unreachable } }

  /// Allows clusters only whose contexts fit one of these patterns.
  func fence(_ patterns: [String]) {
    state.withLock { $0.fence = patterns }
  }

  /// Changes what is not nil.
  func configure(parallelism: Int?, timeout: Duration?, unreachable: UnreachablePolicy?) {
    state.withLock { state in
      state.parallelism = parallelism ?? state.parallelism
      state.timeout = timeout ?? state.timeout
      state.unreachable = unreachable ?? state.unreachable
    }
  }

  /// Notes that the run works with a cluster.
  func touch(_ cluster: Cluster) {
    state.withLock { _ = $0.touched.insert(cluster.name) }
  }

  /// Puts an outcome into the report: every write, failure and skipped step.
  func record(_ outcome: Outcome, error: ScriptError? = nil, isThrown: Bool = false) {
    let operation = outcome.operation
    options.onEvent?(.ended(outcome))
    guard outcome.result != .done else { return }
    let entry = RunReport.Entry(
      cluster: operation.cluster.name, action: operation.action, object: operation.object,
      result: outcome.result, error: outcome.reason, status: error?.status, reason: error?.reason,
      isThrown: isThrown)
    state.withLock { state in
      state.touched.insert(operation.cluster.name)
      state.entries.append(entry)
    }
  }

  /// Tells the outside once that a cluster cannot be reached.
  func tellUnreachable(_ cluster: Cluster, reason: String) {
    let isNew = state.withLock { $0.told.insert(cluster.name).inserted }
    if isNew { options.onEvent?(.unreachable(cluster: cluster.name, reason: reason)) }
  }
}
