// What waits look for.

import JSON
import Testing

@testable import Builtins

@Suite("Goals of waits")
struct WaitGoalTests {
  private func deployment(
    generation: Int64 = 2, observed: Int64 = 2, replicas: Int64 = 2, updated: Int64 = 2,
    total: Int64 = 2, available: Int64 = 2, conditions: [JSONValue] = []
  ) -> JSONValue {
    [
      "metadata": ["generation": .int(generation)], "spec": ["replicas": .int(replicas)],
      "status": [
        "observedGeneration": .int(observed), "updatedReplicas": .int(updated),
        "replicas": .int(total), "availableReplicas": .int(available),
        "conditions": .array(conditions),
      ],
    ]
  }

  @Test("A rollout ends when all pods are new and available, and says what it lacks before")
  func rollout() {
    let goal = WaitGoal.rollout
    #expect(goal.verdict(on: deployment()) == .met)
    #expect(
      goal.verdict(on: deployment(observed: 1))
        == .pending("the deployment controller has not seen it yet"))
    #expect(
      goal.verdict(on: deployment(updated: 1)) == .pending("1 of 2 pods are of the newest template")
    )
    #expect(goal.verdict(on: deployment(total: 3)) == .pending("old pods that are still there: 1"))
    #expect(goal.verdict(on: deployment(available: 0)) == .pending("0 of 2 pods are available"))
    let late: JSONValue = [
      "type": "Progressing", "reason": "ProgressDeadlineExceeded", "message": "too slow",
    ]
    #expect(goal.verdict(on: deployment(available: 0, conditions: [late])) == .failed("too slow"))
    #expect(goal.verdict(on: nil) == .failed("it does not exist"))
  }

  @Test("A condition is compared without regard to case and says its reason")
  func condition() {
    let object: JSONValue = [
      "status": [
        "conditions": [
          ["type": "Available", "status": "False", "reason": "NoPods", "message": "none yet"]
        ]
      ]
    ]
    #expect(
      WaitGoal.condition("available", value: "true").verdict(on: object)
        == .pending("its condition available is False (NoPods: none yet)"))
    #expect(WaitGoal.condition("Available", value: "FALSE").verdict(on: object) == .met)
    #expect(
      WaitGoal.condition("Ready", value: "true").verdict(on: object)
        == .pending("it has no condition Ready"))
  }

  @Test("A condition of an earlier generation does not count")
  func staleCondition() {
    let object: JSONValue = [
      "metadata": ["generation": 3],
      "status": [
        "observedGeneration": 2, "conditions": [["type": "Available", "status": "True"]],
      ],
    ]
    #expect(
      WaitGoal.condition("Available", value: "true").verdict(on: object)
        == .pending("its condition Available is of an earlier generation"))
  }

  @Test("Deletion is over when the object, or the one of that UID, is gone")
  func deletion() {
    let goal = WaitGoal.deleted(uid: "1")
    #expect(goal.verdict(on: nil) == .met)
    #expect(goal.verdict(on: ["metadata": ["uid": "2"]]) == .met)
    #expect(
      goal.verdict(on: ["metadata": ["uid": "1"]]) == .pending("it exists and is not being deleted")
    )
    #expect(
      goal.verdict(on: [
        "metadata": ["uid": "1", "deletionTimestamp": "t", "finalizers": ["a/b"]],
        "spec": ["finalizers": ["kubernetes"]],
      ]) == .pending("it waits for finalizers: a/b, kubernetes"))
  }

  @Test("A field exists, has a value, or is no single value")
  func field() throws {
    let path = try #require(JSONPath("{.status.phase}"))
    #expect(WaitGoal.field(path, value: nil).verdict(on: ["status": ["phase": ""]]) == .met)
    #expect(
      WaitGoal.field(path, value: "Running").verdict(on: ["status": ["phase": "Pending"]])
        == .pending("its {.status.phase} is Pending"))
    #expect(
      WaitGoal.field(path, value: "1").verdict(on: ["status": ["phase": [:]]])
        == .failed("{.status.phase} is no single value"))
    #expect(
      WaitGoal.field(path, value: "3").verdict(on: ["status": ["phase": 3]]) == .met)
  }

  @Test("Addresses of load balancers are IP addresses or host names")
  func addresses() {
    let service: JSONValue = [
      "status": ["loadBalancer": ["ingress": [["ip": "192.0.2.1"], ["hostname": "a.example"]]]]
    ]
    #expect(WaitGoal.addresses(of: service) == ["192.0.2.1", "a.example"])
    #expect(WaitGoal.loadBalancerAddress.verdict(on: service) == .met)
    #expect(
      WaitGoal.loadBalancerAddress.verdict(on: ["status": ["loadBalancer": [:]]])
        == .pending("the cluster has assigned no load-balancer address"))
  }
}
