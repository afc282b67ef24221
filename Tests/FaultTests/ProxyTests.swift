// The proxy itself: without a fault it changes nothing.

import JSON
import TestClusters
import Testing

@testable import KubernetesClient

@Suite("Proxy", .timeLimit(.minutes(15)))
struct ProxyTests {
  @Test("without a fault it changes nothing", arguments: Backend.available)
  func transparent(backend: Backend) async throws {
    try await withProxy(backend) { setting in
      let client = setting.client()
      let name = Things.name()
      let made = try await client.create(
        Things.configMap, Things.configMap(name), namespace: Setting.namespace)
      let seen = try await setting.direct.get(
        Things.configMap, name: name, namespace: Setting.namespace)
      #expect(made["metadata"]?["uid"] == seen["metadata"]?["uid"])
      #expect(setting.proxy.reached.map(\.method) == ["POST"])
      #expect(setting.proxy.arrived.map(\.protocolName) == ["HTTP/2"])
      #expect(setting.proxy.connectionCount == 1)
      try await eventually { setting.proxy.openExchanges == 0 }
    }
  }
}
