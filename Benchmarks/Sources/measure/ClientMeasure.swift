// Asks API servers for one object again and again, with the client of msh as scripts use it.

import JSON
import KubernetesClient
import Synchronization

/// `measure client PORT CLUSTERS REQUESTS IN-FLIGHT CA-FILE TOKEN`: gets a ConfigMap REQUESTS times
/// from the servers on loopback at PORT and the ports after it, in turns. The caller measures the
/// process.
enum ClientMeasure {
  static func run(_ arguments: [String]) async throws {
    let numbers = arguments.prefix(4).compactMap { Int($0) }
    guard arguments.count == 6, numbers.count == 4, numbers.allSatisfy({ $0 > 0 }) else {
      throw Failure("measure client PORT CLUSTERS REQUESTS IN-FLIGHT CA-FILE TOKEN")
    }
    let (port, clusters, requests, inFlight) = (numbers[0], numbers[1], numbers[2], numbers[3])
    let authority = try file(arguments[4])
    var clients: [KubernetesClient] = []
    for cluster in 0..<clusters {
      let name = "c\(cluster + 1)"
      guard let address = ServerAddress("https://127.0.0.1:\(port + cluster)") else {
        throw Failure("no address of port \(port + cluster)")
      }
      let settings = ConnectionSettings(
        contextName: name, server: address, certificateAuthority: authority,
        credential: .token(Secret(arguments[5])))
      clients.append(KubernetesClient(cluster: name, settings: settings))
    }
    let type = ResourceType(
      group: "", version: "v1", kind: "ConfigMap", plural: "configmaps", isNamespaced: true)
    let next = Counter()
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<inFlight {
        group.addTask { [clients] in
          while true {
            let number = next.take()
            guard number < requests else { return }
            let object = try await clients[number % clusters].get(
              type, name: "settings", namespace: "shop")
            guard object["metadata"]?["name"] == "settings" else {
              throw Failure("the answer is another object")
            }
          }
        }
      }
      try await group.waitForAll()
    }
  }

  private final class Counter: Sendable {
    private let value = Atomic(0)
    func take() -> Int { value.add(1, ordering: .relaxed).oldValue }
  }

  private static func file(_ path: String) throws -> [UInt8] {
    var bytes: [UInt8] = []
    try JSONMeasure.read(path, at: 1 << 16) { bytes += $0 }
    return bytes
  }
}
