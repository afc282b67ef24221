// Lists and watches at versions, and discovery that has not changed.

import JSON
import Testing

@testable import SimulatedCluster

struct VersionTests {
  let plane = TestPlane()

  @Test func anExactListIsOfThatVersionWhileItIsRemembered() {
    let start = plane.send("POST", Sample.maps, Sample.map("a")).json.resourceVersion
    plane.merge(Sample.maps + "/a", ["data": ["x": "2"]])
    plane.send("POST", Sample.maps, Sample.map("b"))
    plane.send("DELETE", Sample.maps + "/a")
    let query = "?resourceVersion=\(start)&resourceVersionMatch=Exact&labelSelector="
    let then = plane.get(Sample.maps + query)
    #expect(then.items.first { $0.name == "a" }?.at(["data", "x"]) == "1")
    #expect(!then.names.contains("b"))
    #expect(then.json.at(["metadata", "resourceVersion"])?.string == start)
    plane.plane.storage.compact()
    #expect(plane.get(Sample.maps + query).code == 410)
  }

  @Test(arguments: [
    "?resourceVersionMatch=Exact", "?resourceVersion=0&resourceVersionMatch=Exact",
    "?resourceVersion=1&resourceVersionMatch=Near", "?sendInitialEvents=true",
    "?watch=1&resourceVersion=1&resourceVersionMatch=NotOlderThan",
    "?watch=1&sendInitialEvents=true",
  ])
  func parametersThatDoNotGoTogetherAreRefused(query: String) {
    let answer = plane.get(Sample.maps + query)
    #expect(answer.code == 422)
    #expect(answer.json.at(["details", "kind"]) == "ListOptions")
  }

  @Test(arguments: ["1.20.2", "1.28.0"])
  func olderServersHaveNoStreamingLists(version: String) {
    let answer = TestPlane(version: version).get(
      Sample.maps + "?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan")
    #expect(answer.code == 422)
    #expect(answer.message.contains("forbidden"))
  }

  @Test func anAggregatedDiscoveryThatIsKnownIsNotSentAgain() throws {
    let accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
    func ask(_ etag: String?) -> APIResponse {
      var headers = ["authorization": "Bearer administrator", "accept": accept]
      headers["if-none-match"] = etag
      return plane.plane.handle(APIRequest("GET", "/apis", headers: headers))
    }
    let etag = try #require(ask(nil).headers.first { $0.0 == "ETag" }?.1)
    #expect(ask(etag).code == 304)
    #expect(ask(etag).bytes.isEmpty)
    #expect(ask("\"other\"").code == 200)
  }
}
