// The mesh verbs on clusters: what they make, what a second run leaves alone, how they fail.

import Interpreter
import JSON
import KubernetesClient
import Synchronization
import TestClusters
import Testing

@testable import Builtins

@Suite("The clusters under test")
struct BackendTests {
  @Test(
    "Verbs are tried on real API servers too",
    .enabled(
      if: Backend.available.contains(.real),
      "every test on clusters ran on simulated ones only: \(RealFleet.absence ?? "")"))
  func real() async throws {
    let client = try await Backend.real.client("cluster2")
    #expect(try await client.serverVersion().gitVersion == "v1.20.2")
  }
}

@Suite("Gateways on clusters")
struct GatewayVerbTests {
  private let noWait: ScriptValue = .duration(0)

  @Test("A gateway is made once; a second run writes nothing", arguments: Backend.available)
  func twice(backend: Backend) async throws {
    let script = try await backend.script()
    let c1 = try await script.cluster("cluster1", network: "network1")
    let client = try await backend.client("cluster1")
    let service = try await client.resourceType(named: "services")
    var versions: [String?] = []
    for expected in [[Outcome.Result.created: 7], [.unchanged: 7]] {
      try await script.call(
        "gateway", c1,
        named: [
          "mesh": "mesh1", "revision": "asm-198-6", "namespace": "gateway-twice", "wait": noWait,
        ])
      #expect(script.counts("cluster1") == expected)
      #expect(script.mesh.report().exitCode() == 0)
      script.mesh.reset()
      let made = try await client.get(
        service, name: "istio-eastwestgateway", namespace: "gateway-twice")
      // The controller that assigns an address writes the Service too, but not its fields.
      versions.append(
        made["metadata"]?["managedFields"]?.array?.first { $0["manager"] == "msh" }?.text())
    }
    #expect(versions[0] != nil && versions[0] == versions[1])
    let namespace = try await client.get(
      client.resourceType(named: "namespaces"), name: "gateway-twice")
    #expect(namespace[path: "metadata", "labels", "topology.istio.io/network"] == "network1")
  }

  @Test("A gateway waits for its address and gives it", arguments: Backend.available)
  func address(backend: Backend) async throws {
    let script = try await backend.script()
    let c1 = try await script.cluster("cluster1", network: "network1")
    var wait = ScriptValue.duration(30_000_000_000)
    if backend == .real {
      // Bare API servers have neither nodes nor a load balancer.
      let none = try await script.call(
        "gateway", c1, named: ["namespace": "gateway-address", "wait": noWait])
      #expect(none.isNull)
      let client = try await backend.client("cluster1")
      _ = try await client.patch(
        client.resourceType(named: "services"), name: "istio-eastwestgateway",
        namespace: "gateway-address",
        ["status": ["loadBalancer": ["ingress": [["ip": "192.0.2.7"]]]]],
        subresource: "status")
      wait = noWait
    }
    let address = try await script.call(
      "gateway", c1, named: ["namespace": "gateway-address", "wait": wait])
    #expect(address.text?.isEmpty == false)
    if backend == .real { #expect(address.text == "192.0.2.7") }
  }

  @Test("What a gateway no longer asks for is taken away again", arguments: Backend.available)
  func takesAway(backend: Backend) async throws {
    let script = try await backend.script()
    let c1 = try await script.cluster("cluster1", network: "network1")
    try await script.call(
      "gateway", c1,
      named: [
        "namespace": "gateway-extras", "wait": noWait, "replicas": .range(2, 4, isClosed: true),
        "allow": .list(["10.0.0.0/8"]),
      ])
    #expect(script.counts("cluster1") == [.created: 9])
    script.mesh.reset()
    try await script.call("gateway", c1, named: ["namespace": "gateway-extras", "wait": noWait])
    let report = script.mesh.report()
    let deleted = report.operations.filter { $0.result == .deleted }.map(\.object.kind)
    #expect(deleted.sorted() == ["NetworkPolicy", "PodDisruptionBudget"])
    let changed = report.operations.filter { $0.result == .changed }.map(\.object.kind)
    #expect(changed.sorted() == ["HorizontalPodAutoscaler", "Service"])
    #expect(report.exitCode() == 0)
  }

  /// Leaves a gateway as the guide's own commands do.
  private func makeForeignGateway(_ client: KubernetesClient, _ namespace: String) async throws {
    let labels: JSONValue = [
      "app": "istio-eastwestgateway", "istio": "eastwestgateway",
      "topology.istio.io/network": "network1",
    ]
    let metadata: JSONValue = [
      "name": "istio-eastwestgateway", "namespace": .string(namespace), "labels": labels,
    ]
    var pod = labels
    pod["istio.io/rev"] = "asm-198-6"
    let container: JSONValue = [
      "name": "istio-proxy", "image": "gateway:1",
      "env": [["name": "ISTIO_META_REQUESTED_NETWORK_VIEW", "value": "network1"]],
    ]
    let objects: [JSONValue] = [
      ["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": .string(namespace)]],
      [
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata,
        "spec": [
          "selector": ["matchLabels": labels],
          "template": ["metadata": ["labels": pod], "spec": ["containers": [container]]],
        ],
      ],
      [
        "apiVersion": "v1", "kind": "Service", "metadata": metadata,
        "spec": [
          "type": "LoadBalancer", "selector": labels,
          "ports": [["name": "tls", "port": 15443, "protocol": "TCP"]],
        ],
      ],
    ]
    for object in objects {
      let type = try await client.resourceType(
        apiVersion: object["apiVersion"]?.string ?? "", kind: object["kind"]?.string ?? "")
      _ = try await client.apply(type, object, fieldManager: "istio-operator")
    }
  }

  @Test(
    "A gateway of the guide's own commands is adopted and left as it is",
    arguments: Backend.available)
  func adopts(backend: Backend) async throws {
    let script = try await backend.script()
    let client = try await backend.client("cluster1")
    try await makeForeignGateway(client, "gateway-adopted")
    let c1 = try await script.cluster("cluster1", network: "network1")
    try await script.call(
      "gateway", c1,
      named: ["namespace": "gateway-adopted", "revision": "asm-198-6", "wait": noWait])
    let entries = script.mesh.report().operations
    #expect(entries.map(\.object.kind) == ["Namespace", "Deployment", "Service"])
    #expect(entries.map(\.result) == [.changed, .unchanged, .unchanged])
  }

  @Test(
    "What somebody else's gateway says otherwise is a conflict, never forced",
    arguments: Backend.available)
  func conflict(backend: Backend) async throws {
    let script = try await backend.script()
    try await makeForeignGateway(try await backend.client("cluster1"), "gateway-conflict")
    let c1 = try await script.cluster("cluster1", network: "network1")
    let address = try await script.call(
      "gateway", c1, named: ["namespace": "gateway-conflict", "revision": "other", "wait": noWait])
    #expect(address.isNull)
    let failures = script.mesh.report().operations.filter { $0.result == .failed }
    #expect(failures.map(\.object.kind) == ["Deployment"])
    #expect(failures.first?.status == 409)
    #expect(failures.first?.error?.contains("istio-operator") == true)
    #expect(script.mesh.report().exitCode() == 3)
  }

  @Test(
    "A gateway of another network is refused before anything is applied",
    arguments: Backend.available)
  func otherNetwork(backend: Backend) async throws {
    let script = try await backend.script()
    try await makeForeignGateway(try await backend.client("cluster1"), "gateway-other")
    let c1 = try await script.cluster("cluster1", network: "network2")
    try await script.call("gateway", c1, named: ["namespace": "gateway-other", "wait": noWait])
    let entries = script.mesh.report().operations
    #expect(entries.count == 1)
    #expect(entries.first?.error?.contains("topology.istio.io/network=network1") == true)
  }

  @Test(
    "A list of clusters with a dead one: the others get their gateway", arguments: Backend.available
  )
  func deadCluster(backend: Backend) async throws {
    let script = try await backend.script()
    var clusters: [ScriptValue] = []
    for name in ["cluster1", "dead", "cluster2"] {
      clusters.append(try await script.cluster(name, network: "network1"))
    }
    let addresses = try await script.call(
      "gateway", .list(clusters), named: ["namespace": "gateway-dead", "wait": noWait])
    #expect(addresses.elements.count == 3)
    #expect(script.counts("cluster1") == [.created: 7])
    #expect(script.counts("cluster2") == [.created: 7])
    let report = script.mesh.report()
    #expect(report.clusters.map(\.name) == ["cluster1", "dead", "cluster2"])
    #expect(report.clusters.map(\.isReachable) == [true, false, true])
    #expect(report.clusters[1].count(.failed) == 1)
    #expect(report.clusters[1].reason?.contains("https://127.0.0.1:1") == true)
    #expect(report.exitCode() == 3)
  }

  @Test("Arguments that cannot work are refused by name")
  func badArguments() async throws {
    let script = try await Backend.simulated.script()
    let c1 = try await script.cluster("cluster1", network: "network1")
    let cases: [(String, ScriptValue)] = [
      ("network", "-bad"), ("name", "1gateway"), ("namespace", "a.b"), ("revision", "A"),
      ("type", "Balanced"), ("allow", .list(["10.0.0.0"])), ("replicas", .int(0)),
      ("replicas", .range(3, 2, isClosed: true)), ("replicas", .range(1, 1, isClosed: false)),
      ("replicas", .range(1, .min, isClosed: false)), ("wait", .int(5)), ("ports", .list([])),
      ("ports", .list([.map([("name", "x"), ("port", .int(80))])])), ("annotations", "x"),
      ("resources", .list([])),
    ]
    for (name, value) in cases {
      let error = await scriptError {
        try await script.call("gateway", c1, named: [name: value])
      }
      #expect(error.code == "E0503", "\(name): \(error.message)")
      #expect(error.message.contains("gateway: \(name)"), "\(error.message)")
    }
    let nameless = try await script.cluster("cluster1")
    let error = await scriptError { try await script.call("gateway", nameless) }
    #expect(error.message == "gateway: network is missing, and cluster cluster1 was given none")
    #expect(script.mesh.report().clusters.isEmpty, "nothing was sent")
  }
}

@Suite("Exposing services on clusters")
struct ExposeVerbTests {
  @Test("Services are exposed once, in the newest version", arguments: Backend.available)
  func twice(backend: Backend) async throws {
    let script = try await backend.script()
    let c1 = try await script.cluster("cluster1")
    for expected in [Outcome.Result.created, .unchanged] {
      let isExposed = try await script.call("expose", c1, named: ["namespace": "default"])
      #expect(isExposed.truth == true)
      let entry = try #require(script.mesh.report().operations.first)
      #expect(entry.result == expected)
      #expect(entry.object.apiVersion == "networking.istio.io/v1")
      script.mesh.reset()
    }
  }

  @Test("Without Istio's resources exposing says that Istio is missing")
  func noIstio() async throws {
    let backend = try await SimulatedBackend.start("no-istio", 1) { _, options in
      options.istio = false
    }
    let script = Script(kubeconfig: backend.path)
    let isExposed = try await script.call("expose", try await script.cluster("cluster1"))
    #expect(isExposed.truth == false)
    let error = try #require(script.mesh.report().operations.first?.error)
    #expect(error.contains("cluster1") && error.contains("networking.istio.io"))
    await backend.fleet.stop()
  }

  @Test("An older control plane gets the newest version that it has")
  func olderIstio() async throws {
    let backend = try await SimulatedBackend.start("old-istio", 1) { _, options in
      options.istioVersions = ["v1beta1", "v1alpha3"]
    }
    let script = Script(kubeconfig: backend.path)
    try await script.call(
      "expose", try await script.cluster("cluster1"), named: ["namespace": "default"])
    let entry = script.mesh.report().operations.first
    #expect(entry?.result == .created)
    #expect(entry?.object.apiVersion == "networking.istio.io/v1beta1")
    await backend.fleet.stop()
  }
}
