// What verbs can wait for: the conditions of `kubectl wait` and `kubectl rollout status`, which the
// client judges, and what only this library waits for.

import JSON
import KubernetesClient

/// The state of an object that a wait is for.
public enum WaitGoal: Sendable, Hashable, CustomStringConvertible {
  /// What any user of the client can wait for.
  case condition(WaitCondition)
  /// A Service has an address of a load balancer.
  case loadBalancerAddress
  /// A token Secret has its token.
  case token
  /// A ServiceAccount names the Secret of its token; clusters before 1.24 make one.
  case accountSecret

  /// All pods of a workload are of its newest template, and available.
  static let rollout = WaitGoal.condition(.rollout)

  /// True when the object shall be gone.
  var isDeletion: Bool {
    if case .condition(.deleted) = self { return true }
    return false
  }

  /// As `wait … for:` takes it.
  public var description: String {
    switch self {
    case .condition(let condition): condition.description
    case .loadBalancerAddress: "an address"
    case .token: "its token"
    case .accountSecret: "its secret"
    }
  }

  /// Looks at the object as it is now; nil when there is none.
  public func verdict(on object: JSONValue?) -> WaitVerdict {
    if case .condition(let condition) = self { return condition.verdict(on: object) }
    guard let object else { return verdictOnMissing }
    switch self {
    case .loadBalancerAddress where WaitGoal.addresses(of: object).isEmpty:
      return .pending("the cluster has assigned no load-balancer address")
    case .token where ReaderCredentials(tokenSecret: object) == nil:
      return .pending("the token controller has not filled it")
    case .accountSecret where object["secrets"]?.array?.isEmpty ?? true:
      return .pending("the token controller has not made its secret")
    default: return .met
    }
  }

  private var verdictOnMissing: WaitVerdict {
    self == .loadBalancerAddress ? .failed("it does not exist") : .pending("it does not exist")
  }

  /// The addresses that load balancers have given a Service, IP addresses or host names.
  static func addresses(of service: JSONValue) -> [String] {
    let ingress = service[path: "status", "loadBalancer", "ingress"]?.array ?? []
    return ingress.compactMap { $0["ip"]?.string ?? $0["hostname"]?.string }
  }
}
