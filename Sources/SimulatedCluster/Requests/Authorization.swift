// What a user may do: the administrator everything, a service account what RBAC grants it.

import JSON

extension ControlPlane {
  /// One question to authorization.
  struct Access {
    var verb: String
    var group: String
    var resource: String
    var subresource: String = ""
    var name: String
    var namespace: String
  }

  /// Refuses a request that its user may not make.
  func authorize(_ user: User, _ request: APIRequest, _ target: Target) throws(APIError) {
    let access = Access(
      verb: verb(request, target), group: target.type.group, resource: target.type.resource,
      subresource: target.subresource ?? "", name: target.name ?? "",
      namespace: target.namespace ?? "")
    // Anyone may ask what they may do.
    if target.type.resource.hasPrefix("selfsubject") { return }
    guard !isAllowed(user, access) else { return }
    let full = access.subresource.isEmpty ? "" : "/\(access.subresource)"
    let place =
      target.namespace.map { " in the namespace \(quoted($0))" } ?? " at the cluster scope"
    throw .forbidden(
      target.type, access.name,
      "User \(quoted(user.name)) cannot \(access.verb) resource "
        + "\(quoted(access.resource + full)) in API group \(quoted(access.group))" + place)
  }

  private func verb(_ request: APIRequest, _ target: Target) -> String {
    switch request.method {
    case "GET" where target.name != nil: "get"
    case "GET": request.flag("watch") ? "watch" : "list"
    case "POST": "create"
    case "PUT": "update"
    case "PATCH": "patch"
    case "DELETE" where target.name == nil: "deletecollection"
    default: "delete"
    }
  }

  /// True when some binding grants the access.
  func isAllowed(_ user: User, _ access: Access) -> Bool {
    if user.groups.contains("system:masters") { return true }
    if bindings("clusterrolebindings", "", user).contains(where: { grants($0, "", access) }) {
      return true
    }
    guard !access.namespace.isEmpty else { return false }
    return bindings("rolebindings", access.namespace, user)
      .contains { grants($0, access.namespace, access) }
  }

  /// The role references of the bindings that name the user.
  private func bindings(_ resource: String, _ namespace: String, _ user: User) -> [JSONValue] {
    storage.all("\(resource).rbac.authorization.k8s.io")
      .filter { namespace.isEmpty || $0.namespace == namespace }
      .filter { ($0["subjects"]?.array ?? []).contains { isSubject($0, user) } }
      .compactMap { $0["roleRef"] }
  }

  private func isSubject(_ subject: JSONValue, _ user: User) -> Bool {
    let name = subject["name"]?.string ?? ""
    switch subject["kind"]?.string {
    case "User": return name == user.name
    case "Group": return user.groups.contains(name)
    case "ServiceAccount":
      let namespace = subject["namespace"]?.string ?? ""
      return user.name == "system:serviceaccount:\(namespace):\(name)"
    default: return false
    }
  }

  private func grants(_ reference: JSONValue, _ namespace: String, _ access: Access) -> Bool {
    let name = reference["name"]?.string ?? ""
    let isCluster = reference["kind"]?.string == "ClusterRole"
    let role = storage.object(
      (isCluster ? "clusterroles" : "roles") + ".rbac.authorization.k8s.io",
      ObjectKey(namespace: isCluster ? "" : namespace, name: name))
    return (role?["rules"]?.array ?? []).contains { covers($0, access) }
  }

  private func covers(_ rule: JSONValue, _ access: Access) -> Bool {
    func list(_ key: String) -> [String] { (rule[key]?.array ?? []).compactMap(\.string) }
    let resource =
      access.subresource.isEmpty ? access.resource : "\(access.resource)/\(access.subresource)"
    let names = list("resourceNames")
    return list("verbs").contains { $0 == "*" || $0 == access.verb }
      && list("apiGroups").contains { $0 == "*" || $0 == access.group }
      && list("resources").contains { $0 == "*" || $0 == resource }
      && (names.isEmpty || names.contains(access.name))
  }
}
