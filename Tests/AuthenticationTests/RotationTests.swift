// Credentials that change while a client lives: token files, certificates in files, certificates of
// credential programs.

import Foundation
import JSON
import Synchronization
import Testing

@testable import KubernetesClient

/// A clock that tests move.
private final class TestClock: Sendable {
  private let start = ContinuousClock.now
  private let passed = Mutex(Duration.zero)

  var now: ContinuousClock.Instant { start + passed.withLock { $0 } }
  func pass(_ duration: Duration) { passed.withLock { $0 += duration } }
}

@Suite("Token files", .timeLimit(.minutes(2)))
struct TokenFileTests {
  private func provider(
    _ path: String, _ clock: TestClock, token: String? = nil
  ) throws -> CredentialProvider {
    var user: JSONValue = ["tokenFile": .string(path)]
    if let token { user["token"] = .string(token) }
    return CredentialProvider(
      settings: try Setting.settings("https://h", user: user), now: { clock.now })
  }

  private func header(_ provider: CredentialProvider) async throws -> String? {
    try await provider.current().authorization?.reveal()
  }

  @Test("swiftkube#49: a token file is read again after 50 seconds")
  func reading() async throws {
    let (folder, clock) = (try Folder(), TestClock())
    let path = try folder.write("token", " one\n")
    let provider = try provider(path, clock)
    #expect(try await header(provider) == "Bearer one")
    try folder.write("token", "two")
    clock.pass(.seconds(49))
    #expect(try await header(provider) == "Bearer one")
    clock.pass(.seconds(1))
    #expect(try await header(provider) == "Bearer two")
  }

  @Test("kubernetes#68164: the last good token is used while its file is missing or empty")
  func vanishing() async throws {
    let (folder, clock) = (try Folder(), TestClock())
    let path = try folder.write("token", "one")
    let provider = try provider(path, clock)
    #expect(try await header(provider) == "Bearer one")
    try folder.remove("token")
    clock.pass(.seconds(60))
    #expect(try await header(provider) == "Bearer one")
    try folder.write("token", " \n")
    clock.pass(.seconds(60))
    #expect(try await header(provider) == "Bearer one")
    // It is there again, and nobody waits another 50 seconds for it.
    try folder.write("token", "two")
    #expect(try await header(provider) == "Bearer two")
  }

  @Test("the file wins over the token, which helps only while the file cannot be read")
  func fallback() async throws {
    let (folder, clock) = (try Folder(), TestClock())
    let path = try folder.write("token", "file")
    let provider = try provider(path, clock, token: "inline")
    #expect(try await header(provider) == "Bearer file")
    let missing = try self.provider("\(folder.path)/missing", clock, token: "inline")
    #expect(try await header(missing) == "Bearer inline")
    try folder.write("missing", "found")
    #expect(try await header(missing) == "Bearer found")
  }

  @Test("kube-rs#829, kube-rs#831, kube-rs#835: requests at the moment of a renewal all go on")
  func concurrency() async throws {
    let (folder, clock) = (try Folder(), TestClock())
    let path = try folder.write("token", "one")
    let provider = try provider(path, clock)
    for round in 0..<3 {
      try folder.write("token", "t\(round)")
      clock.pass(.seconds(61))
      let headers = try await withThrowingTaskGroup(of: String?.self) { group in
        for _ in 0..<200 { group.addTask { try await header(provider) } }
        return try await group.reduce(into: Set<String?>()) { $0.insert($1) }
      }
      #expect(headers.contains("Bearer t\(round)"))
      #expect(try await header(provider) == "Bearer t\(round)")
    }
  }

  @Test("a refused token is read again at once, and the request sent again")
  func refused() async throws {
    let folder = try Folder()
    let authority = try TestAuthority()
    let path = try folder.write("token", "old")
    let server = try await TLSServer.start(try authority.issue()) { request, _ in
      guard request.token == "Bearer old" else { return .version }
      _ = try? folder.write("token", "new")
      return .unauthorized
    }
    let settings = try Setting.settings(
      "https://127.0.0.1:\(server.port)",
      cluster: ["certificate-authority-data": Setting.data(authority.pem)],
      user: ["tokenFile": .string(path)])
    try await Setting.withTransport { transport in
      let error = try await Setting.failure(settings, transport)
      #expect(error == nil)
    }
    #expect(server.requests.map(\.token) == ["Bearer old", "Bearer new"])
    await server.stop()
  }
}

@Suite("Certificates that change", .timeLimit(.minutes(2)))
struct RotationTests {
  @Test("kube-rs#1962: another authority in the file is taken at once when the old one fails")
  func authority() async throws {
    let folder = try Folder()
    let (old, new) = (try TestAuthority("old"), try TestAuthority("new"))
    let server = try await TLSServer.start(try old.issue())
    let file = try folder.write("ca.crt", old.pem)
    let settings = try Setting.settings(
      "https://127.0.0.1:\(server.port)", cluster: ["certificate-authority": .string(file)])
    try await Setting.withTransport { transport in
      let client = Setting.client(settings, transport)
      _ = try await client.serverVersion()
      server.use(try new.issue())
      await server.closeConnections()
      // Not replaced yet, then half-written: the server stays a stranger.
      for text in [old.pem, String(new.pem.dropLast(40))] {
        try folder.write("ca.crt", text)
        let error = await #expect(throws: APIError.self) { try await client.serverVersion() }
        #expect(error?.reason == "Certificate")
      }
      try folder.write("ca.crt", new.pem)
      _ = try await client.serverVersion()
    }
    #expect(server.requests.count == 2)
    await server.stop()
  }

  @Test("a new client certificate in files is used, and the connection with the old one is closed")
  func clientFiles() async throws {
    let folder = try Folder()
    let (authority, people) = (try TestAuthority(), try TestAuthority("people"))
    let (old, new) = (try people.issue(), try people.issue())
    let server = try await TLSServer.start(
      try authority.issue(), clientAuthority: people.pem
    ) { request, _ in
      request.clientSerial == old.serial && request.target.contains("refused")
        ? .unauthorized : .version
    }
    let certificate = try folder.write("tls.crt", old.certificate)
    let key = try folder.write("tls.key", old.key)
    let settings = try Setting.settings(
      "https://127.0.0.1:\(server.port)",
      cluster: ["certificate-authority-data": Setting.data(authority.pem)],
      user: ["client-certificate": .string(certificate), "client-key": .string(key)])
    try await Setting.withTransport { transport in
      let client = Setting.client(settings, transport)
      _ = try await client.serverVersion()
      // Only one half is there: the old pair is kept.
      try folder.write("tls.crt", new.certificate)
      let call = Call(verb: "get", object: "x", path: "/refused")
      let error = await #expect(throws: APIError.self) { try await client.send(call) }
      #expect(error?.status == 401)
      try folder.write("tls.key", new.key)
      _ = try await client.send(call)
      #expect(
        server.requests.map(\.clientSerial)
          == [old.serial, old.serial, old.serial, new.serial])
      #expect(server.requests.map(\.connection) == [1, 1, 1, 2])
      try await server.closed(1)
    }
    await server.stop()
  }

  @Test("files are looked at every ten seconds, and a pair is taken whole or not at all")
  func looking() throws {
    let (folder, clock) = (try Folder(), TestClock())
    let people = try TestAuthority("people")
    let (old, new) = (try people.issue(), try people.issue())
    let certificate = try folder.write("tls.crt", old.certificate)
    let key = try folder.write("tls.key", old.key)
    let settings = try Setting.settings(
      "https://h", user: ["client-certificate": .string(certificate), "client-key": .string(key)])
    let keeper = CertificateKeeper(settings: settings, now: { clock.now })
    func current() -> CertificateKeeper.Current { keeper.current(for: Credential()) }
    #expect(current().number == 0)
    try folder.write("tls.crt", new.certificate)
    clock.pass(.seconds(11))
    #expect(current().material.certificate == Array(old.certificate.utf8))
    try folder.remove("tls.key")
    clock.pass(.seconds(11))
    #expect(current().material.key == Array(old.key.utf8))
    try folder.write("tls.key", new.key)
    clock.pass(.seconds(9))
    #expect(current().number == 0)
    clock.pass(.seconds(1))
    let changed = current()
    #expect(changed.isNew && changed.number == 1)
    #expect(changed.material.certificate == Array(new.certificate.utf8))
    #expect(changed.material.key == Array(new.key.utf8))
    #expect(!current().isNew)
  }

  /// A program that prints the pairs `1.crt`, `1.key` and so on, one more at each run.
  private func program(
    _ folder: Folder, _ identities: [TestAuthority.Identity], _ more: String = ""
  ) throws -> JSONValue {
    for (index, identity) in identities.enumerated() {
      let status: JSONValue = [
        "clientCertificateData": .string(identity.certificate),
        "clientKeyData": .string(identity.key),
      ]
      let credential: JSONValue = [
        "apiVersion": "client.authentication.k8s.io/v1beta1", "kind": "ExecCredential",
        "status": status,
      ]
      try folder.write("\(index + 1).json", credential.text())
    }
    let command = try folder.write(
      "plugin",
      """
      #!/bin/sh
      cd '\(folder.path)'
      echo run >> runs
      cat "$(wc -l < runs | tr -d ' ').json"
      """, isExecutable: true)
    return [
      "exec": [
        "command": .string(command), "apiVersion": "client.authentication.k8s.io/v1beta1",
      ]
    ]
  }

  @Test("kube-rs#1675: a program's certificate is fetched anew when it ends, without being told so")
  func certificateEnd() async throws {
    let folder = try Folder()
    let people = try TestAuthority("people")
    let pairs = [try people.issue(secondsLeft: -10), try people.issue(), try people.issue()]
    let settings = try Setting.settings(
      "https://h", user: try program(folder, pairs))
    let provider = CredentialProvider(settings: settings)
    #expect(try await provider.current().certificate == Array(pairs[0].certificate.utf8))
    for _ in 0..<3 {
      #expect(try await provider.current().certificate == Array(pairs[1].certificate.utf8))
    }
    #expect(folder.lines("runs").count == 2)
  }

  @Test("kube-rs#1707: a rotated certificate gets a new connection, and the old one is closed")
  func programRotation() async throws {
    let folder = try Folder()
    let (authority, people) = (try TestAuthority(), try TestAuthority("people"))
    let pairs = [try people.issue(), try people.issue()]
    let isRevoked = Atomic<Bool>(false)
    let server = try await TLSServer.start(
      try authority.issue(), clientAuthority: people.pem
    ) { request, _ in
      isRevoked.load(ordering: .relaxed) && request.clientSerial == pairs[0].serial
        ? .unauthorized : .version
    }
    let settings = try Setting.settings(
      "https://127.0.0.1:\(server.port)",
      cluster: ["certificate-authority-data": Setting.data(authority.pem)],
      user: try program(folder, pairs))
    try await Setting.withTransport { transport in
      let client = Setting.client(settings, transport)
      _ = try await client.serverVersion()
      isRevoked.store(true, ordering: .relaxed)
      _ = try await client.serverVersion()
      #expect(
        server.requests.map(\.clientSerial)
          == [pairs[0].serial, pairs[0].serial, pairs[1].serial])
      #expect(server.requests.map(\.connection) == [1, 1, 2])
      try await server.closed(1)
    }
    await server.stop()
  }
}
