// Lists: selectors, pages, and the forms table and metadata only.

import JSON
import Testing

@testable import SimulatedCluster

struct ListTests {
  let plane = TestPlane()

  init() {
    for (name, labels) in [
      ("a", ["app": "web", "tier": "front"]), ("b", ["app": "web"]), ("c", ["app": "db"]),
      ("d", [:]),
    ] as [(String, JSONValue)] {
      plane.send("POST", Sample.maps, Sample.map(name, labels: labels))
    }
  }

  @Test(arguments: [
    ("app=web", ["a", "b"]), ("app==db", ["c"]), ("app!=web", ["c", "d", "kube-root-ca.crt"]),
    ("app in (web,db)", ["a", "b", "c"]), ("app notin (web), app", ["c"]), ("tier", ["a"]),
    ("app,!tier", ["b", "c"]), ("app=web,tier=front", ["a"]), ("app=", []),
  ])
  func labelsSelect(selector: String, names: [String]) {
    let escaped = selector.replacing(" ", with: "%20").replacing("=", with: "%3D")
    #expect(plane.get(Sample.maps + "?labelSelector=\(escaped)").names == names)
  }

  @Test func fieldsSelect() {
    #expect(plane.get(Sample.maps + "?fieldSelector=metadata.name%3Db").names == ["b"])
    let elsewhere = "/api/v1/configmaps?fieldSelector=metadata.name%3Db,metadata.namespace%3Dx"
    #expect(plane.get(elsewhere).names == [])
    let unknown = plane.get(Sample.maps + "?fieldSelector=data.x%3D1")
    #expect(unknown.code == 400)
    #expect(unknown.message.contains("is not a known field selector"))
    let typed = "/api/v1/secrets?fieldSelector=type%3DOpaque"
    #expect(plane.get(typed).code == 200)
  }

  @Test func aSelectorThatMakesNoSenseIsABadRequest() {
    #expect(plane.get(Sample.maps + "?labelSelector=%3D%3Dx").code == 400)
  }

  @Test func pagesShowTheStateInWhichTheListBegan() throws {
    let first = plane.get(Sample.maps + "?limit=2")
    #expect(first.names == ["a", "b"])
    #expect(first.json.at(["metadata", "remainingItemCount"]) == 3)
    let token = try #require(first.json.at(["metadata", "continue"])?.string)
    plane.send("DELETE", Sample.maps + "/c")
    plane.send("POST", Sample.maps, Sample.map("b2"))
    let second = plane.get(Sample.maps + "?limit=2&continue=\(token)")
    #expect(second.names == ["c", "d"])
    #expect(
      second.json.at(["metadata", "resourceVersion"])
        == first.json.at(["metadata", "resourceVersion"]))
    let next = try #require(second.json.at(["metadata", "continue"])?.string)
    let last = plane.get(Sample.maps + "?limit=2&continue=\(next)")
    #expect(last.names == ["kube-root-ca.crt"])
    #expect(last.json.at(["metadata", "continue"]) == nil)
  }

  @Test func anExpiredPageCanBeContinuedInconsistently() throws {
    let token = try #require(
      plane.get(Sample.maps + "?limit=2").json.at(["metadata", "continue"])?.string)
    plane.plane.storage.compact()
    let expired = plane.get(Sample.maps + "?limit=2&continue=\(token)")
    #expect(expired.code == 410)
    #expect(expired.reason == "Expired")
    let next = try #require(expired.json.at(["metadata", "continue"])?.string)
    plane.send("DELETE", Sample.maps + "/c")
    #expect(
      plane.get(Sample.maps + "?limit=2&continue=\(next)").names == ["d", "kube-root-ca.crt"])
  }

  @Test func aRevisionDoesNotGoWithAContinueToken() throws {
    let token = try #require(
      plane.get(Sample.maps + "?limit=1").json.at(["metadata", "continue"])?.string)
    #expect(plane.get(Sample.maps + "?limit=1&resourceVersion=5&continue=\(token)").code == 400)
  }

  @Test func aRevisionFromTheFutureTimesOut() {
    let answer = plane.get(Sample.maps + "?resourceVersion=999999")
    #expect(answer.code == 504)
    #expect(
      answer.json.at(["details", "causes"])?.array?.first?["reason"] == "ResourceVersionTooLarge")
  }

  @Test func itemsOfBuiltInListsDoNotRepeatTheirKind() {
    #expect(plane.get(Sample.maps).items.allSatisfy { $0["kind"] == nil })
    plane.apply(Sample.gateways() + "/cross-network-gateway", Sample.gateway())
    #expect(plane.get(Sample.gateways()).items.allSatisfy { $0["kind"] == "Gateway" })
  }

  @Test func aTableHasColumnsAndRows() {
    let table = plane.send(
      "GET", Sample.maps, accept: "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
    ).json
    #expect(table["kind"] == "Table")
    let columns = (table["columnDefinitions"]?.array ?? []).compactMap { $0["name"]?.string }
    #expect(columns == ["Name", "Data", "Age"])
    #expect(table["rows"]?.array?.first?["cells"] == ["a", 1, "0s"])
    #expect(table["rows"]?.array?.first?["object"]?["kind"] == "PartialObjectMetadata")
  }

  @Test func metadataOnlyLeavesTheDataOut() {
    let list = plane.send(
      "GET", Sample.maps,
      accept: "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1")
    #expect(list.json["kind"] == "PartialObjectMetadataList")
    #expect(list.items.allSatisfy { $0["data"] == nil && !$0.name.isEmpty })
  }
}
