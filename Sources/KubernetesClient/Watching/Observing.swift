// Observations: what is there now and every change of it, however often the watch loses its place.
//
//   list (or initial events) ──▶ .synced(all objects) ──▶ watch ──▶ .changed, .deleted …
//        ▲                                                  │
//        └────────────── the place is lost ◀────────────────┘
//
// A consumer that replaces its state at `.synced` and follows the other two is never wrong for longer
// than the cluster is away: not after a compaction, a server's restart or a silent close. As `.synced`
// voids what came before, it takes the place of all that a slow consumer has not taken yet.

import JSON

/// What an observation tells.
public enum Observation: Sendable, Hashable {
  /// These are all objects now; what was known before is void.
  case synced([JSONValue])
  /// The object is new or has changed.
  case changed(JSONValue)
  /// The object is gone; it comes as it was last.
  case deleted(JSONValue)
}

extension KubernetesClient {
  /// Tells all objects of a selection and then every change of them, for ever. The beginning is a
  /// streaming list where the server can do that (`sendInitialEvents`, Kubernetes 1.32), a list in
  /// pages elsewhere. When the watch has lost its place the objects are listed anew.
  ///
  /// The stream throws when the cluster cannot be reached at first, and whenever it refuses (401,
  /// 403, 404). Once it has begun, trouble with the cluster is waited out.
  public func observe(
    _ type: ResourceType, namespace: String? = nil, name: String? = nil, labels: String? = nil,
    fields: String? = nil, form: ObjectForm = .whole
  ) -> AsyncThrowingStream<Observation, any Error> {
    let subject = WatchSubject(
      type: type, namespace: namespace, name: name, labels: labels, fields: fields, form: form)
    return .made { queue in
      var run = ObservationRun(client: self, subject: subject)
      try await run.run { observation, bytes in
        if case .synced = observation {
          queue.replace(with: observation)
        } else {
          try queue.offer(observation, bytes: bytes)
        }
      }
    }
  }
}

private struct ObservationRun {
  /// Takes an observation and the bytes of its text.
  typealias Emit = (Observation, Int) throws -> Void

  let client: KubernetesClient
  let subject: WatchSubject

  /// The version up to which everything is known; nil when only the newest state will do.
  private var knownVersion: String?
  private var hasBegun = false
  private var backoff = Backoff()

  init(client: KubernetesClient, subject: WatchSubject) {
    self.client = client
    self.subject = subject
  }

  mutating func run(_ emit: Emit) async throws {
    while true {
      let started = ContinuousClock.now
      do {
        if client.discovery.streamsLists {
          try await followFromStream(emit)
        } else {
          try await followFromList(emit)
        }
      } catch let error as APIError {
        backoff.rested(for: ContinuousClock.now - started)
        guard try await isMended(error) else { throw error }
      }
    }
  }

  /// Waits after a failure that another list can mend; false for one that it cannot.
  private mutating func isMended(_ error: APIError) async throws -> Bool {
    let isPassing =
      error.isUnreachable || error.status == 429
      || (error.status >= 500 && error.reason != "NotKubernetes")
    guard hasLostPlace(error) || (hasBegun && isPassing) else { return false }
    try await Pause.sleep(for: backoff.next(random: .random(in: 0...1)))
    return true
  }

  private func hasLostPlace(_ error: APIError) -> Bool {
    error.status == 410 || error.causes.contains { $0.reason == "ResourceVersionTooLarge" }
  }

  // MARK: A list, then a watch

  private mutating func followFromList(_ emit: Emit) async throws {
    let version = knownVersion
    // When even this list is refused as too old, the next one asks for the newest.
    knownVersion = nil
    let list = try await client.list(
      subject.type, namespace: subject.namespace, labels: subject.labels,
      fields: subject.fieldSelector, resourceVersion: version,
      match: version == nil ? nil : .notOlderThan, form: subject.form)
    hasBegun = true
    try emit(.synced(list.items), 0)
    var run = WatchRun(
      client: client, call: try client.call(subject), resourceVersion: list.resourceVersion)
    do {
      try await run.run { message in try Self.tell(message, emit) }
    } catch let error as APIError {
      // A server can list from the version that its watch no longer has. After closes without a word
      // that version itself is in doubt.
      if error.status == 410, !run.doubtsVersion { knownVersion = run.resourceVersion }
      throw error
    }
  }

  private static func tell(
    _ message: WatchMessage, _ emit: Emit
  ) throws {
    guard case .event(let event, let bytes) = message else { return }
    switch event.kind {
    case .added, .modified: try emit(.changed(event.object), bytes)
    case .deleted: try emit(.deleted(event.object), bytes)
    case .bookmark: break
    }
  }

  // MARK: A streaming list

  private mutating func followFromStream(_ emit: Emit) async throws {
    var run = WatchRun(client: client, call: try client.call(subject), resourceVersion: nil)
    run.wantsInitialEvents = true
    run.failsWhenUnreachable = !hasBegun
    var initial: [JSONValue]? = []
    var hasSynced = false
    do {
      try await run.run { message in
        switch message {
        case .beginning: initial = []
        case .event(let event, _) where initial != nil:
          if event.endsInitialEvents {
            try emit(.synced(initial ?? []), 0)
            initial = nil
            hasSynced = true
          } else if event.kind != .bookmark {
            initial?.append(event.object)
          }
        case .event: try Self.tell(message, emit)
        }
      }
    } catch let error as APIError {
      if hasSynced { hasBegun = true }
      // Servers without the feature refuse its parameters: 422 mostly, 400 some.
      if !hasSynced, [400, 422].contains(error.status) {
        client.discovery.noteNoStreamingLists()
        return
      }
      throw error
    }
  }
}
