// Credentials that change: token files and credential programs.

import JSON
import Testing

@testable import KubernetesClient

@Suite("Credentials", .timeLimit(.minutes(2)))
struct CredentialTests {
  private func provider(_ source: CredentialSource) throws -> CredentialProvider {
    let address = try #require(ServerAddress("https://h:6443"))
    return CredentialProvider(
      settings: ConnectionSettings(contextName: "x", server: address, credential: source))
  }

  @Test("tokens and passwords become headers")
  func simple() async throws {
    let token = try await provider(.token(Secret(" abc\n"))).current()
    #expect(token.authorization?.reveal() == "Bearer abc")
    let basic = try await provider(.basic(user: "bob", password: Secret("pw"))).current()
    #expect(basic.authorization?.reveal() == "Basic Ym9iOnB3")
    #expect(try await provider(.none).current().authorization == nil)
  }

  @Test("a token that no header can hold is refused without being shown")
  func badToken() async throws {
    let error = await #expect(throws: CredentialError.self) {
      try await provider(.token(Secret("abc\r\nX-Evil: 1"))).current()
    }
    #expect(error.map { !$0.message.contains("Evil") } == true)
  }

  @Test("a token file is read again after a refusal; the last good token outlives a missing file")
  func tokenFile() async throws {
    let folder = try TestFolder()
    let path = try folder.write("token", "one\n")
    let provider = try provider(.tokenFile(path: path, fallback: nil))
    let first = try await provider.current()
    #expect(first.authorization?.reveal() == "Bearer one")
    try folder.write("token", "two\n")
    #expect(try await provider.current().authorization?.reveal() == "Bearer one")
    provider.renew(after: first)
    let second = try await provider.current()
    #expect(second.authorization?.reveal() == "Bearer two")
    // A refusal of the first token, told late, does not throw the second away.
    provider.renew(after: first)
    #expect(try await provider.current().generation == second.generation)
    let missing = try self.provider(.tokenFile(path: "/does/not/exist", fallback: Secret("spare")))
    #expect(try await missing.current().authorization?.reveal() == "Bearer spare")
    await #expect(throws: CredentialError.self) {
      try await self.provider(.tokenFile(path: "/does/not/exist", fallback: nil)).current()
    }
  }

  private func plugin(_ command: String, _ arguments: [String] = []) -> ExecPlugin {
    ExecPlugin(
      command: command, arguments: arguments, environment: ["EXTRA": Secret("e")],
      provideClusterInfo: true, interactiveMode: .never, contextName: "x")
  }

  @Test("a credential program runs once for many, knows its cluster, and runs again when asked")
  func program() async throws {
    let folder = try TestFolder()
    let script = try folder.write(
      "helper",
      """
      #!/bin/sh
      echo run >> "$1/runs"
      case "$KUBERNETES_EXEC_INFO" in *'"server":"https://h:6443"'*) ok=yes;; esac
      n=$(wc -l < "$1/runs" | tr -d ' ')
      cat <<END
      apiVersion: client.authentication.k8s.io/v1
      kind: ExecCredential
      status: {token: "t-$n-$ok-$EXTRA"}
      END
      """, isExecutable: true)
    folder.adopt("runs")
    let provider = try provider(.exec(plugin(script, [folder.path])))
    try await withThrowingTaskGroup(of: String?.self) { tasks in
      for _ in 0..<10 {
        tasks.addTask { try await provider.current().authorization?.reveal() }
      }
      for try await text in tasks { #expect(text == "Bearer t-1-yes-e") }
    }
    provider.renew(after: try await provider.current())
    #expect(try await provider.current().authorization?.reveal() == "Bearer t-2-yes-e")
  }

  @Test("an expired credential is used once and then fetched anew")
  func expired() async throws {
    let folder = try TestFolder()
    let script = try folder.write(
      "helper",
      """
      #!/bin/sh
      echo run >> "$1/runs"
      n=$(wc -l < "$1/runs" | tr -d ' ')
      echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential",'
      echo '"status":{"token":"t'$n'","expirationTimestamp":"2001-01-01T00:00:00Z"}}'
      """, isExecutable: true)
    folder.adopt("runs")
    let provider = try provider(.exec(plugin(script, [folder.path])))
    #expect(try await provider.current().authorization?.reveal() == "Bearer t1")
    #expect(try await provider.current().authorization?.reveal() == "Bearer t2")
  }

  @Test("what can go wrong with a program is told with context and program")
  func programFailures() async throws {
    var missing = plugin("/does/not/exist")
    missing.installHint = "get it\u{1B}[31m here"
    let absent = await #expect(throws: CredentialError.self) {
      try await provider(.exec(missing)).current()
    }
    #expect(
      absent?.message == "context \"x\": the credential program /does/not/exist cannot be started: "
        + "no such file or directory. get it here")
    let failing = await #expect(throws: CredentialError.self) {
      try await provider(.exec(plugin("/bin/sh", ["-c", "exit 7"]))).current()
    }
    #expect(failing?.message.hasSuffix("ended with exit code 7") == true)
    let head = #"{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/"#
    let cases = [
      ("hello", "printed no ExecCredential"),
      (head + #"v1beta1"}"#, "not client"),
      (head + #"v1","status":{}}"#, "neither"),
      (head + #"v1","status":{"token":"s3cr3t","expirationTimestamp":"soon"}}"#, "no time"),
    ]
    for (output, part) in cases {
      let error = await #expect(throws: CredentialError.self) {
        try await provider(.exec(plugin("/bin/echo", [output]))).current()
      }
      #expect(error?.message.contains(part) == true, "\(error?.message ?? "")")
      #expect(error?.message.contains("s3cr3t") == false)
    }
  }
}
