// Tokens of service accounts: Secrets that ask for one are filled in, and emptied of meaning when
// they or their account go.

import JSON

extension ControlPlane {
  private static let tokenType = "kubernetes.io/service-account-token"
  private static let accountName = "kubernetes.io/service-account.name"
  private static let accountUID = "kubernetes.io/service-account.uid"

  /// Before 1.24 every service account has a Secret with a token of its own.
  mutating func reconcileServiceAccount(_ account: JSONValue) {
    guard settings.version.minor < 24, !account.isBeingDeleted else { return }
    let secrets = account["secrets"]?.array ?? []
    let isThere = secrets.contains { reference in
      let key = ObjectKey(
        namespace: account.namespace, name: reference["name"]?.string ?? "")
      return storage.object("secrets", key) != nil
    }
    guard !isThere else { return }
    let name = "\(account.name)-token-\(Identifiers.suffix())"
    write(
      [
        "apiVersion": "v1", "kind": "Secret", "type": .string(Self.tokenType),
        "metadata": [
          "name": .string(name), "namespace": .string(account.namespace),
          "annotations": [
            Self.accountName: .string(account.name), Self.accountUID: .string(account.uid),
          ],
        ],
      ], "secrets")
    var changed = account
    changed["secrets"] = .array(secrets + [["name": .string(name)]])
    write(changed, "serviceaccounts")
  }

  /// Fills in certificate authority, namespace and token of a Secret that belongs to an account.
  mutating func reconcileTokenSecret(_ secret: JSONValue) {
    guard secret["type"]?.string == Self.tokenType, !secret.isBeingDeleted else { return }
    let name = secret.annotations[Self.accountName] ?? ""
    let key = ObjectKey(namespace: secret.namespace, name: name)
    let uid = secret.annotations[Self.accountUID] ?? ""
    guard let account = storage.object("serviceaccounts", key), uid.isEmpty || uid == account.uid
    else {
      // A Secret of an account that does not exist is removed, as in reality.
      if let type = type("secrets") { _ = markOrRemove(secret, type) }
      return
    }
    var filled = secret
    filled.set(.string(account.uid), at: ["metadata", "annotations", Self.accountUID])
    filled.set(.string(Base64.encode(settings.caPEM.utf8)), at: ["data", "ca.crt"])
    filled.set(.string(Base64.encode(account.namespace.utf8)), at: ["data", "namespace"])
    if filled.at(["data", "token"]) == nil {
      let token = issueToken(account, secret: secret, expires: nil)
      filled.set(.string(Base64.encode(token.utf8)), at: ["data", "token"])
    }
    write(filled, "secrets")
  }

  /// The tokens of an account go with it; the account `default` comes back.
  mutating func forgetServiceAccount(_ account: JSONValue) {
    credentials.revoke(accountUID: account.uid)
    guard let type = type("secrets") else { return }
    for secret in storage.all("secrets") where secret.namespace == account.namespace {
      guard secret["type"]?.string == Self.tokenType,
        secret.annotations[Self.accountUID] == account.uid
      else { continue }
      _ = markOrRemove(secret, type)
    }
    let owner = ObjectKey(namespace: "", name: account.namespace)
    if account.name == "default", let namespace = storage.object("namespaces", owner) {
      reconcileNamespace(namespace)
    }
  }
}
