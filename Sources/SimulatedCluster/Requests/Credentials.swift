// Who sends a request: bearer tokens of the administrator and of service accounts.

import JSON

/// A user as authorization sees it.
struct User: Sendable {
  var name: String
  var groups: [String]

  static let administrator = User(
    name: "kubernetes-admin", groups: ["system:masters", "system:authenticated"])

  /// The service account behind a token.
  static func serviceAccount(_ key: ObjectKey) -> User {
    User(
      name: "system:serviceaccount:\(key.namespace):\(key.name)",
      groups: [
        "system:serviceaccounts", "system:serviceaccounts:\(key.namespace)", "system:authenticated",
      ])
  }
}

/// The tokens that a cluster accepts. They exist nowhere but here and in what was handed out.
struct Credentials: Sendable {
  /// A token of a service account.
  struct Grant: Sendable {
    var account: ObjectKey
    /// UID of the account, so that a new account of the same name does not inherit tokens.
    var accountUID: String
    /// The Secret that carries the token; nil for one from a TokenRequest.
    var secretUID: String?
    /// Seconds since 1970 after which it is refused.
    var expires: Int64?
  }

  let adminToken: String
  private var grants: [String: Grant] = [:]

  init(adminToken: String) {
    self.adminToken = adminToken
  }

  /// The user of a request; a missing or unknown token is an error.
  func authenticate(_ request: APIRequest, now: Int64) throws(APIError) -> User {
    let words = (request.headers["authorization"] ?? "").split(separator: " ")
    guard words.count == 2, words[0].lowercased() == "bearer",
      let user = user(of: String(words[1]), now: now)
    else { throw .unauthorized }
    return user
  }

  /// The user of a token; nil when it is not or no longer accepted.
  func user(of token: String, now: Int64) -> User? {
    if token == adminToken { return .administrator }
    guard let grant = grants[token] else { return nil }
    if let expires = grant.expires, expires <= now { return nil }
    return .serviceAccount(grant.account)
  }

  mutating func add(_ token: String, _ grant: Grant) { grants[token] = grant }

  /// Refuses the token of a deleted Secret from now on.
  mutating func revoke(secretUID: String) {
    grants = grants.filter { $0.value.secretUID != secretUID }
  }

  /// Refuses all tokens of a deleted account.
  mutating func revoke(accountUID: String) {
    grants = grants.filter { $0.value.accountUID != accountUID }
  }
}
