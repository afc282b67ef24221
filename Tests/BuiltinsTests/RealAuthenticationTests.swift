// Every way to say who one is, to a real API server.

import Foundation
import JSON
import KubernetesClient
import Processes
import TestClusters
import Testing

@Suite(
  "Authentication on real API servers", .timeLimit(.minutes(5)),
  .enabled(
    if: Backend.available.contains(.real),
    "there are no real API servers: \(RealFleet.absence ?? "")"))
struct RealAuthenticationTests {
  /// What the tests know of cluster1: the administrator's kubeconfig entries and a folder.
  private struct Setting {
    let folder: String
    let cluster: JSONValue
    let administrator: JSONValue

    init() async throws {
      let path = try await Backend.real.kubeconfig()
      let config = try YAML.parse(String(contentsOfFile: path, encoding: .utf8))
      cluster = try #require(
        config["clusters"]?.array?.first { $0["name"] == "cluster1" }?["cluster"])
      administrator = try #require(
        config["users"]?.array?.first { $0["name"] == "cluster1-admin" }?["user"])
      folder = "\(TestFolder.path)/\(UUID().uuidString)"
      try FileManager.default.createDirectory(
        atPath: folder, withIntermediateDirectories: true)
    }

    /// A client of cluster1 as another user, or with another cluster entry.
    func client(user: JSONValue, cluster: JSONValue? = nil) throws -> KubernetesClient {
      let text = YAML.format([
        "contexts": [["name": "x", "context": ["cluster": "c", "user": "u"]]],
        "clusters": [["name": "c", "cluster": cluster ?? self.cluster]],
        "users": [["name": "u", "user": user]],
      ])
      let settings = try Kubeconfig.parse(text, path: "\(folder)/config").settings(context: "x")
      return KubernetesClient(cluster: "cluster1", settings: settings)
    }

    func write(_ name: String, _ text: String, isExecutable: Bool = false) throws {
      try text.write(toFile: "\(folder)/\(name)", atomically: true, encoding: .utf8)
      if isExecutable {
        try FileManager.default.setAttributes(
          [.posixPermissions: 0o700], ofItemAtPath: "\(folder)/\(name)")
      }
    }

    func text(_ field: String) throws -> String {
      let bytes = try #require(Base64.decode(administrator[field]?.string ?? ""))
      return String(decoding: bytes, as: UTF8.self)
    }

    /// A new service account's name, with a token of its own.
    func serviceAccount() async throws -> (name: String, token: String) {
      let name = "account-\(UUID().uuidString.prefix(8).lowercased())"
      let administrator = try client(user: administrator)
      let accounts = "/api/v1/namespaces/default/serviceaccounts"
      _ = try await administrator.raw(
        method: "POST", path: accounts, body: ["metadata": ["name": .string(name)]])
      let request = try await administrator.raw(
        method: "POST", path: "\(accounts)/\(name)/token",
        body: [
          "apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest",
          "spec": ["audiences": ["https://kubernetes.default.svc"]],
        ])
      return (name, try #require(request[path: "status", "token"]?.string))
    }
  }

  /// Who the server takes the client for: the name in its refusal to list nodes.
  private func name(_ client: KubernetesClient) async throws -> String? {
    do {
      _ = try await client.raw(path: "/api/v1/nodes")
      return nil
    } catch let error as APIError where error.status == 403 {
      return error.message.split(separator: "\"").dropFirst().first.map(String.init)
    }
  }

  private func status(_ client: KubernetesClient) async throws -> Int {
    do {
      _ = try await client.raw(path: "/api/v1/nodes")
      return 200
    } catch let error as APIError {
      return error.status
    }
  }

  @Test("client certificates work inline and from files; without anything it is a 401 or 403")
  func clientCertificates() async throws {
    let setting = try await Setting()
    #expect(try await status(setting.client(user: setting.administrator)) == 200)
    try setting.write("tls.crt", try setting.text("client-certificate-data"))
    try setting.write("tls.key", try setting.text("client-key-data"))
    let files: JSONValue = ["client-certificate": "tls.crt", "client-key": "tls.key"]
    #expect(try await status(setting.client(user: files)) == 200)
    #expect(try await name(setting.client(user: [:])) == "system:anonymous")
  }

  @Test("a service account's token works inline and from a file that is replaced")
  func tokens() async throws {
    let setting = try await Setting()
    let (first, second) = (
      try await setting.serviceAccount(), try await setting.serviceAccount()
    )
    let prefix = "system:serviceaccount:default:"
    #expect(
      try await name(setting.client(user: ["token": .string(first.token)])) == prefix + first.name)
    try setting.write("token", "stale.token.value\n")
    let client = try setting.client(user: ["tokenFile": "token"])
    #expect(try await status(client) == 401)
    // The refusal makes the next request read the file again.
    try setting.write("token", first.token + "\n")
    #expect(try await name(client) == prefix + first.name)
    try setting.write("token", second.token)
    let fallback = try setting.client(
      user: ["tokenFile": "missing", "token": .string(first.token)])
    #expect(try await name(fallback) == prefix + first.name)
    #expect(
      try await name(setting.client(user: ["tokenFile": "token", "token": .string(first.token)]))
        == prefix + second.name)
  }

  @Test("passwords mean nothing to Kubernetes any more: whoever has one is anybody")
  func basic() async throws {
    let setting = try await Setting()
    let client = try setting.client(user: ["username": "admin", "password": "s3cr3t"])
    #expect(try await name(client) == "system:anonymous")
    // Beside another way to say who one is, the kubeconfig is refused.
    let error = #expect(throws: KubeconfigError.self) {
      try setting.client(user: ["username": "admin", "token": "s3cr3t"])
    }
    #expect(error?.description.contains("token and username cannot both be given") == true)
    #expect(error?.description.contains("s3cr3t") == false)
  }

  @Test("impersonation: user, groups and extra arrive as they were written")
  func impersonation() async throws {
    let setting = try await Setting()
    var user = setting.administrator
    user["as"] = "jane"
    #expect(try await name(setting.client(user: user)) == "jane")
    user["as-groups"] = ["system:masters", "dev"]
    // 1.20 does not know this one and leaves it alone.
    user["as-uid"] = "42"
    user["as-user-extra"] = ["example.com/scopes": ["a b", "c"], "plain": ["d"]]
    let client = try setting.client(user: user)
    #expect(try await status(client) == 200)
    // A request for a certificate keeps who made it.
    let request = try await openssl(
      "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
      "/dev/null", "-subj", "/CN=jane")
    let name = "csr-\(UUID().uuidString.lowercased())"
    let made = try await client.raw(
      method: "POST", path: "/apis/certificates.k8s.io/v1/certificatesigningrequests",
      body: [
        "metadata": ["name": .string(name)],
        "spec": [
          "request": .string(Base64.encode(Array(request.utf8))),
          "signerName": "kubernetes.io/kube-apiserver-client", "usages": ["client auth"],
        ],
      ])
    #expect(made[path: "spec", "username"] == "jane")
    #expect(made[path: "spec", "groups"]?.array?.prefix(2) == ["system:masters", "dev"])
    #expect(
      made[path: "spec", "extra"] == ["example.com/scopes": ["a b", "c"], "plain": ["d"]])
  }

  private func openssl(_ arguments: String...) async throws -> String {
    let run = ProgramRun(
      command: "openssl", arguments: arguments,
      environment: ["PATH": TestFiles.environment("PATH") ?? ""])
    let result = try await run.run()
    try #require(result.exitCode == 0)
    return String(decoding: result.output, as: UTF8.self)
  }

  /// A user with a program that prints what `1.json`, `2.json` and so on hold, the last one for ever.
  private func program(
    _ setting: Setting, _ statuses: [JSONValue], version: String
  ) throws -> JSONValue {
    let apiVersion = JSONValue.string("client.authentication.k8s.io/\(version)")
    for (index, status) in statuses.enumerated() {
      let credential: JSONValue = [
        "apiVersion": apiVersion, "kind": "ExecCredential", "status": status,
      ]
      try setting.write("\(index + 1).json", credential.text())
    }
    try setting.write(
      "gke-gcloud-auth-plugin",
      """
      #!/bin/sh
      cd '\(setting.folder)'
      echo run >> runs
      n=$(wc -l < runs | tr -d ' ')
      [ -e "$n.json" ] || n=\(statuses.count)
      cat "$n.json"
      """, isExecutable: true)
    return [
      "exec": [
        "command": "./gke-gcloud-auth-plugin", "apiVersion": apiVersion,
        "interactiveMode": "IfAvailable", "provideClusterInfo": true,
        "installHint": "Install gke-gcloud-auth-plugin",
      ]
    ]
  }

  private func runs(_ setting: Setting) -> Int {
    (TestFiles.read("\(setting.folder)/runs") ?? "").split(separator: "\n").count
  }

  @Test("a program's refused token is replaced without an error", arguments: ["v1", "v1beta1"])
  func execToken(version: String) async throws {
    let setting = try await Setting()
    let account = try await setting.serviceAccount()
    let client = try setting.client(
      user: try program(
        setting, [["token": "expired.token.value"], ["token": .string(account.token)]],
        version: version))
    #expect(try await name(client) == "system:serviceaccount:default:\(account.name)")
    #expect(runs(setting) == 2)
    #expect(try await name(client) == "system:serviceaccount:default:\(account.name)")
    #expect(runs(setting) == 2)
  }

  @Test("a token that the server revokes is replaced without an error")
  func revokedToken() async throws {
    let setting = try await Setting()
    let (first, second) = (
      try await setting.serviceAccount(), try await setting.serviceAccount()
    )
    let client = try setting.client(
      user: try program(
        setting, [["token": .string(first.token)], ["token": .string(second.token)]],
        version: "v1"))
    #expect(try await name(client) == "system:serviceaccount:default:\(first.name)")
    let administrator = try setting.client(user: setting.administrator)
    _ = try await administrator.raw(
      method: "DELETE", path: "/api/v1/namespaces/default/serviceaccounts/\(first.name)")
    // The server remembers for ten seconds that it has accepted the token.
    while runs(setting) < 2 {
      #expect(try await name(client) != nil)
      try await Task.sleep(for: .milliseconds(100))
    }
    #expect(try await name(client) == "system:serviceaccount:default:\(second.name)")
  }

  @Test("a program's certificate is shown to the server")
  func execCertificate() async throws {
    let setting = try await Setting()
    let status: JSONValue = [
      "clientCertificateData": .string(try setting.text("client-certificate-data")),
      "clientKeyData": .string(try setting.text("client-key-data")),
    ]
    let client = try setting.client(user: try program(setting, [status], version: "v1"))
    #expect(try await self.status(client) == 200)
    #expect(runs(setting) == 1)
  }

  @Test("another cluster's authority, and a wrong name, keep the credentials at home")
  func wrongAuthority() async throws {
    let setting = try await Setting()
    let path = try await Backend.real.kubeconfig()
    let other = try Kubeconfig.load(explicitPath: path, environment: [:]).settings(
      context: "cluster2")
    var stranger = setting.cluster
    stranger["certificate-authority-data"] = .string(
      Base64.encode(try #require(other.certificateAuthority)))
    var misnamed = setting.cluster
    misnamed["tls-server-name"] = "other.example"
    for cluster in [stranger, misnamed] {
      let client = try setting.client(user: setting.administrator, cluster: cluster)
      let error = await #expect(throws: APIError.self) {
        try await client.raw(path: "/api/v1/nodes")
      }
      #expect(error?.reason == "Certificate")
    }
    var named = setting.cluster
    named["tls-server-name"] = "kubernetes.default.svc"
    #expect(try await status(setting.client(user: setting.administrator, cluster: named)) == 200)
  }
}
