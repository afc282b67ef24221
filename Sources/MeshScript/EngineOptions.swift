// What an embedder decides before scripts run: which clusters, which bounds, what is allowed.

import Builtins
import Interpreter
import KubernetesClient

/// Settings of an engine. The defaults suit a library: a script reaches nothing outside itself.
public struct EngineOptions: Sendable {
  /// What scripts may touch outside themselves.
  public enum Capability: String, Sendable, CaseIterable {
    /// Clusters, and other servers.
    case network
    /// Files, by `readFile`, `writeFile`, `glob` and `import`.
    case files
    /// Environment variables, by `env`.
    case env
    /// Other programs, by `exec`.
    case exec
    /// The time of day, by `now`.
    case clock
  }

  /// Path of the kubeconfig; nil: what KUBECONFIG lists in `environment`, else `~/.kube/config`.
  public var kubeconfig: String?
  /// Context for clusters that name none; nil: the kubeconfig's current one.
  public var context: String?
  /// Namespace for what names none, in place of the contexts' own.
  public var namespace: String?
  /// Whom to act as on every cluster, in place of what the kubeconfig says about that.
  public var impersonation: Impersonation?
  /// How long one request may take, further tries included.
  public var requestTimeout = Duration.seconds(30)
  /// Iterations of a `parallel`, and clusters that one verb works on, at once.
  public var parallelism = 64
  /// Longest wait for one thing when a script names no time.
  public var timeout = Duration.seconds(300)
  /// What becomes of a cluster's work when it does not answer.
  public var unreachable = UnreachablePolicy.fail
  /// Lets `link` write a loopback API address, which only clusters on one machine can use.
  public var allowsLoopback = false
  /// What scripts may touch.
  public var capabilities: Set<Capability> {
    get { Set(capabilityNames.compactMap(Capability.init)) }
    set { capabilityNames = Set(newValue.map(\.rawValue)) }
  }
  /// The names of `capabilities`, as the machine compares them. Strings, because the Swift runtime has long
  /// found out what those conform to when an engine starts.
  private(set) var capabilityNames: Set<String> = []
  /// Bounds for each run. `parallelism` and `capabilities` above replace those in here.
  public var limits = Limits()
  /// What `args` gives a script.
  public var arguments: [String] = []
  /// Finds what scripts import. The default reads files, which needs the capability `files`; nil
  /// allows the modules that ship with the library only.
  public var loader: (any ModuleLoader)? = FileModules()
  /// Receives what `print` writes, newline included. The default drops it.
  public var output: @Sendable (String) -> Void = { _ in }
  /// The environment: KUBECONFIG and HOME are read from it, and `env` gives it to scripts.
  public var environment: [String: String] = [:]
  /// Folder that keeps what clusters serve between runs, for six hours; nil keeps nothing. The
  /// command line's is `msh/discovery` in `$KUBECACHEDIR` or `~/.kube/cache`.
  public var discoveryFolder: String?
  /// Receives what `log.info` and its sisters write: level and text, from any thread. The default drops it.
  public var log: @Sendable (_ level: String, _ text: String) -> Void = { _, _ in }
  /// Receives operations as they end, from any thread; nil for nobody.
  public var onEvent: (@Sendable (MeshEvent) -> Void)?
  /// Receives one line for each request, from any thread; nil for nobody.
  public var trace: (@Sendable (String) -> Void)?
  /// Adds a line for each header to what `trace` gets; credentials are masked.
  public var tracesHeaders = false
  /// Receives each request as an entry of an HTTP archive (HAR 1.2), JSON text for between
  /// `RequestArchive.opening` and `.closing`, from any thread; nil for nobody. Credentials are masked and
  /// no body is in it.
  public var archive: (@Sendable (String) -> Void)?

  /// The defaults.
  public init() {}

  /// Lets scripts touch something more.
  public mutating func grant(_ capability: Capability) {
    capabilityNames.insert(capability.rawValue)
  }
}

extension MeshOptions {
  /// The settings that concern clusters.
  init(_ options: EngineOptions) {
    self.init()
    kubeconfigPath = options.kubeconfig
    currentContext = options.context
    overrides.namespace = options.namespace
    overrides.impersonation = options.impersonation
    requestTimeout = options.requestTimeout
    parallelism = options.parallelism
    timeout = options.timeout
    unreachable = options.unreachable
    allowsLoopback = options.allowsLoopback
    environment = options.environment
    discoveryFolder = options.discoveryFolder.map(DiscoveryFolder.init(path:))
    onEvent = options.onEvent
    trace = options.trace
    tracesHeaders = options.tracesHeaders
    archive = options.archive
  }
}
