// Kubeconfigs: finding, merging, resolving, and telling what is wrong with them.

import JSON
import Testing

@testable import KubernetesClient

@Suite("Kubeconfig")
struct KubeconfigTests {
  /// The shortest thing that has a certificate's outer form: a DER sequence in PEM.
  private static let certificate =
    "-----BEGIN CERTIFICATE-----\nMAMCAQE=\n-----END CERTIFICATE-----\n"
  private static let key =
    "-----BEGIN EC PRIVATE KEY-----\nMAMCAQI=\n-----END EC PRIVATE KEY-----\n"

  private func data(_ text: String) -> String { Base64.encode(Array(text.utf8)) }

  @Test("one context resolves with everything that it says")
  func whole() throws {
    let kubeconfig = try Kubeconfig.parse(
      """
      apiVersion: v1
      kind: Config
      current-context: one
      contexts:
      - {name: one, context: {cluster: c, user: u, namespace: team}}
      - {name: two, context: {cluster: c}}
      clusters:
      - name: c
        cluster:
          server: https://api.example:6443/prefix/
          certificate-authority-data: \(data(Self.certificate))
          tls-server-name: other.example
          proxy-url: socks5://proxy:1080
          disable-compression: true
      users:
      - name: u
        user:
          client-certificate-data: \(data(Self.certificate))
          client-key-data: \(data(Self.key))
          token: s3cr3t-token
          as: jane
          as-groups: [a]
      """)
    #expect(kubeconfig.contextNames == ["one", "two"])
    #expect(kubeconfig.currentContext == "one")
    let settings = try kubeconfig.settings()
    #expect(settings.contextName == "one")
    #expect(settings.server.description == "https://api.example:6443/prefix")
    #expect(settings.certificateAuthority == Array(Self.certificate.utf8))
    #expect(settings.clientKey == Array(Self.key.utf8))
    #expect(settings.serverName == "other.example")
    #expect(settings.proxyURL == "socks5://proxy:1080")
    #expect(settings.disablesCompression)
    #expect(!settings.isInsecure)
    #expect(settings.namespace == "team")
    #expect(settings.impersonation == Impersonation(user: "jane", groups: ["a"]))
    #expect(try kubeconfig.settings(context: "two").namespace == "default")
  }

  @Test("no description, dump or interpolation shows a secret")
  func secrets() throws {
    let kubeconfig = try Kubeconfig.parse(
      """
      contexts:
      - {name: x, context: {cluster: c, user: u}}
      - {name: z, context: {cluster: c, user: v}}
      clusters: [{name: c, cluster: {server: "https://h"}}]
      users:
      - name: u
        user:
          token: s3cr3t-token
          client-certificate-data: \(data(Self.certificate))
          client-key-data: \(data(Self.key))
      - {name: v, user: {username: bob, password: s3cr3t-word}}
      """)
    for context in ["x", "z"] {
      let settings = try kubeconfig.settings(context: context)
      var dumped = ""
      dump(settings, to: &dumped)
      dump(settings.credential, to: &dumped)
      let text =
        "\(settings) \(String(reflecting: settings)) \(settings.credential) "
        + "\(String(reflecting: settings.credential)) \(dumped)"
      #expect(!text.contains("s3cr3t"))
      #expect(!text.contains("PRIVATE"))
      #expect(!text.contains("MAMCAQI"))
    }
    #expect("\(try kubeconfig.settings(context: "x"))".contains("token ***"))
  }

  @Test("KUBECONFIG's files are merged: the first to name an entry keeps it whole")
  func merging() throws {
    let folder = try TestFolder()
    let one = try folder.write(
      "one",
      """
      current-context: ""
      contexts: [{name: x, context: {cluster: c}}]
      clusters: [{name: c, cluster: {server: "https://first"}}]
      users:
      """)
    let two = try folder.write(
      "two",
      """
      current-context: z
      contexts:
      - {name: x, context: {cluster: d, namespace: lost}}
      - {name: z, context: {cluster: d}}
      clusters:
      - {name: c, cluster: {server: "https://second", tls-server-name: lost}}
      - {name: d, cluster: {server: "https://third"}}
      """)
    let kubeconfig = try Kubeconfig.load(
      environment: ["KUBECONFIG": "\(one)::\(folder.path)/missing:\(two):\(one)"])
    #expect(kubeconfig.files == [one, "\(folder.path)/missing", two])
    #expect(kubeconfig.contextNames == ["x", "z"])
    #expect(kubeconfig.currentContext == "z")
    let settings = try kubeconfig.settings(context: "x")
    #expect(settings.server.host == "first")
    #expect(settings.serverName == nil)
    #expect(settings.namespace == "default")
    #expect(try kubeconfig.settings().server.host == "third")
  }

  @Test("relative paths mean the folder of the file that has them")
  func relativePaths() throws {
    let folder = try TestFolder()
    try folder.write("ca.crt", Self.certificate)
    try folder.write("token", " t0ken\n")
    let path = try folder.write(
      "config",
      """
      contexts:
      - {name: x, context: {cluster: c, user: u}}
      - {name: z, context: {cluster: c, user: v}}
      clusters: [{name: c, cluster: {server: "https://h", certificate-authority: ca.crt}}]
      users:
      - {name: u, user: {tokenFile: token}}
      - name: v
        user:
          exec: {command: bin/helper, apiVersion: client.authentication.k8s.io/v1beta1, args: [a]}
      """)
    let kubeconfig = try Kubeconfig.load(explicitPath: path, environment: [:])
    let settings = try kubeconfig.settings(context: "x")
    #expect(settings.certificateAuthority == Array(Self.certificate.utf8))
    guard case .tokenFile(let file, nil) = settings.credential else {
      Issue.record("no token file")
      return
    }
    #expect(file == "\(folder.path)/token")
    guard case .exec(let plugin) = try kubeconfig.settings(context: "z").credential else {
      Issue.record("no credential program")
      return
    }
    #expect(plugin.command == "\(folder.path)/bin/helper")
    #expect(plugin.interactiveMode == .ifAvailable)
  }

  @Test("inline data wins over files")
  func dataWins() throws {
    let kubeconfig = try Kubeconfig.parse(
      """
      contexts: [{name: x, context: {cluster: c}}]
      clusters:
      - name: c
        cluster:
          server: https://h
          certificate-authority: /does/not/exist
          certificate-authority-data: \(data(Self.certificate))
      """)
    #expect(try kubeconfig.settings(context: "x").certificateAuthority != nil)
  }

  @Test("all problems of a context come in one error, with file and field")
  func manyProblems() throws {
    let kubeconfig = try Kubeconfig.parse(
      """
      contexts: [{name: x, context: {cluster: c, user: u}}]
      clusters:
      - name: c
        cluster:
          server: ftp://h
          insecure-skip-tls-verify: true
          certificate-authority-data: "%%%"
          proxy-url: gopher://p
      users:
      - name: u
        user:
          client-certificate: /does/not/exist
          token: s3cr3t
          username: bob
          auth-provider: {name: gcp}
      """, path: "/etc/kc")
    let error = #expect(throws: KubeconfigError.self) { try kubeconfig.settings(context: "x") }
    let problems = error?.problems ?? []
    #expect(error?.reason == .invalid)
    #expect(problems.allSatisfy { $0.hasPrefix("/etc/kc: ") })
    for part in [
      "cluster \"c\": server is no", "insecure-skip-tls-verify cannot be true",
      "certificate-authority-data is not base64", "proxy-url must begin",
      "client-certificate /does/not/exist cannot be read: No such file", "client-key is missing",
      "token and username", "gke-gcloud-auth-plugin",
    ] {
      #expect(problems.contains { $0.contains(part) }, "\(part) in \(problems)")
    }
    #expect(problems.count == 8)
    #expect("\(error.map { "\($0)" } ?? "")".contains("context \"x\" cannot be used:\n  - "))
    #expect(!"\(error.map { "\($0)" } ?? "")".contains("s3cr3t"))
  }

  @Test("a broken certificate is found before any connection")
  func brokenCertificates() {
    let cases = [
      ("hello", "BEGIN CERTIFICATE"),
      (Self.key, "BEGIN CERTIFICATE"),
      ("-----BEGIN CERTIFICATE-----\nMAMC$$E=\n-----END CERTIFICATE-----\n", "broken base64"),
      ("-----BEGIN CERTIFICATE-----\nMAMCAQE=\n", "lacks END CERTIFICATE"),
      ("-----BEGIN CERTIFICATE-----\nMAMC\n-----END CERTIFICATE-----\n", "broken or cut"),
      ("-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n", "broken or cut"),
      ("-----BEGIN CERTIFICATE-----\nMAMCAQE=\n-----END X-----\n", "ends BEGIN CERTIFICATE"),
    ]
    for (text, part) in cases {
      let problem = PEM.problem(in: Array(text.utf8), label: "CERTIFICATE")
      #expect(problem?.contains(part) == true, "\(text): \(problem ?? "nothing")")
    }
    #expect(PEM.problem(in: Array(Self.certificate.utf8), label: "CERTIFICATE") == nil)
    #expect(PEM.problem(in: Array(("text\n" + Self.certificate).utf8), label: "CERTIFICATE") == nil)
    #expect(PEM.problem(in: Array(Self.key.dropLast().utf8), label: "PRIVATE KEY") == nil)
    #expect(PEM.problem(in: [0xFF, 0xFE], label: "CERTIFICATE") == "is no PEM text")
  }

  @Test("an unknown context is told with those that exist")
  func unknownContext() throws {
    let kubeconfig = try Kubeconfig.parse(
      "contexts: [{name: prod, context: {}}, {name: test, context: {}}]", path: "kc")
    let error = #expect(throws: KubeconfigError.self) { try kubeconfig.settings(context: "prd") }
    #expect(error?.reason == .unknownContext)
    #expect(error?.known == ["prod", "test"])
    #expect(error?.description == "no context \"prd\" in kc; contexts: prod, test")
    let current = #expect(throws: KubeconfigError.self) { try kubeconfig.settings() }
    #expect(current?.reason == .noConfiguration)
    let missing = #expect(throws: KubeconfigError.self) { try kubeconfig.settings(context: "prod") }
    #expect(missing?.problems == ["kc: context \"prod\": cluster is missing; add one"])
  }

  @Test(
    "what is no kubeconfig is refused with its file",
    arguments: [
      ("a: [", "at line"), ("- a", "no mapping"), ("kind: Pod", "kind is Pod"),
      ("contexts: x", "contexts is no list"), ("contexts: [{}]", "contexts[0] has no name"),
      ("contexts: [{name: no}]", "contexts[0]: name is not text; put it in quotes"),
      ("users: [{name: a}, {name: a}]", "users has \"a\" twice"),
      ("clusters: [{name: a, cluster: 1}]", "cluster \"a\" is no mapping"),
      ("a: 1\na: 2", "comes twice"),
    ])
  func malformed(text: String, part: String) {
    let error = #expect(throws: KubeconfigError.self) { try Kubeconfig.parse(text, path: "kc") }
    #expect(error?.reason == .malformed)
    #expect(error?.description.hasPrefix("kc") == true)
    #expect(error?.description.contains(part) == true, "\(error?.description ?? "")")
  }

  @Test("an explicit file must exist, listed ones may be missing")
  func missingFiles() throws {
    let explicit = #expect(throws: KubeconfigError.self) {
      try Kubeconfig.load(explicitPath: "/does/not/exist", environment: [:])
    }
    #expect(explicit?.reason == .unreadable)
    #expect(
      explicit?.description
        == "/does/not/exist cannot be read: No such file or directory; correct --kubeconfig")
    let kubeconfig = try Kubeconfig.load(environment: ["KUBECONFIG": "/does/not/exist"])
    let error = #expect(throws: KubeconfigError.self) { try kubeconfig.settings() }
    #expect(error?.reason == .noConfiguration)
    #expect(error?.description.contains("/does/not/exist") == true)
  }

  @Test("a byte order mark is skipped, other encodings are refused")
  func encodings() throws {
    let folder = try TestFolder()
    let path = try folder.write("bom", "\u{FEFF}contexts: [{name: x, context: {}}]")
    #expect(try Kubeconfig.load(explicitPath: path, environment: [:]).contextNames == ["x"])
  }

  @Test("inside a cluster the service account's files are used, and never without the CA")
  func inCluster() throws {
    let folder = try TestFolder()
    let environment = ["KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "443"]
    #expect(try InCluster.settings(environment: [:], folder: folder.path) == nil)
    let error = #expect(throws: KubeconfigError.self) {
      try InCluster.settings(environment: environment, folder: folder.path)
    }
    #expect(error?.problems.count == 2)
    try folder.write("ca.crt", Self.certificate)
    try folder.write("token", "t")
    try folder.write("namespace", "mine\n")
    let settings = try #require(
      try InCluster.settings(environment: environment, folder: folder.path))
    #expect(settings.server.description == "https://[fd00::1]")
    #expect(settings.namespace == "mine")
    let named = try InCluster.settings(
      environment: environment.merging(["POD_NAMESPACE": "pod"]) { $1 }, folder: folder.path)
    #expect(named?.namespace == "pod")
  }

  @Test(
    "server addresses are taken apart",
    arguments: [
      ("https://a.b", "a.b", 443, ""), ("https://a.b:6443/", "a.b", 6443, ""),
      ("HTTP://1.2.3.4", "1.2.3.4", 80, ""), ("https://[::1]:8443/x/y", "::1", 8443, "/x/y"),
      ("a.b:6443", "a.b", 6443, ""),
    ])
  func addresses(text: String, host: String, port: Int, prefix: String) throws {
    let address = try #require(ServerAddress(text))
    #expect(address.host == host)
    #expect(address.port == port)
    #expect(address.pathPrefix == prefix)
  }

  @Test(
    "what is no server address is refused",
    arguments: [
      "", "https://", "ftp://a", "https://a:0", "https://a:x", "https://a:65536", "https://u@a",
      "https://a?b", "https://a#b", "https://[::1", "https://::1", "https://a b", "https://[a]",
      "https://a:",
    ])
  func badAddresses(text: String) {
    #expect(ServerAddress(text) == nil)
  }

  @Test("loopback is known as such")
  func loopback() {
    for text in ["https://127.0.0.1:1", "https://localhost", "https://[::1]", "https://127.9.8.7"] {
      #expect(ServerAddress(text)?.isLoopback == true, "\(text)")
    }
    for text in [
      "https://10.0.0.1", "https://127.example.com", "https://[::2]", "https://127.0.0.1.nip.io",
    ] {
      #expect(ServerAddress(text)?.isLoopback == false, "\(text)")
    }
  }
}
