// Credential programs (client.authentication.k8s.io), shaped like gke-gcloud-auth-plugin, aws-iam-
// authenticator and kubelogin: what they are told, how often they run, and what they may print.

import Foundation
import JSON
import Synchronization
import Testing

@testable import KubernetesClient

@Suite("Credential programs", .timeLimit(.minutes(2)))
struct ExecProgramTests {
  private static let group = "client.authentication.k8s.io/"

  /// A program that notes each run in `runs` and what it was told in `info`, then goes on with a body,
  /// which has the number of the run in `$n`.
  private func program(_ folder: Folder, _ body: String) throws -> String {
    try folder.write(
      "plugin",
      """
      #!/bin/sh
      here='\(folder.path)'
      echo run >> "$here/runs"
      n=$(wc -l < "$here/runs" | tr -d ' ')
      printf '%s' "$KUBERNETES_EXEC_INFO" > "$here/info"
      give() { printf '{"apiVersion":"\(Self.group)v1","kind":"ExecCredential","status":%s}' "$1"; }
      \(body)
      """, isExecutable: true)
  }

  private func exec(_ command: String, _ fields: JSONValue = [:]) -> JSONValue {
    var exec: JSONValue = [
      "command": .string(command), "apiVersion": .string(Self.group + "v1"),
      "interactiveMode": "Never",
    ]
    for (key, value) in fields.object ?? JSONObject() { exec[key] = value }
    return ["exec": exec]
  }

  private func provider(
    _ user: JSONValue, server: String = "https://h:6443", cluster: JSONValue = [:]
  )
    throws -> CredentialProvider
  {
    CredentialProvider(
      settings: try Setting.settings(server, cluster: cluster, user: user))
  }

  private func header(_ provider: CredentialProvider) async throws -> String? {
    try await provider.current().authorization?.reveal()
  }

  // MARK: What it is told

  @Test(
    "kube-rs#1320: every version and mode gets its own EXEC_INFO",
    arguments: ["v1", "v1beta1"], ["Never", "IfAvailable", "Always"])
  func matrix(version: String, mode: String) async throws {
    let folder = try Folder()
    let isTerminal = isatty(STDIN_FILENO) == 1
    let cluster: JSONValue = [
      "tls-server-name": "api.internal", "insecure-skip-tls-verify": true,
      "proxy-url": "socks5://proxy:1080", "disable-compression": true,
      "extensions": [
        ["name": "other", "extension": ["no": "thing"]],
        ["name": "client.authentication.k8s.io/exec", "extension": ["audience": ["a", 1]]],
      ],
    ]
    for wantsCluster in [false, true] {
      let command = try program(
        folder, #"cat > "$here/input"; give '{"token":"t"}' | sed 's,/v1",/\#(version)",'"#)
      let provider = try provider(
        exec(
          command,
          [
            "apiVersion": .string(Self.group + version), "interactiveMode": .string(mode),
            "provideClusterInfo": .bool(wantsCluster),
          ]), cluster: cluster)
      guard mode != "Always" || isTerminal else {
        let error = await #expect(throws: CredentialError.self) { try await provider.current() }
        #expect(error?.message.contains("standard input is no terminal") == true)
        #expect(folder.read("runs") == nil)
        continue
      }
      // On a terminal a program that reads would wait for its user.
      if mode != "Never", isTerminal { continue }
      #expect(try await header(provider) == "Bearer t")
      #expect(folder.read("input") == "")
      var spec: JSONValue = ["interactive": .bool(mode != "Never" && isTerminal)]
      if wantsCluster {
        spec["cluster"] = [
          "server": "https://h:6443", "tls-server-name": "api.internal",
          "insecure-skip-tls-verify": true, "proxy-url": "socks5://proxy:1080",
          "disable-compression": true, "config": ["audience": ["a", 1]],
        ]
      }
      let info = try JSONValue.parse(Array((folder.read("info") ?? "").utf8))
      #expect(
        info == [
          "apiVersion": .string(Self.group + version), "kind": "ExecCredential", "spec": spec,
        ])
    }
  }

  @Test("kube-rs#1331: the program gets cluster info only when asked, with the authority inline")
  func clusterInfo() async throws {
    let folder = try Folder()
    let authority = try TestAuthority()
    let file = try folder.write("ca.crt", authority.pem)
    let command = try program(folder, #"give '{"token":"t"}'"#)
    for wantsCluster in [false, true] {
      let provider = try provider(
        exec(command, ["provideClusterInfo": .bool(wantsCluster)]),
        cluster: ["certificate-authority": .string(file)])
      _ = try await provider.current()
      let info = try JSONValue.parse(Array((folder.read("info") ?? "").utf8))
      let cluster = info[path: "spec", "cluster"]
      let expected: JSONValue = [
        "server": "https://h:6443", "certificate-authority-data": Setting.data(authority.pem),
      ]
      #expect(cluster == (wantsCluster ? expected : nil))
    }
  }

  @Test("it inherits the environment, and the kubeconfig's variables and arguments")
  func environment() async throws {
    let folder = try Folder()
    let command = try program(folder, #"give "{\"token\":\"$MINE-$1-${PATH:+path}\"}""#)
    let provider = try provider(
      exec(command, ["args": ["a b"], "env": [["name": "MINE", "value": "v=1"]]]))
    await #expect(throws: CredentialError.self) { try await provider.current() }
    let other = try self.provider(
      exec(command, ["args": ["ab"], "env": [["name": "MINE", "value": "v=1"]]]))
    #expect(try await header(other) == "Bearer v=1-ab-path")
  }

  @Test("no socket of this process reaches it")
  func descriptors() async throws {
    let folder = try Folder()
    let authority = try TestAuthority()
    let server = try await TLSServer.start(try authority.issue())
    let command = try program(
      folder, #"ls -l /proc/self/fd > "$here/open"; give '{"token":"t"}'"#)
    let cluster: JSONValue = ["certificate-authority-data": Setting.data(authority.pem)]
    let address = "https://127.0.0.1:\(server.port)"
    try await Setting.withTransport { transport in
      // A connection that stays open while the program runs.
      let plain = try Setting.settings(address, cluster: cluster)
      _ = try await Setting.client(plain, transport).serverVersion()
      let settings = try Setting.settings(address, cluster: cluster, user: exec(command))
      _ = try await Setting.client(settings, transport).serverVersion()
    }
    let open = folder.lines("open").filter { $0.contains("->") }
    #expect(open.count >= 3)
    #expect(!open.contains { $0.contains("socket:") || $0.contains("anon_inode") }, "\(open)")
    await server.stop()
  }

  // MARK: How often it runs

  @Test("clients with equal program and cluster share one run, others do not")
  func sharing() async throws {
    let folder = try Folder()
    let command = try program(folder, #"give "{\"token\":\"t$n\"}""#)
    let providers = try (0..<10).map { _ in try provider(exec(command)) }
    let headers = try await withThrowingTaskGroup(of: String?.self) { group in
      for provider in providers { group.addTask { try await header(provider) } }
      return try await group.reduce(into: Set<String?>()) { $0.insert($1) }
    }
    #expect(headers == ["Bearer t1"])
    #expect(try await header(provider(exec(command))) == "Bearer t1")
    // Another cluster, another argument, another variable.
    #expect(try await header(provider(exec(command), server: "https://h:6444")) == "Bearer t2")
    #expect(try await header(provider(exec(command, ["args": ["a"]]))) == "Bearer t3")
    let variable: JSONValue = ["env": [["name": "A", "value": "b"]]]
    #expect(try await header(provider(exec(command, variable))) == "Bearer t4")
    #expect(folder.lines("runs").count == 4)
    _ = providers
  }

  @Test("a credential is used until a minute before its end")
  func lifetime() async throws {
    #expect(ExecCredentials.lifetime(secondsLeft: 3600) == .seconds(3540))
    #expect(ExecCredentials.lifetime(secondsLeft: 90) == .seconds(45))
    #expect(ExecCredentials.lifetime(secondsLeft: 1) == .zero)
    #expect(ExecCredentials.lifetime(secondsLeft: -10) < .zero)
    let folder = try Folder()
    let command = try program(
      folder,
      #"""
      end=$(date -u -d '+1 hour' +%Y-%m-%dT%H:%M:%SZ)
      give "{\"token\":\"t$n\",\"expirationTimestamp\":\"$end\"}"
      """#)
    let provider = try provider(exec(command))
    for _ in 0..<3 { #expect(try await header(provider) == "Bearer t1") }
  }

  @Test("kubernetes#106768: a credential that has expired on arrival is used once for each request")
  func expiredOnArrival() async throws {
    let folder = try Folder()
    let authority = try TestAuthority()
    let server = try await TLSServer.start(try authority.issue())
    let command = try program(
      folder, #"give "{\"token\":\"t$n\",\"expirationTimestamp\":\"2001-01-01T00:00:00Z\"}""#)
    let settings = try Setting.settings(
      "https://127.0.0.1:\(server.port)",
      cluster: ["certificate-authority-data": Setting.data(authority.pem)], user: exec(command))
    try await Setting.withTransport { transport in
      let client = Setting.client(settings, transport)
      for _ in 0..<3 { _ = try await client.serverVersion() }
    }
    #expect(server.requests.map(\.token) == ["Bearer t1", "Bearer t2", "Bearer t3"])
    #expect(folder.lines("runs").count == 3)
    // Nothing was closed on the way.
    #expect(server.connections == 1)
    await server.stop()
  }

  @Test("headlamp#7482: after a 401 the program runs again and the request is sent again, once")
  func refused() async throws {
    let folder = try Folder()
    let authority = try TestAuthority()
    let server = try await TLSServer.start(try authority.issue()) { request, _ in
      request.token == "Bearer t1" || request.token == "Bearer t3" ? .unauthorized : .version
    }
    let command = try program(folder, #"give "{\"token\":\"t$n\"}""#)
    let settings = try Setting.settings(
      "https://127.0.0.1:\(server.port)",
      cluster: ["certificate-authority-data": Setting.data(authority.pem)], user: exec(command))
    let reasons = Mutex<[String?]>([])
    let hooks = ClientHooks(
      onRequest: { trace in
        reasons.withLock { $0.append(trace.retryReason) }
      })
    try await Setting.withTransport { transport in
      let client = Setting.client(settings, transport, hooks: hooks)
      _ = try await client.serverVersion()
      #expect(server.requests.map(\.token) == ["Bearer t1", "Bearer t2"])
      #expect(reasons.withLock { $0 } == [nil, "401"])
      // A program that gives refused credentials again and again is not run for ever.
      let always = try await TLSServer.start(try authority.issue()) { _, _ in .unauthorized }
      var other = settings
      other.server = try #require(ServerAddress("https://127.0.0.1:\(always.port)"))
      let error = try await Setting.failure(other, transport)
      #expect(error?.status == 401)
      #expect(always.requests.count == 2)
      await always.stop()
    }
    await server.stop()
  }

  @Test("headlamp#7482: a watch that gets a 401 is opened again with new credentials")
  func refusedStream() async throws {
    let folder = try Folder()
    let authority = try TestAuthority()
    let server = try await TLSServer.start(try authority.issue()) { request, _ in
      request.token == "Bearer t1" ? .unauthorized : .version
    }
    let command = try program(folder, #"give "{\"token\":\"t$n\"}""#)
    let settings = try Setting.settings(
      "https://127.0.0.1:\(server.port)",
      cluster: ["certificate-authority-data": Setting.data(authority.pem)], user: exec(command))
    try await Setting.withTransport { transport in
      let call = Call(verb: "watch", object: "pods", path: "/api/v1/pods", isStream: true)
      let stream = try await Setting.client(settings, transport).open(call)
      #expect(stream.head.status == 200)
    }
    #expect(server.requests.map(\.token) == ["Bearer t1", "Bearer t2"])
    await server.stop()
  }

  // MARK: Slow ones

  /// A program that waits until somebody writes into `gate`, having noted its process in `pid`.
  private func slowProgram(_ folder: Folder) throws -> String {
    guard mkfifo("\(folder.path)/gate", 0o600) == 0 else { throw POSIXError(.EIO) }
    return try program(
      folder,
      #"""
      echo $$ > "$here/pid.new"; mv "$here/pid.new" "$here/pid"
      read line < "$here/gate"
      give '{"token":"slow"}'
      """#)
  }

  private func openGate(_ folder: Folder) throws {
    let gate = try FileHandle(forWritingTo: URL(fileURLWithPath: "\(folder.path)/gate"))
    try gate.write(contentsOf: Data("go\n".utf8))
    try gate.close()
  }

  /// Returns when the program has begun; gives its process.
  private func started(_ folder: Folder) async throws -> pid_t {
    while true {
      if let text = folder.lines("pid").first, let id = pid_t(text) { return id }
      try await Task.sleep(for: .milliseconds(5))
    }
  }

  @Test("kube-rs#1950: a slow program blocks no other cluster")
  func slow() async throws {
    let folder = try Folder()
    let authority = try TestAuthority()
    let server = try await TLSServer.start(try authority.issue())
    let cluster: JSONValue = ["certificate-authority-data": Setting.data(authority.pem)]
    let address = "https://127.0.0.1:\(server.port)"
    let slow = try Setting.settings(address, cluster: cluster, user: exec(try slowProgram(folder)))
    let quick = try Setting.settings(address, cluster: cluster, user: ["token": "quick"])
    try await Setting.withTransport { transport in
      let client = Setting.client(slow, transport)
      // More of them than the machine has cores.
      let waiting = (0..<64).map { _ in Task { try await client.serverVersion() } }
      _ = try await started(folder)
      _ = try await Setting.client(quick, transport).serverVersion()
      #expect(server.requests.map(\.token) == ["Bearer quick"])
      try openGate(folder)
      for task in waiting { _ = try await task.value }
      #expect(folder.lines("runs").count == 1)
      #expect(server.requests.count == 65)
    }
    await server.stop()
  }

  @Test("it is ended when everybody who waited is cancelled, and not before")
  func cancelled() async throws {
    let folder = try Folder()
    let settings = try Setting.settings("https://h", user: exec(try slowProgram(folder)))
    guard case .exec(let plugin) = settings.credential else { throw POSIXError(.EINVAL) }
    let credentials = ExecCredentials.shared(plugin, settings)
    let provider = CredentialProvider(settings: settings)
    let first = Task { try await provider.current() }
    let id = try await started(folder)
    let second = Task { try await self.header(provider) }
    while credentials.waiting < 2 { try await Task.sleep(for: .milliseconds(1)) }
    first.cancel()
    await #expect(throws: CancellationError.self) { try await first.value }
    #expect(kill(id, 0) == 0)
    try openGate(folder)
    #expect(try await second.value == "Bearer slow")
    // And now all of them.
    provider.renew(after: try await provider.current())
    try folder.remove("pid")
    let waiting = (0..<3).map { _ in Task { try await provider.current() } }
    let next = try await started(folder)
    while credentials.waiting < 3 { try await Task.sleep(for: .milliseconds(1)) }
    for task in waiting { task.cancel() }
    for task in waiting {
      await #expect(throws: CancellationError.self) { try await task.value }
    }
    #expect(kill(next, 0) != 0)
    #expect(folder.lines("runs").count == 2)
  }

  // MARK: What it prints

  @Test("kube-rs#2003: YAML is read like JSON; kube-rs#1096: PEM needs no final newline")
  func output() async throws {
    let folder = try Folder()
    let identity = try TestAuthority().issue()
    func indented(_ pem: String) -> String {
      pem.split(separator: "\n").map { "    \($0)" }.joined(separator: "\n")
    }
    let command = try program(
      folder,
      """
      cat <<'END'
      # a comment
      apiVersion: \(Self.group)v1
      kind: ExecCredential
      status:
        token: yaml-token
        clientCertificateData: |-
      \(indented(identity.certificate))
        clientKeyData: |-
      \(indented(identity.key))
      END
      """)
    let credential = try await provider(exec(command)).current()
    #expect(credential.authorization?.reveal() == "Bearer yaml-token")
    #expect(credential.certificate == Array(identity.certificate.dropLast().utf8))
  }

  @Test("what cannot be used is told without what was printed")
  func unusable() async throws {
    let folder = try Folder()
    let (jane, bob) = (try TestAuthority().issue(), try TestAuthority().issue())
    func json(_ text: String) -> String { JSONValue.string(text).text() }
    let cases = [
      ("echo s3cr3t", "printed no ExecCredential"),
      (#"give '{"token":"s3cr3t"}' | sed s,Exec,,"#, "printed no ExecCredential"),
      (#"give '{"token":"s3cr3t"}' | sed s,/v1,/v1beta1,"#, "v1beta1, not client"),
      (#"give '{"token":""}'"#, "neither a token nor a certificate"),
      (#"give '{"token":5}'"#, "neither a token nor a certificate"),
      (#"give '{"token":"s3cr3t","expirationTimestamp":"soon"}'"#, "no time"),
      (#"give '{"token":"s3cr3t","expirationTimestamp":12}'"#, "no time"),
      (#"give '{"clientKeyData":\#(json(jane.key))}'"#, "only one of certificate and key"),
      (
        #"give '{"clientCertificateData":\#(json(jane.certificate)),"clientKeyData":"s3cr3t"}'"#,
        "clientKeyData that is no PEM text"
      ),
      (
        #"give '{"clientCertificateData":\#(json(jane.certificate)),"#
          + #""clientKeyData":\#(json(bob.key))}'"#, "does not belong"
      ),
      ("exit 3", "ended with exit code 3"), ("kill -9 $$", "ended by signal 9"),
    ]
    for (body, part) in cases {
      let command = try program(folder, body)
      let error = await #expect(throws: CredentialError.self) {
        try await provider(exec(command, ["args": [.string(part)]])).current()
      }
      let message = error?.message ?? ""
      #expect(
        message.hasPrefix("context \"test\": the credential program \(command) "), "\(message)")
      #expect(message.contains(part), "\(part): \(message)")
      #expect(!message.contains("s3cr3t") && !message.contains("PRIVATE KEY-"), "\(message)")
    }
  }

  @Test("a missing program tells how to get it, without the hint's escape sequences")
  func missing() async throws {
    let hint =
      "\u{1B}[31mInstall\u{1B}[0m gke-gcloud-auth-plugin\u{1B}]0;title\u{07}:\n  gcloud \u{9B}2Jx"
    let provider = try provider(exec("/no/such/plugin", ["installHint": .string(hint)]))
    let error = await #expect(throws: CredentialError.self) { try await provider.current() }
    #expect(
      error?.message
        == "context \"test\": the credential program /no/such/plugin cannot be started: "
        + "no such file or directory. Install gke-gcloud-auth-plugin: gcloud x")
    let plain = try self.provider(exec("/no/such/plugin"))
    let other = await #expect(throws: CredentialError.self) { try await plain.current() }
    #expect(other?.message.hasSuffix("; install it or correct exec.command") == true)
  }
}
