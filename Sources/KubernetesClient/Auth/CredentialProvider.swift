// Hands out the credentials of one client and renews those that can change.

import JSON
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// What one request authenticates with.
struct Credential: Sendable {
  /// The value of the Authorization header.
  var authorization: Secret?
  /// A certificate and its key from a credential program, PEM.
  var certificate: [UInt8]?
  var key: [UInt8]?
  /// Which renewal it comes from.
  var generation = 0
}

/// Credentials that cannot be had.
struct CredentialError: Error, Sendable {
  let message: String
}

/// The credentials of one client; safe to ask from any task.
final class CredentialProvider: Sendable {
  private struct State {
    var credential: Credential?
    var validUntil: ContinuousClock.Instant?
    var generation = 0
    var run: Task<ExecResult, any Error>?
  }

  private let source: CredentialSource
  private let settings: ConnectionSettings
  private let state = Mutex(State())

  /// A token file is read again after this time.
  private static let fileLifetime = Duration.seconds(50)

  init(settings: ConnectionSettings) {
    source = settings.credential
    self.settings = settings
  }

  /// True when credentials that were refused can be replaced by others.
  var canRenew: Bool {
    switch source {
    case .tokenFile, .exec: true
    case .none, .token, .basic: false
    }
  }

  /// What to send now. Throws `CredentialError`.
  func current() async throws -> Credential {
    switch source {
    case .none: return Credential()
    case .token(let token):
      if let credential = cached() { return credential }
      return store(try bearer(token.reveal()), validUntil: nil)
    case .basic(let user, let password):
      if let credential = cached() { return credential }
      let text = Base64.encode(Array("\(user):\(password.reveal())".utf8))
      return store(Credential(authorization: Secret("Basic \(text)")), validUntil: nil)
    case .tokenFile(let path, let fallback): return try fileToken(path, fallback)
    case .exec(let plugin): return try await execCredential(plugin)
    }
  }

  /// Drops a credential that the server refused, unless it was replaced meanwhile.
  func renew(after refused: Credential) {
    state.withLock { state in
      guard state.generation == refused.generation else { return }
      state.credential = nil
      state.validUntil = nil
    }
  }

  private func bearer(_ token: String) throws(CredentialError) -> Credential {
    let token = token.trimmingSpaces()
    guard !token.isEmpty else { throw CredentialError(message: "the token is empty") }
    guard token.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
      throw CredentialError(message: "the token has characters that no header can hold")
    }
    return Credential(authorization: Secret("Bearer \(token)"))
  }

  private func cached() -> Credential? {
    state.withLock { state in
      guard let credential = state.credential else { return nil }
      if let end = state.validUntil, end <= .now { return nil }
      return credential
    }
  }

  private func store(_ credential: Credential, validUntil: ContinuousClock.Instant?) -> Credential {
    state.withLock { state in
      state.generation += 1
      var credential = credential
      credential.generation = state.generation
      state.credential = credential
      state.validUntil = validUntil
      return credential
    }
  }

  // MARK: Token files

  private func fileToken(_ path: String, _ fallback: Secret?) throws(CredentialError) -> Credential
  {
    if let credential = cached() { return credential }
    let previous = state.withLock { $0.credential }
    let problem: String
    do {
      let text = String(decoding: try LocalFile.read(path), as: UTF8.self).trimmingSpaces()
      if !text.isEmpty {
        return store(try bearer(text), validUntil: .now + Self.fileLifetime)
      }
      problem = "is empty"
    } catch let error as FileError {
      problem = "cannot be read: \(error.reason)"
    } catch let error as CredentialError {
      throw error
    } catch {
      problem = "cannot be read"
    }
    // The last good token is better than none while the file is being replaced.
    if let previous { return previous }
    if let fallback { return try bearer(fallback.reveal()) }
    throw CredentialError(message: "the token file \(path) \(problem)")
  }

  // MARK: Programs

  /// Runs the program when nothing valid is there; callers at the same time share one run. A
  /// credential that has expired on arrival is used once: the server decides, not this machine's
  /// clock.
  private func execCredential(_ plugin: ExecPlugin) async throws -> Credential {
    if let credential = cached() { return credential }
    let settings = settings
    let run = state.withLock { state in
      if let run = state.run { return run }
      let run = Task { try await ExecRunner(plugin: plugin, settings: settings).run() }
      state.run = run
      return run
    }
    defer { state.withLock { if $0.run == run { $0.run = nil } } }
    let result = try await run.value
    if let credential = cached() { return credential }
    var credential = Credential(certificate: result.certificate, key: result.key)
    if let token = result.token {
      credential.authorization = try bearer(token.reveal()).authorization
    }
    return store(credential, validUntil: result.expiration.map(Self.instant(beforeUnixTime:)))
  }

  /// The instant a minute before a point of calendar time.
  private static func instant(beforeUnixTime seconds: Int64) -> ContinuousClock.Instant {
    let left = seconds - Int64(time(nil)) - 60
    return ContinuousClock.now + .seconds(left)
  }
}
