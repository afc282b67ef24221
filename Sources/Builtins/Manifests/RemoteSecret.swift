// The Secret that makes a cluster known to another one's istiod, as `istioctl create-remote-secret`
// writes it since Istio 1.28: the kubeconfig in it is equal byte for byte for the same server,
// certificate authority and token. istiod takes every key of such a Secret for a cluster ID.

import JSON

/// What other clusters need to read a cluster. It holds a token, so it prints nothing of itself.
struct ReaderCredentials: Sendable, CustomStringConvertible, CustomReflectable {
  /// PEM text of the authority that the token Secret names.
  var certificateAuthority: [UInt8]
  /// The bearer token.
  var token: String

  var description: String { "credentials" }
  var customMirror: Mirror { Mirror(self, children: [(label: String?, value: Any)]()) }

  /// Reads a token Secret of the API; nil while the token controller has not filled it.
  init?(tokenSecret: JSONValue) {
    guard let data = tokenSecret["data"],
      let token = data["token"]?.string.flatMap(Base64.decode), !token.isEmpty,
      let authority = data["ca.crt"]?.string.flatMap(Base64.decode), !authority.isEmpty
    else { return nil }
    self.token = String(decoding: token, as: UTF8.self)
    certificateAuthority = authority
  }
}

/// How one cluster is described to others.
struct RemoteSecret: Sendable {
  /// The cluster's ID.
  var name: String
  /// Where consumers put the Secret.
  var namespace = Names.systemNamespace
  /// The URL of the API server as consumers reach it.
  var server: String
  /// The name in the server's certificate, when it is not the URL's host.
  var tlsServerName: String?
  var credentials: ReaderCredentials

  /// The text under the cluster's key.
  var kubeconfig: String {
    let name = YAMLText.scalar(name)
    var lines = ["apiVersion: v1", "clusters:", "- cluster:"]
    let authority = Base64.encode(credentials.certificateAuthority)
    lines.append("    certificate-authority-data: \(YAMLText.scalar(authority))")
    lines.append("    server: \(YAMLText.scalar(server))")
    if let tlsServerName {
      lines.append("    tls-server-name: \(YAMLText.scalar(tlsServerName))")
    }
    lines += ["  name: \(name)", "contexts:", "- context:", "    cluster: \(name)"]
    lines += ["    user: \(name)", "  name: \(name)", "current-context: \(name)", "kind: Config"]
    lines += ["users:", "- name: \(name)", "  user:"]
    lines.append("    token: \(YAMLText.scalar(credentials.token))")
    return lines.joined(separator: "\n") + "\n"
  }

  var manifest: JSONValue {
    [
      "apiVersion": "v1", "kind": "Secret",
      "metadata": [
        "annotations": [Names.clusterAnnotation: .string(name)],
        "labels": [Names.multiClusterLabel: "true"],
        "name": .string(Names.remoteSecret(name)), "namespace": .string(namespace),
      ],
      "data": [name: .string(Base64.encode(kubeconfig.utf8))],
    ]
  }
}

/// Scalars as Go's YAML writer puts them: plain, and in double quotes where plain would be read as a
/// number, a bool, null or a date.
enum YAMLText {
  /// One of a kubeconfig's one-line values.
  static func scalar(_ text: String) -> String {
    guard isSimple(text) else { return String(YAML.format(.string(text)).dropLast()) }
    let isText = (try? YAML.parse(text)) == .string(text)
    return isText && !isDate(text) ? text : "\"\(text)\""
  }

  /// Letters, digits and the punctuation of names, URLs, base64 and tokens, so that no character has a
  /// meaning of its own.
  private static func isSimple(_ text: String) -> Bool {
    guard let first = text.utf8.first, text.utf8.last != UInt8(ascii: ":") else { return false }
    return isAlphanumeric(first)
      && text.utf8.allSatisfy { isAlphanumeric($0) || "-_./:+=@%[]~?&".utf8.contains($0) }
  }

  /// A year, a month and a day, as in `2024-1-31`.
  private static func isDate(_ text: String) -> Bool {
    let parts = text.split(separator: "-", omittingEmptySubsequences: false)
    guard parts.count == 3, parts[0].utf8.count == 4, Int(parts[0]) != nil else { return false }
    guard let month = Int(parts[1]), let day = Int(parts[2]) else { return false }
    guard parts[1].utf8.count <= 2, parts[2].utf8.count <= 2 else { return false }
    return (1...12).contains(month) && (1...31).contains(day)
  }

  private static func isAlphanumeric(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"):
      true
    default: false
    }
  }
}
