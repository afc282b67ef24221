// The objects of a gateway: against golden files, and against what Istio's Helm chart renders.

import JSON
import Testing

@testable import Builtins

@Suite("The gateway's objects")
struct GatewayManifestTests {
  private var guide: GatewaySpecification { GatewaySpecification(network: "network1") }

  private func manifests(_ gateway: GatewaySpecification) -> [JSONValue] {
    let selector = gateway.selector
    return [
      gateway.systemNamespace, gateway.serviceAccount, gateway.role, gateway.roleBinding,
      gateway.deployment(selector: selector), gateway.service(selector: selector),
      gateway.autoscaler[0],
    ]
  }

  @Test("A gateway with nothing but a network renders as its golden file")
  func plain() {
    expectGolden(manifests(guide), "gateway.network1.yaml")
  }

  @Test("A gateway with every argument renders as its golden file")
  func everything() {
    var gateway = guide
    gateway.name = "istio-west"
    gateway.namespace = "mesh"
    gateway.revision = "asm-198-6"
    gateway.loadBalancerIP = "203.0.113.7"
    gateway.annotations = [("example.com/pool", "public")]
    gateway.allow = ["10.0.0.0/8", "2001:db8::/32"]
    gateway.ports = [
      GatewayPort(name: "status-port", port: 15021, targetPort: 15021),
      GatewayPort(name: "tls", port: 15443, targetPort: 15443, nodePort: 31443),
    ]
    gateway.replicas = 2...4
    gateway.resources = ["requests": ["cpu": "1"]]
    let selector = gateway.selector
    expectGolden(
      manifests(gateway) + [
        gateway.disruptionBudget(selector: selector)[0], gateway.networkPolicy(selector: selector),
      ], "gateway.everything.yaml")
  }

  @Test("Older versions of autoscaler and disruption budget render as their golden file")
  func olderVersions() {
    var gateway = guide
    gateway.replicas = 3...3
    let budgets = gateway.disruptionBudget(selector: gateway.selector)
    expectGolden(
      Array(gateway.autoscaler.dropFirst() + budgets.dropFirst()), "gateway.older-versions.yaml")
  }

  private static let chart = "golden/helm-gateway-networkgateway-network1.yaml"
  private static let sample = "golden/expose-services.yaml"
  private static let generated = "golden/create-remote-secret.generated-reader-rbac.yaml"

  @Test(
    "The objects are those of the Helm chart, but for labels that keep Helm's books",
    .enabled(if: TestFiles.shared(chart) != nil, "no output of the chart to compare with"))
  func likeTheChart() throws {
    let text = try #require(TestFiles.shared(Self.chart))
    let chart = try YAML.parseAll(text).map(withoutBookkeeping)
    let ours = manifests(guide).filter { $0["kind"] != "Namespace" }
    #expect(chart.count == ours.count)
    for expected in chart {
      let kind = try #require(expected["kind"])
      #expect(ours.first { $0["kind"] == kind } == expected, "\(kind)")
    }
  }

  /// The chart's object with our labels in place of Helm's, and without empty annotations.
  private func withoutBookkeeping(_ object: JSONValue) -> JSONValue {
    switch object {
    case .object(let pairs):
      var result = JSONObject()
      for (key, value) in pairs {
        switch key {
        case "helm.sh/chart", "app.kubernetes.io/instance", "app.kubernetes.io/version": continue
        case "app.kubernetes.io/managed-by": result[key] = "msh"
        case "annotations" where value == [:]: continue
        default: result[key] = withoutBookkeeping(value)
        }
      }
      return .object(result)
    case .array(let elements): return .array(elements.map(withoutBookkeeping))
    default: return object
    }
  }

  @Test("The NetworkPolicy opens the gateway's own ports to the allowed networks only")
  func networkPolicy() {
    var gateway = guide
    gateway.allow = ["10.0.0.0/8"]
    let ingress = gateway.networkPolicy(selector: gateway.selector)[path: "spec", "ingress"]?.array
    let guarded = ingress?[1]
    let ports = guarded?["ports"]?.array?.compactMap { $0["port"]?.int }
    #expect(ports == [15443, 15012, 15017])
    #expect(guarded?["from"] == [["ipBlock": ["cidr": "10.0.0.0/8"]]])
    #expect(ingress?[0]["from"] == nil, "health checks come from anywhere")
  }

  @Test("Allowed networks bind the load balancer too, and nodes keep the sources")
  func sourceRanges() {
    var gateway = guide
    gateway.allow = ["10.0.0.0/8"]
    let service = gateway.service(selector: gateway.selector)
    #expect(service[path: "spec", "loadBalancerSourceRanges"] == ["10.0.0.0/8"])
    #expect(service[path: "spec", "externalTrafficPolicy"] == "Local")
    gateway.type = "ClusterIP"
    let inner = gateway.service(selector: gateway.selector)
    #expect(inner[path: "spec", "externalTrafficPolicy"] == nil)
  }

  @Test("Only the name without istio- is the label that Gateway resources select by")
  func istioLabel() {
    #expect(GatewaySpecification.istioLabel(of: "istio-eastwestgateway") == "eastwestgateway")
    #expect(GatewaySpecification.istioLabel(of: "west") == "west")
  }

  @Test("The exposing Gateway renders as its golden file in every version")
  func exposure() {
    expectGolden(Exposure().manifests, "expose.yaml")
  }

  @Test(
    "The exposing Gateway is the sample's, with its namespace",
    .enabled(if: TestFiles.shared(sample) != nil, "no sample to compare with"))
  func likeTheSample() throws {
    var sample = try YAML.parse(try #require(TestFiles.shared(Self.sample)))
    sample["metadata"]?["namespace"] = "istio-system"
    #expect(Exposure().manifests[0] == sample)
  }

  private var readerAccess: [JSONValue] {
    let access = ReaderAccess()
    return [access.serviceAccount, access.clusterRole, access.clusterRoleBinding]
  }

  @Test("The reader account renders as its golden file")
  func reader() {
    expectGolden(readerAccess + [ReaderAccess().tokenSecret], "reader-access.yaml")
  }

  @Test(
    "The reader's rights are those that istioctl generates",
    .enabled(if: TestFiles.shared(generated) != nil, "no output of istioctl to compare with"))
  func likeIstioctl() throws {
    let text = try #require(TestFiles.shared(Self.generated))
    let generated = try YAML.parseAll(text).map { object in
      var object = withoutBookkeeping(object)
      object["metadata"]?["labels"]?["release"] = nil
      return object
    }
    #expect(readerAccess == generated)
  }
}

@Suite("Adopting a gateway that is there")
struct GatewayAdoptionTests {
  private let gateway = GatewaySpecification(network: "network1")

  /// As the guide's own commands leave it.
  private func foreign(network: String = "network1") -> LiveGateway {
    let labels: JSONObject = [
      "app": "istio-eastwestgateway", "istio": "eastwestgateway",
      "topology.istio.io/network": .string(network),
    ]
    return LiveGateway(
      deployment: [
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": ["name": "istio-eastwestgateway", "namespace": "istio-system"],
        "spec": [
          "selector": ["matchLabels": .object(labels)],
          "template": [
            "metadata": ["labels": .object(labels)],
            "spec": ["containers": [["name": "istio-proxy", "env": [gateway.networkView]]]],
          ],
        ],
      ],
      service: [
        "apiVersion": "v1", "kind": "Service",
        "metadata": [
          "name": "istio-eastwestgateway", "namespace": "istio-system", "labels": .object(labels),
        ],
        "spec": ["ports": [["name": "tls", "port": 15443]], "selector": .object(labels)],
      ])
  }

  @Test("Of somebody else's gateway nothing is applied that it says already")
  func coversForeign() throws {
    let live = foreign()
    let deployment = try #require(live.deployment)
    let service = try #require(live.service)
    #expect(deployment.covers(gateway.deployment(adopting: live)))
    #expect(service.covers(gateway.service(adopting: live)))
  }

  @Test("Somebody else's Deployment gets the network and the revision, and nothing else")
  func essentials() {
    var gateway = gateway
    gateway.revision = "asm-198-6"
    let applied = gateway.deployment(adopting: foreign())
    #expect(applied[path: "metadata", "labels"] == nil)
    #expect(applied[path: "spec", "selector"] == nil)
    #expect(
      applied[path: "spec", "template", "metadata"] == [
        "labels": ["topology.istio.io/network": "network1", "istio.io/rev": "asm-198-6"]
      ])
    #expect(
      applied[path: "spec", "template", "spec"] == [
        "containers": [["name": "istio-proxy", "env": [gateway.networkView]]]
      ])
  }

  @Test("A selector of another network is a contradiction, since selectors cannot change")
  func contradiction() {
    #expect(gateway.contradictions(with: foreign()) == [])
    #expect(
      gateway.contradictions(with: foreign(network: "other")) == ["topology.istio.io/network=other"]
    )
  }

  @Test("Our own Deployment keeps the selector that it has, and its pods answer to it")
  func keepsSelector() throws {
    var live = foreign()
    live.deployment?["metadata"]?["labels"] = ["app.kubernetes.io/managed-by": "msh"]
    live.deployment?["spec"]?["selector"]?["matchLabels"]?["tier"] = "edge"
    let applied = gateway.deployment(adopting: live)
    let selector = try #require(applied[path: "spec", "selector", "matchLabels"]?.object)
    #expect(selector["tier"] == "edge")
    let pods = try #require(applied[path: "spec", "template", "metadata", "labels"]?.object)
    #expect(selector.allSatisfy { key, value in pods[key] == value })
  }

  @Test("A Service of somebody else without 15443 gets the gateway's ports")
  func addsPorts() {
    var live = foreign()
    live.service?["spec"]?["ports"] = [["name": "http", "port": 80]]
    let applied = gateway.service(adopting: live)
    #expect(applied[path: "spec", "ports"]?.array?.count == 4)
    #expect(applied[path: "spec", "selector"] == nil)
  }

  @Test("Of somebody else's autoscaler only the bounds are applied")
  func bounds() throws {
    var gateway = gateway
    gateway.replicas = 2...3
    let applied = gateway.autoscaler(adopting: foreign())
    #expect(applied.count == 3)
    for manifest in applied {
      #expect(manifest[path: "metadata", "labels"] == nil)
      let keys = Set(try #require(manifest["spec"]?.object).keys)
      #expect(keys == ["scaleTargetRef", "minReplicas", "maxReplicas"])
    }
  }
}
