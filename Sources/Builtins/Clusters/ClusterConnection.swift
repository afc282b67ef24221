// The way to one API server, opened at the first need and by one request only.
//
// Whoever needs the cluster first asks for its version; everybody else waits for that answer. When there
// is none, the cluster counts as unreachable until the next run, and every further step on it fails at
// once: a dead cluster costs one connect time-out however many pairs it is in.

import KubernetesClient
import Synchronization

/// One context of the kubeconfig, and what is known about its API server.
final class ClusterConnection: Sendable {
  /// The name of the context.
  let context: String
  /// The API server's URL as the kubeconfig has it.
  let server: String
  /// The namespace of the context.
  let namespace: String
  private let client: KubernetesClient
  private let state = Mutex(State())

  private struct State {
    var contact: SharedRun<Contact>?
    var failure: APIError?
  }

  /// An API server that has answered.
  struct Contact: Sendable {
    let client: KubernetesClient
    let version: ServerVersion
  }

  init(
    settings: ConnectionSettings, hooks: ClientHooks, folder: DiscoveryFolder? = nil,
    transport: Transport = .shared, requestTimeout: Duration = .seconds(30)
  ) {
    context = settings.contextName
    server = settings.server.text
    namespace = settings.namespace
    client = KubernetesClient(
      cluster: settings.contextName, settings: settings, transport: transport,
      requestTimeout: requestTimeout, hooks: hooks, discoveryFolder: folder)
  }

  /// Why the server counts as unreachable; nil while it does not.
  var failure: APIError? { state.withLock { $0.failure } }

  /// The client, once the server has answered.
  ///
  /// - Parameter patience: how long to go on trying an unreachable server.
  /// - Throws: `APIError` when it does not answer, or answers like no API server.
  func contact(patience: Duration = .zero) async throws -> Contact {
    let run = try state.withLock { state in
      if let failure = state.failure { throw failure }
      if let contact = state.contact, contact.join() { return contact }
      let run = SharedRun { [client] in
        try await ClusterConnection.firstContact(client, patience: patience)
      }
      _ = run.join()
      state.contact = run
      return run
    }
    do {
      return try await run.value()
    } catch let error as APIError {
      noteFailure(error)
      throw error
    }
  }

  /// Remembers that the server does not answer any more, so that nobody waits for it again. A single
  /// connection that broke says nothing about the next one.
  func noteFailure(_ error: APIError) {
    guard error.isUnreachable, error.reason != "Interrupted" else { return }
    state.withLock { if $0.failure == nil { $0.failure = error } }
  }

  /// Forgets what is known, for the next run.
  func reset() {
    state.withLock {
      $0.contact = nil
      $0.failure = nil
    }
  }

  private static func firstContact(
    _ client: KubernetesClient, patience: Duration
  ) async throws -> Contact {
    let deadline = ContinuousClock.now + patience
    var pause = Duration.milliseconds(500)
    while true {
      do {
        return Contact(client: client, version: try await client.serverVersion())
      } catch let error as APIError where error.isUnreachable && ContinuousClock.now < deadline {
        try await Task.sleep(for: pause)
        pause = min(pause * 2, .seconds(10))
      }
    }
  }
}
