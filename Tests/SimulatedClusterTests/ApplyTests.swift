// Server-side apply: ownership, conflicts, removal, and applies that change nothing.

import JSON
import Testing

@testable import SimulatedCluster

struct ApplyTests {
  let plane = TestPlane()
  let path = Sample.maps + "/a"

  /// What a manager owns, as `fieldsV1`.
  private func owned(_ object: JSONValue, _ manager: String) -> JSONValue? {
    (object.at(["metadata", "managedFields"])?.array ?? [])
      .first { $0["manager"]?.string == manager }?["fieldsV1"]
  }

  @Test func anApplyCreatesAndOwnsWhatItNames() {
    let created = plane.apply(path, Sample.map("a", labels: ["l": "1"]), manager: "msh")
    #expect(created.code == 201)
    #expect(
      owned(created.json, "msh")
        == ["f:data": ["f:x": [:]], "f:metadata": ["f:labels": ["f:l": [:]]]])
    let entry = created.json.at(["metadata", "managedFields"])?.array?.first
    #expect(entry?["operation"] == "Apply")
    #expect(entry?["apiVersion"] == "v1")
    #expect(entry?["fieldsType"] == "FieldsV1")
  }

  @Test func theSameApplyAgainChangesNothing() {
    plane.apply(path, Sample.map("a"))
    let before = plane.get(path).json
    plane.clock.advance(60)
    let again = plane.apply(path, Sample.map("a"))
    #expect(again.code == 200)
    #expect(again.json == before)
  }

  @Test(arguments: ["1.20.2", "1.32.0"])
  func aDeploymentAppliedTwiceStaysAsItIs(version: String) {
    let plane = TestPlane(version: version)
    let path = Sample.deployments + "/web"
    let created = plane.apply(path, Sample.deployment()).json
    #expect(
      created.at(["spec", "template", "spec", "containers"])?.array?.first?["resources"]
        == ["limits": ["cpu": "2", "memory": "1Gi"]])
    plane.settle()
    let before = plane.get(path).json
    plane.clock.advance(60)
    #expect(plane.apply(path, Sample.deployment()).json == before)
    plane.settle()
    #expect(plane.get(path).json == before)
  }

  @Test func aServiceAppliedTwiceKeepsItsAddresses() {
    let service: JSONValue = [
      "apiVersion": "v1", "kind": "Service", "metadata": ["name": "lb"],
      "spec": [
        "type": "LoadBalancer", "selector": ["app": "web"],
        "ports": [
          ["name": "tls", "port": 15443, "targetPort": 15443],
          ["name": "status", "port": 15021],
        ],
      ],
    ]
    let path = "/api/v1/namespaces/default/services/lb"
    plane.apply(path, service)
    plane.settle()
    let before = plane.get(path).json
    #expect(before.at(["status", "loadBalancer", "ingress"])?.array?.first?["ip"] == "203.0.113.1")
    #expect(before.at(["spec", "clusterIP"])?.string?.hasPrefix("10.96.") == true)
    #expect(plane.apply(path, service).json == before)
  }

  @Test func aFieldOfAnotherManagerIsAConflict() {
    plane.apply(path, Sample.map("a"), manager: "one")
    let refused = plane.apply(path, Sample.map("a", data: ["x": "2"]), manager: "two")
    #expect(refused.code == 409)
    #expect(refused.reason == "Conflict")
    #expect(refused.message == "Apply failed with 1 conflict: conflict with \"one\": .data.x")
    #expect(
      refused.json.at(["details", "causes"]) == [
        [
          "reason": "FieldManagerConflict", "message": "conflict with \"one\"", "field": ".data.x",
        ]
      ])
    #expect(plane.get(path).json.at(["data", "x"]) == "1")
  }

  @Test func aConflictWithAnUpdateNamesItsVersion() {
    plane.send("POST", Sample.deployments, Sample.deployment(replicas: 1))
    let refused = plane.apply(
      Sample.deployments + "/web",
      [
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": ["name": "web"],
        "spec": [
          "replicas": 5,
          "template": ["spec": ["containers": [["name": "web", "image": "web:2"]]]],
        ],
      ], manager: "msh")
    #expect(
      refused.message
        == "Apply failed with 2 conflicts: conflicts with \"test\" using apps/v1:\n- .spec.replicas\n"
        + "- .spec.template.spec.containers[name=\"web\"].image")
  }

  @Test func forceTakesTheFieldOver() {
    plane.apply(path, Sample.map("a", data: ["x": "1", "y": "1"]), manager: "one")
    let forced = plane.apply(path, Sample.map("a", data: ["x": "2"]), manager: "two", force: true)
    #expect(forced.json["data"] == ["x": "2", "y": "1"])
    #expect(owned(forced.json, "one") == ["f:data": ["f:y": [:]]])
    #expect(owned(forced.json, "two") == ["f:data": ["f:x": [:]]])
  }

  @Test func theSameValueIsSharedWithoutConflict() {
    plane.apply(path, Sample.map("a"), manager: "one")
    let shared = plane.apply(path, Sample.map("a"), manager: "two")
    #expect(shared.code == 200)
    #expect(owned(shared.json, "one") == owned(shared.json, "two"))
  }

  @Test func aFieldThatIsNoLongerAppliedGoes() {
    plane.apply(path, Sample.map("a", data: ["x": "1", "y": "2"], labels: ["l": "1"]))
    let smaller = plane.apply(path, Sample.map("a", data: ["x": "1"]))
    #expect(smaller.json["data"] == ["x": "1"])
    #expect(smaller.json["metadata"]?["labels"] == nil)
    #expect(smaller.json.uid.count == 36)
  }

  @Test func aFieldThatAnotherManagerSharesStays() {
    plane.apply(path, Sample.map("a", data: ["x": "1", "y": "2"]), manager: "one")
    plane.apply(path, Sample.map("a", data: ["y": "2"]), manager: "two")
    let smaller = plane.apply(path, Sample.map("a", data: ["x": "1"]), manager: "one")
    #expect(smaller.json["data"] == ["x": "1", "y": "2"])
  }

  @Test func whatAnotherManagerAddedToAListStays() {
    let path = Sample.deployments + "/web"
    plane.apply(path, Sample.deployment(), manager: "one")
    plane.apply(
      path,
      [
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": ["name": "web"],
        "spec": [
          "template": [
            "spec": ["containers": [["name": "web", "env": [["name": "A", "value": "1"]]]]]
          ]
        ],
      ], manager: "two")
    let again = plane.apply(path, Sample.deployment(), manager: "one")
    let container = again.json.at(["spec", "template", "spec", "containers"])?.array?.first
    #expect(container?["env"] == [["name": "A", "value": "1"]])
    #expect(container?["image"] == "web:1")
  }

  @Test func anElementThatIsNoLongerAppliedGoes() {
    var object = Sample.deployment()
    let containers = ["spec", "template", "spec", "containers"]
    let first = object.at(containers)?.array ?? []
    object.set(.array(first + [["name": "side", "image": "side:1"]]), at: containers)
    let path = Sample.deployments + "/web"
    #expect(plane.apply(path, object).json.at(containers)?.array?.count == 2)
    let smaller = plane.apply(path, Sample.deployment()).json
    #expect(smaller.at(containers)?.array?.compactMap { $0["name"]?.string } == ["web"])
  }

  @Test func givingUpReplicasReturnsThemToTheDefault() {
    let path = Sample.deployments + "/web"
    plane.apply(path, Sample.deployment(replicas: 4))
    #expect(plane.apply(path, Sample.deployment()).json.at(["spec", "replicas"]) == 1)
  }

  @Test func theAutoscalersReplicasAreNotTouchedByAnApplyWithoutThem() {
    let path = Sample.deployments + "/web"
    plane.apply(path, Sample.deployment())
    let scale: JSONValue = [
      "apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": ["name": "web"],
      "spec": ["replicas": 3],
    ]
    #expect(plane.send("PUT", path + "/scale", scale).code == 200)
    #expect(plane.apply(path, Sample.deployment()).json.at(["spec", "replicas"]) == 3)
  }

  @Test func theListOfServersOfAGatewayIsOwnedAsAWhole() {
    let path = Sample.gateways() + "/cross-network-gateway"
    let created = plane.apply(path, Sample.gateway(), manager: "msh")
    #expect(
      owned(created.json, "msh")
        == ["f:spec": ["f:selector": ["f:istio": [:]], "f:servers": [:]]])
    var other = Sample.gateway()
    other.set([], at: ["spec", "servers"])
    #expect(
      plane.apply(path, other, manager: "other").message
        == "Apply failed with 1 conflict: conflict with \"msh\": .spec.servers")
  }

  @Test func theVersionsOfACustomResourceAreOneObject() {
    plane.apply(
      Sample.gateways("v1beta1") + "/cross-network-gateway", Sample.gateway(version: "v1beta1"))
    for version in ["v1", "v1beta1", "v1alpha3"] {
      let read = plane.get(Sample.gateways(version) + "/cross-network-gateway").json
      #expect(read["apiVersion"] == .string("networking.istio.io/\(version)"))
      #expect(read["spec"] == Sample.gateway()["spec"])
    }
  }

  @Test func anUnknownFieldHasNoPlaceInTheSchema() {
    var object = Sample.deployment()
    object.set(3, at: ["spec", "replica"])
    let answer = plane.apply(Sample.deployments + "/web", object)
    #expect(answer.code == 500)
    #expect(
      answer.message == "failed to create typed patch object (default/web; apps/v1, "
        + "Kind=Deployment): .spec.replica: field not declared in schema")
  }

  @Test func anApplyNeedsAManagerAndMayNotCarryManagedFields() {
    let nameless = plane.send(
      "PATCH", path, Sample.map("a"), type: "application/apply-patch+yaml")
    #expect(nameless.code == 422)
    #expect(nameless.message.contains("fieldManager: Required value: is required for apply patch"))
    var object = Sample.map("a")
    object.setMeta("managedFields", [["manager": "x"]])
    #expect(plane.apply(path, object).message == "metadata.managedFields must be nil")
  }

  @Test func anApplyMayBeYAML() {
    let text = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n  x: \"1\"\n"
    let answer = plane.send(
      "PATCH", path + "?fieldManager=y", type: "application/apply-patch+yaml",
      raw: Array(text.utf8))
    #expect(answer.code == 201)
    #expect(answer.json["data"] == ["x": "1"])
  }

  @Test func aDryRunOfAnApplyShowsConflictsAndStoresNothing() {
    plane.apply(path, Sample.map("a"), manager: "one")
    let before = plane.get(path).json
    let other = Sample.map("a", data: ["x": "2"])
    #expect(plane.apply(path + "?dryRun=All", other, manager: "two").code == 409)
    let forced = plane.apply(path + "?dryRun=All", other, manager: "two", force: true)
    #expect(forced.json.at(["data", "x"]) == "2")
    #expect(plane.get(path).json == before)
  }

  @Test func anUpdateTakesOverWhatItChanges() {
    plane.apply(path, Sample.map("a", data: ["x": "1", "y": "1"]), manager: "one")
    let updated = plane.merge(path, ["data": ["x": "2"]])
    #expect(owned(updated.json, "one") == ["f:data": ["f:y": [:]]])
    #expect(owned(updated.json, "test") == ["f:data": ["f:x": [:]]])
  }

  @Test func managedFieldsCanBeRewritten() {
    plane.send("POST", Sample.maps, Sample.map("a"))
    let entry: JSONValue = [
      "manager": "msh", "operation": "Apply", "apiVersion": "v1", "time": "2023-11-14T22:13:20Z",
      "fieldsType": "FieldsV1", "fieldsV1": ["f:data": ["f:x": [:]]],
    ]
    let patched = plane.send(
      "PATCH", path,
      [["op": "replace", "path": "/metadata/managedFields", "value": [entry]]],
      type: "application/json-patch+json")
    #expect(patched.code == 200)
    #expect(patched.json.at(["metadata", "managedFields"]) == [entry])
    #expect(plane.apply(path, Sample.map("a", data: [:]), manager: "msh").json["data"] == nil)
  }
}
