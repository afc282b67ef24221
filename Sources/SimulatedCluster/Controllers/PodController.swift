// Pods and their disruption budgets: a pod runs as soon as it is there, as a node would see to, and a
// budget counts the pods that are ready.

import JSON

extension ControlPlane {
  static let budgets = "poddisruptionbudgets.policy"

  mutating func reconcilePod(_ pod: JSONValue) {
    defer { reconcileBudgets(pod.namespace) }
    guard settings.deployments == .ready, !pod.isBeingDeleted,
      pod.at(["status", "phase"])?.string ?? "Pending" == "Pending"
    else { return }
    var changed = pod
    let own = ["PodScheduled", "Initialized", "ContainersReady", "Ready"]
    // A node leaves the conditions alone that others have set.
    let foreign = (pod.at(["status", "conditions"])?.array ?? []).filter { condition in
      !own.contains { condition["type"]?.string == $0 }
    }
    let containers = (pod.at(["spec", "containers"])?.array ?? []).map { container -> JSONValue in
      [
        "name": container["name"] ?? "", "image": container["image"] ?? "", "imageID": "",
        "containerID": .string("simulated://\(Identifiers.uid())"), "ready": true, "started": true,
        "restartCount": 0, "state": ["running": ["startedAt": .string(now)]],
      ]
    }
    changed["status"] = [
      "phase": "Running", "startTime": .string(now), "containerStatuses": .array(containers),
      "conditions": .array(
        own.map {
          ["type": .string($0), "status": "True", "lastTransitionTime": .string(now)]
        } + foreign),
    ]
    write(changed, "pods", status: true)
  }

  /// A container ends and starts anew; the log of the run before it can still be read.
  mutating func restartContainer(_ container: PodLogs.Container) {
    logs.restart(container)
    guard var pod = storage.object("pods", container.pod) else { return }
    let statuses = (pod.at(["status", "containerStatuses"])?.array ?? []).map { status in
      guard status["name"]?.string == container.name else { return status }
      var changed = status
      changed["containerID"] = .string("simulated://\(Identifiers.uid())")
      changed["restartCount"] = .int((status["restartCount"]?.int ?? 0) + 1)
      return changed
    }
    pod.set(.array(statuses), at: ["status", "containerStatuses"])
    write(pod, "pods", status: true)
  }

  // MARK: - Disruption budgets

  mutating func reconcileBudgets(_ namespace: String) {
    for budget in storage.all(Self.budgets) where budget.namespace == namespace {
      reconcileBudget(budget)
    }
  }

  mutating func reconcileBudget(_ budget: JSONValue) {
    guard settings.deployments == .ready, !budget.isBeingDeleted else { return }
    let pods = storage.all("pods").filter {
      $0.namespace == budget.namespace && Self.selects(budget, $0)
    }
    let healthy = pods.count { pod in
      !pod.isBeingDeleted
        && (pod.at(["status", "conditions"])?.array ?? []).contains {
          $0["type"] == "Ready" && $0["status"] == "True"
        }
    }
    var wanted = 0
    if let least = budget.at(["spec", "minAvailable"]) {
      wanted = Self.count(least, of: pods.count)
    } else if let most = budget.at(["spec", "maxUnavailable"]) {
      wanted = max(0, pods.count - Self.count(most, of: pods.count))
    }
    var changed = budget
    for (key, value) in [
      ("expectedPods", pods.count), ("currentHealthy", healthy), ("desiredHealthy", wanted),
      ("disruptionsAllowed", max(0, healthy - wanted)),
    ] {
      changed.set(.int(Int64(value)), at: ["status", key])
    }
    changed.set(budget["metadata"]?["generation"] ?? 1, at: ["status", "observedGeneration"])
    write(changed, Self.budgets, status: true)
  }

  /// A number, or so many percent of all, rounded up.
  private static func count(_ value: JSONValue, of total: Int) -> Int {
    if let number = value.int { return Int(number) }
    guard let text = value.string, text.hasSuffix("%"), let percent = Int(text.dropLast()) else {
      return 0
    }
    return (total * percent + 99) / 100
  }

  static func selects(_ budget: JSONValue, _ pod: JSONValue) -> Bool {
    let wanted = budget.texts(["spec", "selector", "matchLabels"])
    let labels = pod.labels
    return wanted.allSatisfy { labels[$0.key] == $0.value }
  }
}
