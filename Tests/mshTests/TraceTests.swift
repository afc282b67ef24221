// -v, -vv and --trace: what they show, and that no secret is in it.

import Glibc
import Testing

@Suite("Traces of requests")
struct TraceTests {
  /// A running `msh sandbox` with two clusters, once it is ready.
  private func sandbox(_ scratch: Scratch) throws -> (Child, kubeconfig: String) {
    let kubeconfig = scratch.file("kubeconfig")
    let child = try Child(["sandbox", "--clusters", "2", "--kubeconfig", kubeconfig])
    child.scratch = scratch
    try child.expect("ready \(kubeconfig)\n")
    return (child, kubeconfig)
  }

  /// How many entries an archive has; nil when it is no JSON.
  private func entries(_ path: String) throws -> Int? {
    let code = "print json.parse(readFile(args[0])).log.entries.count()"
    let ending = try msh("-c", code, "--", path)
    return ending.status == 0 ? Int(ending.output.filter { !$0.isNewline }) : nil
  }

  @Test("no token, key or Secret's value is in -vv or in the trace of the guide")
  func secrets() throws {
    let scratch = try Scratch()
    let (sandbox, kubeconfig) = try sandbox(scratch)
    let trace = scratch.file("trace.har")
    let ending = try msh(
      "run", guideScript, "--kubeconfig", kubeconfig, "--set", "allowLoopback=true", "-vv",
      "--trace", trace)
    #expect(ending.status == 0, "\(ending)")
    let code = """
      for name in ["cluster1", "cluster2"] {
        for secret in list(cluster(name), "secrets", namespace: "istio-system") {
          for key in secret.data.keys() { print secret.data[key].reveal() }
        }
      }
      """
    let values = try msh("-c", code, "--kubeconfig", kubeconfig)
    #expect(values.status == 0, "\(values)")
    let tokens = (Scratch.read(kubeconfig) ?? "").split(separator: "\n").compactMap { line in
      line.hasPrefix("    token: ") ? line.dropFirst(11) : nil
    }
    #expect(tokens.count == 2)
    // Lines that short are no secrets, and stand everywhere.
    let secrets = values.output.split(separator: "\n").filter { $0.utf8.count >= 16 } + tokens
    #expect(secrets.count > 20)
    let archive = Scratch.read(trace) ?? ""
    for secret in secrets {
      #expect(!ending.errors.contains(secret))
      #expect(!ending.output.contains(secret))
      #expect(!archive.contains(secret))
    }
    #expect(ending.errors.contains("> Authorization: Bearer ***"))
    #expect(ending.errors.contains("> Content-Type: application/apply-patch+yaml"))
    #expect(ending.errors.contains("< content-type: application/json"))
    #expect(archive.contains("\"Bearer ***\""))
    #expect(try entries(trace) ?? 0 > 40)
    #expect(Scratch.mode(trace) == 0o600)
    #expect(try sandbox.finish().status == 0)
  }

  @Test("-v shows connections, and no headers")
  func lines() throws {
    let ending = try msh(
      "-c", "print list(cluster(\"cluster1\"), \"namespaces\").count() > 0", "--sandbox", "1", "-v")
    #expect(ending.output == "true\n")
    #expect(ending.errors.contains("cluster1: GET /version 200 "), "\(ending)")
    #expect(ending.errors.contains("connection 1 new HTTP/2"), "\(ending)")
    #expect(ending.errors.contains("connection 1 reused HTTP/2"), "\(ending)")
    #expect(!ending.errors.contains("Authorization"))
  }

  @Test("after Ctrl-C, and after a kill, the trace is whole JSON", arguments: [SIGINT, SIGKILL])
  func interrupted(signal: Int32) throws {
    let scratch = try Scratch()
    let trace = try scratch.write("was here", to: "trace.har")
    chmod(trace, 0o644)
    let code = """
      for i in 1...3 { list(cluster("cluster1"), "pods") }
      print "going"
      while true { list(cluster("cluster1"), "pods") }
      """
    let child = try Child(["-c", code, "--sandbox", "1", "--trace", trace])
    try child.expect("going\n")
    child.send(signal)
    _ = try child.finish()
    #expect(try entries(trace) ?? 0 >= 3)
    #expect(Scratch.read(trace)?.contains("was here") == false)
    #expect(Scratch.mode(trace) == 0o600)
  }

  @Test("the REPL traces, too; an input without requests adds nothing")
  func conversation() throws {
    let scratch = try Scratch()
    let trace = scratch.file("trace.har")
    let child = try Child(["repl", "--sandbox", "1", "-vv", "--trace", trace])
    child.type("1 + 1\nlist(cluster(\"cluster1\"), \"pods\").count()\n")
    child.closeInput()
    let ending = try child.finish()
    #expect(ending.status == 0, "\(ending)")
    #expect(ending.errors.contains("cluster1: GET /api/v1/pods"), "\(ending)")
    #expect(ending.errors.contains("  > Authorization: Bearer ***"))
    #expect(try entries(trace) ?? 0 >= 2)
    let empty = scratch.file("empty.har")
    #expect(try msh("-c", "print 1", "--trace", empty).status == 0)
    #expect(try entries(empty) == 0)
  }

  @Test("a trace that cannot be written is told before anything runs")
  func unwritable() throws {
    for command in [["-c", "print 1"], ["repl"]] {
      let child = try Child(command + ["--trace", "/does/not/exist/trace.har"])
      child.closeInput()
      let ending = try child.finish()
      #expect(ending.status == 1, "\(ending)")
      #expect(ending.output.isEmpty)
      #expect(
        ending.errors.contains("cannot write /does/not/exist/trace.har: no such file"), "\(ending)")
    }
  }
}
