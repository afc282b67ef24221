// Bad input: one clear error, the right exit code, and nothing applied.

import Testing

@Suite("Bad input")
struct BadInputTests {
  @Test("a missing file is named with the reason")
  func missingFile() throws {
    let ending = try msh("/nonexistent/join.msh")
    #expect(ending.status == 1)
    #expect(ending.output == "")
    #expect(ending.errors.split(separator: "\n").count == 1, "\(ending)")
    #expect(ending.errors.contains("\"/nonexistent/join.msh\": no such file or directory"))
    let folder = try msh("run", "/")
    #expect(folder.status == 1)
    #expect(folder.errors.contains("is a directory"), "\(folder)")
  }

  @Test("a syntax error stops the script before it begins")
  func syntaxError() throws {
    let scratch = try Scratch()
    let file = try scratch.write("print \"it ran\"\nlet a = (1 +\n", to: "broken.msh")
    let ending = try msh(file)
    #expect(ending.status == 1)
    #expect(ending.output == "")
    #expect(ending.errors.contains("broken.msh:"), "\(ending)")
    #expect(ending.errors.contains("^"))
    #expect(ending.errors.contains("error[E"))
  }

  @Test("several errors are reported in one run")
  func severalErrors() throws {
    let ending = try msh("-c", "print a\nprint b")
    #expect(ending.status == 1)
    #expect(ending.errors.contains("<command>:1:7"), "\(ending)")
    #expect(ending.errors.contains("<command>:2:7"))
  }

  @Test("a run-time error shows its place")
  func runTimeError() throws {
    let ending = try msh("-c", "print \"before\"\nprint [1][3]")
    #expect(ending.status == 1)
    #expect(ending.output == "before\n")
    #expect(ending.errors.contains("<command>:2:"), "\(ending)")
  }

  @Test("an unknown param is refused with the one that was meant")
  func unknownSetting() throws {
    let ending = try msh("-c", "param revision = \"a\"\nprint revision", "--set", "revison=b")
    #expect(ending.status == 1)
    #expect(ending.output == "")
    #expect(ending.errors.contains("did you mean \"revision\"?"), "\(ending)")
  }

  @Test("a param's value must fit its type")
  func typedSetting() throws {
    let ending = try msh("-c", "param count = 1\nprint count + 1", "--set", "count=many")
    #expect(ending.status == 1)
    #expect(ending.output == "")
    #expect(ending.errors.contains("count") && ending.errors.contains("int"), "\(ending)")
  }

  @Test("a param without a default must be set")
  func missingSetting() throws {
    let ending = try msh("-c", "param count: int\nprint count")
    #expect(ending.status == 1)
    #expect(ending.output == "")
    #expect(ending.errors.contains("count"), "\(ending)")
  }

  @Test("an unknown context is named beside those that there are")
  func unknownContext() throws {
    let scratch = try Scratch()
    let kubeconfig = try scratch.write(Kubeconfigs.plain, to: "kubeconfig")
    let ending = try msh(
      "-c", "let c = cluster(\"c\", context: \"plian\")\nprint list(c, \"pods\")",
      "--kubeconfig", kubeconfig)
    #expect(ending.status == 1)
    #expect(ending.output == "")
    #expect(ending.errors.contains("plian"), "\(ending)")
    #expect(ending.errors.contains("plain"))
  }

  @Test("a kubeconfig that is not there is named with the reason")
  func missingKubeconfig() throws {
    let ending = try msh("-c", "print cluster().server", "--kubeconfig", "/nonexistent/config")
    #expect(ending.status == 1)
    #expect(ending.errors.contains("/nonexistent/config"), "\(ending)")
    #expect(ending.errors.lowercased().contains("no such file"))
  }

  @Test("a broken certificate is named by its field, without its content")
  func brokenCertificate() throws {
    let scratch = try Scratch()
    let kubeconfig = try scratch.write(Kubeconfigs.brokenCertificate, to: "kubeconfig")
    let ending = try msh("-c", "print list(cluster(), \"pods\")", "--kubeconfig", kubeconfig)
    #expect(ending.status == 1)
    #expect(ending.errors.contains("certificate-authority-data"), "\(ending)")
    #expect(!ending.errors.contains("bm90IGEgY2VydGlmaWNhdGU"))
    #expect(!ending.errors.contains("not a certificate"))
  }

  @Test("an unknown argument of a verb is found before anything is sent")
  func unknownArgument() throws {
    let scratch = try Scratch()
    let kubeconfig = try scratch.write(Kubeconfigs.plain, to: "kubeconfig")
    let ending = try msh(
      "-c", "print \"it ran\"\ngateway cluster(\"plain\"), netwrok: \"n\"", "--kubeconfig",
      kubeconfig)
    #expect(ending.status == 1)
    #expect(ending.output == "")
    #expect(ending.errors.contains("netwrok"), "\(ending)")
    #expect(ending.errors.contains("did you mean \"network\"?"))
  }

  @Test("a server that answers HTML is no API server", arguments: ["list", "expose"])
  func htmlServer(verb: String) throws {
    let server = try RawServer(.answersHTML)
    let scratch = try Scratch()
    let kubeconfig = try scratch.write(server.kubeconfig, to: "kubeconfig")
    let code = verb == "list" ? "print list(cluster(\"odd\"), \"pods\")" : "expose cluster(\"odd\")"
    let ending = try msh("-c", code, "--kubeconfig", kubeconfig)
    #expect(ending.status == 3, "\(ending)")
    #expect(ending.output == "")
    #expect(ending.errors.contains("odd"))
    #expect(ending.errors.contains("127.0.0.1:\(server.port)"), "\(ending)")
  }
}

/// Kubeconfigs that name no server which answers.
enum Kubeconfigs {
  static let plain = """
    apiVersion: v1
    kind: Config
    current-context: plain
    clusters: [{name: plain, cluster: {server: "http://127.0.0.1:9"}}]
    users: [{name: plain, user: {}}]
    contexts: [{name: plain, context: {cluster: plain, user: plain}}]
    """

  /// The data is base64 of "not a certificate".
  static let brokenCertificate = """
    apiVersion: v1
    kind: Config
    current-context: broken
    clusters:
    - name: broken
      cluster: {server: "https://127.0.0.1:9", certificate-authority-data: bm90IGEgY2VydGlmaWNhdGU=}
    users: [{name: broken, user: {}}]
    contexts: [{name: broken, context: {cluster: broken, user: broken}}]
    """
}
