// Resources that are only asked: access reviews and token reviews. Nothing is stored.

import JSON

extension ControlPlane {
  func review(_ request: APIRequest, _ target: Target, _ user: User) throws(APIError) -> APIResponse
  {
    guard request.method == "POST", target.name == nil else { throw .methodNotAllowed }
    var answer = try parseBody(request)
    answer["apiVersion"] = .string(target.apiVersion)
    answer["kind"] = .string(target.type.kind)
    if answer["metadata"] == nil { answer["metadata"] = [:] }
    switch target.type.resource {
    case "selfsubjectaccessreviews":
      answer["status"] = accessStatus(answer, user)
    case "subjectaccessreviews":
      let groups = (answer.at(["spec", "groups"])?.array ?? []).compactMap(\.string)
      let name = answer.at(["spec", "user"])?.string ?? ""
      answer["status"] = accessStatus(answer, User(name: name, groups: groups))
    case "tokenreviews": answer["status"] = tokenStatus(answer)
    default: throw .methodNotAllowed
    }
    return .json(answer, code: 201)
  }

  private func accessStatus(_ review: JSONValue, _ user: User) -> JSONValue {
    guard let attributes = review.at(["spec", "resourceAttributes"]) else {
      return ["allowed": .bool(user.groups.contains("system:masters"))]
    }
    func text(_ key: String) -> String { attributes[key]?.string ?? "" }
    let access = Access(
      verb: text("verb"), group: text("group"), resource: text("resource"),
      subresource: text("subresource"), name: text("name"), namespace: text("namespace"))
    return ["allowed": .bool(isAllowed(user, access))]
  }

  private func tokenStatus(_ review: JSONValue) -> JSONValue {
    let token = review.at(["spec", "token"])?.string ?? ""
    guard let user = credentials.user(of: token, now: settings.now()) else {
      return ["authenticated": false, "user": [:], "error": "invalid bearer token"]
    }
    return [
      "authenticated": true, "audiences": ["https://kubernetes.default.svc"],
      "user": [
        "username": .string(user.name), "groups": .array(user.groups.map { .string($0) }),
      ],
    ]
  }
}
