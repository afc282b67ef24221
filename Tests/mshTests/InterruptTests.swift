// Signals: the run stops in order and says what it had done.

import Glibc
import Testing

@Suite("Signals")
struct InterruptTests {
  @Test("Ctrl-C and SIGTERM stop a script", arguments: [SIGINT, SIGTERM])
  func stop(signal: Int32) throws {
    let child = try Child(["-c", "print \"going\"\nwhile true { }"])
    try child.expect("going\n")
    child.send(signal)
    let ending = try child.finish()
    #expect(ending.status == 128 + signal, "\(ending)")
    #expect(!ending.errors.contains("error["))
  }

  @Test("a script that waits for a cluster stops at once, too")
  func stopWaiting() throws {
    let server = try RawServer(.keepsSilent)
    let scratch = try Scratch()
    let kubeconfig = try scratch.write(server.kubeconfig, to: "kubeconfig")
    let child = try Child(
      ["-c", "print \"going\"\nprint list(cluster(\"odd\"), \"pods\")", "--kubeconfig", kubeconfig])
    try child.expect("going\n")
    child.send(SIGINT)
    let ending = try child.finish()
    #expect(ending.status == 130, "\(ending)")
  }

  @Test("an interrupted run still says what it did, as a document where that is asked for")
  func report() throws {
    let code = """
      let c = cluster("cluster1")
      apply c, {apiVersion: "v1", kind: "ConfigMap", metadata: {name: "one", namespace: "default"}}
      print "applied"
      while true { }
      """
    let child = try Child(["-c", code, "--sandbox", "1", "-o", "json"])
    try child.expectError("applied\n")
    child.send(SIGINT)
    let ending = try child.finish()
    #expect(ending.status == 130, "\(ending)")
    #expect(ending.output.contains("\"exit\":130"))
    #expect(ending.output.contains("\"interrupted\":true"))
    #expect(ending.output.contains("\"name\":\"one\""), "\(ending)")
    #expect(ending.output.contains("\"result\":\"created\""))
  }
}
