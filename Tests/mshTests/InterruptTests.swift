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

  @Test("a credential program that is waited for is ended with the script")
  func stopProgram() throws {
    let scratch = try Scratch()
    let plugin = try scratch.write(
      """
      #!/bin/sh
      echo $$ > '\(scratch.file("new"))'; mv '\(scratch.file("new"))' '\(scratch.file("id"))'
      exec sleep 1000
      """, to: "plugin")
    chmod(plugin, 0o700)
    let kubeconfig = try scratch.write(
      """
      contexts: [{name: slow, context: {cluster: c, user: u}}]
      clusters: [{name: c, cluster: {server: "https://127.0.0.1:1"}}]
      users:
      - name: u
        user:
          exec: {command: ./plugin, apiVersion: client.authentication.k8s.io/v1beta1}
      """, to: "kubeconfig")
    let child = try Child(
      ["-c", "print list(cluster(\"slow\"), \"pods\")", "--kubeconfig", kubeconfig])
    var found: pid_t?
    while found == nil {
      found = Scratch.read(scratch.file("id")).flatMap { pid_t($0.filter(\.isNumber)) }
      usleep(2000)
    }
    let id = try #require(found)
    child.send(SIGINT)
    let ending = try child.finish()
    #expect(ending.status == 130, "\(ending)")
    #expect(kill(id, 0) != 0)
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
