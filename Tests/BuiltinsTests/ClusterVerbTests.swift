// The cluster verbs on clusters: get, list, apply, delete, wait, and the members of a cluster.

import Interpreter
import JSON
import KubernetesClient
import Synchronization
import TestClusters
import Testing

@testable import Builtins

@Suite("Cluster verbs")
struct ClusterVerbTests {
  private func configMap(_ name: String, _ data: [(String, String)] = [("k", "v")]) -> ScriptValue {
    .map([
      ("apiVersion", "v1"), ("kind", "ConfigMap"), ("metadata", .map([("name", .string(name))])),
      ("data", .map(data.map { ($0.0, .string($0.1)) })),
    ])
  }

  @Test("An object is applied, read, listed and deleted", arguments: Backend.available)
  func lifeOfAnObject(backend: Backend) async throws {
    let script = try await backend.script()
    let c1 = try await script.cluster("cluster1")
    for expected in [Outcome.Result.created, .unchanged] {
      let made = try await script.call("apply", c1, configMap("life"))
      #expect(made.json?[path: "metadata", "namespace"] == "default")
      #expect(script.counts("cluster1") == [expected: 1])
      script.mesh.reset()
    }
    try await script.call("apply", c1, configMap("life", [("k", "w")]))
    #expect(script.counts("cluster1") == [.changed: 1])
    for kind in ["cm", "configmap", "configmaps", "ConfigMap"] {
      let read = try await script.call("get", c1, .string("\(kind)/life"))
      #expect(read.json?[path: "data", "k"] == "w")
    }
    let listed = try await script.call(
      "list", c1, "cm",
      named: ["namespace": "default", "fields": .map([("metadata.name", "life")])])
    #expect(listed.elements.map { $0.json?["kind"] } == ["ConfigMap"])
    #expect(try await script.call("delete", c1, "cm/life").truth == true)
    #expect(try await script.call("delete", c1, "cm/life").truth == false)
    #expect(script.counts("cluster1") == [.changed: 1, .deleted: 1])
  }

  @Test("A warning that comes again is told once a run")
  func warnings() async throws {
    let seen = Mutex<[String]>([])
    let script = try await Backend.simulated.script { options in
      options.onEvent = { event in
        if case .warning(_, let text) = event { seen.withLock { $0.append(text) } }
      }
    }
    let c1 = try await script.cluster("cluster1")
    let client = try await Backend.simulated.client("cluster1")
    let type = try await client.resourceType(named: "cm")
    try await script.call("apply", c1, configMap("going"))
    func setFinalizers(_ finalizers: JSONValue) async throws {
      _ = try await client.patch(
        type, name: "going", namespace: "default", ["metadata": ["finalizers": finalizers]])
    }
    try await setFinalizers(["msh.test/hold"])
    try await client.delete(type, name: "going", namespace: "default")
    for (value, expected) in [("1", 1), ("2", 1), ("3", 2)] {
      if value == "3" { script.mesh.reset() }
      try await script.call("apply", c1, configMap("going", [("k", value)]))
      #expect(seen.withLock(\.count) == expected)
    }
    #expect(seen.withLock { $0.allSatisfy { $0.contains("is being deleted") } })
    try await setFinalizers(.null)
  }

  @Test("A missing object is an error that names it, or the default", arguments: Backend.available)
  func missing(backend: Backend) async throws {
    let script = try await backend.script()
    let c1 = try await script.cluster("cluster1")
    let error = await scriptError {
      try await script.call("get", c1, "deploy/none", named: ["namespace": "default"])
    }
    #expect(error.message == "cluster1: there is no Deployment default/none")
    #expect(error.kind == "api" && error.code == "E0513")
    #expect(error.status == 404 && error.reason == "NotFound")
    let fallback = try await script.call("get", c1, "deploy/none", named: ["default": .null])
    #expect(fallback.isNull)
    #expect(script.mesh.report().exitCode() == 0, "what a script can catch does not fail the run")
    #expect(script.mesh.report().exitCode(after: error) == 3)
  }

  @Test("An unknown kind is an error of that cluster", arguments: Backend.available)
  func unknownKind(backend: Backend) async throws {
    let script = try await backend.script()
    let c1 = try await script.cluster("cluster1")
    let error = await scriptError { try await script.call("list", c1, "gizmos") }
    #expect(error.code == "E0504")
    #expect(error.message.hasPrefix("cluster1: ") && error.message.contains("gizmos"))
    #expect(error.notes.isEmpty)
    let near = await scriptError { try await script.call("list", c1, "serviceacounts") }
    #expect(near.notes == ["did you mean \"serviceaccounts\"?"])
    let old: ScriptValue = .map([
      ("apiVersion", "apps/v1beta1"), ("kind", "Deployment"), ("metadata", .map([("name", "x")])),
    ])
    let version = await scriptError { try await script.call("apply", c1, old) }
    #expect(version.code == "E0504")
    #expect(version.notes == ["the cluster serves apps/v1"])
  }

  @Test(
    "YAML text of several documents is applied, the namespace first", arguments: Backend.available)
  func yaml(backend: Backend) async throws {
    let script = try await backend.script()
    let c1 = try await script.cluster("cluster1")
    let text = """
      apiVersion: v1
      kind: ConfigMap
      metadata: {name: a}
      data: {k: v}
      ---
      apiVersion: v1
      kind: List
      items:
      - {apiVersion: v1, kind: Namespace, metadata: {name: apply-yaml}}
      """
    let made = try await script.call("apply", c1, .string(text), named: ["namespace": "apply-yaml"])
    #expect(made.elements.map { $0.json?["kind"] } == ["ConfigMap", "Namespace"])
    #expect(script.mesh.report().operations.map(\.object.kind) == ["Namespace", "ConfigMap"])
    #expect(script.counts("cluster1") == [.created: 2])
  }

  @Test("A conflict names the manager, the field and the ways out", arguments: Backend.available)
  func conflict(backend: Backend) async throws {
    let script = try await backend.script()
    let client = try await backend.client("cluster1")
    _ = try await client.apply(
      client.resourceType(named: "cm"),
      [
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": "owned"],
        "data": ["k": "theirs"],
      ], namespace: "default", fieldManager: "somebody")
    let c1 = try await script.cluster("cluster1")
    let error = await scriptError { try await script.call("apply", c1, configMap("owned")) }
    #expect(error.code == "E0514" && error.status == 409)
    #expect(
      error.message.hasPrefix("cluster1: apply configmaps \"owned\" in namespace \"default\": "))
    #expect(error.message.hasSuffix("409 Conflict: somebody owns .data.k"))
    #expect(error.notes.count == 1)
    #expect(script.mesh.report().operations.map(\.result) == [.failed])
  }

  @Test("What is no object is refused before anything is sent")
  func badManifests() async throws {
    let script = try await Backend.simulated.script()
    let c1 = try await script.cluster("cluster1")
    let cases: [(ScriptValue, String)] = [
      (.map([("kind", "ConfigMap")]), "E0506"), ("a: [", "E0506"), ("just text", "E0506"),
      (.int(1), "E0503"), (.list([.int(1)]), "E0506"),
      (.map([("when", .duration(1))]), "E0503"),
    ]
    for (value, code) in cases {
      let error = await scriptError { try await script.call("apply", c1, value) }
      #expect(error.code == code, "\(error.message)")
    }
    #expect(script.mesh.report().clusters.isEmpty)
  }

  @Test("An invalid object is an error with the server's own words", arguments: Backend.available)
  func invalid(backend: Backend) async throws {
    let script = try await backend.script()
    let c1 = try await script.cluster("cluster1")
    let error = await scriptError {
      try await script.call("apply", c1, configMap("Not_a_name"))
    }
    #expect(error.code == "E0515" && error.status == 422)
    #expect(error.message.contains("metadata.name"))
  }

  @Test("A verb on a list runs everywhere and gathers the failures", arguments: Backend.available)
  func lists(backend: Backend) async throws {
    let script = try await backend.script()
    let c1 = try await script.cluster("cluster1")
    let c2 = try await script.cluster("cluster2")
    let dead = try await script.cluster("dead")
    let made = try await script.call("apply", .list([c1, c2]), configMap("everywhere"))
    #expect(made.elements.count == 2)
    let error = await scriptError {
      try await script.call("get", .list([c1, dead, c2]), "cm/everywhere")
    }
    #expect(error.kind == "parallel" && error.isClusterFailure)
    let errors = error.details.first { $0.key == "errors" }?.value.elements ?? []
    #expect(errors.count == 1)
    guard case .host(let item)? = errors.first?["item"] else {
      Issue.record("no item")
      return
    }
    #expect(item.description == "dead")
  }

  @Test(
    "A wait ends when its goal is met, and else says why it was still waiting",
    arguments: Backend.available)
  func waits(backend: Backend) async throws {
    let script = try await backend.script()
    let c1 = try await script.cluster("cluster1")
    let second: ScriptValue = .duration(1_000_000_000)
    let long: ScriptValue = .duration(30_000_000_000)
    let created = Task {
      try await script.call("wait", c1, "cm/awaited", named: ["for": "create", "timeout": long])
    }
    try await script.call("apply", c1, configMap("awaited"))
    #expect(try await created.value.json?[path: "metadata", "name"] == "awaited")
    try await script.call(
      "wait", c1, "cm/awaited", named: ["for": "jsonpath={.data.k}=v", "timeout": long])
    let error = await scriptError {
      try await script.call(
        "wait", c1, "cm/awaited", named: ["for": "jsonpath={.data.k}=w", "timeout": second])
    }
    #expect(
      error.message
        == "cluster1: waited 1s for ConfigMap default/awaited: jsonpath={.data.k}=w: its {.data.k} is v"
    )
    #expect(error.kind == "timeout" && error.code == "E0520")
    let missing = await scriptError { try await script.call("wait", c1, "cm/nowhere") }
    #expect(missing.code == "E0513")
    let gone = Task {
      try await script.call("wait", c1, "cm/awaited", named: ["for": "delete", "timeout": long])
    }
    try await script.call("delete", c1, "cm/awaited")
    #expect(try await gone.value.isNull)
    let wrong = await scriptError {
      try await script.call("wait", c1, "cm/x", named: ["for": "condition"])
    }
    #expect(wrong.code == "E0503")
  }

  @Test("A verb is also a method of a cluster")
  func methods() async throws {
    let script = try await Backend.simulated.script()
    let c1 = try await script.cluster("cluster1")
    let pods = try await script.method("cluster", "list", c1, "namespaces")
    #expect(!pods.elements.isEmpty)
    let methods = Set(script.library.methods["cluster", default: [:]].keys)
    #expect(
      methods == ["gateway", "expose", "get", "list", "apply", "delete", "wait"],
      "those that start with a cluster")
  }
}

@Suite("Secrets in scripts")
struct SecretTests {
  private let secret: ScriptValue = .map([
    ("apiVersion", "v1"), ("kind", "Secret"), ("metadata", .map([("name", "shy")])),
    ("stringData", .map([("password", "correct horse")])),
  ])

  @Test(
    "A Secret's values print as size and hash, and only reveal shows them",
    arguments: Backend.available)
  func hidden(backend: Backend) async throws {
    let script = try await backend.script()
    let c1 = try await script.cluster("cluster1")
    try await script.call("apply", c1, secret)
    let read = try await script.call("get", c1, "secret/shy")
    let value = try #require(read["data"]?["password"])
    guard case .host(let host) = value else {
      Issue.record("not hidden")
      return
    }
    #expect(host.typeName == "secret")
    #expect(host.description == "secret(sha256:4104…, 13 B)")
    #expect(!"\(read)".contains("correct") && !"\(read)".contains("Y29ycmVjdCBob3JzZQ"))
    #expect(try await script.method("secret", "reveal", value).text == "correct horse")
    let listed = try await script.call("list", c1, "secrets", named: ["namespace": "default"])
    #expect(!"\(listed)".contains("Y29ycmVjdCBob3JzZQ"))
  }

  @Test("A Secret can be copied to another cluster unseen", arguments: Backend.available)
  func copied(backend: Backend) async throws {
    let script = try await backend.script()
    let c1 = try await script.cluster("cluster1")
    let c2 = try await script.cluster("cluster2")
    try await script.call("apply", c1, secret)
    let read = try await script.call("get", c1, "secret/shy")
    try await script.call("apply", c2, read)
    let client = try await backend.client("cluster2")
    let copy = try await client.get(
      client.resourceType(named: "secrets"), name: "shy", namespace: "default")
    #expect(copy[path: "data", "password"] == .string(Base64.encode("correct horse".utf8)))
  }

  @Test("A secret's value goes nowhere but into a Secret")
  func misplaced() async throws {
    let script = try await Backend.simulated.script()
    let c1 = try await script.cluster("cluster1")
    let error = await scriptError {
      try await script.call(
        "apply", c1,
        .map([
          ("apiVersion", "v1"), ("kind", "ConfigMap"), ("metadata", .map([("name", "x")])),
          ("data", .map([("k", .host(SecretValue([1])))])),
        ]))
    }
    #expect(error.code == "E0550")
  }

  @Test("Sizes are rounded to tenths of kilobytes")
  func sizes() {
    func text(_ count: Int) -> String {
      SecretValue(Array(repeating: 0, count: count)).description
    }
    #expect(text(0) == "secret(sha256:e3b0…, 0 B)")
    #expect(text(999).hasSuffix(", 999 B)"))
    #expect(text(1234).hasSuffix(", 1.2 KB)"))
    var dumped = ""
    dump(SecretValue(Array("hidden".utf8)), to: &dumped)
    #expect(!dumped.contains("104"), "no byte of it")
  }

  @Test("kubectl's copy of a Secret is hidden too")
  func lastApplied() throws {
    let object: JSONValue = [
      "apiVersion": "v1", "kind": "Secret",
      "metadata": [
        "name": "s",
        "annotations": ["kubectl.kubernetes.io/last-applied-configuration": "hidden", "a": "b"],
      ],
    ]
    let value = Redaction.scriptValue(object)
    #expect(!"\(value)".contains("\"hidden\""))
    #expect(value["metadata"]?["annotations"]?["a"]?.text == "b")
    let written = try ScriptData.manifest(value)
    #expect(written[path: "metadata", "annotations"] == ["a": "b"])
  }
}

@Suite("Clusters in scripts")
struct ClusterTests {
  private func member(_ cluster: ScriptValue, _ name: String) async throws -> ScriptValue {
    guard case .host(let value) = cluster else { return .null }
    let host = try #require(value as? any HostMembers)
    switch try #require(host.member(name)) {
    case .value(let value): return value
    case .suspending(let body): return try await body()
    }
  }

  @Test(
    "A cluster has a name, a context, an address, a version and a UID", arguments: Backend.available
  )
  func members(backend: Backend) async throws {
    let script = try await backend.script()
    let c1 = try await script.cluster("west", context: "cluster1", network: "n1")
    #expect(try await member(c1, "name").text == "west")
    #expect(try await member(c1, "context").text == "cluster1")
    #expect(try await member(c1, "network").text == "n1")
    #expect(try await member(c1, "server").text?.hasPrefix("https://") == true)
    #expect(try await member(c1, "reachable").truth == true)
    let version = try await member(c1, "version").text
    #expect(version == (backend == .real ? "v1.20.2" : "v1.32.0"))
    let c2 = try await script.cluster("cluster2")
    let uids = [try await member(c1, "uid").text, try await member(c2, "uid").text]
    #expect(uids[0] != nil && uids[0] != uids[1])
    #expect(try await member(script.cluster("dead"), "reachable").truth == false)
    let version404 = try await script.cluster("dead")
    let error = await scriptError { try await member(version404, "version") }
    #expect(error.code == "E0510" && error.isClusterFailure)
    guard case .host(let value) = c1 else { return }
    let host = try #require(value as? any HostMembers)
    #expect(host.member("nope") == nil)
    #expect(host.memberNames.allSatisfy { host.member($0) != nil })
  }

  @Test("Clusters are equal by context and address, not by name")
  func equality() async throws {
    let script = try await Backend.simulated.script()
    guard case .host(let one) = try await script.cluster("a", context: "cluster1"),
      case .host(let same) = try await script.cluster("b", context: "cluster1"),
      case .host(let other) = try await script.cluster("a", context: "cluster2")
    else { return }
    #expect(one.isEqual(same))
    #expect(!one.isEqual(other))
  }

  @Test("An unknown context is an error with what was meant")
  func unknownContext() async throws {
    let script = try await Backend.simulated.script()
    let error = await scriptError { try await script.cluster("clutser1") }
    #expect(error.code == "E0501")
    #expect(error.label == "did you mean \"cluster1\"?")
    #expect(error.notes.first?.contains("cluster2") == true)
    #expect(!error.isClusterFailure)
  }

  @Test("Contexts are found by pattern")
  func contexts() async throws {
    let script = try await Backend.simulated.script()
    let found = try await script.call("contexts", "cluster*")
    #expect(found.elements.count == 2)
    #expect(try await script.call("contexts").elements.count == 3)
    #expect(try await script.call("contexts", "none-*").elements.isEmpty)
  }

  @Test("A missing kubeconfig is an error that names it")
  func missingKubeconfig() async throws {
    let script = Script(kubeconfig: "/nonexistent/kubeconfig")
    let error = await scriptError { try await script.cluster("c") }
    #expect(error.code == "E0502")
    #expect(error.message.contains("/nonexistent/kubeconfig"))
  }

  @Test("A fence keeps verbs and members away from other clusters")
  func fence() async throws {
    let script = try await Backend.simulated.script()
    let c1 = try await script.cluster("cluster1")
    let c2 = try await script.cluster("cluster1-in-name-only", context: "cluster2")
    try await script.call("fence", .list(["cluster1*"]))
    _ = try await script.call("list", c1, "namespaces")
    let error = await scriptError { try await script.call("list", c2, "namespaces") }
    #expect(error.code == "E0505")
    #expect(await scriptError { try await member(c2, "version") }.code == "E0505")
    let both: ScriptValue = .list([c1, c2])
    let link = await scriptError { try await script.call("link", both) }
    #expect(link.code == "E0505")
  }

  @Test("Unreachable clusters can be skipped instead of failing the run")
  func skip() async throws {
    let script = try await Backend.simulated.script()
    try await script.call("settings", named: ["unreachable": "skip"])
    let dead = try await script.cluster("dead", network: "n")
    try await script.call("gateway", dead)
    #expect(script.counts("dead")[.failed] == nil)
    #expect(script.counts("dead")[.skipped] != nil)
    #expect(script.mesh.report().exitCode() == 0)
    let bad = await scriptError {
      try await script.call("settings", named: ["unreachable": "never"])
    }
    #expect(bad.code == "E0503")
  }

  @Test("Answers of a proxy instead of an API server are told as such")
  func html() async throws {
    let backend = try await SimulatedBackend.start("html", 1)
    backend.fleet.clusters[0].inject(.init(.html(502), pathPrefix: "/", count: 1000))
    let script = Script(kubeconfig: backend.path)
    let c1 = try await script.cluster("cluster1", network: "n")
    let address = try await script.call("gateway", c1)
    #expect(address.isNull)
    let entry = try #require(script.mesh.report().operations.first)
    #expect(entry.reason == "NotKubernetes")
    #expect(entry.error?.hasPrefix("cluster1: ") == true)
    #expect(script.mesh.report().exitCode() == 3)
    await backend.fleet.stop()
  }

  @Test("What is not allowed names cluster, object, status and reason, and the rest goes on")
  func forbidden() async throws {
    let backend = try await SimulatedBackend.start("forbidden", 1)
    let status: JSONValue = [
      "kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "Forbidden", "code": 403,
      "message": "no roles for you",
    ]
    backend.fleet.clusters[0].inject(
      .init(
        .status(403, contentType: "application/json", body: status.text()), method: "PATCH",
        pathPrefix: "/apis/rbac.authorization.k8s.io", count: 1))
    let script = Script(kubeconfig: backend.path)
    let c1 = try await script.cluster("cluster1", network: "n")
    try await script.call("gateway", c1, named: ["wait": .duration(0)])
    let failures = script.mesh.report().operations.filter { $0.result == .failed }
    #expect(failures.count == 1)
    #expect(failures.first?.status == 403 && failures.first?.reason == "Forbidden")
    #expect(failures.first?.error?.contains("no roles for you") == true)
    #expect(script.counts("cluster1")[.created] == 5)
    #expect(script.counts("cluster1")[.changed] == 1, "the network's label")
    await backend.fleet.stop()
  }

  @Test("A list of maps prints as a table")
  func table() async throws {
    let script = try await Backend.simulated.script()
    let rows: ScriptValue = .list([
      .map([("name", "a"), ("pods", .int(3))]), .json(["name": "b", "tags": ["x", "y"]]),
    ])
    let text = try await script.call("table", rows).text
    #expect(text == "NAME   PODS   TAGS\na      3\nb             x,y")
    let chosen = try await script.call("table", rows, named: ["columns": .list(["pods"])]).text
    #expect(chosen == "PODS\n3\n")
    #expect(await scriptError { try await script.call("table", .list([.int(1)])) }.code == "E0503")
  }
}
