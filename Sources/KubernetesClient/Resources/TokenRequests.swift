// Tokens of service accounts (authentication.k8s.io/v1 TokenRequest).

import JSON

/// A token that a cluster has given out. Printing it shows no secret.
public struct ServiceAccountToken: Sendable {
  /// The token.
  public let token: Secret
  /// Seconds since 1970 after which the cluster does not take it any more. May be sooner or later than
  /// asked for: clusters have bounds of their own.
  public let expires: Int64
  /// Who takes it.
  public let audiences: [String]
}

extension KubernetesClient {
  private static let tokenAdvice = "asking again gives another token"

  /// Asks for a token of a service account. Never sent twice by itself: each answer is another token.
  ///
  /// - Parameters:
  ///   - audiences: Who shall take it; empty means the API server itself.
  ///   - lifetime: For how long it shall be good, ten minutes at least.
  public func requestToken(
    serviceAccount name: String, namespace: String, audiences: [String] = [],
    lifetime: Duration = .seconds(3600)
  ) async throws -> ServiceAccountToken {
    let type = ResourceType(
      group: "", version: "v1", kind: "ServiceAccount", plural: "serviceaccounts",
      isNamespaced: true, subresources: ["token"])
    var spec: JSONValue = ["expirationSeconds": .int(lifetime.components.seconds)]
    if !audiences.isEmpty { spec["audiences"] = .array(audiences.map { .string($0) }) }
    let answer = try await create(
      type,
      ["apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec],
      namespace: namespace, name: name, subresource: "token", advice: Self.tokenAdvice)
    let expires = answer[path: "status", "expirationTimestamp"]?.string.flatMap(Timestamp.seconds)
    guard let token = answer[path: "status", "token"]?.string, !token.isEmpty, let expires else {
      // The answer itself may hold a token, so nothing of it is shown.
      throw APIError(
        cluster: cluster, verb: "create",
        object: type.describe(name: name, namespace: namespace) + " token", status: 201,
        reason: "NotKubernetes",
        message: "the answer has no token with a time of expiry; \(Self.tokenAdvice)")
    }
    return ServiceAccountToken(
      token: Secret(token), expires: expires,
      audiences: answer[path: "spec", "audiences"]?.array?.compactMap(\.string) ?? [])
  }
}
