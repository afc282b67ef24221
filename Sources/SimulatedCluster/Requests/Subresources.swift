// Subresources beside `status`: scale and a service account's tokens; logs and evictions of pods have
// files of their own.

import JSON

extension ControlPlane {
  mutating func serveSubresource(
    _ request: APIRequest, _ target: Target, _ user: User
  ) throws(APIError) -> APIResponse {
    switch (target.subresource, request.method) {
    case ("scale", "GET"): return .json(scale(of: try existing(target)))
    case ("scale", "PUT"), ("scale", "PATCH"): return try setScale(request, target)
    case ("token", "POST"): return try requestToken(request, target)
    case ("log", "GET"): return try log(request, target)
    case ("eviction", "POST"): return try evict(request, target)
    default: throw .methodNotAllowed
    }
  }

  // MARK: - Scale

  private func scale(of object: JSONValue) -> JSONValue {
    let labels = object.at(["spec", "selector", "matchLabels"])?.object ?? JSONObject()
    let selector = labels.map { "\($0)=\($1.string ?? "")" }.joined(separator: ",")
    var metadata: JSONValue = [:]
    for key in ["name", "namespace", "uid", "resourceVersion", "creationTimestamp"] {
      metadata[key] = object["metadata"]?[key]
    }
    return [
      "kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": metadata,
      "spec": ["replicas": object.at(["spec", "replicas"]) ?? 0],
      "status": [
        "replicas": object.at(["status", "replicas"]) ?? 0, "selector": .string(selector),
      ],
    ]
  }

  private mutating func setScale(
    _ request: APIRequest, _ target: Target
  ) throws(APIError) -> APIResponse {
    let old = try existing(target)
    var write = try Write(request, target)
    let body = try parseBody(request)
    var wanted = body
    if request.method == "PATCH" {
      switch request.contentType {
      case "application/json-patch+json":
        wanted = try JSONPatch.apply(body, to: scale(of: old))
      case "application/merge-patch+json", "application/strategic-merge-patch+json":
        wanted = MergePatch.apply(body, to: scale(of: old))
      default: throw .unsupportedPatch
      }
    }
    guard let replicas = wanted.at(["spec", "replicas"])?.int, replicas >= 0 else {
      throw .invalid(
        kind: "Scale", group: "autoscaling", name: target.name ?? "",
        [.invalid("spec.replicas", "null", "must be greater than or equal to 0")])
    }
    var object = old
    object.set(.int(replicas), at: ["spec", "replicas"])
    object.setMeta("resourceVersion", wanted["metadata"]?["resourceVersion"])
    // The deployment itself changes, but its manager is known to have used the subresource.
    var main = target
    main.subresource = nil
    write.target = main
    let manager = ManagedFields.Manager(
      name: write.manager, isApply: false, apiVersion: target.apiVersion, subresource: "scale")
    var managed = ManagedFields(old)
    managed.update(from: old, to: object, shape: target.type.shape, manager: manager, time: now)
    return .json(scale(of: try update(object, old: old, write, managed: managed.json)))
  }

  // MARK: - Tokens

  /// A TokenRequest: a token that expires and belongs to no Secret.
  private mutating func requestToken(
    _ request: APIRequest, _ target: Target
  ) throws(APIError) -> APIResponse {
    let account = try existing(target)
    var answer: JSONValue = request.body.isEmpty ? [:] : try parseBody(request)
    let seconds = answer.at(["spec", "expirationSeconds"])?.int ?? 3600
    guard seconds >= 600 else {
      throw .invalid(
        kind: "TokenRequest", group: "authentication.k8s.io", name: "",
        [
          .invalid(
            "spec.expirationSeconds", String(seconds),
            "may not specify a duration less than 10 minutes")
        ])
    }
    let expires = settings.now() + seconds
    let token = issueToken(account, secret: nil, expires: expires)
    answer["kind"] = "TokenRequest"
    answer["apiVersion"] = "authentication.k8s.io/v1"
    answer["metadata"] = [
      "name": .string(account.name), "namespace": .string(account.namespace),
      "creationTimestamp": .string(now),
    ]
    answer.set(.int(seconds), at: ["spec", "expirationSeconds"])
    if answer.at(["spec", "audiences"]) == nil {
      answer.set(["https://kubernetes.default.svc.cluster.local"], at: ["spec", "audiences"])
    }
    answer["status"] = [
      "token": .string(token), "expirationTimestamp": .string(Clock.text(expires)),
    ]
    return .json(answer, code: 201)
  }

  /// Makes a token for a service account and accepts it from now on.
  mutating func issueToken(_ account: JSONValue, secret: JSONValue?, expires: Int64?) -> String {
    var claims: JSONValue = [
      "iss": "https://kubernetes.default.svc.cluster.local",
      "sub": .string("system:serviceaccount:\(account.namespace):\(account.name)"),
    ]
    if let secret { claims["kubernetes.io/serviceaccount/secret.name"] = .string(secret.name) }
    if let expires {
      claims["iat"] = .int(settings.now())
      claims["exp"] = .int(expires)
    }
    let token = Identifiers.token(claims: claims)
    credentials.add(
      token,
      Credentials.Grant(
        account: account.key, accountUID: account.uid, secretUID: secret?.uid, expires: expires))
    return token
  }
}
