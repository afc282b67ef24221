// Which groups, versions and resources are served: one document for all, or one for each version.

import Crypto
import JSON

struct Discovery {
  let types: [ResourceType]
  let version: KubernetesVersion

  /// The answer for a path of discovery; nil for every other path.
  func answer(_ request: APIRequest) throws(APIError) -> APIResponse? {
    let segments = request.segments
    switch (segments.first, segments.count) {
    case ("api", 1):
      return try aggregated(request, groups: [""]) ?? .json(legacyVersions())
    case ("apis", 1):
      return try aggregated(request, groups: groups) ?? .json(groupList())
    case ("api", 2): return resourceList("", segments[1])
    case ("apis", 2):
      return groups.contains(segments[1]) ? .json(group(segments[1], isAlone: true)) : nil
    case ("apis", 3): return resourceList(segments[1], segments[2])
    default: return nil
    }
  }

  /// Named groups in the order in which they first come in the table.
  private var groups: [String] {
    var seen: Set<String> = [""]
    return types.map(\.group).filter { seen.insert($0).inserted }
  }

  private func versions(of group: String) -> [String] {
    var seen: Set<String> = []
    return types.filter { $0.group == group }.flatMap(\.versionNames)
      .filter { seen.insert($0).inserted }.sorted(by: ResourceType.isNewer)
  }

  // MARK: - One document per version

  private func legacyVersions() -> JSONValue {
    [
      "kind": "APIVersions", "versions": ["v1"],
      "serverAddressByClientCIDRs": [["clientCIDR": "0.0.0.0/0", "serverAddress": "127.0.0.1"]],
    ]
  }

  private func groupList() -> JSONValue {
    [
      "kind": "APIGroupList", "apiVersion": "v1",
      "groups": .array(groups.map { group($0, isAlone: false) }),
    ]
  }

  private func group(_ name: String, isAlone: Bool) -> JSONValue {
    let versions = versions(of: name).map { version -> JSONValue in
      ["groupVersion": .string("\(name)/\(version)"), "version": .string(version)]
    }
    var result: JSONValue = [:]
    if isAlone {
      result["kind"] = "APIGroup"
      result["apiVersion"] = "v1"
    }
    result["name"] = .string(name)
    result["versions"] = .array(versions)
    result["preferredVersion"] = versions.first
    return result
  }

  private func resourceList(_ group: String, _ version: String) -> APIResponse? {
    let rows = types.filter { $0.group == group && $0.versionNames.contains(version) }
    guard !rows.isEmpty else { return nil }
    let resources = rows.flatMap { row in [resource(row)] + row.subresources.map { sub(row, $0) } }
    return .json([
      "kind": "APIResourceList", "apiVersion": "v1",
      "groupVersion": .string(group.isEmpty ? version : "\(group)/\(version)"),
      "resources": .array(resources),
    ])
  }

  private func resource(_ type: ResourceType) -> JSONValue {
    var result: JSONValue = [
      "name": .string(type.resource),
      // Built-in resources have told their singular since 1.27.
      "singularName": .string(type.isCustom || version.minor >= 27 ? type.singular : ""),
      "namespaced": .bool(type.isNamespaced), "kind": .string(type.kind),
      "verbs": Self.list(type.verbs),
    ]
    if !type.shortNames.isEmpty { result["shortNames"] = Self.list(type.shortNames) }
    if !type.categories.isEmpty { result["categories"] = Self.list(type.categories) }
    return result
  }

  private func sub(_ type: ResourceType, _ name: String) -> JSONValue {
    let kind = Subresource.kind(name, type, version)
    var result: JSONValue = [
      "name": .string("\(type.resource)/\(name)"), "singularName": "",
      "namespaced": .bool(type.isNamespaced), "kind": .string(kind.kind),
      "verbs": Self.list(Subresource.verbs(name)),
    ]
    if kind.kind != type.kind {
      result["group"] = .string(kind.group)
      result["version"] = .string(kind.version)
    }
    return result
  }

  private static func list(_ texts: [String]) -> JSONValue { .array(texts.map { .string($0) }) }

  // MARK: - One document for all

  /// The aggregated form, when the client asks for it in a version that this cluster has.
  private func aggregated(
    _ request: APIRequest, groups: [String]
  ) throws(APIError) -> APIResponse? {
    for type in MediaType.parse(request.accept) where type.allowsJSON {
      guard type.parameters["as"] == "APIGroupDiscoveryList" else { return nil }
      guard let wanted = type.parameters["v"], serves(wanted) else { continue }
      var response = APIResponse.json([
        "kind": "APIGroupDiscoveryList", "apiVersion": .string("apidiscovery.k8s.io/\(wanted)"),
        "metadata": [:], "items": .array(groups.map(discovery)),
      ])
      response.contentType =
        "application/json;g=apidiscovery.k8s.io;v=\(wanted);as=APIGroupDiscoveryList"
      response.headers.append(("Vary", "Accept"))
      let etag = "\"" + SHA256.hash(data: response.bytes).map(Self.hex).joined() + "\""
      response.headers.append(("ETag", etag))
      if request.headers["if-none-match"] == etag {
        response.code = 304
        response.body = .bytes([])
      }
      return response
    }
    guard request.accept.isEmpty || MediaType.parse(request.accept).contains(where: \.allowsJSON)
    else { throw .notAcceptable }
    return nil
  }

  private static func hex(_ byte: UInt8) -> String {
    let text = String(byte, radix: 16, uppercase: true)
    return text.count == 1 ? "0" + text : text
  }

  private func serves(_ format: String) -> Bool {
    switch format {
    case "v2": version.minor >= 30
    case "v2beta1": (26...32).contains(version.minor)
    default: false
    }
  }

  private func discovery(_ group: String) -> JSONValue {
    let versions = versions(of: group).map { version -> JSONValue in
      let rows = types.filter { $0.group == group && $0.versionNames.contains(version) }
      return [
        "version": .string(version), "freshness": "Current",
        "resources": .array(rows.map { discovery($0, version) }),
      ]
    }
    return [
      "metadata": group.isEmpty ? [:] : ["name": .string(group)], "versions": .array(versions),
    ]
  }

  private func discovery(_ type: ResourceType, _ version: String) -> JSONValue {
    var result: JSONValue = [
      "resource": .string(type.resource),
      "responseKind": [
        "group": .string(type.group), "version": .string(version), "kind": .string(type.kind),
      ],
      "scope": type.isNamespaced ? "Namespaced" : "Cluster",
      "singularResource": .string(type.singular), "verbs": Self.list(type.verbs),
    ]
    if !type.shortNames.isEmpty { result["shortNames"] = Self.list(type.shortNames) }
    if !type.categories.isEmpty { result["categories"] = Self.list(type.categories) }
    guard !type.subresources.isEmpty else { return result }
    result["subresources"] = .array(
      type.subresources.map { name in
        let kind = Subresource.kind(name, type, self.version)
        return [
          "subresource": .string(name), "verbs": Self.list(Subresource.verbs(name)),
          "responseKind": [
            "group": .string(kind.group),
            "version": .string(kind.kind == type.kind ? version : kind.version),
            "kind": .string(kind.kind),
          ],
        ]
      })
    return result
  }
}

/// What subresources speak.
enum Subresource {
  static func kind(
    _ name: String, _ type: ResourceType, _ cluster: KubernetesVersion
  ) -> (group: String, version: String, kind: String) {
    switch name {
    case "scale": ("autoscaling", "v1", "Scale")
    case "token": ("authentication.k8s.io", "v1", "TokenRequest")
    case "eviction": ("policy", cluster.minor >= 22 ? "v1" : "v1beta1", "Eviction")
    default: (type.group, type.storageVersion, type.kind)
    }
  }

  static func verbs(_ name: String) -> [String] {
    switch name {
    case "log": ["get"]
    case "token", "eviction": ["create"]
    default: ["get", "patch", "update"]
    }
  }
}
