// A run that is stopped half-way: what was done stays in the report, and so does what was not.

import Foundation
import Interpreter
import JSON
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
}
