// `link` on clusters: the Secrets, that their tokens work, and what is done when a cluster is dead.

import Interpreter
import JSON
import KubernetesClient
import Synchronization
import TestClusters
import Testing

@testable import Builtins

@Suite("Links between clusters")
struct LinkVerbTests {
  private func pair(_ script: Script, both: Bool = true) async throws -> ScriptValue {
    let c1 = try await script.cluster("cluster1")
    let c2 = try await script.cluster("cluster2")
    return .link(both ? [(from: c1, to: c2), (from: c2, to: c1)] : [(from: c1, to: c2)])
  }

  @Test(
    "Both control planes get credentials that work, and a second run writes nothing",
    arguments: Backend.available)
  func bothWays(backend: Backend) async throws {
    let script = try await backend.script()
    let link = try await pair(script)
    for expected in [[Outcome.Result.created: 5, .unchanged: 0], [.created: 0, .unchanged: 5]] {
      let pairs = try await script.call(
        "link", link, named: ["namespace": "link-both", "allowLoopback": .bool(true)])
      #expect(pairs.elements.map { $0["ok"]?.truth } == [true, true])
      for name in ["cluster1", "cluster2"] {
        // On clusters since 1.24 there is a token Secret besides.
        let counts = script.counts(name)
        let tokens = backend == .simulated ? 1 : 0
        for result in [Outcome.Result.created, .unchanged] where expected[result] != 0 {
          #expect(counts[result] == (expected[result] ?? 0) + tokens, "\(name)")
        }
        #expect(counts[.failed] == nil && counts[.changed] == nil)
      }
      script.mesh.reset()
    }
    try await expectWorkingSecret(of: "cluster2", in: "cluster1", backend, "link-both")
    try await expectWorkingSecret(of: "cluster1", in: "cluster2", backend, "link-both")
  }

  /// Reads the Secret as istiod does and lists the source's services with what is in it.
  private func expectWorkingSecret(
    of source: String, in consumer: String, _ backend: Backend, _ namespace: String
  ) async throws {
    let client = try await backend.client(consumer)
    let secret = try await client.get(
      client.resourceType(named: "secrets"), name: "istio-remote-secret-\(source)",
      namespace: namespace)
    #expect(secret[path: "metadata", "labels", "istio/multiCluster"] == "true")
    let encoded = try #require(secret["data"]?[source]?.string)
    let text = String(decoding: try #require(Base64.decode(encoded)), as: UTF8.self)
    let settings = try Kubeconfig.parse(text).settings()
    let reader = KubernetesClient(cluster: source, settings: settings)
    let services = try await reader.list(reader.resourceType(named: "services"))
    #expect(!services.items.isEmpty)
    let error = await #expect(throws: APIError.self) {
      try await reader.list(reader.resourceType(named: "roles.rbac.authorization.k8s.io"))
    }
    #expect(error?.status == 403, "the reader may read no more than istiod needs")
  }

  @Test("In a -> b the consumer a gets the token of the source b", arguments: Backend.available)
  func oneWay(backend: Backend) async throws {
    let script = try await backend.script()
    // A namespace of the consumer exists already, as it does where a control plane runs.
    let client = try await backend.client("cluster1")
    _ = try await client.apply(
      client.resourceType(named: "namespaces"),
      ["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": "link-one"]])
    try await script.call(
      "link", try await pair(script, both: false),
      named: ["namespace": "link-one", "allowLoopback": .bool(true)])
    let secrets = script.mesh.report().operations.filter {
      $0.object.name?.hasPrefix("istio-remote-secret-") == true
    }
    #expect(secrets.map(\.cluster) == ["cluster1"])
    #expect(secrets.map(\.object.name) == ["istio-remote-secret-cluster2"])
    #expect(secrets.map(\.result) == [.created])
  }

  @Test(
    "A dead cluster fails its pairs only, and costs one try for all", arguments: Backend.available)
  func deadCluster(backend: Backend) async throws {
    let requests = Mutex<[String]>([])
    let script = try await backend.script { options in
      options.trace = { line in requests.withLock { $0.append(line) } }
    }
    var clusters: [ScriptValue] = []
    for name in ["cluster1", "cluster2", "dead"] { clusters.append(try await script.cluster(name)) }
    let pairs = try await script.call(
      "link", .list(clusters), named: ["namespace": "link-dead", "allowLoopback": .bool(true)])
    for pair in pairs.elements {
      let ends = [pair["from"]?.text, pair["to"]?.text]
      #expect(pair["ok"]?.truth == !ends.contains("dead"), "\(ends)")
      #expect((pair["error"] == nil) == !ends.contains("dead"))
    }
    #expect(pairs.elements.count == 6)
    let report = script.mesh.report()
    #expect(report.exitCode() == 3)
    #expect(report.operations.filter { $0.result == .failed }.allSatisfy { $0.cluster == "dead" })
    let skipped = report.operations.filter { $0.result == .skipped && $0.cluster != "dead" }
    #expect(skipped.map(\.error) == Array(repeating: "no credentials from dead", count: 2))
    let tries = requests.withLock { $0.count { $0.hasPrefix("dead: ") } }
    #expect(
      requests.withLock { $0.allSatisfy { !$0.hasPrefix("dead: ") || $0.contains("/version") } })
    try await script.call("expose", clusters[2])
    #expect(requests.withLock { $0.count { $0.hasPrefix("dead: ") } } == tries, "nobody asks again")
  }

  @Test("A source's token is read once for all its consumers")
  func tokenOnce() async throws {
    let backend = try await SimulatedBackend.start("token-once", 4)
    let script = Script(kubeconfig: backend.path)
    let clusters = try await script.call("contexts", "cluster*")
    try await script.call("link", clusters, named: ["allowLoopback": .bool(true)])
    let tokenReads = backend.fleet.clusters[0].requests.filter {
      $0.method == "PATCH"
        && $0.path.hasSuffix("istio-reader-service-account-istio-remote-secret-token")
    }
    #expect(tokenReads.count == 1)
    #expect(script.mesh.report().exitCode() == 0)
    await backend.fleet.stop()
  }

  @Test("An older cluster's token comes from its ServiceAccount")
  func beforeTokenRequests() async throws {
    let backend = try await SimulatedBackend.start("old-clusters", 2) { _, options in
      options.version = "1.20.2"
    }
    let script = Script(kubeconfig: backend.path)
    let clusters = try await script.call("contexts", "cluster*")
    let pairs = try await script.call("link", clusters, named: ["allowLoopback": .bool(true)])
    #expect(pairs.elements.map { $0["ok"]?.truth } == [true, true])
    let patched = backend.fleet.clusters[0].requests.filter { $0.method == "PATCH" }.map(\.path)
    #expect(!patched.contains { $0.hasSuffix("istio-remote-secret-token") })
    await backend.fleet.stop()
  }

  // MARK: Refusals

  private func refusal(
    _ clusters: ScriptValue, _ script: Script, _ named: KeyValuePairs<String, ScriptValue> = [:]
  ) async -> ScriptError {
    let error = await scriptError { try await script.call("link", clusters, named: named) }
    #expect(script.mesh.report().clusters.isEmpty, "nothing was sent")
    return error
  }

  @Test("A loopback API address is refused, with the ways out")
  func loopback() async throws {
    let script = try await Backend.simulated.script()
    let error = await refusal(try await pair(script), script)
    #expect(error.code == "E0543")
    #expect(error.message.contains("127.0.0.1") || error.message.contains("localhost"))
    #expect(error.notes.contains { $0.contains("server:") })
    #expect(error.notes.contains { $0.contains("allowLoopback: true") })
  }

  @Test("An own address is used instead of the kubeconfig's, one for each source")
  func ownServer() async throws {
    let script = try await Backend.simulated.script()
    let servers: ScriptValue = .map([
      ("cluster1", "https://10.0.0.1:6443"), ("cluster2", "https://10.0.0.2:6443"),
    ])
    try await script.call(
      "link", try await pair(script),
      named: [
        "namespace": "link-server", "server": servers,
        "tlsServerName": .map([("cluster1", "api.one")]),
      ])
    let c2 = try await script.cluster("cluster2")
    let secret = try await script.call(
      "get", c2, "secret/istio-remote-secret-cluster1", named: ["namespace": "link-server"])
    let value = try #require(secret["data"]?["cluster1"])
    let text = try await script.method("secret", "reveal", value).text ?? ""
    #expect(text.contains("    server: https://10.0.0.1:6443\n    tls-server-name: api.one\n"))
  }

  @Test("One address for several sources is refused, as is one of no source or no URL")
  func unclearServer() async throws {
    let script = try await Backend.simulated.script()
    let link = try await pair(script)
    #expect(await refusal(link, script, ["server": "https://10.0.0.1"]).code == "E0545")
    let stray = await refusal(link, script, ["server": .map([("cluster3", "https://10.0.0.1")])])
    #expect(stray.notes == ["did you mean \"cluster1\" or \"cluster2\"?"])
    let bare: ScriptValue = .map([("cluster1", "10.0.0.1"), ("cluster2", "https://10.0.0.2")])
    #expect(await refusal(link, script, ["server": bare]).message.contains("is no URL"))
  }

  @Test("A cluster is never linked to itself, under whatever name")
  func selfLink() async throws {
    let script = try await Backend.simulated.script()
    let one = try await script.cluster("one", context: "cluster1")
    let two = try await script.cluster("two", context: "cluster1")
    #expect(await refusal(.list([one, two]), script).code == "E0540")
    #expect(await refusal(.link([(from: one, to: two)]), script).code == "E0540")
  }

  @Test("Two clusters of one name are refused")
  func doubleName() async throws {
    let script = try await Backend.simulated.script()
    let one = try await script.cluster("same", context: "cluster1")
    let two = try await script.cluster("same", context: "cluster2")
    let error = await refusal(.list([one, two]), script)
    #expect(error.code == "E0541")
    #expect(error.notes.first?.contains("\"cluster1\" and \"cluster2\"") == true)
  }

  @Test("A name that cannot be a cluster ID is refused, with a way to give another")
  func badName() async throws {
    let script = try await Backend.simulated.script()
    let one = try await script.cluster("gke_project_zone_c1", context: "cluster1")
    let two = try await script.cluster("cluster2")
    let error = await refusal(.list([one, two]), script)
    #expect(error.code == "E0542")
    #expect(error.notes.first?.contains("cluster(\"name\", context: \"cluster1\")") == true)
  }

  @Test("What is no cluster cannot be linked")
  func noCluster() async throws {
    let script = try await Backend.simulated.script()
    #expect(await refusal("cluster1", script).code == "E0503")
    #expect(await refusal(.list(["cluster1"]), script).code == "E0503")
  }
}
