// What can be waited for, and how to see in an object whether it has come about. The rules are those of
// `kubectl wait` and `kubectl rollout status`.

import JSON

/// The state of an object that a wait is for.
public enum WaitGoal: Sendable, Hashable, CustomStringConvertible {
  /// A condition of `status.conditions` has a value; both compare without regard to case.
  case condition(String, value: String)
  /// The object exists.
  case created
  /// The object, or the one of that UID, exists no more.
  case deleted(uid: String?)
  /// A field, found by a JSONPath, exists, or has a value.
  case field(JSONPath, value: String?)
  /// All pods of a Deployment are of its newest template, and available.
  case rollout
  /// A Service has an address of a load balancer.
  case loadBalancerAddress
  /// A token Secret has its token.
  case token
  /// A ServiceAccount names the Secret of its token; clusters before 1.24 make one.
  case accountSecret

  /// How far the object is.
  public enum Verdict: Sendable, Hashable {
    case met
    /// Not yet, and why.
    case pending(String)
    /// Never, and why.
    case failed(String)
  }

  /// As `wait … for:` takes it.
  public var description: String {
    switch self {
    case .condition(let name, "true"): "condition=\(name)"
    case .condition(let name, let value): "condition=\(name)=\(value)"
    case .created: "create"
    case .deleted: "delete"
    case .field(let path, nil): "jsonpath=\(path)"
    case .field(let path, let value?): "jsonpath=\(path)=\(value)"
    case .rollout: "rollout"
    case .loadBalancerAddress: "an address"
    case .token: "its token"
    case .accountSecret: "its secret"
    }
  }

  /// Looks at the object as it is now; nil when there is none.
  public func verdict(on object: JSONValue?) -> Verdict {
    guard let object else { return verdictOnMissing }
    switch self {
    case .created: return .met
    case .deleted(let uid): return deletionVerdict(object, uid)
    case .condition(let name, let value): return conditionVerdict(object, name, value)
    case .field(let path, let value): return fieldVerdict(object, path, value)
    case .rollout: return Rollout(object).verdict
    case .loadBalancerAddress:
      guard WaitGoal.addresses(of: object).isEmpty else { return .met }
      return .pending("the cluster has assigned no load-balancer address")
    case .token:
      guard ReaderCredentials(tokenSecret: object) == nil else { return .met }
      return .pending("the token controller has not filled it")
    case .accountSecret:
      guard object["secrets"]?.array?.isEmpty ?? true else { return .met }
      return .pending("the token controller has not made its secret")
    }
  }

  private var verdictOnMissing: Verdict {
    switch self {
    case .deleted: return .met
    case .created, .token, .accountSecret: return .pending("it does not exist")
    case .condition, .field, .rollout, .loadBalancerAddress: return .failed("it does not exist")
    }
  }

  private func deletionVerdict(_ object: JSONValue, _ uid: String?) -> Verdict {
    if let uid, let current = object[path: "metadata", "uid"]?.string, current != uid {
      return .met
    }
    guard object[path: "metadata", "deletionTimestamp"] != nil else {
      return .pending("it exists and is not being deleted")
    }
    let finalizers =
      (object[path: "metadata", "finalizers"]?.array ?? [])
      + (object[path: "spec", "finalizers"]?.array ?? [])
    let names = finalizers.compactMap(\.string).joined(separator: ", ")
    return .pending(names.isEmpty ? "it is being deleted" : "it waits for finalizers: \(names)")
  }

  private func conditionVerdict(_ object: JSONValue, _ name: String, _ value: String) -> Verdict {
    let conditions = object[path: "status", "conditions"]?.array ?? []
    let found = conditions.first { $0["type"]?.string?.lowercased() == name.lowercased() }
    guard let condition = found else { return .pending("it has no condition \(name)") }
    let observed =
      condition["observedGeneration"]?.int ?? object[path: "status", "observedGeneration"]?.int
    if let observed, let generation = object[path: "metadata", "generation"]?.int,
      observed < generation
    {
      return .pending("its condition \(name) is of an earlier generation")
    }
    let status = condition["status"]?.string ?? ""
    guard status.lowercased() != value.lowercased() else { return .met }
    let reasons = [condition["reason"]?.string, condition["message"]?.string]
    let reason = reasons.compactMap(\.self).filter { !$0.isEmpty }.joined(separator: ": ")
    return .pending("its condition \(name) is \(status)" + (reason.isEmpty ? "" : " (\(reason))"))
  }

  private func fieldVerdict(_ object: JSONValue, _ path: JSONPath, _ value: String?) -> Verdict {
    guard let found = path.value(in: object) else { return .pending("it has no \(path)") }
    guard let value else { return .met }
    guard let text = found.scalarText else {
      return .failed("\(path) is no single value")
    }
    return text == value ? .met : .pending("its \(path) is \(text)")
  }

  /// The addresses that load balancers have given a Service, IP addresses or host names.
  static func addresses(of service: JSONValue) -> [String] {
    let ingress = service[path: "status", "loadBalancer", "ingress"]?.array ?? []
    return ingress.compactMap { $0["ip"]?.string ?? $0["hostname"]?.string }
  }
}

extension JSONValue {
  /// The text of a string, number or bool; nil for anything else.
  var scalarText: String? {
    switch self {
    case .string(let string): string
    case .bool, .int, .double: text()
    case .null, .array, .object: nil
    }
  }
}

/// The numbers by which a Deployment's rollout is judged.
private struct Rollout {
  let object: JSONValue

  init(_ object: JSONValue) { self.object = object }

  private func status(_ key: String) -> Int64 { object[path: "status", key]?.int ?? 0 }

  var verdict: WaitGoal.Verdict {
    let generation = object[path: "metadata", "generation"]?.int ?? 0
    guard status("observedGeneration") >= generation else {
      return .pending("the deployment controller has not seen it yet")
    }
    if let message = deadlineMessage { return .failed(message) }
    let wanted = object[path: "spec", "replicas"]?.int ?? 1
    let updated = status("updatedReplicas")
    let available = status("availableReplicas")
    guard updated >= wanted else {
      return .pending("\(updated) of \(wanted) pods are of the newest template")
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
}
