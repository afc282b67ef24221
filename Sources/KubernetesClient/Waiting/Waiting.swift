// Waits until an object is as wanted: a list of that one object, then a watch from there.

import JSON
import Synchronization

extension KubernetesClient {
  /// Waits with kubectl's rules until all conditions have come about, one after the other under one
  /// deadline, and returns the object as it was then (nil when the last one was its deletion).
  ///
  /// - Parameters:
  ///   - timeout: Zero looks once at each; a negative one means a week (168 hours), as in kubectl.
  ///   - onPending: Gets why it still waits, each time that this changes.
  /// - Throws: `WaitTimeout` with the reason why it was still waiting, `WaitFailure` when a
  ///   condition cannot come about any more (the object was deleted, a rollout failed), `APIError`.
  @discardableResult
  public func wait(
    _ type: ResourceType, name: String, namespace: String? = nil, for conditions: [WaitCondition],
    timeout: Duration = .seconds(30), onPending: @escaping @Sendable (String) -> Void = { _ in }
  ) async throws -> JSONValue? {
    let deadline = ContinuousClock.now + WaitTime.limit(timeout)
    var object: JSONValue?
    for condition in conditions {
      let left = timeout == .zero ? .zero : max(.milliseconds(1), deadline - .now)
      let judge = WaitJudge(condition)
      do {
        object = try await waitFor(
          type, name: name, namespace: namespace, timeout: left, onPending: onPending,
          judge: { judge.verdict(on: $0) })
      } catch var error as WaitTimeout {
        error.timeout = timeout
        throw error
      }
    }
    return object
  }

  /// Waits until `judge` says that the object (nil while it does not exist) is as wanted, and
  /// returns it as it was then. What `judge` throws ends the wait. A timeout of zero checks once, a
  /// negative one waits a week. A cluster that cannot be reached at first is an error at once; one
  /// that goes away later is waited for.
  ///
  /// - Throws: `WaitTimeout` out of time, `WaitFailure` when the verdict is that it failed.
  @discardableResult
  public func waitFor(
    _ type: ResourceType, name: String, namespace: String? = nil, timeout: Duration,
    onPending: @escaping @Sendable (String) -> Void = { _ in },
    judge: @escaping @Sendable (JSONValue?) throws -> WaitVerdict
  ) async throws -> JSONValue? {
    // Checks the names before the first request.
    _ = try call("wait for", type, name: name, namespace: namespace)
    let state = WaitState()
    let wait = Wait(
      client: self, type: type, name: name, namespace: namespace, state: state,
      onPending: onPending, judge: judge)
    let deadline = ContinuousClock.now + WaitTime.limit(timeout)
    return try await withThrowingTaskGroup(of: JSONValue??.self) { tasks in
      tasks.addTask { .some(try await wait.run(once: timeout == .zero)) }
      if timeout != .zero {
        tasks.addTask {
          try await Task.sleep(until: deadline, clock: .continuous)
          return .none
        }
      }
      defer { tasks.cancelAll() }
      guard let first = try await tasks.next(), let result = first else {
        throw wait.timedOut(timeout)
      }
      return result
    }
  }

  /// The same with a test that says only yes or no.
  @discardableResult
  public func waitFor(
    _ type: ResourceType, name: String, namespace: String? = nil, timeout: Duration,
    until isReady: @escaping @Sendable (JSONValue?) throws -> Bool
  ) async throws -> JSONValue? {
    try await waitFor(type, name: name, namespace: namespace, timeout: timeout) { object in
      try isReady(object) ? .met : .pending("")
    }
  }
}

/// A wait that ran out of time, with what was seen last.
public struct WaitTimeout: Error, Sendable, CustomStringConvertible {
  /// The cluster's name.
  public let cluster: String
  /// What was waited for, such as `deployments.apps "x" in namespace "y"`.
  public let object: String
  /// How long it was waited.
  public internal(set) var timeout: Duration
  /// Why it was still waiting, in words; empty when nobody knows.
  public let reason: String
  /// The object as it was seen last, nil when it did not exist.
  public let lastObject: JSONValue?
  /// The trouble that the wait had with the cluster, if any.
  public let lastError: APIError?

  /// `cluster1: timed out after 5m waiting for …: its condition Available is False`.
  public var description: String {
    var state = reason.isEmpty && lastObject == nil ? "it does not exist" : reason
    if let lastError { state = "last trouble: \(lastError.message)" }
    return "\(cluster): timed out after \(timeout.words) waiting for \(object)"
      + (state.isEmpty ? "" : ": \(state)")
  }
}

/// A wait for something that cannot come about any more.
public struct WaitFailure: Error, Sendable, CustomStringConvertible {
  /// The cluster's name.
  public let cluster: String
  /// What was waited for, such as `deployments.apps "x" in namespace "y"`.
  public let object: String
  /// Why it cannot come about.
  public let reason: String
  /// True when the object does not exist (kubectl's NotFound).
  public let isMissing: Bool

  /// `cluster1: waiting for pods "x" in namespace "y": it was deleted`.
  public var description: String { "\(cluster): waiting for \(object): \(reason)" }
}

enum WaitTime {
  /// A negative timeout means a week.
  static func limit(_ timeout: Duration) -> Duration {
    timeout < .zero ? .seconds(168 * 3600) : timeout
  }
}

/// A condition, and what has been seen so far of the object that it is about.
private final class WaitJudge: Sendable {
  private let condition: WaitCondition
  private let first = Mutex<String?>(nil)

  init(_ condition: WaitCondition) { self.condition = condition }

  func verdict(on object: JSONValue?) -> WaitVerdict {
    let uid = object?[path: "metadata", "uid"]?.string
    let seen = first.withLock { first in
      first = first ?? uid
      return first
    }
    switch condition {
    // A successor of the same name is another object.
    case .deleted(nil): return WaitCondition.deleted(uid: seen).verdict(on: object)
    case .condition, .field, .rollout:
      guard object == nil, seen != nil else { break }
      return .failed("it was deleted")
    case .created, .deleted: break
    }
    return condition.verdict(on: object)
  }
}

/// What a wait saw last; written by the wait, read when time is up.
private final class WaitState: Sendable {
  private struct Content {
    var object: JSONValue?
    var error: APIError?
    var reason: String?
  }

  private let content = Mutex(Content())

  var object: JSONValue? { content.withLock { $0.object } }
  var error: APIError? { content.withLock { $0.error } }
  var reason: String { content.withLock { $0.reason ?? "" } }

  func saw(_ object: JSONValue?) {
    content.withLock {
      $0.object = object
      $0.error = nil
    }
  }

  func met(_ error: APIError) { content.withLock { $0.error = error } }

  /// True when the reason is new.
  func isPending(because reason: String) -> Bool {
    content.withLock { content in
      defer { content.reason = reason }
      return content.reason != reason
    }
  }
}

/// One wait.
private struct Wait: Sendable {
  let client: KubernetesClient
  let type: ResourceType
  let name: String
  let namespace: String?
  let state: WaitState
  let onPending: @Sendable (String) -> Void
  let judge: @Sendable (JSONValue?) throws -> WaitVerdict

  private static let pause = Duration.seconds(1)

  func run(once: Bool) async throws -> JSONValue? {
    var hasAnswered = false
    while true {
      do {
        let look = try await look()
        hasAnswered = true
        if try isMet(look.object) { return look.object }
        if once { throw timedOut(.zero) }
        if let version = look.version, let found = try await follow(from: version) { return found }
        // A cluster that cannot be watched by this user is asked again and again.
        if look.version == nil { try await Pause.sleep(for: Self.pause) }
      } catch let error as APIError where hasAnswered && !once && isPassing(error) {
        state.met(error)
        if error.status != 410 { try await Pause.sleep(for: Self.pause) }
      }
    }
  }

  private func isMet(_ object: JSONValue?) throws -> Bool {
    state.saw(object)
    switch try judge(object) {
    case .met: return true
    case .failed(let reason):
      throw WaitFailure(
        cluster: client.cluster, object: description, reason: reason, isMissing: object == nil)
    case .pending(let reason):
      if state.isPending(because: reason), !reason.isEmpty { onPending(reason) }
      return false
    }
  }

  private struct Look {
    let object: JSONValue?
    /// The version to watch from; nil when the object can be read and not listed.
    let version: String?
  }

  private func look() async throws -> Look {
    do {
      let (items, version) = try await client.list(
        type, namespace: namespace, fields: "metadata.name=\(name)")
      return Look(object: items.first, version: version)
    } catch let error as APIError where error.status == 403 || error.status == 405 {
      let object = try await client.getIfPresent(type, name: name, namespace: namespace)
      return Look(object: object, version: nil)
    }
  }

  /// Follows the object's changes; `.some` when it is ready, nil when the watch ended before that.
  private func follow(from version: String) async throws -> JSONValue?? {
    let events = client.watch(
      type, namespace: namespace, name: name, resourceVersion: version)
    for try await event in events {
      let object = event.kind == .deleted ? nil : event.object
      if try isMet(object) { return .some(object) }
    }
    return .none
  }

  /// Trouble that may go away while the wait lasts.
  private func isPassing(_ error: APIError) -> Bool {
    error.isUnreachable || [410, 429].contains(error.status)
      || (error.status >= 500 && error.reason != "NotKubernetes")
  }

  private var description: String { type.describe(name: name, namespace: namespace) }

  func timedOut(_ timeout: Duration) -> WaitTimeout {
    WaitTimeout(
      cluster: client.cluster, object: description, timeout: timeout, reason: state.reason,
      lastObject: state.object, lastError: state.error)
  }
}
