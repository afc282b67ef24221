// Evictions: deletions of pods that disruption budgets can forbid.

import JSON

extension ControlPlane {
  mutating func evict(
    _ request: APIRequest, _ target: Target
  ) throws(APIError) -> APIResponse {
    let body: JSONValue = request.body.isEmpty ? [:] : try parseBody(request)
    try checkEviction(body)
    let pod = try existing(target)
    try checkTerminating(pod)
    let wanted = body.at(["deleteOptions", "preconditions", "uid"])?.string ?? ""
    guard wanted.isEmpty || wanted == pod.uid else {
      throw .precondition(
        target.type, pod.name,
        "the UID in the precondition (\(wanted)) does not match the UID in record (\(pod.uid)). "
          + "The object might have been deleted and then recreated")
    }
    let dryRun =
      (body.at(["deleteOptions", "dryRun"])?.array ?? []).compactMap(\.string)
      + [request.parameter("dryRun") ?? ""]
    let isDryRun = dryRun.contains("All")
    // What is going already, or has ended, disturbs nobody.
    let phase = pod.at(["status", "phase"])?.string ?? ""
    if !pod.isBeingDeleted, !["Succeeded", "Failed", "Pending"].contains(phase) {
      try spendBudget(pod, isDryRun: isDryRun)
    }
    _ = markOrRemove(pod, target.type, isDryRun: isDryRun)
    return .json(
      [
        "kind": "Status", "apiVersion": "v1", "metadata": [:], "status": "Success", "code": 201,
      ], code: 201)
  }

  private func checkEviction(_ body: JSONValue) throws(APIError) {
    let known = settings.version.minor >= 22 ? ["policy/v1", "policy/v1beta1"] : ["policy/v1beta1"]
    let version = body["apiVersion"]?.string ?? known[0]
    guard known.contains(version) else {
      throw .badRequest(
        "no kind \"Eviction\" is registered for version \(quoted(version)) in scheme "
          + "\"pkg/api/legacyscheme/scheme.go\"")
    }
  }

  /// Nothing is created in a namespace that is on its way out, evictions included.
  private func checkTerminating(_ pod: JSONValue) throws(APIError) {
    let key = ObjectKey(namespace: "", name: pod.namespace)
    guard storage.object("namespaces", key)?.isBeingDeleted ?? false, let type = type("pods")
    else { return }
    var error = APIError.forbidden(
      type, pod.name,
      "unable to create new content in namespace \(pod.namespace) because it is being terminated")
    error.details?["causes"] = [
      [
        "reason": "NamespaceTerminating",
        "message": .string("namespace \(pod.namespace) is being terminated"),
        "field": "metadata.namespace",
      ]
    ]
    throw error
  }

  /// Takes one disruption off the budget of a pod, or refuses.
  private mutating func spendBudget(_ pod: JSONValue, isDryRun: Bool) throws(APIError) {
    let budgets = storage.all(Self.budgets).filter {
      $0.namespace == pod.namespace && Self.selects($0, pod)
    }
    guard budgets.count <= 1 else {
      throw APIError(
        code: 500, reason: "InternalError",
        message: "This pod has more than one PodDisruptionBudget, which the eviction subresource "
          + "does not support.")
    }
    guard let budget = budgets.first else { return }
    let observed = budget.at(["status", "observedGeneration"])?.int ?? 0
    guard observed >= budget["metadata"]?["generation"]?.int ?? 0 else {
      throw Self.tooManyEvictions(
        "The disruption budget \(budget.name) is still being processed by the server.", wait: 10)
    }
    let allowed = budget.at(["status", "disruptionsAllowed"])?.int ?? 0
    guard allowed > 0 else {
      let needed = budget.at(["status", "desiredHealthy"])?.int ?? 0
      let healthy = budget.at(["status", "currentHealthy"])?.int ?? 0
      throw Self.tooManyEvictions(
        "The disruption budget \(budget.name) needs \(needed) healthy pods and has \(healthy) "
          + "currently", wait: 0)
    }
    guard !isDryRun else { return }
    var spent = budget
    spent.set(.int(allowed - 1), at: ["status", "disruptionsAllowed"])
    write(spent, Self.budgets, status: true)
  }

  private static func tooManyEvictions(_ why: String, wait seconds: Int64) -> APIError {
    var details: JSONValue = [
      "causes": [["reason": "DisruptionBudget", "message": .string(why)]]
    ]
    if seconds > 0 { details["retryAfterSeconds"] = .int(seconds) }
    return APIError(
      code: 429, reason: "TooManyRequests",
      message: "Cannot evict pod as it would violate the pod's disruption budget.",
      details: details)
  }
}
