// The certificates that a client shows and trusts now: from the kubeconfig, from files that
// somebody else replaces (cert-manager, the kubelet), or from a credential program.
//
// Files are looked at every ten seconds, and at once when a certificate was refused. A pair whose
// halves do not belong together, or a half-written file, is a replacement under way: what was good
// before stays until the new whole is there.

import Synchronization

/// Certificates and key of one connection, PEM.
struct CertificateMaterial: Sendable, Hashable {
  var authority: [UInt8]?
  var certificate: [UInt8]?
  var key: [UInt8]?
}

final class CertificateKeeper: Sendable {
  /// What a connection needs, with a number that grows when it changes.
  struct Current: Sendable {
    var material: CertificateMaterial
    var number: Int
    /// True for the one caller that must close what was made with earlier certificates.
    var isNew: Bool
  }

  private struct State {
    var files: CertificateMaterial
    var stamps: [LocalFile.Stamp?] = []
    var lookedAt: ContinuousClock.Instant?
    var program: Credential?
    var last: CertificateMaterial?
    var number = 0
  }

  private static let interval = Duration.seconds(10)

  private let files: CertificateFiles
  private let now: @Sendable () -> ContinuousClock.Instant
  private let state: Mutex<State>
  private let isProgram: Bool
  /// True when the certificates can change at all.
  let canChange: Bool

  init(
    settings: ConnectionSettings,
    now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }
  ) {
    files = settings.files
    self.now = now
    if case .exec = settings.credential { isProgram = true } else { isProgram = false }
    canChange = isProgram || settings.files != CertificateFiles()
    state = Mutex(
      State(
        files: CertificateMaterial(
          authority: settings.certificateAuthority, certificate: settings.clientCertificate,
          key: settings.clientKey)))
  }

  /// What to connect with now, given the credential of the request.
  func current(for credential: Credential) -> Current {
    state.withLock { state in
      guard canChange else {
        return Current(material: state.files, number: 0, isNew: false)
      }
      let time = now()
      if let last = state.lookedAt {
        if time - last >= Self.interval { look(&state, at: time) }
      } else {
        state.lookedAt = time
        state.stamps = stamps()
      }
      // A request that was delayed must not bring an older certificate back.
      if isProgram, credential.generation >= state.program?.generation ?? 0 {
        state.program = credential
      }
      var material = state.files
      if let program = state.program {
        material.certificate = program.certificate
        material.key = program.key
      }
      let isNew = state.last != nil && state.last != material
      if isNew { state.number += 1 }
      state.last = material
      return Current(material: material, number: state.number, isNew: isNew)
    }
  }

  /// Looks at the files now; true when they give other certificates than before.
  func reread() -> Bool {
    guard files != CertificateFiles() else { return false }
    return state.withLock { state in
      let before = state.files
      state.stamps = []
      look(&state, at: now())
      return state.files != before
    }
  }

  private var paths: [String?] { [files.authority, files.clientCertificate, files.clientKey] }

  private func stamps() -> [LocalFile.Stamp?] { paths.map { $0.flatMap(LocalFile.stamp) } }

  private func look(_ state: inout State, at time: ContinuousClock.Instant) {
    state.lookedAt = time
    let stamps = stamps()
    guard stamps != state.stamps else { return }
    var isWhole = true
    func read(_ path: String?, _ label: String, _ known: [UInt8]?) -> [UInt8]? {
      guard let path else { return known }
      guard let bytes = try? LocalFile.read(path), PEM.problem(in: bytes, label: label) == nil
      else {
        isWhole = false
        return known
      }
      return bytes
    }
    state.files.authority = read(files.authority, "CERTIFICATE", state.files.authority)
    let certificate = read(files.clientCertificate, "CERTIFICATE", state.files.certificate)
    let key = read(files.clientKey, "PRIVATE KEY", state.files.key)
    if let certificate, let key, KeyPair.fits(certificate: certificate, key: key) == false {
      isWhole = false
    } else {
      state.files.certificate = certificate
      state.files.key = key
    }
    // What was found half-done is looked at again even if nothing else changes.
    state.stamps = isWhole ? stamps : []
  }
}
