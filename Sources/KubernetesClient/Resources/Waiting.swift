// Waits until an object is as wanted: a list of that one object, then a watch from there.

import JSON
import Synchronization

extension KubernetesClient {
  /// Waits until `isReady` holds for the object (nil while it does not exist) and returns it as it
  /// was then. What `isReady` throws ends the wait. A timeout of zero checks once. Out of time it
  /// throws `WaitTimeout` with the object as seen last. A cluster that cannot be reached at first
  /// is an error at once; one that goes away later is waited for.
  @discardableResult
  public func waitFor(
    _ type: ResourceType, name: String, namespace: String? = nil, timeout: Duration,
    until isReady: @escaping @Sendable (JSONValue?) throws -> Bool
  ) async throws -> JSONValue? {
    // Checks the names before the first request.
    _ = try call("wait for", type, name: name, namespace: namespace)
    let state = WaitState()
    let wait = Wait(
      client: self, type: type, name: name, namespace: namespace, state: state, isReady: isReady)
    let deadline = ContinuousClock.now + timeout
    return try await withThrowingTaskGroup(of: JSONValue??.self) { tasks in
      tasks.addTask { .some(try await wait.run(once: timeout <= .zero)) }
      if timeout > .zero {
        tasks.addTask {
          try await Task.sleep(until: deadline, clock: .continuous)
          return .none
        }
      }
      defer { tasks.cancelAll() }
      guard let first = try await tasks.next(), let result = first else {
        throw WaitTimeout(
          cluster: cluster, object: type.describe(name: name, namespace: namespace),
          timeout: timeout, lastObject: state.object, lastError: state.error)
      }
      return result
    }
  }
}

/// What a wait saw last; written by the wait, read when time is up.
private final class WaitState: Sendable {
  private let content = Mutex<(object: JSONValue?, error: APIError?)>((nil, nil))

  var object: JSONValue? { content.withLock { $0.object } }
  var error: APIError? { content.withLock { $0.error } }

  func saw(_ object: JSONValue?) { content.withLock { $0 = (object, nil) } }
  func met(_ error: APIError) { content.withLock { $0.error = error } }
}

/// One wait.
private struct Wait: Sendable {
  let client: KubernetesClient
  let type: ResourceType
  let name: String
  let namespace: String?
  let state: WaitState
  let isReady: @Sendable (JSONValue?) throws -> Bool

  private static let pause = Duration.seconds(1)

  func run(once: Bool) async throws -> JSONValue? {
    var hasAnswered = false
    while true {
      do {
        let (object, version) = try await look()
        hasAnswered = true
        if try check(object) { return object }
        if once { throw timedOut() }
        if let version, let found = try await follow(from: version) { return found }
        // A cluster that cannot be watched by this user is asked again and again.
        if version == nil { try await Task.sleep(for: Self.pause) }
      } catch let error as APIError where hasAnswered && isPassing(error) {
        state.met(error)
        if error.status != 410 { try await Task.sleep(for: Self.pause) }
      }
    }
  }

  private func check(_ object: JSONValue?) throws -> Bool {
    state.saw(object)
    return try isReady(object)
  }

  /// The object now and the version to watch from; no version when it can be read and not listed.
  private func look() async throws -> (JSONValue?, String?) {
    do {
      let (items, version) = try await client.list(
        type, namespace: namespace, fields: "metadata.name=\(name)")
      return (items.first, version)
    } catch let error as APIError where error.status == 403 || error.status == 405 {
      return (try await client.getIfPresent(type, name: name, namespace: namespace), nil)
    }
  }

  /// Follows the object's changes; `.some` when it is ready, nil when the watch ended before that.
  private func follow(from version: String) async throws -> JSONValue?? {
    let events = client.watch(
      type, namespace: namespace, name: name, resourceVersion: version)
    for try await event in events {
      let object = event.kind == .deleted ? nil : event.object
      if try check(object) { return .some(object) }
    }
    return .none
  }

  /// Trouble that may go away while the wait lasts.
  private func isPassing(_ error: APIError) -> Bool {
    error.isUnreachable || [410, 429].contains(error.status)
      || (error.status >= 500 && error.reason != "NotKubernetes")
  }

  private func timedOut() -> WaitTimeout {
    WaitTimeout(
      cluster: client.cluster, object: type.describe(name: name, namespace: namespace),
      timeout: .zero, lastObject: state.object, lastError: state.error)
  }
}
