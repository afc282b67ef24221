// The credentials of one credential program, shared by all clients that would run it in the same
// way: equal command, arguments, variables and cluster.
//
//   nothing valid ──▶ one run, however many ask ──▶ valid until a minute before its end
//                       └─ every asker cancelled ──▶ the program is ended
//
// A credential that has expired on arrival is handed to those who asked and not kept: the server
// decides whether it is void, not this machine's clock, and nobody runs in circles.

import JSON
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

final class ExecCredentials: Sendable {
  /// What makes two runs of a program the same.
  private struct Key: Hashable {
    let command: String
    let arguments: [String]
    let environment: [String: Secret]
    let apiVersion: String
    let interactiveMode: ExecPlugin.InteractiveMode
    let provideClusterInfo: Bool
    let installHint: String?
    let cluster: JSONValue
  }

  private struct Run {
    let id: Int
    let work: SharedRun<Credential>
  }

  private struct State {
    var credential: Credential?
    var validUntil: ContinuousClock.Instant?
    var run: Run?
  }

  private enum Step {
    case have(Credential)
    case wait(SharedRun<Credential>)
  }

  private let runner: ExecRunner
  private let state = Mutex(State())

  private init(runner: ExecRunner) { self.runner = runner }

  // MARK: Sharing

  private struct Weak {
    weak var credentials: ExecCredentials?
  }

  /// They live as long as a client that uses them, and no secret longer than that.
  private static let known = Mutex<[Key: Weak]>([:])

  /// The credentials of the program for a cluster.
  static func shared(_ plugin: ExecPlugin, _ settings: ConnectionSettings) -> ExecCredentials {
    let runner = ExecRunner(plugin: plugin, settings: settings)
    let key = Key(
      command: plugin.command, arguments: plugin.arguments, environment: plugin.environment,
      apiVersion: plugin.apiVersion, interactiveMode: plugin.interactiveMode,
      provideClusterInfo: plugin.provideClusterInfo, installHint: plugin.installHint,
      cluster: runner.clusterInfo)
    return known.withLock { known in
      if let credentials = known[key]?.credentials { return credentials }
      let made = ExecCredentials(runner: runner)
      known = known.filter { $0.value.credentials != nil }
      known[key] = Weak(credentials: made)
      return made
    }
  }

  // MARK: Asking

  /// What to send now; runs the program when nothing valid is there.
  func current() async throws -> Credential {
    switch nextStep() {
    case .have(let credential): return credential
    case .wait(let work): return try await work.value()
    }
  }

  private func nextStep() -> Step {
    state.withLock { state in
      if let credential = state.credential, state.validUntil.map({ $0 > .now }) ?? true {
        return .have(credential)
      }
      if let run = state.run, run.work.join() { return .wait(run.work) }
      let run = start()
      _ = run.work.join()
      state.run = run
      return .wait(run.work)
    }
  }

  /// How many wait for the run that is under way.
  var waiting: Int { state.withLock { $0.run?.work.callers ?? 0 } }

  private func start() -> Run {
    let id = Credential.nextGeneration()
    let work = SharedRun { [self] in
      do {
        let result = try await runner.run()
        return try keep(result, id: id)
      } catch {
        end(id)
        throw error
      }
    }
    return Run(id: id, work: work)
  }

  private func end(_ id: Int) {
    state.withLock { state in
      if state.run?.id == id { state.run = nil }
    }
  }

  private func keep(_ result: ExecResult, id: Int) throws(CredentialError) -> Credential {
    var credential = Credential(certificate: result.certificate, key: result.key, generation: id)
    if let token = result.token {
      credential.authorization = try Credential.bearer(token.reveal()).authorization
    }
    let left = result.expiration.map { $0 - Int64(time(nil)) }
    let kept = credential
    state.withLock { state in
      if state.run?.id == id { state.run = nil }
      state.credential = kept
      state.validUntil = left.map { .now + Self.lifetime(secondsLeft: $0) }
    }
    return kept
  }

  /// How long a credential is used that ends so many seconds from now: up to a minute before its
  /// end, and half of the way when that is shorter.
  static func lifetime(secondsLeft: Int64) -> Duration {
    .seconds(max(secondsLeft - 60, secondsLeft / 2))
  }

  func drop(_ refused: Credential) {
    state.withLock { state in
      guard state.credential?.generation == refused.generation else { return }
      state.credential = nil
      state.validUntil = nil
    }
  }
}
