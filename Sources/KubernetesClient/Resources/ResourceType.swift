// A kind of resource as one cluster serves it, and the paths that lead to it.

/// A resource such as deployments.apps in one version.
public struct ResourceType: Sendable, Hashable {
  /// The API group, empty for the core group.
  public let group: String
  /// The version in that group.
  public let version: String
  /// The kind, such as `Deployment`.
  public let kind: String
  /// The name in paths, such as `deployments`.
  public let plural: String
  /// The name for one, such as `deployment`.
  public let singular: String
  /// Short names, such as `deploy`.
  public let shortNames: [String]
  /// Categories, such as `all`.
  public let categories: [String]
  /// True when its objects live in namespaces.
  public let isNamespaced: Bool
  /// What the server can do with it: get, list, watch, create, patch, delete…
  public let verbs: [String]
  /// Names of its subresources, such as `status` and `scale`.
  public let subresources: [String]
  /// The apiVersion of what a subresource speaks, where that is not the resource's own: `policy/v1` for
  /// `eviction`.
  public let subresourceVersions: [String: String]

  /// Describes a resource; for tests and for what is known without discovery.
  public init(
    group: String, version: String, kind: String, plural: String, singular: String = "",
    shortNames: [String] = [], categories: [String] = [], isNamespaced: Bool,
    verbs: [String] = [], subresources: [String] = [], subresourceVersions: [String: String] = [:]
  ) {
    self.group = group
    self.version = version
    self.kind = kind
    self.plural = plural
    self.singular = singular.isEmpty ? kind.lowercased() : singular
    self.shortNames = shortNames
    self.categories = categories
    self.isNamespaced = isNamespaced
    self.verbs = verbs
    self.subresources = subresources
    self.subresourceVersions = subresourceVersions
  }

  /// `apps/v1`, or `v1` for the core group.
  public var apiVersion: String { group.isEmpty ? version : "\(group)/\(version)" }

  /// `deployments.apps`, or `pods` for the core group.
  public var qualifiedName: String { group.isEmpty ? plural : "\(plural).\(group)" }

  /// Says it in words: `deployments.apps "x" in namespace "y"`.
  public func describe(name: String? = nil, namespace: String? = nil) -> String {
    var text = qualifiedName
    if let name { text += " \"\(name)\"" }
    if isNamespaced, let namespace, !namespace.isEmpty { text += " in namespace \"\(namespace)\"" }
    return text
  }
}

/// Builds percent-encoded paths and queries.
enum ResourcePath {
  /// Why a name or namespace cannot be part of a path; nil when it can.
  static func problem(inName name: String, what: String) -> String? {
    if name.isEmpty { return "the \(what) is empty" }
    if name == "." || name == ".." { return "the \(what) cannot be \"\(name)\"" }
    for character in ["/", "%"] where name.utf8.contains(character.utf8.first ?? 0) {
      return "the \(what) \"\(name)\" cannot contain \"\(character)\""
    }
    return nil
  }

  /// `/apis/apps/v1/namespaces/y/deployments/x/status`, parts left out as given.
  static func path(
    _ type: ResourceType, namespace: String?, name: String?, subresource: String? = nil
  ) -> String {
    var path = type.group.isEmpty ? "/api/" : "/apis/\(encode(type.group))/"
    path += encode(type.version)
    if type.isNamespaced, let namespace, !namespace.isEmpty {
      path += "/namespaces/" + encode(namespace)
    }
    path += "/" + encode(type.plural)
    if let name { path += "/" + encode(name) }
    if let subresource { path += "/" + encode(subresource) }
    return path
  }

  /// `a=1&b=x%2Cy`; pairs with a nil value are left out.
  static func query(_ pairs: [(String, String?)]) -> String {
    pairs.compactMap { key, value in value.map { "\(encode(key))=\(encode($0))" } }
      .joined(separator: "&")
  }

  /// Percent-encodes what is not safe in both a path segment and a query value.
  static func encode(_ text: String) -> String {
    if text.utf8.allSatisfy(isSafe) { return text }
    var result = ""
    for byte in text.utf8 {
      if isSafe(byte) {
        result.unicodeScalars.append(Unicode.Scalar(byte))
      } else {
        result += byte < 16 ? "%0" : "%"
        result += String(byte, radix: 16, uppercase: true)
      }
    }
    return result
  }

  private static func isSafe(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
      UInt8(ascii: "_"), UInt8(ascii: "~"), UInt8(ascii: ":"):
      true
    default: false
    }
  }
}
