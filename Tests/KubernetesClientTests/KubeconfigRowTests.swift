// The rules of kubeconfigs that other clients got wrong, one test for each, and what their errors say.

import JSON
import Testing

@testable import KubernetesClient

@Suite("Kubeconfig rules")
struct KubeconfigRowTests {
  /// The shortest thing that has a certificate's outer form.
  private static let certificate =
    "-----BEGIN CERTIFICATE-----\nMAMCAQE=\n-----END CERTIFICATE-----\n"

  private func user(
    _ fields: String, context: String = "{cluster: c, user: u}"
  ) throws -> ConnectionSettings {
    try Kubeconfig.parse(
      """
      contexts: [{name: x, context: \(context)}]
      clusters: [{name: c, cluster: {server: "https://h"}}]
      users: [{name: u, user: \(fields)}]
      """, path: "kc"
    ).settings(context: "x")
  }

  private func problems(_ fields: String) -> [String] {
    do {
      _ = try user(fields)
      return []
    } catch {
      return (error as? KubeconfigError)?.problems ?? ["\(error)"]
    }
  }

  // MARK: Finding and merging

  @Test("KUBECONFIG with nothing but empty entries names no file; HOME counts without it")
  func emptyEntries() throws {
    #expect(try Kubeconfig.load(environment: ["KUBECONFIG": "::"]).files == [])
    #expect(
      try Kubeconfig.load(environment: ["KUBECONFIG": "", "HOME": "/does/not/exist"]).files
        == ["/does/not/exist/.kube/config"])
    #expect(try Kubeconfig.load(environment: [:]).files == [])
  }

  @Test("a listed file that is broken is an error, whatever the others have")
  func brokenFile() throws {
    let folder = try TestFolder()
    let good = try folder.write("good", "contexts: [{name: x, context: {}}]")
    let bad = try folder.write("bad", "contexts: [")
    let error = #expect(throws: KubeconfigError.self) {
      try Kubeconfig.load(environment: ["KUBECONFIG": "\(good):\(bad):\(folder.path)"])
    }
    #expect(error?.problems.count == 2)
    #expect(
      error?.problems.first == "\(folder.path) cannot be read: Is a directory; correct KUBECONFIG")
    #expect(error?.problems.last?.hasPrefix("\(bad) is no kubeconfig: ") == true)
  }

  @Test("an explicit file is not merged with what KUBECONFIG lists")
  func explicitFile() throws {
    let folder = try TestFolder()
    let one = try folder.write("one", "contexts: [{name: x, context: {}}]")
    let two = try folder.write("two", "contexts: [{name: z, context: {}}]")
    let kubeconfig = try Kubeconfig.load(explicitPath: one, environment: ["KUBECONFIG": two])
    #expect(kubeconfig.contextNames == ["x"])
    #expect(kubeconfig.files == [one])
  }

  @Test("relative paths of merged files each mean the folder of their own file")
  func relativePaths() throws {
    let (first, second) = (try TestFolder(), try TestFolder())
    try first.write("ca.crt", Self.certificate)
    try second.write("token", "t")
    let one = try first.write(
      "config",
      """
      contexts:
      - {name: x, context: {cluster: c, user: u}}
      - {name: w, context: {cluster: c, user: p}}
      - {name: z, context: {cluster: c, user: q}}
      clusters: [{name: c, cluster: {server: "https://h", certificate-authority: ./ca.crt}}]
      """)
    let version = "apiVersion: client.authentication.k8s.io/v1beta1"
    let two = try second.write(
      "config",
      """
      users:
      - {name: u, user: {tokenFile: token}}
      - {name: p, user: {exec: {command: ./plugin, \(version)}}}
      - {name: q, user: {exec: {command: plugin, \(version)}}}
      """)
    let kubeconfig = try Kubeconfig.load(environment: ["KUBECONFIG": "\(one):\(two)"])
    let settings = try kubeconfig.settings(context: "x")
    #expect(settings.files.authority == "\(first.path)/./ca.crt")
    #expect("\(settings.credential)" == "token file \(second.path)/token")
    let commands = try ["w", "z"].map { "\(try kubeconfig.settings(context: $0).credential)" }
    #expect(commands == ["exec \(second.path)/./plugin", "exec plugin"])
  }

  @Test(
    "kube-rs#1142: empty files and null sections are kubeconfigs; kube-rs#721: users may be missing"
  )
  func emptyParts() throws {
    for text in ["", "# nothing", "{}", "users:", "contexts: null\nclusters:\nusers: []"] {
      #expect(try Kubeconfig.parse(text).contextNames == [], "\(text)")
    }
    let settings = try user("null")
    #expect("\(settings.credential)" == "none")
    // kube-rs#1608: a context without a user.
    #expect(try user("{token: t}", context: "{cluster: c}").clientCertificate == nil)
    #expect(try user("{token: t}", context: "{cluster: c, user: \"\"}").clientCertificate == nil)
    // kube-rs#1594: empty values are no values.
    let empty = try user(
      "{token: \"\", tokenFile: \"\", username: \"\", client-certificate: \"\", exec: null}")
    #expect("\(empty.credential)" == "none")
  }

  @Test("UTF-16 with its mark is read, UTF-16 without one and halves of it are refused")
  func encodings() throws {
    let text = "contexts: [{name: grün, context: {}}]"
    for isLittleEndian in [true, false] {
      let bytes = ("\u{FEFF}" + text).utf16.flatMap { unit -> [UInt8] in
        let (high, low) = (UInt8(unit >> 8), UInt8(unit & 0xFF))
        return isLittleEndian ? [low, high] : [high, low]
      }
      let file = KubeconfigFile(path: "kc", bytes: bytes)
      #expect(file.contexts.map(\.name) == ["grün"])
      for broken in [bytes.dropLast(), bytes[...1] + [0xD8, 0xD8]] {
        let file = KubeconfigFile(path: "kc", bytes: Array(broken))
        #expect(file.problems == ["kc is neither UTF-8 nor UTF-16 text; save it as UTF-8"])
      }
    }
  }

  @Test("overrides take the place of what the context says")
  func overrides() throws {
    let kubeconfig = try Kubeconfig.parse(
      """
      contexts: [{name: x, context: {cluster: c, user: u, namespace: team}}]
      clusters:
      - name: c
        cluster:
          server: https://one
          tls-server-name: name
          certificate-authority-data: \(Base64.encode(Array(Self.certificate.utf8)))
      - {name: d, cluster: {server: "https://two"}}
      users: [{name: u, user: {token: t}}, {name: v, user: {username: bob}}]
      """)
    var overrides = KubeconfigOverrides()
    overrides.cluster = "d"
    overrides.user = "v"
    overrides.namespace = "other"
    let other = try kubeconfig.settings(context: "x", overriding: overrides)
    #expect(other.server.host == "two")
    #expect("\(other.credential)" == "basic bob:***")
    #expect(other.namespace == "other")
    var server = KubeconfigOverrides()
    server.server = "https://three"
    let moved = try kubeconfig.settings(context: "x", overriding: server)
    #expect(moved.server.host == "three")
    #expect(moved.serverName == nil)
    #expect(moved.certificateAuthority != nil)
    var insecure = KubeconfigOverrides()
    insecure.isInsecure = true
    let unchecked = try kubeconfig.settings(context: "x", overriding: insecure)
    #expect(unchecked.isInsecure)
    #expect(unchecked.certificateAuthority == nil)
    var identity = KubeconfigOverrides()
    identity.impersonation = Impersonation(user: "jane", groups: ["dev"])
    let jane = try kubeconfig.settings(context: "x", overriding: identity)
    #expect(jane.impersonation == identity.impersonation)
    #expect("\(jane.credential)" == "token ***")
    overrides.user = "w"
    let error = #expect(throws: KubeconfigError.self) {
      try kubeconfig.settings(context: "x", overriding: overrides)
    }
    #expect(
      error?.problems == [
        "kubeconfig: context \"x\": user \"w\" is not among the users; there are: u, v"
      ])
  }

  // MARK: Inside a cluster

  @Test("kube-rs#875: inside a cluster, an IPv6 address gets its brackets")
  func inCluster() throws {
    let folder = try TestFolder()
    try folder.write("ca.crt", Self.certificate)
    try folder.write("token", "t")
    func settings(_ environment: [String: String]) throws -> ConnectionSettings? {
      try InCluster.settings(environment: environment, folder: folder.path)
    }
    let found = try settings([
      "KUBERNETES_SERVICE_HOST": "2001:db8::1", "KUBERNETES_SERVICE_PORT": "6443",
    ])
    #expect(found?.server.description == "https://[2001:db8::1]:6443")
    #expect(found?.files.authority == "\(folder.path)/ca.crt")
    #expect(found?.namespace == "default")
    #expect(found?.isInsecure == false)
    // Both variables are needed.
    #expect(try settings(["KUBERNETES_SERVICE_HOST": "10.0.0.1"]) == nil)
    #expect(try settings(["KUBERNETES_SERVICE_PORT": "443"]) == nil)
    let both = ["KUBERNETES_SERVICE_HOST": "10.0.0.1", "KUBERNETES_SERVICE_PORT": "443"]
    try folder.write("token", "\n")
    try folder.write("ca.crt", "nonsense")
    let error = #expect(throws: KubeconfigError.self) { try settings(both) }
    #expect(error?.problems.count == 2)
    #expect(error?.problems.allSatisfy { $0.hasPrefix("service account: ") } == true)
  }

  // MARK: Users

  @Test("impersonation goes out as headers, with keys escaped as client-go does")
  func impersonation() throws {
    let settings = try user(
      "{as: jane, as-uid: id-1, as-groups: [dev, ops], "
        + "as-user-extra: {example.com/scopes: [a, b], \"a b%ü\": [c]}}")
    let headers = try #require(settings.impersonation).headers
    #expect(
      headers.map { "\($0.name): \($0.value)" } == [
        "Impersonate-User: jane", "Impersonate-Uid: id-1", "Impersonate-Group: dev",
        "Impersonate-Group: ops", "Impersonate-Extra-a%20b%25%C3%BC: c",
        "Impersonate-Extra-example.com%2Fscopes: a", "Impersonate-Extra-example.com%2Fscopes: b",
      ])
  }

  @Test(
    "every broken field of a user is told with its way out",
    arguments: [
      ("{as-groups: [g]}", "as is missing while"),
      ("{as: a, as-groups: g}", "as-groups is no list"),
      ("{as: a, as-groups: [1]}", "as-groups[0] is not text"),
      ("{as: \"a\\nb\"}", "control characters; remove them"),
      ("{token: 12345}", "token is not text; put it in quotes"),
      ("{token: a, password: b}", "token and username cannot both be given; remove one"),
      ("{tokenFile: /does/not/exist}", "/does/not/exist cannot be read: No such file"),
      ("{client-key-data: eA==, token: t}", "client-certificate is missing; add"),
      ("{auth-provider: {name: gcp}}", "was removed from Kubernetes; use exec with gke-gcloud"),
      ("{auth-provider: {name: azure}}", "was removed from Kubernetes; use exec with kubelogin"),
      ("{auth-provider: {name: openstack}}", "use exec with client-keystone-auth"),
      ("{auth-provider: {name: oidc}}", "\"oidc\" is not supported; use exec with an OIDC"),
      ("{exec: 1}", "exec is no mapping"),
      ("{exec: {command: a}}", "exec.apiVersion is missing; write client.authentication"),
      (
        "{exec: {command: a, apiVersion: client.authentication.k8s.io/v1alpha1}}",
        "v1alpha1 was removed from Kubernetes; update the program"
      ),
      ("{exec: {command: a, apiVersion: v1}}", "exec.apiVersion must be"),
      ("{exec: {apiVersion: client.authentication.k8s.io/v1beta1}}", "exec.command is missing"),
      (
        "{exec: {command: a, apiVersion: client.authentication.k8s.io/v1}}",
        "exec.interactiveMode must be Never, IfAvailable or Always"
      ),
    ])
  func brokenUser(fields: String, part: String) {
    let problems = problems(fields)
    #expect(
      problems.contains { $0.hasPrefix("kc: user \"u\": ") && $0.contains(part) }, "\(problems)")
    #expect(problems.allSatisfy { $0.contains("; ") || $0.contains("must be") }, "\(problems)")
  }

  @Test("every broken field of a credential program is told at once")
  func brokenProgram() {
    let problems = problems(
      "{exec: {command: a, apiVersion: client.authentication.k8s.io/v1, interactiveMode: Maybe, "
        + "args: [1, b], env: [{value: v}, {name: \"A=B\", value: v}, {name: C, value: 3}], "
        + "provideClusterInfo: \"yes\", installHint: 4}}")
    let parts = [
      "exec.interactiveMode must be Never", "exec.args[0] is not text",
      "exec.env[0].name is missing", "exec.env[1].name cannot be a variable's name",
      "exec.env[2].value is not text", "exec.installHint is not text",
      "exec.provideClusterInfo must be true or false",
    ]
    for part in parts { #expect(problems.contains { $0.contains(part) }, "\(part): \(problems)") }
    #expect(problems.count == parts.count)
  }

  @Test("v1beta1 needs no interactiveMode; a program is left alone beside other credentials")
  func programs() throws {
    let exec = "exec: {command: a, apiVersion: client.authentication.k8s.io/v1beta1, args: null}"
    #expect("\(try user("{\(exec)}").credential)" == "exec a")
    #expect("\(try user("{token: t, \(exec)}").credential)" == "token ***")
    #expect("\(try user("{username: u, \(exec)}").credential)" == "basic u:***")
  }

  @Test("arguments and variables of programs are in no description and no dump")
  func secretArguments() throws {
    let settings = try user(
      "{exec: {command: a, apiVersion: client.authentication.k8s.io/v1beta1, args: [s3cr3t-a], "
        + "env: [{name: A, value: s3cr3t-b}]}}")
    var text = "\(settings) \(settings.credential) \(String(reflecting: settings.credential))"
    dump(settings, to: &text)
    dump(settings.credential, to: &text)
    #expect(text.contains("exec a"))
    #expect(!text.contains("s3cr3t"))
  }

  @Test(
    "what no proxy can be is told without the password in it",
    arguments: [
      "ftp://bob:s3cr3t@h", "http://bob:s3cr3t@", "http://bob:s3cr3t@h:x", "bob:s3cr3t@h:1",
    ])
  func proxies(url: String) throws {
    let kubeconfig = try Kubeconfig.parse(
      """
      contexts: [{name: x, context: {cluster: c}}]
      clusters: [{name: c, cluster: {server: "https://h", proxy-url: "\(url)"}}]
      """)
    let error = #expect(throws: KubeconfigError.self) { try kubeconfig.settings(context: "x") }
    #expect(error?.problems.first?.contains("cluster \"c\": proxy-url ") == true)
    #expect(error?.description.contains("s3cr3t") == false)
  }

  @Test("a file with five problems gives one error with five lines")
  func fiveProblems() throws {
    let error = #expect(throws: KubeconfigError.self) {
      try Kubeconfig.parse(
        """
        current-context: prod
        contexts:
        - {name: prod, context: {cluster: east, user: admin}}
        clusters:
        - {name: east, cluster: {server: "tcp://10.0.0.1"}}
        - {name: east, cluster: {server: "https://10.0.0.2"}}
        users:
        - name: admin
          user:
            client-certificate: /does/not/exist.crt
            token: s3cr3t
            password: s3cr3t
        """, path: "/home/jane/.kube/config")
    }
    let file = "  - /home/jane/.kube/config:"
    #expect(
      error?.description == """
        the kubeconfig cannot be used:
        \(file) clusters has "east" twice; rename one of them or remove it
        \(file) cluster "east": server is no http or https address; write it like https://host:6443
        \(file) user "admin": client-certificate /does/not/exist.crt cannot be read: No such file or \
        directory; correct the path or its permissions
        \(file) user "admin": client-key is missing; add the key of the client certificate, or remove \
        that
        \(file) user "admin": token and username cannot both be given; remove one of them
        """)
  }
}
