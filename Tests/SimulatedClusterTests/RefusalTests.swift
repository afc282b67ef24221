// What the API server refuses, and in which words.

import JSON
import Testing

@testable import SimulatedCluster

struct RefusalTests {
  let plane = TestPlane()

  @Test func aMissingObjectIsNotFound() {
    let answer = plane.get(Sample.deployments + "/nothing")
    #expect(answer.code == 404)
    #expect(answer.message == "deployments.apps \"nothing\" not found")
    #expect(answer.json["details"] == ["name": "nothing", "group": "apps", "kind": "deployments"])
  }

  @Test func aMissingNamespaceIsNotFound() {
    let answer = plane.send("POST", "/api/v1/namespaces/nowhere/configmaps", Sample.map("a"))
    #expect(answer.code == 404)
    #expect(answer.message == "namespaces \"nowhere\" not found")
  }

  @Test func anUnknownResourceOfAKnownVersionIsAStatus() {
    let answer = plane.get("/api/v1/wombats")
    #expect(answer.code == 404)
    #expect(answer.message == "the server could not find the requested resource")
  }

  @Test func anUnknownGroupIsPlainText() {
    let answer = plane.get("/apis/example.com/v1/wombats")
    #expect(answer.code == 404)
    #expect(answer.response.contentType.hasPrefix("text/plain"))
  }

  @Test(arguments: [nil, "wrong"]) func anUnknownTokenIsUnauthorized(token: String?) {
    let headers = token.map { ["authorization": "Bearer \($0)"] } ?? [:]
    let response = plane.plane.handle(APIRequest("GET", "/api/v1/namespaces", headers: headers))
    #expect(response.code == 401)
  }

  @Test(arguments: ["/version", "/livez", "/readyz", "/healthz"])
  func healthAndVersionNeedNoToken(path: String) {
    #expect(plane.plane.handle(APIRequest("GET", path)).code == 200)
  }

  @Test func aPostToAnObjectIsNotAllowed() {
    #expect(plane.send("POST", "/api/v1/namespaces/default", [:]).code == 405)
  }

  @Test func htmlIsNotAcceptable() {
    #expect(plane.send("GET", "/api/v1/namespaces", accept: "text/html").code == 406)
  }

  @Test func aStrategicPatchOfACustomResourceIsUnsupported() {
    plane.apply(Sample.gateways() + "/cross-network-gateway", Sample.gateway())
    let answer = plane.send(
      "PATCH", Sample.gateways() + "/cross-network-gateway", ["spec": [:]],
      type: "application/strategic-merge-patch+json")
    #expect(answer.code == 415)
  }

  @Test func aBodyAboveThreeMegabytesIsTooLarge() {
    let raw = [UInt8](repeating: 0x20, count: ControlPlane.bodyLimit + 1)
    let answer = plane.send("POST", Sample.maps, raw: raw)
    #expect(answer.code == 413)
    #expect(answer.reason == "RequestEntityTooLarge")
  }

  @Test func brokenJSONIsABadRequest() {
    #expect(plane.send("POST", Sample.maps, raw: Array("{".utf8)).code == 400)
  }

  @Test func nameKindAndVersionMustFitThePath() {
    #expect(plane.send("PUT", Sample.maps + "/a", Sample.map("b")).code == 400)
    #expect(plane.send("POST", Sample.maps, Sample.deployment()).code == 400)
    var object = Sample.map("a")
    object.setMeta("namespace", "other")
    #expect(
      plane.send("POST", Sample.maps, object).message
        == "the namespace of the provided object does not match the namespace sent on the request")
  }

  @Test func badNamesAndLabelsAreInvalid() {
    let name = plane.send("POST", Sample.maps, Sample.map("Bad_Name"))
    #expect(name.code == 422)
    #expect(name.json.at(["details", "causes"])?.array?.first?["field"] == "metadata.name")
    let label = plane.send("POST", Sample.maps, Sample.map("a", labels: ["a": "not a value"]))
    #expect(label.code == 422)
    let nameless = plane.send("POST", Sample.maps, Sample.map(""))
    #expect(nameless.message.hasSuffix("Required value: name or generateName is required"))
  }

  @Test func theSelectorOfADeploymentCannotChange() {
    plane.send("POST", Sample.deployments, Sample.deployment())
    let answer = plane.merge(
      Sample.deployments + "/web",
      [
        "spec": [
          "selector": ["matchLabels": ["tier": "a"]],
          "template": ["metadata": ["labels": ["tier": "a"]]],
        ]
      ])
    #expect(answer.code == 422)
    #expect(answer.reason == "Invalid")
    #expect(answer.message.hasPrefix("Deployment.apps \"web\" is invalid: spec.selector:"))
    #expect(answer.message.hasSuffix("field is immutable"))
  }

  @Test func theRoleOfABindingCannotChange() {
    let path = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings"
    var binding: JSONValue = [
      "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding",
      "metadata": ["name": "b"], "roleRef": ["kind": "ClusterRole", "name": "one"],
    ]
    #expect(plane.apply(path + "/b", binding).code == 201)
    binding.set("two", at: ["roleRef", "name"])
    #expect(plane.apply(path + "/b", binding).code == 422)
  }

  @Test func strictValidationNamesEveryUnknownField() {
    var object = Sample.deployment()
    object.set(3, at: ["spec", "replica"])
    object["colour"] = "red"
    let strict = plane.send("POST", Sample.deployments + "?fieldValidation=Strict", object)
    #expect(strict.code == 400)
    #expect(strict.message.contains("unknown field \"spec.replica\""))
    #expect(strict.message.contains("unknown field \"colour\""))
    let warned = plane.send("POST", Sample.deployments, object)
    #expect(warned.code == 201)
    #expect(warned.json.at(["spec", "replica"]) == nil)
    let warnings = warned.response.headers.filter { $0.0 == "Warning" }.map(\.1)
    #expect(warnings.contains("299 - \"unknown field \\\"spec.replica\\\"\""))
  }

  @Test func aWrongTypeIsABadRequest() {
    var object = Sample.deployment()
    object.set("three", at: ["spec", "replicas"])
    let answer = plane.send("POST", Sample.deployments, object)
    #expect(answer.code == 400)
    #expect(answer.message.contains("cannot unmarshal string"))
    #expect(answer.message.contains("spec.replicas"))
  }

  @Test func theClustersOwnNamespacesCannotBeDeleted() {
    #expect(plane.send("DELETE", "/api/v1/namespaces/kube-system").code == 403)
  }
}
