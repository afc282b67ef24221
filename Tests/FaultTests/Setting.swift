// What a test of faults works with: a proxy before a server, a client through it, and one past it.

import JSON
import Synchronization
import TestClusters
import Testing

@testable import KubernetesClient

/// The parts of one test.
struct Setting {
  let proxy: FaultProxy
  /// Goes straight to the server.
  let direct: KubernetesClient
  let transport: Transport
  let settings: ConnectionSettings

  static let namespace = "default"

  /// A client through the proxy.
  func client(
    requestTimeout: Duration = .seconds(30), _ change: (inout ConnectionSettings) -> Void = { _ in }
  ) -> KubernetesClient {
    var settings = settings
    change(&settings)
    return KubernetesClient(
      cluster: "c1", settings: settings, transport: transport, requestTimeout: requestTimeout)
  }
}

extension TransportOptions {
  /// Parts of a second in place of half a minute; a probe has seconds, as machines may be busy.
  static var impatient: TransportOptions {
    var options = TransportOptions()
    options.quietLimit = .milliseconds(150)
    options.probeTimeout = .seconds(2)
    return options
  }
}

/// Runs a test between a proxy and a client, and takes both down.
func withProxy(
  _ backend: Backend = .simulated, _ options: FaultProxy.Options = FaultProxy.Options(),
  transport limits: TransportOptions = TransportOptions(),
  _ body: (Setting) async throws -> Void
) async throws {
  try await withProxy(before: try await backend.settings(), options, transport: limits, body)
}

/// The same in front of any server.
func withProxy(
  before server: ConnectionSettings,
  _ options: FaultProxy.Options = FaultProxy.Options(),
  transport limits: TransportOptions = TransportOptions(),
  _ body: (Setting) async throws -> Void
) async throws {
  await Turnstile.shared.enter()
  let result: Result<Void, any Error>
  do {
    result = .success(try await run(server, options, limits, body))
  } catch {
    result = .failure(error)
  }
  await Turnstile.shared.leave()
  try result.get()
}

private func run(
  _ settings: ConnectionSettings, _ options: FaultProxy.Options, _ limits: TransportOptions,
  _ body: (Setting) async throws -> Void
) async throws {
  let proxy = try await FaultProxy.start(try Upstream(settings), options)
  let transport = Transport(options: limits)
  let setting = Setting(
    proxy: proxy, direct: KubernetesClient(cluster: "direct", settings: settings),
    transport: transport, settings: try proxy.settings(settings))
  let result: Result<Void, any Error>
  do {
    result = .success(try await body(setting))
  } catch {
    result = .failure(error)
  }
  transport.shutdown()
  await proxy.stop()
  try result.get()
}

/// Lets a few tests in at a time: all at once they would wait for each other's work.
private actor Turnstile {
  static let shared = Turnstile()
  private var free = 4
  private var waiting: [CheckedContinuation<Void, Never>] = []

  func enter() async {
    if free > 0 {
      free -= 1
      return
    }
    await withCheckedContinuation { waiting.append($0) }
  }

  func leave() {
    guard !waiting.isEmpty else {
      free += 1
      return
    }
    waiting.removeFirst().resume()
  }
}

/// Waits until something holds; the test's time limit ends it when it never does.
func eventually(_ condition: () async throws -> Bool) async throws {
  while try await !condition() { try await Task.sleep(for: .milliseconds(2)) }
}

/// The error of a call; an issue when there is none.
func apiError<Result>(
  sourceLocation: SourceLocation = #_sourceLocation, _ body: () async throws -> Result
) async throws -> APIError {
  try #require(
    await #expect(throws: APIError.self, sourceLocation: sourceLocation) {
      _ = try await body()
    }, sourceLocation: sourceLocation)
}

/// Counts from any task.
final class Counter: Sendable {
  private let count = Atomic<Int>(0)
  var value: Int { count.load(ordering: .relaxed) }
  func add() { count.add(1, ordering: .relaxed) }
}

enum Things {
  static let configMap = ResourceType(
    group: "", version: "v1", kind: "ConfigMap", plural: "configmaps", isNamespaced: true)

  /// Names that no other test has.
  static func name(_ stem: String = "thing") -> String {
    "\(stem)-\(count.add(1, ordering: .relaxed).newValue)"
  }

  private static let count = Atomic<Int>(0)

  static func configMap(_ name: String, _ value: String = "1") -> JSONValue {
    ["metadata": ["name": .string(name)], "data": ["value": .string(value)]]
  }
}
