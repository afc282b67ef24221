// Errors of clusters by their codes: what a refusal, a wrong server or a missing Istio comes to.

import Interpreter
import JSON
import SimulatedCluster
import TestClusters
import Testing

@testable import Builtins

@Suite("Errors of clusters")
struct ClusterErrorTests {
  private static func answer(_ status: Int, _ reason: String) -> Fault.Effect {
    let body: JSONValue = [
      "kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": .string(reason),
      "code": .int(Int64(status)), "message": "not today",
    ]
    return .status(status, contentType: "application/json", body: body.text())
  }

  @Test(
    "An answer's status decides the code",
    arguments: [
      (401, "Unauthorized", "E0511"), (403, "Forbidden", "E0512"),
      (405, "MethodNotAllowed", "E0516"),
    ])
  func refusals(status: Int, reason: String, code: String) async throws {
    let backend = try await SimulatedBackend.start("answers-\(status)", 1)
    let script = Script(kubeconfig: backend.path)
    let c1 = try await script.cluster("cluster1")
    try await script.call("list", c1, "configmaps")
    backend.fleet.clusters[0].inject(
      Fault(Self.answer(status, reason), pathPrefix: "/api/v1/", count: 1000))
    let error = await scriptError { try await script.call("list", c1, "configmaps") }
    #expect(error.code == code, "\(error.message)")
    let request = error.diagnostic.request
    #expect(request?.cluster == "cluster1" && request?.verb == "list")
    #expect(request?.status == status && request?.reason == reason)
    #expect(request?.object?.contains("configmaps") == true)
    #expect(error.diagnostic.kind == "api")
    await backend.fleet.stop()
  }

  @Test("A server that is no API server is told as such")
  func otherServer() async throws {
    let backend = try await SimulatedBackend.start("no-api", 1)
    let script = Script(kubeconfig: backend.path)
    let c1 = try await script.cluster("cluster1")
    try await script.call("list", c1, "configmaps")
    backend.fleet.clusters[0].inject(Fault(.html(502), count: 1000))
    let error = await scriptError { try await script.call("list", c1, "configmaps") }
    #expect(error.code == "E0517", "\(error.message)")
    await backend.fleet.stop()
  }

  @Test("A verb on several clusters gathers their failures")
  func several() async throws {
    let script = try await Backend.simulated.script()
    let clusters: ScriptValue = .list([
      try await script.cluster("cluster1"), try await script.cluster("dead"),
    ])
    let error = await scriptError { try await script.call("list", clusters, "configmaps") }
    #expect(error.code == "E0518" && error.kind == "parallel")
  }

  @Test("A wait for what cannot come about ends at once")
  func hopeless() async throws {
    let script = try await Backend.simulated.script()
    let c1 = try await script.cluster("cluster1")
    let error = await scriptError {
      try await script.call(
        "wait", c1, "namespaces/default", named: ["for": "jsonpath={.metadata}=x"])
    }
    #expect(error.code == "E0521", "\(error.message)")
  }

  @Test("A resource of Istio in a cluster without Istio")
  func noIstio() async throws {
    let script = try await Backend.simulated.script()
    let c1 = try await script.cluster("cluster1")
    let object: ScriptValue = .json([
      "apiVersion": "networking.istio.io/v1", "kind": "NoSuchKind", "metadata": ["name": "a"],
    ])
    let error = await scriptError { try await script.call("apply", c1, object) }
    #expect(error.code == "E0530", "\(error.message)")
  }

  @Test("A gateway of another network is not changed into one of this")
  func immutableSelector() async throws {
    let script = try await Backend.simulated.script()
    let c1 = try await script.cluster("cluster1", network: "network1")
    let labels: JSONValue = [
      "app": "istio-eastwestgateway", "topology.istio.io/network": "other",
    ]
    try await script.call(
      "apply", c1,
      .json([
        "apiVersion": "v1", "kind": "Namespace", "metadata": ["name": "gateway-other-network"],
      ]))
    try await script.call(
      "apply", c1,
      .json([
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": ["name": "istio-eastwestgateway", "namespace": "gateway-other-network"],
        "spec": [
          "selector": ["matchLabels": labels],
          "template": [
            "metadata": ["labels": labels],
            "spec": ["containers": [["name": "istio-proxy", "image": "auto"]]],
          ],
        ],
      ]))
    script.mesh.reset()
    try await script.call(
      "gateway", c1, named: ["namespace": "gateway-other-network", "wait": .duration(0)])
    let failure = script.mesh.report().operations.first { $0.result == .failed }
    #expect(failure?.error?.contains("topology.istio.io/network=other") == true)
    #expect(MeshErrorCode.immutableSelector.rawValue == "E0531")
  }

  @Test("A cluster without a token for its reader has a code of its own")
  func noCredentials() {
    let error = ScriptError.usage(.noCredentials, "none of the account's secrets is a token")
    #expect(error.code == "E0544" && error.kind == "argument")
  }
}
