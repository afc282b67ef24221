// What the cluster does by itself: accounts, tokens, addresses, availability, definitions.

import JSON
import Testing

@testable import SimulatedCluster

struct ControllerTests {
  private let secrets = "/api/v1/namespaces/istio-system/secrets"
  private let accounts = "/api/v1/namespaces/istio-system/serviceaccounts"

  private func account(_ name: String) -> JSONValue {
    ["apiVersion": "v1", "kind": "ServiceAccount", "metadata": ["name": .string(name)]]
  }

  private func decoded(_ secret: JSONValue, _ key: String) -> String? {
    secret.at(["data", key])?.string.flatMap(Base64.decode).map {
      String(decoding: $0, as: UTF8.self)
    }
  }

  @Test func everyNamespaceHasAnAccountAndTheCertificateAuthority() {
    let plane = TestPlane()
    for namespace in ["default", "kube-system", "istio-system"] {
      let root = "/api/v1/namespaces/\(namespace)"
      #expect(plane.get(root + "/serviceaccounts/default").code == 200)
      #expect(
        plane.get(root + "/configmaps/kube-root-ca.crt").json.at(["data", "ca.crt"])
          == "certificate authority\n")
    }
  }

  @Test func aTokenSecretIsFilledInOnALaterTurn() throws {
    let plane = TestPlane()
    plane.send("POST", accounts, account("reader"))
    let created = plane.send("POST", secrets, Sample.secret("token", account: "reader"))
    #expect(created.json["data"] == nil)
    plane.settle()
    let filled = plane.get(secrets + "/token").json
    #expect(decoded(filled, "ca.crt") == "certificate authority\n")
    #expect(decoded(filled, "namespace") == "istio-system")
    let token = try #require(decoded(filled, "token"))
    #expect(token.split(separator: ".").count == 3)
    let before = filled.resourceVersion
    plane.settle()
    #expect(plane.get(secrets + "/token").json.resourceVersion == before)
  }

  @Test func aTokenIsAcceptedUntilItsSecretIsDeleted() throws {
    let plane = TestPlane()
    plane.send("POST", accounts, account("reader"))
    plane.send("POST", secrets, Sample.secret("token", account: "reader"))
    plane.settle()
    let token = try #require(decoded(plane.get(secrets + "/token").json, "token"))
    // Known, but nothing is granted to it.
    #expect(plane.send("GET", "/api/v1/pods", token: token).code == 403)
    plane.send("DELETE", secrets + "/token")
    plane.settle()
    #expect(plane.send("GET", "/api/v1/pods", token: token).code == 401)
  }

  @Test func theTokensOfADeletedAccountAreRefused() throws {
    let plane = TestPlane()
    plane.send("POST", accounts, account("reader"))
    plane.send("POST", secrets, Sample.secret("token", account: "reader"))
    plane.settle()
    let token = try #require(decoded(plane.get(secrets + "/token").json, "token"))
    plane.send("DELETE", accounts + "/reader")
    plane.settle()
    #expect(plane.get(secrets + "/token").code == 404)
    #expect(plane.send("GET", "/api/v1/pods", token: token).code == 401)
  }

  @Test func aTokenSecretOfNoAccountIsRemoved() {
    let plane = TestPlane()
    plane.send("POST", secrets, Sample.secret("token", account: "nobody"))
    plane.settle()
    #expect(plane.get(secrets + "/token").code == 404)
  }

  @Test func aTokenSecretMustNameItsAccount() {
    let plane = TestPlane()
    var secret = Sample.secret("token", account: "x")
    secret.setMeta("annotations", nil)
    #expect(plane.send("POST", secrets, secret).code == 422)
  }

  @Test func before124AnAccountHasATokenSecretOfItsOwn() throws {
    let plane = TestPlane(version: "1.20.2")
    plane.send("POST", accounts, account("reader"))
    plane.settle()
    let names = plane.get(accounts + "/reader").json["secrets"]?.array ?? []
    let name = try #require(names.first?["name"]?.string)
    #expect(names.count == 1)
    #expect(name.hasPrefix("reader-token-"))
    #expect(decoded(plane.get(secrets + "/\(name)").json, "token") != nil)
  }

  @Test func since124AnAccountHasNone() {
    let plane = TestPlane(version: "1.24.0")
    plane.send("POST", accounts, account("reader"))
    plane.settle()
    #expect(plane.get(accounts + "/reader").json["secrets"] == nil)
    #expect(plane.get(secrets).items.isEmpty)
  }

  @Test func aRequestedTokenExpires() throws {
    let plane = TestPlane()
    plane.send("POST", accounts, account("reader"))
    let request: JSONValue = [
      "apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest",
      "spec": ["expirationSeconds": 600],
    ]
    let answer = plane.send("POST", accounts + "/reader/token", request)
    #expect(answer.code == 201)
    #expect(answer.json.at(["status", "expirationTimestamp"]) == "2023-11-14T22:23:20Z")
    let token = try #require(answer.json.at(["status", "token"])?.string)
    #expect(plane.send("GET", "/api/v1/pods", token: token).code == 403)
    plane.clock.advance(600)
    #expect(plane.send("GET", "/api/v1/pods", token: token).code == 401)
  }

  @Test func rolesDecideWhatAnAccountMayDo() throws {
    let plane = TestPlane()
    let group = "rbac.authorization.k8s.io"
    plane.send("POST", accounts, account("reader"))
    plane.send("POST", secrets, Sample.secret("token", account: "reader"))
    plane.settle()
    let token = try #require(decoded(plane.get(secrets + "/token").json, "token"))
    plane.apply(
      "/apis/\(group)/v1/clusterroles/reader",
      [
        "apiVersion": .string("\(group)/v1"), "kind": "ClusterRole",
        "metadata": ["name": "reader"],
        "rules": [["apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list", "watch"]]],
      ])
    plane.apply(
      "/apis/\(group)/v1/clusterrolebindings/reader",
      [
        "apiVersion": .string("\(group)/v1"), "kind": "ClusterRoleBinding",
        "metadata": ["name": "reader"], "roleRef": ["kind": "ClusterRole", "name": "reader"],
        "subjects": [
          ["kind": "ServiceAccount", "name": "reader", "namespace": "istio-system"]
        ],
      ])
    #expect(plane.send("GET", "/api/v1/pods", token: token).code == 200)
    let refused = plane.send("GET", "/api/v1/namespaces/default/secrets", token: token)
    #expect(
      refused.message
        == "secrets is forbidden: User \"system:serviceaccount:istio-system:reader\" cannot list "
        + "resource \"secrets\" in API group \"\" in the namespace \"default\"")
    let review: JSONValue = [
      "apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
      "spec": ["resourceAttributes": ["verb": "list", "resource": "pods"]],
    ]
    let path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
    #expect(plane.send("POST", path, review, token: token).json.at(["status", "allowed"]) == true)
  }

  @Test(
    arguments: [
      (.ip, ["ip": "203.0.113.1", "ipMode": "VIP"]),
      (.hostname, ["hostname": "lb1.cluster1.example.com"]), (.none, nil),
    ] as [(SimulatedCluster.LoadBalancer, JSONValue?)])
  func loadBalancersGiveAddresses(kind: SimulatedCluster.LoadBalancer, expected: JSONValue?) {
    let plane = TestPlane(loadBalancer: kind)
    let path = "/api/v1/namespaces/default/services/lb"
    plane.apply(
      path,
      [
        "apiVersion": "v1", "kind": "Service", "metadata": ["name": "lb"],
        "spec": ["type": "LoadBalancer", "ports": [["port": 443]]],
      ])
    #expect(plane.get(path).json["status"] == ["loadBalancer": [:]])
    plane.settle()
    #expect(
      plane.get(path).json.at(["status", "loadBalancer", "ingress"])?.array?.first == expected)
  }

  private func availability(_ plane: TestPlane) -> JSONValue? {
    plane.apply(Sample.deployments + "/web", Sample.deployment(replicas: 2))
    plane.settle()
    let deployment = plane.get(Sample.deployments + "/web").json
    return deployment.at(["status", "conditions"])?.array?
      .first { $0["type"] == "Available" }?["status"]
  }

  @Test func deploymentsBecomeAvailable() {
    let plane = TestPlane()
    #expect(availability(plane) == "True")
    let status = plane.get(Sample.deployments + "/web").json["status"]
    #expect(status?["readyReplicas"] == 2)
    #expect(status?["observedGeneration"] == 1)
    plane.merge(Sample.deployments + "/web", ["spec": ["replicas": 5]])
    plane.settle()
    let scaled = plane.get(Sample.deployments + "/web").json["status"]
    #expect(scaled?["availableReplicas"] == 5)
    #expect(scaled?["observedGeneration"] == 2)
  }

  @Test func deploymentsCanBeMadeToFailOrToBeIgnored() {
    #expect(availability(TestPlane(deployments: .failing("image cannot be pulled"))) == "False")
    #expect(availability(TestPlane(deployments: .never)) == nil)
  }

  @Test func aDefinitionAddsAResourceAndTakesItsObjectsAlong() {
    let plane = TestPlane(istio: false)
    let definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    let definition: JSONValue = [
      "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
      "metadata": ["name": "wombats.example.com"],
      "spec": [
        "group": "example.com", "scope": "Namespaced",
        "names": ["kind": "Wombat", "plural": "wombats", "shortNames": ["wb"]],
        "versions": [
          [
            "name": "v1", "served": true, "storage": true,
            "schema": [
              "openAPIV3Schema": [
                "type": "object",
                "properties": [
                  "spec": ["type": "object", "properties": ["weight": ["type": "integer"]]]
                ],
              ]
            ],
          ]
        ],
      ],
    ]
    #expect(plane.get("/apis/example.com/v1").code == 404)
    #expect(plane.send("POST", definitions, definition).code == 201)
    plane.settle()
    let established = plane.get(definitions + "/wombats.example.com").json
    #expect(
      established.at(["status", "conditions"])?.array?
        .contains { $0["type"] == "Established" && $0["status"] == "True" } == true)
    #expect(plane.get("/apis/example.com/v1").code == 200)
    let wombats = "/apis/example.com/v1/namespaces/default/wombats"
    let wombat: JSONValue = [
      "apiVersion": "example.com/v1", "kind": "Wombat", "metadata": ["name": "w"],
      "spec": ["weight": 30, "colour": "brown"],
    ]
    let strict = plane.send("POST", wombats + "?fieldValidation=Strict", wombat)
    #expect(strict.message.contains("unknown field \"spec.colour\""))
    #expect(plane.send("POST", wombats, wombat).json["spec"] == ["weight": 30])
    plane.send("DELETE", definitions + "/wombats.example.com")
    plane.settle()
    #expect(plane.get(wombats).code == 404)
    plane.send("POST", definitions, definition)
    #expect(plane.get(wombats).items.isEmpty)
  }

  @Test func gatewaysOfTheGatewayAPIAreProgrammed() {
    let plane = TestPlane()
    let path =
      "/apis/gateway.networking.k8s.io/v1/namespaces/istio-system/gateways/istio-eastwestgateway"
    plane.apply(
      path,
      [
        "apiVersion": "gateway.networking.k8s.io/v1", "kind": "Gateway",
        "metadata": ["name": "istio-eastwestgateway"],
        "spec": [
          "gatewayClassName": "istio-east-west",
          "listeners": [["name": "mesh", "port": 15008, "protocol": "HBONE"]],
        ],
      ])
    plane.settle()
    let gateway = plane.get(path).json
    #expect(
      gateway.at(["status", "addresses"]) == [["type": "IPAddress", "value": "203.0.113.1"]])
  }

  @Test func anAutoscalerIsTheSameInBothVersions() {
    let plane = TestPlane()
    func path(_ version: String) -> String {
      "/apis/autoscaling/\(version)/namespaces/default/horizontalpodautoscalers/h"
    }
    plane.apply(
      path("v2"),
      [
        "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
        "metadata": ["name": "h"],
        "spec": [
          "maxReplicas": 5,
          "scaleTargetRef": ["apiVersion": "apps/v1", "kind": "Deployment", "name": "web"],
        ],
      ])
    let old = plane.get(path("v1")).json
    #expect(old["apiVersion"] == "autoscaling/v1")
    #expect(old.at(["spec", "targetCPUUtilizationPercentage"]) == 80)
    #expect(old.at(["spec", "metrics"]) == nil)
    #expect(plane.get(path("v2")).json.at(["spec", "minReplicas"]) == 1)
  }
}
