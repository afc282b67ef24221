// Hands out the credentials of one client and renews those that can change.

import JSON
import Synchronization

/// What one request authenticates with.
struct Credential: Sendable {
  /// The value of the Authorization header.
  var authorization: Secret?
  /// A certificate and its key from a credential program, PEM.
  var certificate: [UInt8]?
  var key: [UInt8]?
  /// Which renewal it comes from; later ones have higher numbers.
  var generation = 0

  private static let generations = Atomic<Int>(0)

  /// A number that no credential had before.
  static func nextGeneration() -> Int { generations.add(1, ordering: .relaxed).newValue }

  /// The credential of a bearer token.
  static func bearer(_ token: String) throws(CredentialError) -> Credential {
    let token = token.trimmingSpaces()
    guard !token.isEmpty else { throw CredentialError(message: "the token is empty") }
    guard token.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
      throw CredentialError(message: "the token has characters that no header can hold")
    }
    return Credential(authorization: Secret("Bearer \(token)"))
  }

  /// The header of a user's name and password.
  static func basic(_ user: String, _ password: Secret) -> Credential {
    let text = Base64.encode(Array("\(user):\(password.reveal())".utf8))
    return Credential(authorization: Secret("Basic \(text)"))
  }
}

/// Credentials that cannot be had.
struct CredentialError: Error, Sendable {
  let message: String
}

/// The credentials of one client; safe to ask from any task.
final class CredentialProvider: Sendable {
  private enum Source: Sendable {
    case fixed(Result<Credential, CredentialError>)
    case file(TokenFile)
    case program(ExecCredentials)
  }

  private let source: Source
  private let contextName: String

  /// Over connections without encryption there are no credentials at all: programs do not run.
  init(
    settings: ConnectionSettings,
    now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }
  ) {
    contextName = settings.contextName
    source =
      switch settings.credential {
      case _ where !settings.server.isSecure: .fixed(.success(Credential()))
      case .tokenFile(let path, let fallback):
        .file(TokenFile(path: path, fallback: fallback, now: now))
      case .exec(let plugin): .program(.shared(plugin, settings))
      case .none: .fixed(.success(Credential()))
      case .token(let token): .fixed(Self.bearer(token))
      case .basic(let user, let password): .fixed(.success(.basic(user, password)))
      }
  }

  /// True when credentials that were refused can be replaced by others.
  var canRenew: Bool {
    switch source {
    case .file, .program: true
    case .fixed: false
    }
  }

  /// What to send now. Throws `CredentialError`, or `CancellationError` when the caller is
  /// cancelled.
  func current() async throws -> Credential {
    do {
      switch source {
      case .fixed(let credential): return try credential.get()
      case .file(let file): return try file.current()
      case .program(let program): return try await program.current()
      }
    } catch let error as CredentialError {
      throw CredentialError(message: "context \"\(contextName)\": \(error.message)")
    }
  }

  private static func bearer(_ token: Secret) -> Result<Credential, CredentialError> {
    do throws(CredentialError) {
      return .success(try .bearer(token.reveal()))
    } catch {
      return .failure(error)
    }
  }

  /// Drops a credential that the server refused, unless it was replaced meanwhile.
  func renew(after refused: Credential) {
    switch source {
    case .fixed: break
    case .file(let file): file.drop(refused)
    case .program(let program): program.drop(refused)
    }
  }
}

/// A token in a file that somebody else replaces, such as the kubelet.
///
/// It is read again after 50 s: the kubelet replaces tokens at four fifths of their time, at least
/// a minute before their end. The last good token is better than none while the file is away.
final class TokenFile: Sendable {
  private struct State {
    var credential: Credential?
    var readAt: ContinuousClock.Instant?
  }

  private static let lifetime = Duration.seconds(50)

  private let path: String
  private let fallback: Secret?
  private let now: @Sendable () -> ContinuousClock.Instant
  private let state = Mutex(State())

  init(
    path: String, fallback: Secret?, now: @escaping @Sendable () -> ContinuousClock.Instant
  ) {
    self.path = path
    self.fallback = fallback
    self.now = now
  }

  /// Reads outside of the lock: a file system that hangs blocks nobody who has a token.
  func current() throws(CredentialError) -> Credential {
    let time = now()
    let previous = state.withLock { state in (state.credential, state.readAt) }
    if let credential = previous.0, let readAt = previous.1, time - readAt < Self.lifetime {
      return credential
    }
    let problem: String
    do {
      let text = String(decoding: try LocalFile.read(path), as: UTF8.self).trimmingSpaces()
      if !text.isEmpty { return store(try readable(text), at: time) }
      problem = "is empty; write a token into it"
    } catch let error as FileError {
      problem = "cannot be read: \(error.reason)"
    } catch {
      problem = "is of no use: \((error as? CredentialError)?.message ?? "\(error)")"
    }
    if let credential = previous.0 { return credential }
    if let fallback { return try .bearer(fallback.reveal()) }
    throw CredentialError(message: "the token file \(path) \(problem)")
  }

  private func readable(_ text: String) throws(CredentialError) -> Credential {
    try .bearer(text)
  }

  private func store(_ read: Credential, at time: ContinuousClock.Instant) -> Credential {
    state.withLock { state in
      state.readAt = time
      // The same token is the same credential: a refusal of it stays one.
      if let known = state.credential, known.authorization == read.authorization { return known }
      var credential = read
      credential.generation = Credential.nextGeneration()
      state.credential = credential
      return credential
    }
  }

  func drop(_ refused: Credential) {
    state.withLock { state in
      guard state.credential?.generation == refused.generation else { return }
      state = State()
    }
  }
}
