// Objects and their revisions: create, replace, delete, generations, finalizers, namespaces.

import JSON
import Testing

@testable import SimulatedCluster

struct StorageTests {
  let plane = TestPlane()

  @Test func aNewObjectGetsIdentityAndRevision() {
    let created = plane.send("POST", Sample.maps, Sample.map("a"))
    #expect(created.code == 201)
    #expect(created.json.uid.count == 36)
    #expect(created.json.meta("creationTimestamp") == "2023-11-14T22:13:20Z")
    #expect(Int(created.json.resourceVersion) != nil)
    #expect(plane.get(Sample.maps + "/a").json == created.json)
  }

  @Test func revisionsGrowOverAllResources() throws {
    let first = plane.send("POST", Sample.maps, Sample.map("a")).json.resourceVersion
    let second = plane.send("POST", Sample.deployments, Sample.deployment()).json.resourceVersion
    #expect(try #require(Int(second)) > #require(Int(first)))
  }

  @Test func aReplaceThatChangesNothingKeepsTheRevision() {
    let created = plane.send("POST", Sample.maps, Sample.map("a")).json
    plane.clock.advance(5)
    #expect(plane.send("PUT", Sample.maps + "/a", created).json == created)
  }

  @Test func aStaleRevisionIsAConflict() {
    let created = plane.send("POST", Sample.maps, Sample.map("a")).json
    #expect(plane.merge(Sample.maps + "/a", ["data": ["x": "2"]]).code == 200)
    let stale = plane.send("PUT", Sample.maps + "/a", created)
    #expect(stale.code == 409)
    #expect(stale.reason == "Conflict")
    #expect(
      stale.message == "Operation cannot be fulfilled on configmaps \"a\": the object has been "
        + "modified; please apply your changes to the latest version and try again")
  }

  @Test func theSameNameTwiceAlreadyExists() {
    plane.send("POST", Sample.maps, Sample.map("a"))
    let again = plane.send("POST", Sample.maps, Sample.map("a"))
    #expect(again.code == 409)
    #expect(again.reason == "AlreadyExists")
    #expect(again.json["details"] == ["name": "a", "kind": "configmaps"])
  }

  @Test func generateNameAddsARandomSuffix() {
    var object = Sample.map("")
    object["metadata"] = ["generateName": "run-"]
    let names = [0, 1].map { _ in plane.send("POST", Sample.maps, object).json.name }
    #expect(names.allSatisfy { $0.hasPrefix("run-") && $0.count == 9 })
    #expect(Set(names).count == 2)
  }

  @Test func theGenerationCountsChangesOfTheSpecOnly() {
    #expect(
      plane.send("POST", Sample.deployments, Sample.deployment()).json["metadata"]?["generation"]
        == 1)
    let path = Sample.deployments + "/web"
    let labelled = plane.merge(path, ["metadata": ["labels": ["a": "b"]]])
    #expect(labelled.json["metadata"]?["generation"] == 1)
    let scaled = plane.merge(path, ["spec": ["replicas": 3]])
    #expect(scaled.json["metadata"]?["generation"] == 2)
    let status = plane.merge(
      path + "/status", ["status": ["replicas": 3], "spec": ["replicas": 9]])
    #expect(status.json["metadata"]?["generation"] == 2)
    #expect(status.json.at(["spec", "replicas"]) == 3)
    #expect(status.json.at(["status", "replicas"]) == 3)
  }

  @Test func aWriteToTheObjectLeavesItsStatusAlone() {
    plane.send("POST", Sample.deployments, Sample.deployment())
    plane.settle()
    let before = plane.get(Sample.deployments + "/web").json
    let after = plane.merge(Sample.deployments + "/web", ["status": ["replicas": 77]])
    #expect(after.json["status"] == before["status"])
    #expect(after.json.resourceVersion == before.resourceVersion)
  }

  @Test func finalizersHoldADeletedObject() {
    var object = Sample.map("held")
    object.setMeta("finalizers", ["example.com/hold"])
    plane.send("POST", Sample.maps, object)
    let deleted = plane.send("DELETE", Sample.maps + "/held")
    #expect(deleted.code == 200)
    #expect(deleted.json.isBeingDeleted)
    #expect(plane.get(Sample.maps + "/held").code == 200)
    plane.merge(Sample.maps + "/held", ["metadata": ["finalizers": .null]])
    #expect(plane.get(Sample.maps + "/held").code == 404)
  }

  @Test func deletingAnswersWithAStatus() {
    let uid = plane.send("POST", Sample.maps, Sample.map("a")).json.uid
    let deleted = plane.send("DELETE", Sample.maps + "/a").json
    #expect(deleted["status"] == "Success")
    #expect(deleted["details"] == ["name": "a", "kind": "configmaps", "uid": .string(uid)])
  }

  @Test func aPreconditionOnTheUIDProtectsAnotherObject() {
    plane.send("POST", Sample.maps, Sample.map("a"))
    let options: JSONValue = ["preconditions": ["uid": "other"]]
    let refused = plane.send("DELETE", Sample.maps + "/a", options)
    #expect(refused.code == 409)
    #expect(plane.get(Sample.maps + "/a").code == 200)
  }

  @Test func aCollectionIsDeletedBySelector() {
    plane.send("POST", Sample.maps, Sample.map("a", labels: ["run": "1"]))
    plane.send("POST", Sample.maps, Sample.map("b", labels: ["run": "2"]))
    let deleted = plane.send("DELETE", Sample.maps + "?labelSelector=run%3D1")
    #expect(deleted.names == ["a"])
    #expect(plane.get(Sample.maps + "/a").code == 404)
    #expect(plane.get(Sample.maps + "/b").code == 200)
  }

  @Test func aDryRunShowsTheResultAndStoresNothing() {
    let created = plane.send("POST", Sample.maps + "?dryRun=All", Sample.map("a"))
    #expect(created.code == 201)
    #expect(created.json.at(["data", "x"]) == "1")
    #expect(plane.get(Sample.maps + "/a").code == 404)
    let real = plane.send("POST", Sample.maps, Sample.map("a")).json
    let patched = plane.merge(Sample.maps + "/a?dryRun=All", ["data": ["x": "2"]])
    #expect(patched.json.at(["data", "x"]) == "2")
    #expect(plane.get(Sample.maps + "/a").json == real)
    plane.send("DELETE", Sample.maps + "/a?dryRun=All")
    #expect(plane.get(Sample.maps + "/a").code == 200)
  }

  @Test func aDeletedNamespaceEmptiesItselfFirst() {
    plane.send(
      "POST", "/api/v1/namespaces",
      ["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": "demo"]])
    plane.settle()
    plane.send("POST", "/api/v1/namespaces/demo/configmaps", Sample.map("a"))
    let deleted = plane.send("DELETE", "/api/v1/namespaces/demo").json
    #expect(deleted.at(["status", "phase"]) == "Terminating")
    let late = plane.send("POST", "/api/v1/namespaces/demo/configmaps", Sample.map("b"))
    #expect(late.code == 403)
    #expect(late.json.at(["details", "causes"])?.array?.first?["reason"] == "NamespaceTerminating")
    plane.settle()
    #expect(plane.get("/api/v1/namespaces/demo").code == 404)
    #expect(plane.get("/api/v1/namespaces/demo/configmaps").items.isEmpty)
  }

  @Test func aNamespaceWaitsForWhatIsHeldInIt() {
    plane.send(
      "POST", "/api/v1/namespaces",
      ["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": "demo"]])
    var held = Sample.map("held")
    held.setMeta("finalizers", ["example.com/hold"])
    plane.send("POST", "/api/v1/namespaces/demo/configmaps", held)
    plane.send("DELETE", "/api/v1/namespaces/demo")
    plane.settle()
    #expect(plane.get("/api/v1/namespaces/demo").code == 200)
    plane.merge(
      "/api/v1/namespaces/demo/configmaps/held", ["metadata": ["finalizers": .null]])
    plane.settle()
    #expect(plane.get("/api/v1/namespaces/demo").code == 404)
  }

  @Test func dependentsGoWithTheirOwner() {
    let owner = plane.send("POST", Sample.maps, Sample.map("owner")).json
    var child = Sample.map("child")
    child.setMeta(
      "ownerReferences",
      [
        [
          "apiVersion": "v1", "kind": "ConfigMap", "name": "owner",
          "uid": .string(owner.uid),
        ]
      ])
    plane.send("POST", Sample.maps, child)
    plane.settle()
    #expect(plane.get(Sample.maps + "/child").code == 200)
    plane.send("DELETE", Sample.maps + "/owner")
    plane.settle()
    #expect(plane.get(Sample.maps + "/child").code == 404)
  }

  @Test func orphansStayWhenTheirOwnerIsDeletedSo() {
    let owner = plane.send("POST", Sample.maps, Sample.map("owner")).json
    var child = Sample.map("child")
    child.setMeta(
      "ownerReferences",
      [["apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": .string(owner.uid)]])
    plane.send("POST", Sample.maps, child)
    plane.send("DELETE", Sample.maps + "/owner", ["propagationPolicy": "Orphan"])
    plane.settle()
    let orphan = plane.get(Sample.maps + "/child")
    #expect(orphan.code == 200)
    #expect(orphan.json["metadata"]?["ownerReferences"] == nil)
  }
}
