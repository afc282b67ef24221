// kubectl as the judge: what it can do with a real cluster it can do with a simulated one.

import Foundation
import JSON
import Testing

@testable import SimulatedCluster

/// kubectl against one simulated cluster, with files of its own in a temporary folder.
struct Kubectl {
  static let program: String? = {
    let environment = ProcessInfo.processInfo.environment
    if let named = environment["KUBECTL"] { return named }
    return (environment["PATH"] ?? "").split(separator: ":").map { "\($0)/kubectl" }
      .first { FileManager.default.isExecutableFile(atPath: $0) }
  }()

  struct Output {
    let status: Int32
    let text: String
  }

  let folder: URL

  init(_ fleet: SimulatedFleet) throws {
    folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try fleet.writeKubeconfig(to: folder.appendingPathComponent("config").path)
  }

  /// Runs kubectl; standard output and error come back together.
  func callAsFunction(_ arguments: String..., input: String? = nil) async throws -> Output {
    try await run(arguments, input: input)
  }

  func run(_ arguments: [String], input: String? = nil) async throws -> Output {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: Self.program ?? "kubectl")
    process.arguments = arguments
    process.environment = [
      "KUBECONFIG": folder.appendingPathComponent("config").path, "HOME": folder.path,
      "KUBECACHEDIR": folder.appendingPathComponent("cache").path, "PATH": "/usr/bin:/bin",
    ]
    // Files in place of pipes: nobody has to read while the process runs.
    let output = folder.appendingPathComponent(UUID().uuidString)
    try Data().write(to: output)
    let writer = try FileHandle(forWritingTo: output)
    process.standardOutput = writer
    process.standardError = writer
    if let input {
      let file = folder.appendingPathComponent(UUID().uuidString)
      try Data(input.utf8).write(to: file)
      process.standardInput = try FileHandle(forReadingFrom: file)
    } else {
      process.standardInput = FileHandle.nullDevice
    }
    let status = try await withCheckedThrowingContinuation {
      (continuation: CheckedContinuation<Int32, any Error>) in
      process.terminationHandler = { continuation.resume(returning: $0.terminationStatus) }
      do { try process.run() } catch { continuation.resume(throwing: error) }
    }
    return Output(status: status, text: try String(contentsOf: output, encoding: .utf8))
  }
}

@Suite(.enabled(if: Kubectl.program != nil, "kubectl is not installed"), .serialized)
struct KubectlTests {
  /// Runs a test against a fresh cluster, and cleans up after it.
  private func with(
    version: String = "1.32.0", _ body: (Kubectl, SimulatedCluster) async throws -> Void
  ) async throws {
    let fleet = try await SimulatedFleet.start(1) { _, options in options.version = version }
    let kubectl = try Kubectl(fleet)
    let result: Result<Void, any Error>
    do {
      try await body(kubectl, fleet.clusters[0])
      result = .success(())
    } catch { result = .failure(error) }
    await fleet.stop()
    try FileManager.default.removeItem(at: kubectl.folder)
    try result.get()
  }

  private let manifest = Sample.deployment().text()

  @Test(arguments: ["1.20.2", "1.28.0", "1.32.0"])
  func readsNamespacesAndResources(version: String) async throws {
    try await with(version: version) { kubectl, cluster in
      let namespaces = try await kubectl("get", "ns")
      #expect(namespaces.status == 0)
      #expect(namespaces.text.contains("istio-system"))
      let resources = try await kubectl("api-resources")
      #expect(resources.status == 0)
      #expect(resources.text.contains("deploy"))
      #expect(resources.text.contains("networking.istio.io/v1 "))
      #expect(try await kubectl("version").text.contains("v\(version)"))
      #expect(cluster.requests.allSatisfy { $0.protocolName == "HTTP/2" })
    }
  }

  @Test(arguments: ["1.20.2", "1.32.0"])
  func appliesTwiceWithoutChange(version: String) async throws {
    try await with(version: version) { kubectl, _ in
      let arguments = ["apply", "--server-side", "-f", "-"]
      let first = try await kubectl.run(arguments, input: manifest)
      #expect(first.text == "deployment.apps/web serverside-applied\n")
      let wait = try await kubectl(
        "wait", "--for=condition=Available", "deploy/web", "--timeout=20s")
      #expect(wait.text == "deployment.apps/web condition met\n")
      let revision = ["get", "deploy", "web", "-o", "jsonpath={.metadata.resourceVersion}"]
      let before = try await kubectl.run(revision).text
      #expect(try await kubectl.run(arguments, input: manifest).status == 0)
      #expect(try await kubectl.run(revision).text == before)
      #expect(Int(before) != nil)
    }
  }

  @Test func showsConflictsAndForcesThem() async throws {
    try await with { kubectl, _ in
      #expect(try await kubectl("create", "deploy", "web", "--image=web:0").status == 0)
      #expect(try await kubectl("scale", "deploy/web", "--replicas=3").status == 0)
      let mine = Sample.deployment(replicas: 5).text()
      let refused = try await kubectl("apply", "--server-side", "-f", "-", input: mine)
      #expect(refused.status == 1)
      #expect(refused.text.contains("Apply failed with 2 conflicts"))
      #expect(refused.text.contains(".spec.replicas"))
      let forced = try await kubectl(
        "apply", "--server-side", "--force-conflicts", "-f", "-", input: mine)
      #expect(forced.status == 0)
      #expect(
        try await kubectl("get", "deploy", "web", "-o", "jsonpath={.spec.replicas}").text == "5")
    }
  }

  @Test func appliesOnTheClientSide() async throws {
    try await with { kubectl, _ in
      let arguments = ["apply", "-f", "-"]
      // kubectl compares texts, so only canonical quantities are the same to it.
      let canonical = { (text: String) in
        text.replacing("2000m", with: "2").replacing("1024Mi", with: "1Gi")
      }
      let manifest = canonical(manifest)
      #expect(try await kubectl.run(arguments, input: manifest).text.hasSuffix("created\n"))
      #expect(try await kubectl.run(arguments, input: manifest).text.hasSuffix("unchanged\n"))
      let changed = canonical(Sample.deployment(replicas: 2).text())
      #expect(try await kubectl.run(arguments, input: changed).text.hasSuffix("configured\n"))
      let wrong = changed.replacing("\"replicas\"", with: "\"replica\"")
      let refused = try await kubectl.run(arguments, input: wrong)
      #expect(refused.status == 1)
      #expect(refused.text.contains("unknown field \"spec.replica\""))
    }
  }

  @Test func createsAndDeletes() async throws {
    try await with { kubectl, _ in
      #expect(try await kubectl("create", "ns", "demo").text == "namespace/demo created\n")
      #expect(try await kubectl("create", "sa", "reader", "-n", "demo").status == 0)
      #expect(
        try await kubectl("create", "secret", "generic", "s", "--from-literal=a=b", "-n", "demo")
          .status == 0)
      let encoded = try await kubectl(
        "get", "secret", "s", "-n", "demo", "-o", "jsonpath={.data.a}")
      #expect(encoded.text == "Yg==")
      let again = try await kubectl("create", "ns", "demo")
      #expect(again.text.contains("(AlreadyExists)"))
      #expect(try await kubectl("delete", "ns", "demo", "--timeout=20s").status == 0)
      let gone = try await kubectl("get", "ns", "demo")
      #expect(gone.text == "Error from server (NotFound): namespaces \"demo\" not found\n")
    }
  }

  @Test func watchesAsTablesUntilTheServerEndsIt() async throws {
    try await with { kubectl, cluster in
      async let watched = kubectl("get", "cm", "-w", "--request-timeout=30s")
      while !cluster.requests.contains(where: { $0.query.contains { $0.name == "watch" } }) {
        await Task.yield()
      }
      #expect(
        try await kubectl("create", "cm", "seen", "--from-literal=a=b").text
          == "configmap/seen created\n")
      cluster.endWatches()
      let output = try await watched
      #expect(output.text.contains("kube-root-ca.crt"))
      #expect(output.text.contains("seen "))
    }
  }

  @Test func readsLogsAndFollowsThem() async throws {
    try await with { kubectl, cluster in
      let pod = Sample.pod("p", containers: ["main", "side"]).text()
      #expect(try await kubectl("apply", "-f", "-", input: pod).status == 0)
      let ready = try await kubectl(
        "wait", "--for=condition=Ready", "pod/p", "--timeout=60s")
      #expect(ready.text == "pod/p condition met\n")
      cluster.writeLog("one", pod: "p", container: "main")
      cluster.writeLog("two", pod: "p", container: "main")
      cluster.writeLog("aside", pod: "p", container: "side")
      #expect(try await kubectl("logs", "p", "-c", "main", "--tail=1").text == "two\n")
      let all = try await kubectl("logs", "p", "--all-containers").text
      // kubectl asks for the containers in no order.
      #expect(["one\ntwo\naside\n", "aside\none\ntwo\n"].contains(all))
      #expect(
        try await kubectl("logs", "p", "-c", "main", "--timestamps", "--since=1h").text
          .contains(".000000001Z one"))
      #expect(try await kubectl("logs", "p", "-c", "main", "--previous").status == 1)
      async let followed = kubectl("logs", "p", "-c", "side", "-f")
      while !cluster.requests.contains(where: { $0.query.contains { $0.name == "follow" } }) {
        await Task.yield()
      }
      cluster.writeLog("later", pod: "p", container: "side")
      cluster.cutLogs(pod: "p")
      #expect(try await followed.text == "aside\nlater\n")
    }
  }

  @Test(arguments: ["1.20.2", "1.32.0"])
  func scalesAndFollowsRollouts(version: String) async throws {
    try await with(version: version) { kubectl, _ in
      #expect(try await kubectl("create", "deploy", "web", "--image=web:0").status == 0)
      #expect(
        try await kubectl("scale", "deploy/web", "--replicas=3", "--current-replicas=1").text
          == "deployment.apps/web scaled\n")
      let rollout = try await kubectl("rollout", "status", "deploy/web", "--timeout=60s")
      #expect(rollout.text.hasSuffix("deployment \"web\" successfully rolled out\n"))
      let wait = try await kubectl(
        "wait", "--for=jsonpath={.status.readyReplicas}=3", "deploy/web", "--timeout=60s")
      #expect(wait.text == "deployment.apps/web condition met\n")
      let deleted = try await kubectl("delete", "deploy", "--all", "--timeout=60s")
      #expect(deleted.text.contains("\"web\" deleted"))
    }
  }

  @Test func drainsANodeAsFarAsABudgetAllows() async throws {
    try await with { kubectl, cluster in
      let node: JSONValue = ["apiVersion": "v1", "kind": "Node", "metadata": ["name": "n1"]]
      let budget: JSONValue = [
        "apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": ["name": "web"],
        "spec": ["minAvailable": 1, "selector": ["matchLabels": ["app": "web"]]],
      ]
      for object in [node, budget, Sample.pod("a", node: "n1"), Sample.pod("b", node: "n1")] {
        #expect(try await kubectl("apply", "-f", "-", input: object.text()).status == 0)
      }
      let counted = try await kubectl(
        "wait", "--for=jsonpath={.status.disruptionsAllowed}=1", "pdb/web", "--timeout=60s")
      #expect(counted.status == 0)
      let arguments = ["drain", "n1", "--force", "--timeout=60s"]
      async let drained = kubectl.run(arguments)
      // One pod goes, the other must stay until a new one is ready.
      while !cluster.requests.contains(where: { $0.status == 429 }) { await Task.yield() }
      #expect(try await kubectl("get", "pods", "-o", "name").text.split(separator: "\n").count == 1)
      #expect(
        try await kubectl("apply", "-f", "-", input: Sample.pod("c", node: "n2").text()).status == 0
      )
      let output = try await drained
      #expect(output.status == 0)
      #expect(output.text.contains("violate the pod's disruption budget"))
      #expect(try await kubectl("get", "pods", "-o", "name").text == "pod/c\n")
    }
  }

  @Test func anHTMLPageIsAnErrorAndNoCrash() async throws {
    try await with { kubectl, cluster in
      let fine = try await kubectl("get", "cm")
      #expect(fine.status == 0)
      cluster.inject(Fault(.html(), pathPrefix: "/api/v1/namespaces/default/configmaps", count: 20))
      let broken = try await kubectl("get", "cm")
      #expect(broken.status == 1)
    }
  }
}
