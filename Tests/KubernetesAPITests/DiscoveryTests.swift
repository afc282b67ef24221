// Discovery against API servers: few requests, kept between runs, and never wrong for long.

import Foundation
import JSON
import SimulatedCluster
import TestClusters
import Testing

@testable import KubernetesClient

@Suite("API: discovery", .serialized, .timeLimit(.minutes(5)))
struct DiscoveryTests {
  /// A folder for discoveries that does not exist yet, removed afterwards.
  private func withFolder(
    _ body: @Sendable (DiscoveryFolder) async throws -> Void
  ) async throws {
    let place = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    defer { try? FileManager.default.removeItem(at: place) }
    try await body(DiscoveryFolder(path: place.appending(path: "msh/discovery").path))
  }

  private func withCluster(
    _ version: String = "1.32.0",
    _ body: @Sendable (SimulatedCluster, DiscoveryFolder) async throws -> Void
  ) async throws {
    var options = SimulatedCluster.Options(name: "discovered")
    options.version = version
    let cluster = try await SimulatedCluster.start(options)
    let result: Result<Void, any Error>
    do {
      try await withFolder { try await body(cluster, $0) }
      result = .success(())
    } catch { result = .failure(error) }
    await cluster.stop()
    try result.get()
  }

  private func requests(_ cluster: SimulatedCluster) -> [String] {
    defer { cluster.clearRequests() }
    return cluster.requests.map { "\($0.path) \($0.status)" }.sorted()
  }

  @Test("a second client asks nothing, on either kind of server", arguments: Backend.available)
  func secondClient(backend: Backend) async throws {
    try await withFolder { folder in
      let first = try await backend.client(discoveryFolder: folder)
      let types = try await first.resourceTypes()
      let asked = Place.Log()
      let second = try await backend.client(
        hooks: ClientHooks(onRequest: { asked.add($0.path) }), discoveryFolder: folder)
      #expect(try await second.resourceTypes() == types)
      #expect(try await second.resourceType(named: "deploy").kind == "Deployment")
      #expect(asked.texts.isEmpty)
    }
  }

  @Test("kubectl#1126: aggregated discovery takes two requests, whatever there is")
  func aggregated() async throws {
    try await withCluster { cluster, folder in
      _ = try await cluster.client().resourceTypes()
      #expect(requests(cluster) == ["/api 200", "/apis 200"])
    }
  }

  @Test("kubernetes#105489: older servers are asked for all versions at once")
  func legacy() async throws {
    try await withCluster("1.20.2") { cluster, folder in
      let old = try await cluster.client().resourceTypes()
      let asked = requests(cluster)
      #expect(asked.contains("/api/v1 200"))
      #expect(asked.contains("/apis/apps/v1 200"))
      #expect(Set(asked).count == asked.count)
      #expect(old.contains { $0.qualifiedName == "deployments.apps" && !$0.subresources.isEmpty })
    }
  }

  @Test("a name that is missing asks once, by the state that is known; new kinds are found then")
  func miss() async throws {
    try await withCluster { cluster, folder in
      _ = try await cluster.client(discoveryFolder: folder).resourceTypes()
      _ = requests(cluster)
      let second = try cluster.client(discoveryFolder: folder)
      let error = await #expect(throws: APIError.self) {
        try await second.resourceType(named: "widgets")
      }
      #expect(error?.reason == "UnknownResource")
      #expect(requests(cluster) == ["/api 304", "/apis 304"])
      let definitions = try await second.resourceType(named: "crd")
      _ = try await second.create(
        definitions,
        [
          "metadata": ["name": "widgets.example.com"],
          "spec": [
            "group": "example.com", "scope": "Namespaced",
            "names": ["plural": "widgets", "kind": "Widget", "shortNames": ["po", "wi"]],
            "versions": [
              [
                "name": "v1", "served": true, "storage": true,
                "schema": [
                  "openAPIV3Schema": [
                    "type": "object", "x-kubernetes-preserve-unknown-fields": true,
                  ]
                ],
              ]
            ],
          ],
        ])
      _ = requests(cluster)
      #expect(try await second.resourceType(named: "wi").kind == "Widget")
      #expect(requests(cluster) == ["/api 304", "/apis 200"])
      // And the next client knows it from the disk.
      let warnings = Place.Log()
      let third = try cluster.client(
        hooks: ClientHooks(onWarning: { warnings.add($0) }), discoveryFolder: folder)
      #expect(try await third.resourceType(named: "widgets").kind == "Widget")
      #expect(try await third.resourceType(named: "po").kind == "Pod")
      #expect(warnings.texts.first?.contains("widgets.example.com") == true)
      #expect(requests(cluster).isEmpty)
    }
  }

  @Test("a kind that has gone is noticed at its first use")
  func gone() async throws {
    try await withCluster { cluster, folder in
      let first = try cluster.client(discoveryFolder: folder)
      let definitions = try await first.resourceType(named: "crd")
      _ = try await first.resourceType(named: "gateways.networking.istio.io")
      try await first.delete(definitions, name: "gateways.networking.istio.io")
      let second = try cluster.client(discoveryFolder: folder)
      let type = try await second.resourceType(named: "gateways.networking.istio.io")
      await #expect(throws: APIError.self) { try await second.list(type) }
      let error = await #expect(throws: APIError.self) {
        try await second.resourceType(named: "gateways.networking.istio.io")
      }
      #expect(error?.reason == "UnknownResource")
    }
  }

  @Test("what is older than six hours is asked for again, cheaply where nothing changed")
  func expiry() async throws {
    try await withCluster { cluster, folder in
      let client = try cluster.client(discoveryFolder: folder)
      let types = try await client.resourceTypes()
      let file = try #require(client.discovery.file)
      var old = try #require(file.read())
      old.saved -= DiscoveryDocuments.lifetime
      file.write(old)
      _ = requests(cluster)
      #expect(try await cluster.client(discoveryFolder: folder).resourceTypes() == types)
      #expect(requests(cluster) == ["/api 304", "/apis 304"])
      let renewed = try #require(file.read())
      #expect(renewed.saved > old.saved)
    }
  }

  @Test("groups whose own server is down are left out, named, and not kept")
  func partial() async throws {
    try await withCluster("1.20.2") { cluster, folder in
      cluster.inject(Fault(.status(503, body: "down"), pathPrefix: "/apis/apps/v1", count: 4))
      let client = try cluster.client(discoveryFolder: folder)
      _ = try await client.resourceTypes()
      #expect(client.discovery.file?.read() == nil)
      cluster.inject(Fault(.status(503, body: "down"), pathPrefix: "/apis/apps/v1", count: 4))
      let error = await #expect(throws: APIError.self) {
        try await client.resourceType(named: "deployments")
      }
      #expect(error?.message.contains("apps/v1") == true)
      #expect(try await client.resourceType(named: "deployments").kind == "Deployment")
      #expect(client.discovery.file?.read() != nil)
    }
  }
}
