// Addresses and ports that a cluster gives to Services, and keeps for them.

import JSON

/// Hands out addresses in order, so that two runs of the same script see the same ones.
struct AddressPool: Sendable {
  private let cluster: Int
  private var nextService = 10
  private var nextNodePort: Int64 = 30_000
  private var nextLoadBalancer = 1

  init(cluster: Int) {
    self.cluster = cluster
  }

  /// An address inside the cluster.
  mutating func clusterIP() -> String {
    nextService += 1
    return "10.96.\(nextService / 250 % 250).\(nextService % 250 + 1)"
  }

  mutating func nodePort() -> Int64 {
    nextNodePort += 1
    return nextNodePort
  }

  /// An address from the ranges kept for documentation, sixteen for each of 48 clusters; beyond that
  /// from the range kept for benchmarks.
  mutating func loadBalancerIP() -> String {
    defer { nextLoadBalancer += 1 }
    let slot = cluster - 1
    let blocks = ["203.0.113", "198.51.100", "192.0.2"]
    guard slot < blocks.count * 16, nextLoadBalancer < 16 else {
      return "198.18.\(cluster % 256).\(nextLoadBalancer % 254 + 1)"
    }
    return "\(blocks[slot / 16]).\(slot % 16 * 16 + nextLoadBalancer)"
  }

  mutating func loadBalancerName() -> String {
    defer { nextLoadBalancer += 1 }
    return "lb\(nextLoadBalancer).cluster\(cluster).example.com"
  }
}

extension ControlPlane {
  /// Gives a Service its addresses and ports, and keeps those that it had.
  mutating func allocateAddresses(_ object: JSONValue, old: JSONValue?) -> JSONValue {
    guard object["kind"]?.string == "Service", object["apiVersion"]?.string == "v1" else {
      return object
    }
    var service = object
    let type = service.at(["spec", "type"])?.string ?? ""
    if type == "ExternalName" {
      service.set(nil, at: ["spec", "clusterIP"])
      service.set(nil, at: ["spec", "clusterIPs"])
      return service
    }
    if service.at(["spec", "clusterIP"]) == nil {
      let address = old?.at(["spec", "clusterIP"]) ?? .string(addresses.clusterIP())
      service.set(address, at: ["spec", "clusterIP"])
    }
    if settings.version.minor >= 20, let address = service.at(["spec", "clusterIP"]) {
      service.set([address], at: ["spec", "clusterIPs"])
    }
    allocateNodePorts(&service, old: old, type)
    return service
  }

  private mutating func allocateNodePorts(
    _ service: inout JSONValue, old: JSONValue?, _ type: String
  ) {
    let isOff = service.at(["spec", "allocateLoadBalancerNodePorts"])?.bool == false
    guard type == "NodePort" || type == "LoadBalancer" && !isOff,
      var ports = service.at(["spec", "ports"])?.array
    else { return }
    let known = old?.at(["spec", "ports"])?.array ?? []
    for index in ports.indices where ports[index]["nodePort"] == nil {
      let same = known.first {
        $0["port"] == ports[index]["port"] && $0["protocol"] == ports[index]["protocol"]
      }
      ports[index]["nodePort"] = same?["nodePort"] ?? .int(addresses.nodePort())
    }
    service.set(.array(ports), at: ["spec", "ports"])
  }
}
