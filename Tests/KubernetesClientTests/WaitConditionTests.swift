// What waits look for: the rules of `kubectl wait` and `kubectl rollout status`, without a cluster.

import JSON
import Testing

@testable import KubernetesClient

@Suite("Conditions of waits")
struct WaitConditionTests {
  @Test(
    "conditions are read as kubectl reads them",
    arguments: [
      ("condition=Ready", "condition=Ready"), ("condition=Ready=false", "condition=Ready=false"),
      ("condition=a=b=c", "condition=a=b=c"), ("delete", "delete"), ("Delete", "delete"),
      ("CREATE", "create"), ("rollout", "rollout"), ("jsonpath={.a.b}", "jsonpath={.a.b}"),
      ("jsonpath={.a}=x=y", "jsonpath={.a}=x=y"), ("jsonpath='{.a}=x'", "jsonpath={.a}=x"),
      (
        #"jsonpath={.c[?(@.type=="Ready")].status}=True"#,
        #"jsonpath={.c[?(@.type=="Ready")].status}=True"#
      ),
      (#"jsonpath={.a}="x""#, "jsonpath={.a}=x"),
    ])
  func reading(text: String, shown: String) throws {
    #expect(try #require(WaitCondition(text)).description == shown)
  }

  @Test(
    "anything else is no condition",
    arguments: ["", "ready", "condition", "condition=", "jsonpath=", "jsonpath={.a}=", "create=x"])
  func refused(text: String) {
    #expect(WaitCondition(text) == nil)
  }

  @Test("a condition is compared without regard to case and says its reason")
  func condition() {
    let object: JSONValue = [
      "status": [
        "conditions": [
          ["type": "Available", "status": "False", "reason": "NoPods", "message": "none yet"]
        ]
      ]
    ]
    #expect(
      WaitCondition.condition("available", value: "true").verdict(on: object)
        == .pending("its condition available is False (NoPods: none yet)"))
    #expect(WaitCondition.condition("Available", value: "FALSE").verdict(on: object) == .met)
    #expect(
      WaitCondition.condition("Ready", value: "true").verdict(on: object)
        == .pending("it has no condition Ready"))
  }

  @Test("a condition of an earlier generation does not count; its own generation goes first")
  func staleCondition() {
    var object: JSONValue = [
      "metadata": ["generation": 3],
      "status": [
        "observedGeneration": 2, "conditions": [["type": "Available", "status": "True"]],
      ],
    ]
    let condition = WaitCondition.condition("Available", value: "true")
    #expect(
      condition.verdict(on: object)
        == .pending("its condition Available is of an earlier generation"))
    object["status"] = [
      "observedGeneration": 2,
      "conditions": [["type": "Available", "status": "True", "observedGeneration": 3]],
    ]
    #expect(condition.verdict(on: object) == .met)
  }

  @Test("deletion is over when the object, or the one of that UID, is gone")
  func deletion() {
    let condition = WaitCondition.deleted(uid: "1")
    #expect(condition.verdict(on: nil) == .met)
    #expect(condition.verdict(on: ["metadata": ["uid": "2"]]) == .met)
    #expect(
      condition.verdict(on: ["metadata": ["uid": "1"]])
        == .pending("it exists and is not being deleted"))
    #expect(
      condition.verdict(on: [
        "metadata": ["uid": "1", "deletionTimestamp": "t", "finalizers": ["a/b"]],
        "spec": ["finalizers": ["kubernetes"]],
      ]) == .pending("it waits for finalizers: a/b, kubernetes"))
  }

  @Test("a field exists, has a value whatever the spaces around it, or is no single value")
  func field() throws {
    let path = try #require(JSONPath("{.status.phase}"))
    func verdict(_ value: String?, _ phase: JSONValue) -> WaitVerdict {
      WaitCondition.field(path, value: value).verdict(on: ["status": ["phase": phase]])
    }
    #expect(verdict(nil, "") == .met)
    #expect(verdict("Running", "Pending") == .pending("its {.status.phase} is Pending"))
    #expect(verdict("1", [:]) == .failed("{.status.phase} is no single value"))
    #expect(verdict("3", 3) == .met)
    #expect(verdict(" true ", true) == .met)
    let missing = WaitCondition.field(path, value: nil).verdict(on: [:])
    #expect(missing == .pending("it has no {.status.phase}"))
    let several = try #require(JSONPath("{.a[*]}"))
    #expect(
      WaitCondition.field(several, value: nil).verdict(on: ["a": [1, 2]])
        == .failed("{.a[*]} finds 2 values, not one"))
  }
}

@Suite("Rollouts")
struct RolloutTests {
  private func verdict(
    _ kind: String, generation: Int64 = 2, spec: JSONValue = [:], status: JSONValue
  ) -> WaitVerdict {
    WaitCondition.rollout.verdict(on: [
      "kind": .string(kind), "metadata": ["generation": .int(generation)], "spec": spec,
      "status": status,
    ])
  }

  private func deployment(
    observed: Int64 = 2, updated: Int64 = 2, total: Int64 = 2, available: Int64 = 2,
    spec: JSONValue = ["replicas": 2], conditions: [JSONValue] = []
  ) -> WaitVerdict {
    verdict(
      "Deployment", spec: spec,
      status: [
        "observedGeneration": .int(observed), "updatedReplicas": .int(updated),
        "replicas": .int(total), "availableReplicas": .int(available),
        "conditions": .array(conditions),
      ])
  }

  @Test("a Deployment's ends when all pods are new and available, and says what it lacks before")
  func deployments() {
    #expect(deployment() == .met)
    #expect(
      deployment(observed: 1) == .pending("the deployment controller has not seen it yet"))
    #expect(deployment(updated: 1) == .pending("1 of 2 pods are of the newest template"))
    #expect(deployment(total: 3) == .pending("old pods that are still there: 1"))
    #expect(deployment(available: 0) == .pending("0 of 2 pods are available"))
    let late: JSONValue = [
      "type": "Progressing", "reason": "ProgressDeadlineExceeded", "message": "too slow",
    ]
    #expect(deployment(available: 0, conditions: [late]) == .failed("too slow"))
    #expect(deployment(observed: 1, conditions: [late]) != .failed("too slow"))
    #expect(deployment(updated: 0, spec: [:]) == .pending("0 of 1 pods are of the newest template"))
    #expect(deployment(updated: 1, total: 1, available: 1, spec: ["replicas": .null]) == .met)
    #expect(WaitCondition.rollout.verdict(on: nil) == .failed("it does not exist"))
  }

  @Test("a DaemonSet's counts what is scheduled")
  func daemonSets() {
    func status(_ updated: Int64, _ available: Int64, observed: Int64 = 2) -> JSONValue {
      [
        "observedGeneration": .int(observed), "desiredNumberScheduled": 3,
        "updatedNumberScheduled": .int(updated), "numberAvailable": .int(available),
      ]
    }
    #expect(verdict("DaemonSet", status: status(3, 3)) == .met)
    #expect(
      verdict("DaemonSet", status: status(3, 3, observed: 1))
        == .pending("the daemon set controller has not seen it yet"))
    #expect(
      verdict("DaemonSet", status: status(2, 3))
        == .pending("2 of 3 pods are of the newest template"))
    #expect(verdict("DaemonSet", status: status(3, 1)) == .pending("1 of 3 pods are available"))
    #expect(
      verdict(
        "DaemonSet", spec: ["updateStrategy": ["type": "OnDelete"]], status: status(3, 3))
        == .failed("its update strategy is OnDelete, and only RollingUpdate has a rollout"))
  }

  @Test("a StatefulSet's minds its partition and its revisions")
  func statefulSets() {
    func status(
      ready: Int64 = 3, updated: Int64 = 3, observed: Int64 = 2, current: String = "b"
    ) -> JSONValue {
      [
        "observedGeneration": .int(observed), "readyReplicas": .int(ready),
        "updatedReplicas": .int(updated), "currentRevision": .string(current),
        "updateRevision": "b",
      ]
    }
    let plain: JSONValue = ["replicas": 3, "updateStrategy": ["type": "RollingUpdate"]]
    let parted: JSONValue = [
      "replicas": 3,
      "updateStrategy": ["type": "RollingUpdate", "rollingUpdate": ["partition": 1]],
    ]
    #expect(verdict("StatefulSet", spec: plain, status: status()) == .met)
    #expect(
      verdict("StatefulSet", generation: 0, spec: plain, status: status(observed: 0))
        == .pending("the stateful set controller has not seen it yet"))
    #expect(
      verdict("StatefulSet", spec: plain, status: status(ready: 2))
        == .pending("2 of 3 pods are ready"))
    #expect(
      verdict("StatefulSet", spec: plain, status: status(current: "a"))
        == .pending("its pods are of revision a, the newest is b"))
    #expect(
      verdict("StatefulSet", spec: parted, status: status(updated: 2, current: "a")) == .met)
    #expect(
      verdict("StatefulSet", spec: parted, status: status(updated: 1, current: "a"))
        == .pending("1 of 2 pods above the partition are of the newest template"))
  }

  @Test("other kinds have none")
  func others() {
    #expect(
      verdict("Job", status: [:])
        == .failed("a Job has no rollout; Deployments, DaemonSets and StatefulSets have"))
  }
}
