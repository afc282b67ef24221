// The mesh verbs on clusters: what they make, what a second run leaves alone, and how they fail.

import Interpreter
import JSON
import Testing

@testable import Builtins

@Suite("Mesh verbs")
struct VerbTests {
  @Test("A second gateway run writes nothing", arguments: Backend.allCases)
  func gatewayTwice(backend: Backend) async throws {
    let script = Script(kubeconfig: try await backend.kubeconfig())
    let c1 = try await script.cluster("cluster1", network: "network1")
    for _ in 1...2 {
      try await script.call(
        "gateway", c1,
        named: [
          "namespace": "gateway-twice", "revision": "asm-198-6", "wait": .duration(0),
        ])
      print(script.mesh.report().table)
      for entry in script.mesh.report().operations { print(entry.object, entry.result, entry.error ?? "") }
      script.mesh.reset()
    }
  }
}

extension ScriptValue: ExpressibleByStringLiteral {
  public init(stringLiteral value: String) { self = .string(value) }
}
