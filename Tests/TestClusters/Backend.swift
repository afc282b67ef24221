// The clusters that verbs and the client are tried on: simulated ones in this process, and real API
// servers.
//
// Each backend starts once for all tests, and ends with the process. Both have two clusters; tests keep
// apart by namespaces of their own.

import Foundation
import JSON
import KubernetesClient
import SimulatedCluster

/// Where a test runs.
public enum Backend: String, CaseIterable, CustomStringConvertible, Sendable {
  /// Simulated clusters.
  case simulated
  /// Real API servers, without nodes.
  case real

  /// What a list of tests says of it.
  public var description: String { "\(rawValue) clusters" }

  /// Those that can be had on this machine. With CI=true the real ones must be: where they are not,
  /// their tests fail.
  public static let available: [Backend] =
    RealFleet.absence == nil || RealFleet.environment("CI") == "true" ? allCases : [.simulated]

  /// The path of a kubeconfig with the contexts `cluster1` and `cluster2`, and with `dead`, where
  /// nothing listens.
  public func kubeconfig() async throws -> String {
    switch self {
    case .simulated: return try await Fleets.simulated.value.path
    case .real:
      if let reason = RealFleet.absence { throw RealFleet.Problem(text: reason) }
      return try await Fleets.real.value
    }
  }

  /// A client of a cluster, as a look from outside of verbs.
  public func client(
    _ context: String = "cluster1", hooks: ClientHooks = ClientHooks(),
    discoveryFolder: DiscoveryFolder? = nil
  ) async throws -> KubernetesClient {
    KubernetesClient(
      cluster: context, settings: try await settings(context), hooks: hooks,
      discoveryFolder: discoveryFolder)
  }

  /// How a cluster is reached.
  public func settings(_ context: String = "cluster1") async throws -> ConnectionSettings {
    try Kubeconfig.load(explicitPath: try await kubeconfig(), environment: [:])
      .settings(context: context)
  }
}

private enum Fleets {
  static let simulated = Task { try await SimulatedBackend.start() }
  static let real = Task { try await RealFleet.start("real", clusters: 2).kubeconfig }
  static let forgetful = Task { try await RealFleet.start("forgetful", clusters: 1) }
}

/// A real API server of its own, for tests that fill it or make its etcd forget.
public struct ForgetfulCluster: Sendable {
  /// How the API server is reached.
  public let settings: ConnectionSettings
  private let etcd: KubernetesClient

  /// The one of this process.
  public static func shared() async throws -> ForgetfulCluster {
    if let reason = RealFleet.absence { throw RealFleet.Problem(text: reason) }
    let fleet = try await Fleets.forgetful.value
    let config = try Kubeconfig.load(explicitPath: fleet.kubeconfig, environment: [:])
    let etcd = KubernetesClient(cluster: "etcd", settings: try fleet.etcdSettings())
    return ForgetfulCluster(settings: try config.settings(context: "cluster1"), etcd: etcd)
  }

  /// Makes etcd forget all versions of objects before a resource version.
  public func forget(before version: String) async throws {
    _ = try await etcd.raw(
      method: "POST", path: "/v3/kv/compaction",
      body: ["revision": .string(version), "physical": true])
  }
}

/// A folder for this process's files, removed when it ends.
public enum TestFolder {
  /// Its path.
  public static let path: String = {
    let folder = FileManager.default.temporaryDirectory.appending(
      path: "msh-verbs-\(ProcessInfo.processInfo.processIdentifier)")
    try? FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    atexit { try? FileManager.default.removeItem(atPath: TestFolder.path) }
    return folder.path
  }()

  /// Writes a kubeconfig to which the context `dead` is added.
  public static func write(kubeconfig text: String, _ name: String) throws -> String {
    var config = try YAML.parse(text)
    func append(_ key: String, _ element: JSONValue) {
      config[key] = .array((config[key]?.array ?? []) + [element])
    }
    append("clusters", ["name": "dead", "cluster": ["server": "https://127.0.0.1:1"]])
    append("contexts", ["name": "dead", "context": ["cluster": "dead"]])
    let path = "\(TestFolder.path)/\(name)"
    try YAML.format(config).write(toFile: path, atomically: true, encoding: .utf8)
    return path
  }
}

/// Simulated clusters, which end with this process.
public struct SimulatedBackend: Sendable {
  /// The clusters, named `cluster1` and so on.
  public let fleet: SimulatedFleet
  /// The path of their kubeconfig.
  public let path: String

  /// Starts clusters of a test's own; the test stops them.
  public static func start(
    _ name: String = "simulated", _ count: Int = 2,
    configure: @Sendable (Int, inout SimulatedCluster.Options) -> Void = { _, _ in }
  ) async throws -> SimulatedBackend {
    let fleet = try await SimulatedFleet.start(count, configure: configure)
    return SimulatedBackend(
      fleet: fleet, path: try TestFolder.write(kubeconfig: fleet.kubeconfig, name))
  }
}

/// Real API servers, started by the repository's script; MSH_CONTROL_PLANE_SKIP leaves them out.
public enum RealFleet {
  struct Problem: Error, CustomStringConvertible {
    let text: String
    var description: String { text }
  }

  private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "ControlPlane").path

  static func environment(_ name: String) -> String? {
    ProcessInfo.processInfo.environment[name]
  }

  /// Why there are none; nil when they can be started.
  public static let absence: String? = {
    if environment("MSH_CONTROL_PLANE_SKIP") != nil {
      return "MSH_CONTROL_PLANE_SKIP is set"
    }
    if environment("MSH_CONTROL_PLANE_BIN") != nil { return nil }
    let build = Process()
    build.executableURL = URL(fileURLWithPath: "\(folder)/build")
    build.arguments = ["--cached"]
    build.standardOutput = FileHandle.nullDevice
    build.standardError = FileHandle.nullDevice
    do { try build.run() } catch { return "Tests/ControlPlane/build cannot be run" }
    build.waitUntilExit()
    return build.terminationStatus == 0 ? nil : "Tests/ControlPlane/build has not been run"
  }()

  /// A control plane that runs.
  struct Started: Sendable {
    /// The path of its kubeconfig.
    let kubeconfig: String
    let folder: String

    /// How its etcd is reached.
    func etcdSettings() throws -> ConnectionSettings {
      func read(_ name: String) throws -> [UInt8] {
        Array(try Data(contentsOf: URL(fileURLWithPath: "\(folder)/etcd/\(name)")))
      }
      let url = String(decoding: try read("url").dropLast(), as: UTF8.self)
      guard let server = ServerAddress(url) else { throw Problem(text: "etcd is at \(url)") }
      return ConnectionSettings(
        contextName: "etcd", server: server, certificateAuthority: try read("ca.crt"),
        clientCertificate: try read("admin.crt"), clientKey: try read("admin.key"))
    }
  }

  static func start(_ name: String, clusters: Int) async throws -> Started {
    let run = Process()
    let directory = "\(TestFolder.path)/control-plane-\(name)"
    run.executableURL = URL(fileURLWithPath: "\(folder)/run")
    run.arguments = ["--clusters", "\(clusters)", "--directory", directory]
    let output = Pipe()
    let input = Pipe()
    run.standardInput = input
    run.standardOutput = output
    try run.run()
    // The script ends with its standard input, so with this process, however that ends.
    Keeper.keep(run, input)
    let ready = await Task.detached { firstLine(of: output.fileHandleForReading) }.value
    guard ready.hasPrefix("ready ") else { throw Problem(text: "the control plane did not start") }
    let text = try String(contentsOfFile: String(ready.dropFirst("ready ".count)), encoding: .utf8)
    return Started(
      kubeconfig: try TestFolder.write(kubeconfig: text, name), folder: directory)
  }

  private static func firstLine(of file: FileHandle) -> String {
    var bytes: [UInt8] = []
    while let byte = try? file.read(upToCount: 1)?.first, byte != 0x0A { bytes.append(byte) }
    return String(decoding: bytes, as: UTF8.self)
  }
}

/// Keeps the scripts' standard inputs open until this process ends, then waits for them to clean up.
private enum Keeper {
  private struct Kept {
    let process: Process
    let input: Pipe
  }

  private static let lock = NSLock()
  // Touched with the lock only.
  nonisolated(unsafe) private static var kept: [Kept] = []

  static func keep(_ process: Process, _ input: Pipe) {
    lock.withLock {
      if kept.isEmpty { atexit { Keeper.end() } }
      kept.append(Kept(process: process, input: input))
    }
  }

  private static func end() {
    let all = lock.withLock { kept }
    for one in all { try? one.input.fileHandleForWriting.close() }
    for one in all { one.process.waitUntilExit() }
  }
}
