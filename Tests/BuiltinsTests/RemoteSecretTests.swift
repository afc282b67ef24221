// The Secret that istiod reads: its kubeconfig byte for byte.

import JSON
import Testing

@testable import Builtins

@Suite("The remote Secret")
struct RemoteSecretTests {
  private func secret(
    _ name: String = "cluster1", server: String = "https://1.2.3.4", tlsServerName: String? = nil
  ) throws -> RemoteSecret {
    let credentials = try #require(
      ReaderCredentials(tokenSecret: [
        "data": [
          "token": .string(Base64.encode("eyJhbGciOi.J9.c2ln".utf8)),
          "ca.crt": .string(Base64.encode("-----BEGIN CERTIFICATE-----\nAAAA\n".utf8)),
        ]
      ]))
    return RemoteSecret(
      name: name, server: server, tlsServerName: tlsServerName, credentials: credentials)
  }

  @Test("Its kubeconfig is the text that istioctl 1.28 writes")
  func kubeconfig() throws {
    let expected = """
      apiVersion: v1
      clusters:
      - cluster:
          certificate-authority-data: LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCkFBQUEK
          server: https://1.2.3.4
        name: cluster1
      contexts:
      - context:
          cluster: cluster1
          user: cluster1
        name: cluster1
      current-context: cluster1
      kind: Config
      users:
      - name: cluster1
        user:
          token: eyJhbGciOi.J9.c2ln

      """
    #expect(try secret().kubeconfig == expected)
  }

  @Test("A TLS server name stands after the server")
  func tlsServerName() throws {
    let lines = try secret(tlsServerName: "api.example.com").kubeconfig.split(separator: "\n")
    #expect(lines[4] == "    server: https://1.2.3.4")
    #expect(lines[5] == "    tls-server-name: api.example.com")
  }

  @Test("The Secret has istioctl's name, label, annotation and key, in data as it is stored")
  func manifest() throws {
    let secret = try secret()
    #expect(
      secret.manifest == [
        "apiVersion": "v1", "kind": "Secret",
        "metadata": [
          "annotations": ["networking.istio.io/cluster": "cluster1"],
          "labels": ["istio/multiCluster": "true"],
          "name": "istio-remote-secret-cluster1", "namespace": "istio-system",
        ],
        "data": ["cluster1": .string(Base64.encode(secret.kubeconfig.utf8))],
      ])
  }

  @Test(
    "Names that YAML would read as something else are quoted as Go quotes them",
    arguments: [
      ("cluster1", "cluster1"), ("1", "\"1\""), ("007", "\"007\""), ("1e3", "\"1e3\""),
      ("0x1f", "\"0x1f\""), ("true", "\"true\""), ("no", "\"no\""), ("y", "\"y\""),
      ("null", "\"null\""), ("2024-01-31", "\"2024-01-31\""), ("2024-13-01", "2024-13-01"),
      ("1-2", "1-2"), ("10-20", "10-20"), ("1a", "1a"),
    ])
  func quoting(name: String, expected: String) throws {
    let kubeconfig = try secret(name).kubeconfig
    #expect(kubeconfig.contains("\n  name: \(expected)\n"))
    #expect(kubeconfig.contains("\ncurrent-context: \(expected)\n"))
  }

  @Test("A server with a port, a path or an IPv6 address stays plain")
  func servers() throws {
    for server in ["https://[2001:db8::1]:6443", "https://rancher.example/k8s/clusters/c-1"] {
      #expect(try secret(server: server).kubeconfig.contains("    server: \(server)\n"))
    }
  }

  @Test("Credentials print nothing of themselves")
  func hidden() throws {
    let secret = try secret()
    #expect("\(secret)".contains("eyJ") == false)
    var dumped = ""
    dump(secret, to: &dumped)
    #expect(dumped.contains("eyJ") == false)
    #expect(dumped.contains("AAAA") == false)
  }

  @Test("A token Secret that is not filled has no credentials")
  func unfilled() {
    #expect(ReaderCredentials(tokenSecret: ["data": ["ca.crt": "AAAA"]]) == nil)
    #expect(ReaderCredentials(tokenSecret: ["data": ["ca.crt": "AAAA", "token": ""]]) == nil)
    #expect(ReaderCredentials(tokenSecret: ["kind": "Secret"]) == nil)
  }
}
