// Watches: where they begin, what they tell, and how they end.

import JSON
import Testing

@testable import SimulatedCluster

struct WatchTests {
  let plane = TestPlane()

  @Test func withoutARevisionAWatchBeginsWithWhatIsThere() throws {
    plane.send("POST", Sample.maps, Sample.map("a"))
    let (stream, _) = try #require(plane.watch(Sample.maps))
    #expect(TestPlane.events(stream).map { $0.type } == ["ADDED", "ADDED"])
    plane.merge(Sample.maps + "/a", ["data": ["x": "2"]])
    plane.send("DELETE", Sample.maps + "/a")
    let events = TestPlane.events(stream)
    #expect(events.map { $0.type } == ["MODIFIED", "DELETED"])
    #expect(events.first?.object.at(["data", "x"]) == "2")
  }

  @Test func fromARevisionAWatchTellsEveryChangeSince() throws {
    let start = plane.send("POST", Sample.maps, Sample.map("a")).json.resourceVersion
    plane.merge(Sample.maps + "/a", ["data": ["x": "2"]])
    plane.send("POST", Sample.maps, Sample.map("b"))
    let (stream, _) = try #require(plane.watch(Sample.maps + "?resourceVersion=\(start)"))
    let events = TestPlane.events(stream)
    #expect(events.map { "\($0.type) \($0.object.name)" } == ["MODIFIED a", "ADDED b"])
    let revisions = events.compactMap { Int($0.object.resourceVersion) }
    #expect(revisions == revisions.sorted())
  }

  @Test func aForgottenRevisionIsGone() {
    let start = plane.send("POST", Sample.maps, Sample.map("a")).json.resourceVersion
    plane.send("POST", Sample.maps, Sample.map("b"))
    plane.plane.storage.compact()
    let answer = plane.get(Sample.maps + "?watch=1&resourceVersion=\(start)")
    #expect(answer.code == 410)
    #expect(answer.reason == "Expired")
    #expect(answer.message.hasPrefix("too old resource version: \(start)"))
  }

  @Test func theHistoryIsBounded() {
    let plane = TestPlane(historyLimit: 10)
    let start = plane.send("POST", Sample.maps, Sample.map("a")).json.resourceVersion
    for number in 0..<40 {
      plane.merge(Sample.maps + "/a", ["data": ["x": .string("\(number)")]])
    }
    #expect(plane.get(Sample.maps + "?watch=1&resourceVersion=\(start)").code == 410)
  }

  @Test func anObjectThatLeavesTheSelectionIsDeletedFromIt() throws {
    let (stream, _) = try #require(plane.watch(Sample.maps + "?labelSelector=app%3Dweb"))
    plane.send("POST", Sample.maps, Sample.map("a", labels: ["app": "db"]))
    #expect(TestPlane.events(stream).isEmpty)
    plane.merge(Sample.maps + "/a", ["metadata": ["labels": ["app": "web"]]])
    plane.merge(Sample.maps + "/a", ["data": ["x": "2"]])
    let left = plane.merge(Sample.maps + "/a", ["metadata": ["labels": ["app": "db"]]])
    let events = TestPlane.events(stream)
    #expect(events.map { $0.type } == ["ADDED", "MODIFIED", "DELETED"])
    #expect(events.last?.object.labels == ["app": "web"])
    #expect(events.last?.object.resourceVersion == left.json.resourceVersion)
  }

  @Test func oneObjectIsWatchedByItsName() throws {
    let (stream, _) = try #require(
      plane.watch(Sample.maps + "?fieldSelector=metadata.name%3Da"))
    plane.send("POST", Sample.maps, Sample.map("b"))
    plane.send("POST", Sample.maps, Sample.map("a"))
    #expect(TestPlane.events(stream).map(\.object.name) == ["a"])
  }

  @Test func anotherNamespaceIsNotSeen() throws {
    let (stream, _) = try #require(
      plane.watch("/api/v1/namespaces/kube-system/configmaps?resourceVersion=999999"))
    plane.send("POST", Sample.maps, Sample.map("a"))
    #expect(TestPlane.events(stream).isEmpty)
  }

  @Test func aStreamingListEndsWithAMark() throws {
    let query = "?sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"
    let (stream, _) = try #require(plane.watch(Sample.maps + query))
    let events = TestPlane.events(stream)
    #expect(events.map { $0.type } == ["ADDED", "BOOKMARK"])
    #expect(events.last?.object.annotations == ["k8s.io/initial-events-end": "true"])
    #expect(events.last?.object.resourceVersion == String(plane.plane.storage.revision))
  }

  @Test func bookmarksGoToThoseWhoAskForThem() throws {
    let (asked, _) = try #require(plane.watch(Sample.maps + "?allowWatchBookmarks=true"))
    let (other, _) = try #require(plane.watch(Sample.maps))
    _ = (asked.takeAll(), other.takeAll())
    plane.plane.sendBookmarks()
    #expect(TestPlane.events(asked).map { $0.type } == ["BOOKMARK"])
    #expect(TestPlane.events(other).isEmpty)
  }

  @Test func anEndedWatchHearsNothingMore() throws {
    let (stream, id) = try #require(plane.watch(Sample.maps))
    _ = stream.takeAll()
    plane.plane.endWatch(id)
    #expect(stream.isEnded)
    plane.send("POST", Sample.maps, Sample.map("a"))
    #expect(stream.takeAll().isEmpty)
    #expect(plane.plane.watchers.values.allSatisfy { $0.isEmpty })
  }

  @Test func thousandsOfWatchesSeeTheSameChange() throws {
    let streams = try (0..<3000).map { _ in
      try #require(plane.watch(Sample.maps + "?resourceVersion=999999")).0
    }
    plane.send("POST", Sample.maps, Sample.map("a"))
    #expect(streams.allSatisfy { TestPlane.events($0).map { $0.type } == ["ADDED"] })
  }

  @Test func aWatchMayAskForTables() throws {
    let (stream, _) = try #require(
      plane.watch(Sample.maps, accept: "application/json;as=Table;v=v1;g=meta.k8s.io"))
    let event = try #require(TestPlane.events(stream).first)
    #expect(event.object["kind"] == "Table")
    #expect(event.object["rows"]?.array?.count == 1)
  }
}
