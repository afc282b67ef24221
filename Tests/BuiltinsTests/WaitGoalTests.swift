// What only this library's waits look for; the client's tests have the rules of `kubectl wait`.

import JSON
import Testing

@testable import Builtins

@Suite("Goals of waits")
struct WaitGoalTests {
  @Test("Addresses of load balancers are IP addresses or host names")
  func addresses() {
    let service: JSONValue = [
      "status": ["loadBalancer": ["ingress": [["ip": "192.0.2.1"], ["hostname": "a.example"]]]]
    ]
    #expect(WaitGoal.addresses(of: service) == ["192.0.2.1", "a.example"])
    #expect(WaitGoal.loadBalancerAddress.verdict(on: service) == .met)
    #expect(
      WaitGoal.loadBalancerAddress.verdict(on: ["status": ["loadBalancer": [:]]])
        == .pending("the cluster has assigned no load-balancer address"))
  }
}
