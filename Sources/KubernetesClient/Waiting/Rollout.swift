// How far the rollout of a Deployment, DaemonSet or StatefulSet is: the rules of
// `kubectl rollout status` (polymorphichelpers/rollout_status.go).

import JSON

/// The numbers by which a workload's rollout is judged.
struct Rollout {
  let object: JSONValue

  init(_ object: JSONValue) { self.object = object }

  var verdict: WaitVerdict {
    // An object without a kind is a Deployment's part that a caller has cut out.
    switch object["kind"]?.string ?? "Deployment" {
    case "Deployment": deployment
    case "DaemonSet": daemonSet
    case "StatefulSet": statefulSet
    case let kind:
      .failed("a \(kind) has no rollout; Deployments, DaemonSets and StatefulSets have")
    }
  }

  private func status(_ key: String) -> Int64 { object[path: "status", key]?.int ?? 0 }

  /// A missing or null number of replicas means one.
  private var replicas: Int64 { object[path: "spec", "replicas"]?.int ?? 1 }

  private var isSeen: Bool {
    status("observedGeneration") >= object[path: "metadata", "generation"]?.int ?? 0
  }

  // MARK: Deployments

  private var deployment: WaitVerdict {
    guard isSeen else { return .pending("the deployment controller has not seen it yet") }
    if let message = deadlineMessage { return .failed(message) }
    let updated = status("updatedReplicas")
    let available = status("availableReplicas")
    guard updated >= replicas else {
      return .pending("\(updated) of \(replicas) pods are of the newest template")
    }
    guard status("replicas") <= updated else {
      return .pending("old pods that are still there: \(status("replicas") - updated)")
    }
    guard available >= updated else {
      return .pending("\(available) of \(updated) pods are available")
    }
    return .met
  }

  private var deadlineMessage: String? {
    let conditions = object[path: "status", "conditions"]?.array ?? []
    let exceeded = conditions.first {
      $0["type"]?.string == "Progressing" && $0["reason"]?.string == "ProgressDeadlineExceeded"
    }
    return exceeded.map { $0["message"]?.string ?? "its progress deadline has passed" }
  }

  // MARK: DaemonSets

  private var daemonSet: WaitVerdict {
    if let refusal = otherStrategy { return refusal }
    guard isSeen else { return .pending("the daemon set controller has not seen it yet") }
    let desired = status("desiredNumberScheduled")
    let updated = status("updatedNumberScheduled")
    let available = status("numberAvailable")
    guard updated >= desired else {
      return .pending("\(updated) of \(desired) pods are of the newest template")
    }
    guard available >= desired else {
      return .pending("\(available) of \(desired) pods are available")
    }
    return .met
  }

  // MARK: StatefulSets

  private var statefulSet: WaitVerdict {
    if let refusal = otherStrategy { return refusal }
    guard status("observedGeneration") > 0, isSeen else {
      return .pending("the stateful set controller has not seen it yet")
    }
    let ready = status("readyReplicas")
    guard ready >= replicas else { return .pending("\(ready) of \(replicas) pods are ready") }
    if let partition = object[path: "spec", "updateStrategy", "rollingUpdate", "partition"]?.int {
      let updated = status("updatedReplicas")
      let wanted = replicas - partition
      guard updated >= wanted else {
        return .pending(
          "\(updated) of \(wanted) pods above the partition are of the newest template")
      }
      return .met
    }
    let current = object[path: "status", "currentRevision"]?.string ?? ""
    let newest = object[path: "status", "updateRevision"]?.string ?? ""
    guard current == newest else {
      return .pending("its pods are of revision \(current), the newest is \(newest)")
    }
    return .met
  }

  /// The refusal of a set whose pods are replaced only when somebody deletes them.
  private var otherStrategy: WaitVerdict? {
    let strategy = object[path: "spec", "updateStrategy", "type"]?.string ?? "RollingUpdate"
    guard strategy != "RollingUpdate" else { return nil }
    return .failed("its update strategy is \(strategy), and only RollingUpdate has a rollout")
  }
}
