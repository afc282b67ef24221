// A cluster as scripts see it.

import Interpreter
import JSON
import KubernetesClient

/// A cluster of the kubeconfig under the name that it has in the mesh. Nothing connects until a verb or
/// a member needs the API.
public final class Cluster: HostMembers, CustomStringConvertible {
  /// Its name in the script, which is its cluster ID in Istio.
  public let name: String
  /// The network that the script gave it, if any.
  public let givenNetwork: String?
  /// The context, address and client; shared by all values for the same context.
  let connection: ClusterConnection
  private let mesh: Mesh

  init(name: String, network: String?, connection: ClusterConnection, mesh: Mesh) {
    self.name = name
    givenNetwork = network
    self.connection = connection
    self.mesh = mesh
  }

  /// The context of the kubeconfig.
  public var context: String { connection.context }

  /// `cluster`.
  public var typeName: String { "cluster" }

  /// The name.
  public var description: String { name }

  /// Names after the dot.
  public var memberNames: [String] {
    ["name", "context", "server", "network", "version", "reachable", "uid"]
  }

  /// The member of that name; `network`, `version`, `reachable` and `uid` ask the cluster when they must.
  public func member(_ name: String) -> HostMember? {
    switch name {
    case "name": .value(.string(self.name))
    case "context": .value(.string(context))
    case "server": .value(.string(connection.server))
    case "network":
      givenNetwork.map { .value(.string($0)) } ?? asking { try await $0.network(of: $1) }
    case "version": asking { try await .string($0.version(of: $1)) }
    case "reachable": asking { try await .bool($0.isReachable($1)) }
    case "uid": asking { try await $0.uid(of: $1) }
    default: nil
    }
  }

  private func asking(
    _ body: @escaping @Sendable (Executor, Cluster) async throws -> ScriptValue
  ) -> HostMember {
    .suspending { [self] in
      try mesh.admit(self)
      return try await body(mesh.executor, self)
    }
  }

  /// True for the same API server by way of the same context, whatever the names.
  public func isEqual(_ other: any HostObject) -> Bool {
    guard let other = other as? Cluster else { return false }
    return context == other.context && connection.server == other.connection.server
  }
}
