// What a run's options put in place of what the kubeconfig says.

import Builtins
import Interpreter
import KubernetesClient
import TestClusters
import Testing

@Suite("Overrides of a run", .timeLimit(.minutes(2)))
struct OverrideTests {
  @Test(
    "another identity is the one that a real server sees", .enabled(if: RealFleet.absence == nil))
  func identity() async throws {
    let script = try await Backend.real.script { options in
      options.overrides.impersonation = Impersonation(user: "jane", groups: ["dev"])
    }
    for name in ["cluster1", "cluster2"] {
      let cluster = try await script.cluster(name)
      let error = await scriptError { try await script.call("list", cluster, "secrets") }
      #expect(error.message.contains("User \"jane\" cannot list resource \"secrets\""), "\(error)")
    }
    let masters = try await Backend.real.script { options in
      options.overrides.impersonation = Impersonation(user: "jane", groups: ["system:masters"])
    }
    try await masters.call("list", try await masters.cluster("cluster1"), "secrets")
  }

  @Test("another namespace is the one of what names none", arguments: Backend.available)
  func namespace(backend: Backend) async throws {
    let script = try await backend.script { $0.overrides.namespace = "kube-system" }
    let c1 = try await script.cluster("cluster1")
    let named = try await script.call(
      "get", c1, "cm/none-such", named: ["default": "none"])
    #expect(named.text == "none")
    let error = await scriptError { try await script.call("get", c1, "cm/none-such") }
    #expect(error.message.contains("ConfigMap kube-system/none-such"), "\(error)")
    let own = await scriptError {
      try await script.call("get", c1, "cm/none-such", named: ["namespace": "default"])
    }
    #expect(own.message.contains("ConfigMap default/none-such"), "\(own)")
  }
}
