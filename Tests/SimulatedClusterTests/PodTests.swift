// Pods: they run at once, have logs, and are evicted as far as budgets allow.

import JSON
import Testing

@testable import SimulatedCluster

struct PodTests {
  let plane = TestPlane()

  private func budget(_ spec: JSONValue) -> JSONValue {
    var spec = spec
    spec["selector"] = ["matchLabels": ["app": "web"]]
    return [
      "apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": ["name": "web"],
      "spec": spec,
    ]
  }

  private let budgets = "/apis/policy/v1/namespaces/default/poddisruptionbudgets"

  private func evict(_ name: String, _ options: JSONValue = [:], version: String = "policy/v1")
    -> TestPlane.Answer
  {
    plane.send(
      "POST", "\(Sample.pods)/\(name)/eviction",
      [
        "apiVersion": .string(version), "kind": "Eviction",
        "metadata": ["name": .string(name), "namespace": "default"], "deleteOptions": options,
      ])
  }

  @Test func aPodRunsAsSoonAsItIsThere() {
    plane.send("POST", Sample.pods, Sample.pod("a"))
    #expect(plane.get(Sample.pods + "/a").json.at(["status", "phase"]) == "Pending")
    plane.settle()
    let pod = plane.get(Sample.pods + "/a").json
    #expect(pod.at(["status", "phase"]) == "Running")
    #expect(pod.at(["status", "containerStatuses"])?.array?.first?["ready"] == true)
  }

  @Test func whatOthersSayOfAPodStaysWhenItRuns() {
    plane.send("POST", Sample.pods, Sample.pod("a"))
    let checked: JSONValue = ["type": "Checked", "status": "False"]
    plane.send(
      "PATCH", Sample.pods + "/a/status", ["status": ["conditions": [checked]]],
      type: "application/merge-patch+json")
    plane.settle()
    let status = plane.get(Sample.pods + "/a").json["status"] ?? [:]
    #expect(status["phase"] == "Running")
    let conditions = status["conditions"]?.array ?? []
    #expect(conditions.contains { $0["type"] == "Checked" && $0["status"] == "False" })
    #expect(conditions.contains { $0["type"] == "Ready" && $0["status"] == "True" })
    #expect(conditions.count == 5)
  }

  @Test(
    arguments: [
      (["minAvailable": 2], 1), (["minAvailable": "50%"], 1), (["maxUnavailable": 1], 1),
      (["maxUnavailable": "100%"], 3), (["minAvailable": 4], 0),
    ] as [(JSONValue, Int64)])
  func aBudgetCountsThePodsThatAreReady(spec: JSONValue, allowed: Int64) {
    for name in ["a", "b", "c"] { plane.send("POST", Sample.pods, Sample.pod(name)) }
    plane.send("POST", budgets, budget(spec))
    plane.settle()
    let status = plane.get(budgets + "/web").json["status"] ?? [:]
    #expect(status["disruptionsAllowed"] == .int(allowed))
    #expect(status["currentHealthy"] == 3)
    #expect(status["expectedPods"] == 3)
  }

  @Test func evictionsSpendTheBudget() {
    for name in ["a", "b"] { plane.send("POST", Sample.pods, Sample.pod(name)) }
    plane.send("POST", budgets, budget(["minAvailable": 1]))
    // One that does not run yet disturbs nobody.
    #expect(evict("a").code == 201)
    plane.settle()
    plane.send("POST", Sample.pods, Sample.pod("c"))
    plane.settle()
    let first = evict("b", ["dryRun": ["All"]])
    let second = evict("b")
    let third = evict("c")
    #expect([first.code, second.code, third.code] == [201, 201, 429])
    #expect(third.reason == "TooManyRequests")
    #expect(!third.response.headers.contains { $0.0 == "Retry-After" })
    #expect(plane.get(Sample.pods).names == ["c"])
  }

  @Test func aBudgetThatIsNotCountedYetAsksForPatience() {
    plane.send("POST", Sample.pods, Sample.pod("a"))
    plane.settle()
    plane.send("POST", budgets, budget(["minAvailable": 0]))
    let answer = evict("a")
    #expect(answer.code == 429)
    #expect(answer.response.headers.contains { $0 == ("Retry-After", "10") })
  }

  @Test func evictionsHaveVersionsAndPreconditions() {
    let old = TestPlane(version: "1.20.2")
    old.send("POST", Sample.pods, Sample.pod("a"))
    func evict(_ version: String) -> Int {
      old.send(
        "POST", Sample.pods + "/a/eviction",
        ["apiVersion": .string(version), "kind": "Eviction", "metadata": ["name": "a"]]
      ).code
    }
    #expect(evict("policy/v1") == 400)
    #expect(evict("policy/v1beta1") == 201)
    plane.send("POST", Sample.pods, Sample.pod("a"))
    #expect(self.evict("a", ["preconditions": ["uid": "other"]]).code == 409)
    #expect(self.evict("none").code == 404)
  }

  @Test func aNamespaceThatGoesRefusesEvictions() {
    var pod = Sample.pod("a")
    pod.setMeta("finalizers", ["test/hold"])
    plane.send("POST", "/api/v1/namespaces", ["metadata": ["name": "x"]])
    plane.send("POST", "/api/v1/namespaces/x/pods", pod)
    plane.send("DELETE", "/api/v1/namespaces/x")
    let answer = plane.send("POST", "/api/v1/namespaces/x/pods/a/eviction", [:])
    #expect(answer.code == 403)
    let cause = answer.json.at(["details", "causes"])?.array?.first
    #expect(cause?["reason"] == "NamespaceTerminating")
  }

  // MARK: Logs

  private func log(_ query: String) -> TestPlane.Answer {
    plane.get(Sample.pods + "/a/log" + query)
  }

  private func text(_ answer: TestPlane.Answer) -> String {
    String(decoding: answer.response.bytes, as: UTF8.self)
  }

  private func write(_ texts: String..., container: String = "main") {
    for text in texts {
      plane.plane.logs.write(
        text,
        to: .init(pod: ObjectKey(namespace: "default", name: "a"), name: container),
        seconds: plane.clock.now)
      plane.clock.advance(10)
    }
  }

  @Test func logsAreCutAsAskedFor() {
    plane.send("POST", Sample.pods, Sample.pod("a"))
    #expect(text(log("")) == "simulated container main of pod a\n")
    plane.clock.advance(10)
    let start = Clock.text(plane.clock.now)
    write("one", "two", "three")
    #expect(text(log("?tailLines=2")) == "two\nthree\n")
    #expect(text(log("?sinceTime=\(start)&limitBytes=5")) == "one\nt")
    #expect(text(log("?sinceSeconds=15")) == "three\n")
    #expect(text(log("?timestamps=true&tailLines=1")).hasSuffix("Z three\n"))
    #expect(log("?sinceSeconds=1&sinceTime=\(start)").code == 422)
    #expect(log("?tailLines=-1").code == 422)
    #expect(log("?previous=true").code == 400)
    #expect(log("?container=none").code == 400)
  }

  @Test func aPodOfSeveralContainersNeedsOneNamed() {
    plane.send("POST", Sample.pods, Sample.pod("a", containers: ["main", "side"]))
    #expect(log("").message.contains("choose one of: [main side]"))
    write("m", container: "side")
    #expect(text(log("?container=side")) == "m\n")
  }

  @Test func followersGetWhatIsWrittenUntilTheirConnectionOrThePodEnds() throws {
    plane.send("POST", Sample.pods, Sample.pod("a"))
    write("one")
    func follow() throws -> EventStream {
      guard case .stream(let stream, _, _) = log("?follow=true").response.body else {
        throw NoStream()
      }
      return stream
    }
    let first = try follow()
    write("two")
    #expect(String(decoding: first.takeAll(), as: UTF8.self) == "one\ntwo\n")
    plane.plane.restartContainer(
      .init(pod: ObjectKey(namespace: "default", name: "a"), name: "main"))
    #expect(first.isEnded)
    #expect(text(log("?previous=true")) == "one\ntwo\n")
    let second = try follow()
    plane.send("DELETE", Sample.pods + "/a")
    plane.settle()
    #expect(second.isEnded)
  }

  private struct NoStream: Error {}
}
