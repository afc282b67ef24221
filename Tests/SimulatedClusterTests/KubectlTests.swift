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
