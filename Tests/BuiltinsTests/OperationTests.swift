// What verbs compile to, and how operations print.

import Interpreter
import JSON
import KubernetesClient
import Testing

@testable import Builtins

@Suite("What verbs compile to")
struct OperationTests {
  private static let kubeconfig = """
    apiVersion: v1
    kind: Config
    current-context: c1
    clusters:
    - {name: a, cluster: {server: "https://10.0.0.1:6443"}}
    - {name: b, cluster: {server: "https://127.0.0.1:6443"}}
    contexts:
    - {name: c1, context: {cluster: a, namespace: apps}}
    - {name: c2, context: {cluster: b}}
    """

  private func cluster(_ name: String = "c1") throws -> Cluster {
    let config = try Kubeconfig.parse(Self.kubeconfig)
    let connection = ClusterConnection(
      settings: try config.settings(context: name), hooks: ClientHooks())
    return Cluster(
      name: name, network: nil, connection: connection, mesh: Mesh(options: MeshOptions()))
  }

  private func lines(_ operations: [Operation]) -> [String] { operations.map(\.description) }

  @Test(
    "A gateway is its namespace's label, five kinds of objects, and what is not wanted any more")
  func gateway() throws {
    let operations = GatewayVerb.compile(
      GatewaySpecification(network: "n"), on: try cluster(), adopting: LiveGateway())
    let object = "istio-system/istio-eastwestgateway on c1"
    #expect(
      lines(operations) == [
        "apply Namespace istio-system on c1", "apply ServiceAccount \(object)",
        "apply Role \(object)", "apply RoleBinding \(object)", "apply Deployment \(object)",
        "apply Service \(object)", "apply HorizontalPodAutoscaler \(object)",
        "delete PodDisruptionBudget \(object) if msh made it",
        "delete NetworkPolicy \(object) if msh made it",
      ])
    #expect(operations.map(\.isPrerequisite) == [true] + Array(repeating: false, count: 8))
  }

  @Test("Two replicas add a disruption budget, allowed networks a policy")
  func gatewayExtras() throws {
    var gateway = GatewaySpecification(network: "n")
    gateway.replicas = 2...2
    gateway.allow = ["10.0.0.0/8"]
    let operations = GatewayVerb.compile(gateway, on: try cluster(), adopting: LiveGateway())
    #expect(operations.suffix(2).map(\.action) == ["apply", "apply"])
  }

  @Test("Somebody else's gateway keeps its account and its autoscaler")
  func adoptedGateway() throws {
    let foreign: JSONValue = ["metadata": ["name": "istio-eastwestgateway"], "spec": [:]]
    let live = LiveGateway(deployment: foreign, service: foreign)
    let gateway = GatewaySpecification(network: "n")
    let kinds = GatewayVerb.compile(gateway, on: try cluster(), adopting: live).map(\.object.kind)
    #expect(
      kinds == ["Namespace", "Deployment", "Service", "PodDisruptionBudget", "NetworkPolicy"])
  }

  @Test("A gateway waits for its pods, and for an address only where one is to come")
  func gatewayWaits() throws {
    var gateway = GatewaySpecification(network: "n")
    #expect(
      lines(GatewayVerb.waits(gateway, on: try cluster(), .seconds(1))) == [
        "wait for Deployment istio-system/istio-eastwestgateway on c1: rollout",
        "wait for Service istio-system/istio-eastwestgateway on c1: an address",
      ])
    gateway.type = "NodePort"
    #expect(GatewayVerb.waits(gateway, on: try cluster(), .seconds(1)).count == 1)
  }

  @Test("Exposing is one Gateway, offered in every version")
  func expose() throws {
    let operation = ExposeVerb.compile(Exposure(), on: try cluster())
    #expect("\(operation)" == "apply Gateway istio-system/cross-network-gateway on c1")
    guard case .apply(let versions, .merge) = operation.step else {
      Issue.record("not an apply")
      return
    }
    let names = versions.compactMap { $0["apiVersion"]?.string }
    #expect(names == ["v1", "v1beta1", "v1alpha3"].map { "networking.istio.io/\($0)" })
  }

  @Test("A source's reader account is made only where it is missing")
  func access() throws {
    #expect(
      lines(LinkVerb.access(on: try cluster(), namespace: "istio-system")) == [
        "apply Namespace istio-system on c1 if it is missing",
        "apply ServiceAccount istio-system/istio-reader-service-account on c1 if it is missing",
        "apply ClusterRole istio-reader-clusterrole-istio-system on c1 if it is missing",
        "apply ClusterRoleBinding istio-reader-clusterrole-istio-system on c1 if it is missing",
      ])
  }

  @Test("An operation prints neither manifest nor secret, not even when it is dumped")
  func printsNoSecret() throws {
    let operation = Operation.apply(
      ["apiVersion": "v1", "kind": "Secret", "metadata": ["name": "s"], "data": ["k": "aGlkZGVu"]],
      on: try cluster())
    var dumped = "\(operation)"
    dump(operation, to: &dumped)
    #expect(!dumped.contains("aGlkZGVu"))
    #expect(dumped.contains("apply Secret s on c1"))
  }

  @Test("Namespaces and resource definitions are applied first, the rest as it came")
  func applyOrder() {
    let kinds = ["Service", "CustomResourceDefinition", "Deployment", "Namespace", "Namespace"]
    let manifests = kinds.map { kind -> JSONValue in ["kind": .string(kind)] }
    #expect(ApplyVerb.order(of: manifests) == [3, 4, 1, 0, 2])
  }

  @Test("The reader account's token Secrets are found by their annotation, in order of their names")
  func tokenSecrets() {
    func secret(_ name: String, _ account: String) -> JSONValue {
      [
        "metadata": [
          "name": .string(name),
          "annotations": ["kubernetes.io/service-account.name": .string(account)],
        ]
      ]
    }
    let list: JSONValue = [
      secret("z", "istio-reader-service-account"), secret("y", "default"),
      secret("a", "istio-reader-service-account"), ["metadata": ["name": "x"]],
    ]
    #expect(LinkVerb.tokenSecrets(list) == ["a", "z"])
    #expect(LinkVerb.tokenSecrets(nil) == [])
  }
}

@Suite("Whether an object says what a manifest says")
struct CoverageTests {
  @Test("Further fields do not matter, other values do")
  func objects() {
    let live: JSONValue = ["a": 1, "b": ["c": "x", "d": "y"]]
    #expect(live.covers(["b": ["c": "x"]]))
    #expect(!live.covers(["b": ["c": "z"]]))
    #expect(!live.covers(["e": 1]))
  }

  @Test("Named elements are found by name, other lists must be equal in length and content")
  func lists() {
    let live: JSONValue = [["name": "a", "v": 1], ["name": "b", "v": 2]]
    #expect(live.covers([["name": "b", "v": 2]]))
    #expect(!live.covers([["name": "b", "v": 3]]))
    #expect(!JSONValue.array([1, 2]).covers([1]))
    #expect(JSONValue.array([1, 2]).covers([1, 2]))
    #expect(!JSONValue.array([1]).covers([]))
  }

  @Test("An apply that only met another writer has changed nothing")
  func unchanged() {
    func object(_ version: String, _ fields: JSONValue = [:], memory: String = "1Gi") -> JSONValue {
      [
        "metadata": [
          "resourceVersion": .string(version),
          "managedFields": [["manager": "msh", "operation": "Apply", "fieldsV1": fields]],
        ],
        "spec": ["containers": [["name": "c", "memory": .string(memory)]]],
        "status": ["seen": .string(version)],
      ]
    }
    let manifest: JSONValue = ["spec": ["containers": [["name": "c", "memory": "1024Mi"]]]]
    let live = object("1")
    #expect(live.isUnchanged(by: manifest, in: object("1")))
    #expect(live.isUnchanged(by: manifest, in: object("2")), "only the status is new")
    #expect(!live.isUnchanged(by: manifest, in: object("2", ["f:more": [:]])))
    #expect(!object("1", memory: "2Gi").isUnchanged(by: manifest, in: object("2")))
  }
}
