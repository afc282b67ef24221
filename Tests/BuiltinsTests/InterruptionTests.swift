// A run that is stopped half-way: what was done stays in the report, and so does what was not. And a
// cluster that never answers: the others do not wait for it.

import Foundation
import Glibc
import Interpreter
import JSON
import KubernetesClient
import SimulatedCluster
import Synchronization
import Testing

@testable import Builtins

@Suite("Interrupted runs")
struct InterruptionTests {
  @Test("What was done and what was interrupted are both in the report")
  func gateway() async throws {
    let fleet = try await SimulatedFleet.start(1) { _, options in options.deployments = .never }
    let path = FileManager.default.temporaryDirectory
      .appendingPathComponent("msh-interruption-\(UUID().uuidString)").path
    try fleet.writeKubeconfig(to: path)
    defer { try? FileManager.default.removeItem(atPath: path) }

    // The run is stopped as soon as it says that it waits.
    let (waiting, signal) = AsyncStream<Void>.makeStream()
    let script = Script(kubeconfig: path) { options in
      options.onEvent = { event in
        if case .waiting = event { signal.yield() }
      }
    }
    let cluster = try await script.cluster("cluster1", network: "network1")
    let run = Task { try await script.call("gateway", cluster, named: ["mesh": "mesh1"]) }
    for await _ in waiting { break }
    run.cancel()
    await #expect(throws: CancellationError.self) { try await run.value }

    let report = script.mesh.report()
    #expect(report.clusters.first?.count(.created) == 6)
    #expect(report.clusters.first?.count(.changed) == 1)
    let interrupted = report.operations.filter { $0.result == .skipped }
    #expect(interrupted.contains { $0.action == "wait" && $0.object.kind == "Deployment" })
    #expect(interrupted.allSatisfy { $0.error?.contains("was interrupted") == true })
    #expect(report.table.contains("was interrupted"))
    await fleet.stop()
  }

  /// A port that takes connections and never says a word; open for as long as the process.
  private func silentPort() throws -> UInt16 {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let status = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
        bind(descriptor, generic, length) == 0 && listen(descriptor, 16) == 0
          && getsockname(descriptor, generic, &length) == 0
      }
    }
    try #require(status)
    return UInt16(bigEndian: address.sin_port)
  }

  @Test("A cluster that never answers holds up its own pairs only")
  func silentCluster() async throws {
    let fleet = try await SimulatedFleet.start(2)
    var config = try YAML.parse(fleet.kubeconfig)
    let server = "https://127.0.0.1:\(try silentPort())"
    config["clusters"] = .array(
      (config["clusters"]?.array ?? [])
        + [["name": "silent", "cluster": ["server": .string(server)]]])
    config["contexts"] = .array(
      (config["contexts"]?.array ?? [])
        + [["name": "silent", "context": ["cluster": "silent"]]])
    let path = FileManager.default.temporaryDirectory
      .appendingPathComponent("msh-silent-\(UUID().uuidString)").path
    try YAML.format(config).write(toFile: path, atomically: true, encoding: .utf8)
    defer { try? FileManager.default.removeItem(atPath: path) }

    let (events, signal) = AsyncStream<String>.makeStream()
    var patience = TransportOptions()
    patience.connectTimeout = .seconds(600)
    let patient = patience
    let script = Script(kubeconfig: path) { options in
      options.allowsLoopback = true
      // Far longer than the others can take on any machine.
      options.transport = Transport(options: patient)
      options.onEvent = { event in
        switch event {
        case .ended(let outcome):
          guard outcome.result == .created, let name = outcome.operation.object.name else { return }
          signal.yield("\(outcome.operation.cluster.name) \(name)")
        case .unreachable(let cluster, _): signal.yield("unreachable \(cluster)")
        case .waiting, .warning: return
        }
      }
    }
    var clusters: [ScriptValue] = []
    for name in ["silent", "cluster1", "cluster2"] {
      clusters.append(try await script.cluster(name))
    }
    let all = clusters
    let run = Task { try await script.call("link", .list(all)) }
    var missing: Set = [
      "cluster1 istio-remote-secret-cluster2", "cluster2 istio-remote-secret-cluster1",
    ]
    for await event in events {
      #expect(event != "unreachable silent", "the others waited for it")
      missing.remove(event)
      if missing.isEmpty || event == "unreachable silent" { break }
    }
    #expect(missing.isEmpty)
    // The silent cluster's own time-out need not be waited for.
    run.cancel()
    _ = await run.result
    await fleet.stop()
  }
}
