// The main job on simulated clusters, through the command line.

import Glibc
import Testing

@Suite("The sandbox")
struct SandboxTests {
  /// A running `msh sandbox`, once it is ready.
  private func start(_ scratch: Scratch, clusters: Int = 2) throws -> (Child, kubeconfig: String) {
    let kubeconfig = scratch.file("kubeconfig")
    let child = try Child(["sandbox", "--clusters", "\(clusters)", "--kubeconfig", kubeconfig])
    child.scratch = scratch
    try child.expect("ready \(kubeconfig)\n")
    return (child, kubeconfig)
  }

  @Test("the guide joins two clusters; run again, it changes nothing")
  func guideTwice() throws {
    let scratch = try Scratch()
    let (sandbox, kubeconfig) = try start(scratch)
    let arguments = [
      "run", guideScript, "--kubeconfig", kubeconfig, "--set", "allowLoopback=true", "-o", "json",
    ]
    let first = try Child(arguments).finish()
    #expect(first.status == 0, "\(first)")
    #expect(first.output.contains("\"result\":\"created\""), "\(first)")
    let second = try Child(arguments).finish()
    #expect(second.status == 0, "\(second)")
    #expect(second.output.contains("\"result\":\"unchanged\""))
    #expect(!second.output.contains("\"result\":\"created\""), "\(second)")
    #expect(!second.output.contains("\"result\":\"changed\""), "\(second)")
    #expect(try sandbox.finish().status == 0)
  }

  @Test("run --sandbox brings clusters of its own and ends with the table")
  func runInSandbox() throws {
    let ending = try msh("run", guideScript, "--sandbox", "2")
    #expect(ending.status == 0, "\(ending)")
    #expect(ending.errors.contains("CLUSTER"), "\(ending)")
    #expect(ending.errors.contains("cluster1") && ending.errors.contains("cluster2"))
  }

  @Test("secrets stay out of everything that is printed")
  func secrets() throws {
    let code = """
      let c = cluster("cluster1")
      apply c, {apiVersion: "v1", kind: "Secret", metadata: {name: "s", namespace: "default"}, \
      stringData: {password: "hunter2-hunter2"}}
      print get(c, "secret/s", namespace: "default")
      """
    for extra in [[], ["-v"], ["-o", "json"]] {
      let ending = try Child(["-c", code, "--sandbox", "1"] + extra).finish()
      #expect(ending.status == 0, "\(ending)")
      #expect(!(ending.output + ending.errors).contains("hunter2"), "\(ending)")
      #expect(!(ending.output + ending.errors).contains("aHVudGVyMi1odW50ZXIy"), "\(ending)")
    }
  }

  @Test("-v shows each request")
  func verbose() throws {
    let ending = try msh(
      "-c", "print list(cluster(\"cluster1\"), \"namespaces\").count() > 0", "--sandbox", "1", "-v")
    #expect(ending.status == 0, "\(ending)")
    #expect(ending.output == "true\n")
    #expect(ending.errors.contains("GET"), "\(ending)")
    #expect(ending.errors.contains("/api/v1/namespaces"))
  }

  @Test("it stops on signals and on the end of standard input")
  func stops() throws {
    for signal in [SIGINT, SIGTERM] {
      let (child, _) = try start(try Scratch(), clusters: 1)
      child.send(signal)
      #expect(try child.finish().status == 0)
    }
    let (child, kubeconfig) = try start(try Scratch(), clusters: 1)
    child.closeInput()
    #expect(try child.finish().status == 0)
    _ = kubeconfig
  }

  @Test("the kubeconfig is its owner's alone")
  func mode() throws {
    let scratch = try Scratch()
    try scratch.write("was here", to: "kubeconfig")
    let (child, kubeconfig) = try start(scratch, clusters: 1)
    #expect(Scratch.mode(kubeconfig) == 0o600)
    #expect(Scratch.read(kubeconfig)?.contains("was here") == false)
    _ = try child.finish()
  }

  @Test("without a file it prints the kubeconfig")
  func printed() throws {
    let child = try Child(["sandbox", "--clusters", "1"])
    let text = try child.expect("cluster1")
    #expect(text.hasPrefix("apiVersion: v1") || text.contains("kind"), "\(text)")
    #expect(try child.finish().status == 0)
  }
}
