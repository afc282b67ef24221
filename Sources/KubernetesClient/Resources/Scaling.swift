// The subresource `scale`, which every kind with a number of replicas has (autoscaling/v1 Scale).

import JSON

/// How many replicas something has and shall have.
public struct Scale: Sendable, Hashable {
  /// How many it shall have.
  public let wanted: Int
  /// How many there are.
  public let current: Int
  /// The label selector of its pods, as a query takes it.
  public let selector: String
  /// The version of the object that this was read from.
  public let resourceVersion: String

  init(_ object: JSONValue) {
    wanted = Int(object[path: "spec", "replicas"]?.int ?? 0)
    current = Int(object[path: "status", "replicas"]?.int ?? 0)
    selector = object[path: "status", "selector"]?.string ?? ""
    resourceVersion = object[path: "metadata", "resourceVersion"]?.string ?? ""
  }
}

extension KubernetesClient {
  /// Reads how many replicas an object has.
  public func scale(
    _ type: ResourceType, name: String, namespace: String? = nil
  ) async throws -> Scale {
    Scale(try await get(type, name: name, namespace: namespace, subresource: "scale"))
  }

  /// Changes how many replicas an object shall have.
  ///
  /// - Parameter current: With it, only an object that shall have as many now is changed; another is
  ///   an error with status 409.
  @discardableResult
  public func setScale(
    _ type: ResourceType, name: String, namespace: String? = nil, to replicas: Int,
    ifWanted current: Int? = nil, fieldManager: String = KubernetesClient.fieldManager,
    dryRun: Bool = false
  ) async throws -> Scale {
    let object = type.describe(name: name, namespace: namespace)
    guard replicas >= 0 else {
      throw purpose("scale", object).invalid("there cannot be \(replicas) replicas")
    }
    let change: JSONValue = ["replicas": .int(Int64(replicas))]
    func patch(_ patch: JSONValue) async throws -> Scale {
      Scale(
        try await self.patch(
          type, name: name, namespace: namespace, kind: .merge, patch, fieldManager: fieldManager,
          dryRun: dryRun, subresource: "scale"))
    }
    guard let current else { return try await patch(["spec": change]) }
    var tries = 1
    while true {
      let scale = try await scale(type, name: name, namespace: namespace)
      guard scale.wanted == current else {
        throw APIError(
          cluster: cluster, verb: "scale", object: object, status: 409, reason: "Conflict",
          message: "it shall have \(scale.wanted) replicas, not \(current)")
      }
      do {
        return try await patch([
          "spec": change, "metadata": ["resourceVersion": .string(scale.resourceVersion)],
        ])
      } catch let error as APIError where error.isConflict && tries < 5 {
        // Its status has changed meanwhile, which has nothing to do with what it shall have.
        tries += 1
      }
    }
  }
}
