// Whom the client trusts, against real TLS servers on loopback.

import JSON
import Testing

@testable import KubernetesClient

@Suite("Server certificates", .timeLimit(.minutes(2)))
struct ServerCertificateTests {
  /// What a request to a server comes to.
  private func failure(
    _ identity: TestAuthority.Identity, cluster: JSONValue, environment: [String: String] = [:],
    newest: String? = nil
  ) async throws -> (error: APIError?, requests: [TLSServer.Request]) {
    let server = try await TLSServer.start(identity, newest: newest == nil ? nil : .tlsv11)
    let settings = try Setting.settings(
      "https://127.0.0.1:\(server.port)", cluster: cluster, user: ["token": "s3cr3t-token"],
      environment: environment)
    var error: APIError?
    try await Setting.withTransport { error = try await Setting.failure(settings, $0) }
    await server.stop()
    return (error, server.requests)
  }

  private func authority(_ authority: TestAuthority) -> JSONValue {
    ["certificate-authority-data": Setting.data(authority.pem)]
  }

  @Test("a server with a certificate of the cluster's authority is trusted")
  func trusted() async throws {
    let authority = try TestAuthority()
    let (error, requests) = try await failure(
      try authority.issue(), cluster: self.authority(authority))
    #expect(error == nil)
    #expect(requests.map(\.token) == ["Bearer s3cr3t-token"])
  }

  @Test("swiftkube#1: inline data is taken as it is, with and without a final newline")
  func inlineData() async throws {
    let authority = try TestAuthority()
    for pem in [authority.pem, String(authority.pem.dropLast())] {
      let (error, _) = try await failure(
        try authority.issue(), cluster: ["certificate-authority-data": Setting.data(pem)])
      #expect(error == nil)
    }
  }

  @Test("an expired certificate, a wrong name and an unknown authority get no token")
  func refused() async throws {
    let authority = try TestAuthority()
    let cases: [(TestAuthority.Identity, String)] = [
      (try authority.issue(secondsLeft: -60), "expired"),
      (try authority.issue(names: ["other.example"], addresses: [[10, 0, 0, 1]]), "127.0.0.1"),
      (try TestAuthority("another").issue(), "issuer"),
    ]
    for (identity, part) in cases {
      let (error, requests) = try await failure(identity, cluster: self.authority(authority))
      #expect(error?.reason == "Certificate", "\(part): \(error?.description ?? "no error")")
      #expect(error?.message.contains(part) == true, "\(error?.message ?? "")")
      #expect(error?.description.contains("s3cr3t") == false)
      #expect(requests.isEmpty)
    }
  }

  @Test("swiftkube#36/#37: a server is unchecked only when the kubeconfig says so")
  func insecure() async throws {
    let identity = try TestAuthority().issue(secondsLeft: -60)
    for cluster: JSONValue in [[:], ["insecure-skip-tls-verify": false]] {
      let (error, requests) = try await failure(identity, cluster: cluster)
      #expect(error?.reason == "Certificate")
      #expect(requests.isEmpty)
    }
    let (error, requests) = try await failure(
      identity, cluster: ["insecure-skip-tls-verify": true])
    #expect(error == nil)
    #expect(requests.count == 1)
  }

  @Test("insecure beside an authority is an error, not a choice")
  func insecureWithAuthority() throws {
    let authority = try TestAuthority()
    let error = #expect(throws: KubeconfigError.self) {
      try Setting.settings(
        "https://h",
        cluster: [
          "insecure-skip-tls-verify": true,
          "certificate-authority-data": Setting.data(authority.pem),
        ])
    }
    #expect(error?.problems.first?.contains("remove one of them") == true)
  }

  /// A folder of authorities as OpenSSL looks them up.
  private func hashed(_ authority: TestAuthority) async throws -> Folder {
    let folder = try Folder()
    let file = try folder.write("authority.pem", authority.pem)
    let hash = try await Setting.openssl("x509", "-hash", "-noout", "-in", file)
    try folder.write("\(hash.filter { !$0.isNewline }).0", authority.pem)
    return folder
  }

  @Test("the system's authorities count without a cluster's own, and never beside it")
  func systemAuthorities() async throws {
    let (system, own) = (try TestAuthority("system"), try TestAuthority("own"))
    let identity = try system.issue()
    let folder = try await hashed(system)
    let environments = [
      ["SSL_CERT_DIR": folder.path], ["SSL_CERT_FILE": "\(folder.path)/authority.pem"],
    ]
    for environment in environments {
      let (accepted, _) = try await failure(identity, cluster: [:], environment: environment)
      #expect(accepted == nil, "\(environment): \(accepted?.description ?? "")")
      let (error, requests) = try await failure(
        identity, cluster: authority(own), environment: environment)
      #expect(error?.reason == "Certificate", "\(environment)")
      #expect(requests.isEmpty)
    }
  }

  @Test("TLS 1.1 is refused, also where certificates are not checked")
  func oldVersion() async throws {
    let (error, requests) = try await failure(
      try TestAuthority().issue(), cluster: ["insecure-skip-tls-verify": true], newest: "1.1")
    #expect(error?.reason == "Certificate", "\(error?.description ?? "no error")")
    #expect(error?.message.contains("version") == true, "\(error?.message ?? "")")
    #expect(requests.isEmpty)
  }

  @Test("kube-rs#1993: tls-server-name is asked for, checked, and stays out of the Host header")
  func serverName() async throws {
    let authority = try TestAuthority()
    let identity = try authority.issue(names: ["api.internal"], addresses: [])
    var cluster = self.authority(authority)
    #expect(try await failure(identity, cluster: cluster).error?.reason == "Certificate")
    cluster["tls-server-name"] = "api.internal"
    let (error, requests) = try await failure(identity, cluster: cluster)
    #expect(error == nil)
    #expect(requests.map(\.serverName) == ["api.internal"])
    #expect(requests.first?.headers.first(name: "Host")?.hasPrefix("127.0.0.1:") == true)
    cluster["tls-server-name"] = "other.internal"
    let (wrong, none) = try await failure(identity, cluster: cluster)
    #expect(wrong?.reason == "Certificate")
    #expect(none.isEmpty)
  }

  @Test("a tls-server-name that is an address is checked and sends no name")
  func serverAddress() async throws {
    let authority = try TestAuthority()
    let identity = try authority.issue(names: [], addresses: [[10, 9, 8, 7]])
    var cluster = self.authority(authority)
    cluster["tls-server-name"] = "10.9.8.7"
    let (error, requests) = try await failure(identity, cluster: cluster)
    #expect(error == nil, "\(error?.description ?? "")")
    #expect(requests.count == 1)
    #expect(requests.first?.serverName == nil)
    cluster["tls-server-name"] = "10.9.8.6"
    #expect(try await failure(identity, cluster: cluster).error?.reason == "Certificate")
  }

  @Test("swiftkube#43: the path of a server's address stays in front of every request's")
  func pathPrefix() async throws {
    let authority = try TestAuthority()
    let server = try await TLSServer.start(try authority.issue())
    let settings = try Setting.settings(
      "https://127.0.0.1:\(server.port)/k8s/clusters/c-1/", cluster: self.authority(authority))
    try await Setting.withTransport { transport in
      let error = try await Setting.failure(settings, transport)
      #expect(error == nil)
    }
    #expect(server.requests.map(\.target) == ["/k8s/clusters/c-1/version"])
    await server.stop()
  }

  @Test("kubernetes#112296: disable-compression asks for no compression")
  func compression() async throws {
    let authority = try TestAuthority()
    for (isDisabled, expected) in [(false, "gzip" as String?), (true, nil)] {
      var cluster = self.authority(authority)
      cluster["disable-compression"] = .bool(isDisabled)
      let (_, requests) = try await failure(try authority.issue(), cluster: cluster)
      #expect(requests.map { $0.headers.first(name: "Accept-Encoding") } == [expected])
    }
  }

  @Test("credentials go over https only, and their programs do not run for less")
  func encryptedOnly() async throws {
    let folder = try Folder()
    let program = try folder.write(
      "plugin", "#!/bin/sh\ntouch \(folder.path)/ran", isExecutable: true)
    let exec: JSONValue = [
      "command": .string(program), "apiVersion": "client.authentication.k8s.io/v1",
      "interactiveMode": "Never",
    ]
    let users: [JSONValue] = [
      ["token": "t"], ["username": "u", "password": "p"], ["exec": exec],
    ]
    for user in users {
      let settings = try Setting.settings("http://127.0.0.1:1", user: user)
      let credential = try await CredentialProvider(settings: settings).current()
      #expect(credential.authorization == nil)
    }
    #expect(folder.read("ran") == nil)
  }
}

@Suite("Client certificates", .timeLimit(.minutes(2)))
struct ClientCertificateTests {
  @Test("a server that demands a certificate gets the one of the kubeconfig")
  func demanded() async throws {
    let (authority, people) = (try TestAuthority(), try TestAuthority("people"))
    let server = try await TLSServer.start(
      try authority.issue(), clientAuthority: people.pem)
    let cluster: JSONValue = ["certificate-authority-data": Setting.data(authority.pem)]
    let address = "https://127.0.0.1:\(server.port)"
    let jane = try people.issue(commonName: "jane")
    let stranger = try TestAuthority("strangers").issue()
    func user(_ identity: TestAuthority.Identity) -> JSONValue {
      [
        "client-certificate-data": Setting.data(identity.certificate),
        "client-key-data": Setting.data(identity.key),
      ]
    }
    for user in [[:], user(stranger)] {
      try await Setting.withTransport { transport in
        let settings = try Setting.settings(address, cluster: cluster, user: user)
        let error = try await Setting.failure(settings, transport)
        #expect(error?.reason == "Certificate", "\(error?.description ?? "no error")")
        #expect(error?.message.contains("client certificate") == true)
      }
    }
    #expect(server.requests.isEmpty)
    try await Setting.withTransport { transport in
      let settings = try Setting.settings(address, cluster: cluster, user: user(jane))
      #expect(try await Setting.failure(settings, transport) == nil)
    }
    #expect(server.requests.map(\.clientSerial) == [jane.serial])
    await server.stop()
  }

  @Test(
    "keys of every form work, without a final newline too", arguments: ["rsa", "sec1", "pkcs8"])
  func keyForms(form: String) async throws {
    let folder = try Folder()
    let (authority, key) = (try TestAuthority(), "\(folder.path)/key")
    let kind = form == "rsa" ? ["RSA"] : ["EC", "-pkeyopt", "ec_paramgen_curve:P-256"]
    let made = try await makeKey(kind, at: key)
    #expect(made.contains("PRIVATE KEY"))
    let certificate = try await Setting.openssl(
      "req", "-x509", "-new", "-key", key, "-subj", "/CN=jane", "-days", "2")
    let text = form == "sec1" ? try await Setting.openssl("ec", "-in", key) : made
    if form == "sec1" { #expect(text.contains("BEGIN EC PRIVATE KEY")) }
    let server = try await TLSServer.start(try authority.issue(), clientAuthority: certificate)
    let settings = try Setting.settings(
      "https://127.0.0.1:\(server.port)",
      cluster: ["certificate-authority-data": Setting.data(authority.pem)],
      user: [
        "client-certificate-data": Setting.data(String(certificate.dropLast())),
        "client-key-data": Setting.data(String(text.dropLast())),
      ])
    try await Setting.withTransport { transport in
      let error = try await Setting.failure(settings, transport)
      #expect(error == nil, "\(error?.description ?? "")")
    }
    await server.stop()
    // The same check that finds a key of somebody else.
    #expect(KeyPair.fits(certificate: Array(certificate.utf8), key: Array(text.utf8)) == true)
    let other = try TestAuthority().issue()
    #expect(KeyPair.fits(certificate: Array(certificate.utf8), key: Array(other.key.utf8)) == false)
    let stranger = Array(other.certificate.utf8)
    #expect(KeyPair.fits(certificate: stranger, key: Array(text.utf8)) == false)
  }

  private func makeKey(_ kind: [String], at path: String) async throws -> String {
    _ =
      kind.count == 1
      ? try await Setting.openssl("genpkey", "-quiet", "-algorithm", kind[0], "-out", path)
      : try await Setting.openssl(
        "genpkey", "-quiet", "-algorithm", kind[0], kind[1], kind[2], "-out", path)
    return try await Setting.openssl("pkey", "-in", path)
  }

  @Test("a key of another certificate is told with file, field and way out")
  func mismatch() throws {
    let authority = try TestAuthority()
    let (jane, bob) = (try authority.issue(), try authority.issue())
    let error = #expect(throws: KubeconfigError.self) {
      try Setting.settings(
        "https://h",
        user: [
          "client-certificate-data": Setting.data(jane.certificate),
          "client-key-data": Setting.data(bob.key),
        ])
    }
    #expect(
      error?.problems == [
        "kubeconfig: user \"u\": client-key does not belong to the client certificate; "
          + "take both from the same source"
      ])
  }

  @Test("kube-rs#1966: a malformed client key is told, not left out")
  func malformedKey() throws {
    let identity = try TestAuthority().issue()
    let cases = [
      ("hello", "is no PEM text with BEGIN PRIVATE KEY"),
      (identity.certificate, "BEGIN PRIVATE KEY"),
      (String(identity.key.dropLast(30)), "lacks END PRIVATE KEY"),
      (
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMAMCAQE=\n-----END ENCRYPTED PRIVATE KEY-----\n",
        "is a key with a password"
      ),
    ]
    for (key, part) in cases {
      let error = #expect(throws: KubeconfigError.self) {
        try Setting.settings(
          "https://h",
          user: [
            "client-certificate-data": Setting.data(identity.certificate),
            "client-key-data": Setting.data(key),
          ])
      }
      #expect(error?.problems.count == 1)
      let problem = error?.problems.first ?? ""
      #expect(problem.hasPrefix("kubeconfig: user \"u\": client-key-data "), "\(problem)")
      #expect(problem.contains(part), "\(problem)")
    }
  }
}
