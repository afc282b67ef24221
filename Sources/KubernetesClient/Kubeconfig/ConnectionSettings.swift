// Everything that is needed to talk to one cluster, resolved from a kubeconfig.

/// Who to act as, sent as `Impersonate-…` headers.
public struct Impersonation: Sendable, Hashable {
  /// The user.
  public var user: String
  /// The user's UID.
  public var uid: String?
  /// The user's groups.
  public var groups: [String]
  /// Further attributes.
  public var extra: [String: [String]]

  /// Describes who to act as.
  public init(
    user: String, uid: String? = nil, groups: [String] = [], extra: [String: [String]] = [:]
  ) {
    self.user = user
    self.uid = uid
    self.groups = groups
    self.extra = extra
  }
}

/// How to reach one cluster and who to be there. Printing it shows no secret.
public struct ConnectionSettings: Sendable, CustomStringConvertible, CustomReflectable {
  /// The kubeconfig context that this comes from.
  public var contextName: String
  /// The API server's address.
  public var server: ServerAddress
  /// The only certificates that are trusted, PEM; nil trusts the system's.
  public var certificateAuthority: [UInt8]?
  /// True when the server's certificate is not checked at all.
  public var isInsecure: Bool
  /// The name to ask for and to check in the server's certificate, when it is not the address's.
  public var serverName: String?
  /// The client's certificate, PEM.
  public var clientCertificate: [UInt8]?
  /// The client's private key, PEM.
  public var clientKey: [UInt8]?
  /// Where the other credentials come from.
  public var credential: CredentialSource
  /// Who to act as.
  public var impersonation: Impersonation?
  /// The namespace of the context, `default` when it names none.
  public var namespace: String
  /// The proxy for this cluster; nil follows the environment.
  public var proxyURL: String?
  /// True when the server must not compress its answers.
  public var disablesCompression: Bool

  /// Describes a connection; everything but the address has a default.
  public init(
    contextName: String, server: ServerAddress, certificateAuthority: [UInt8]? = nil,
    isInsecure: Bool = false, serverName: String? = nil, clientCertificate: [UInt8]? = nil,
    clientKey: [UInt8]? = nil, credential: CredentialSource = .none,
    impersonation: Impersonation? = nil, namespace: String = "default", proxyURL: String? = nil,
    disablesCompression: Bool = false
  ) {
    self.contextName = contextName
    self.server = server
    self.certificateAuthority = certificateAuthority
    self.isInsecure = isInsecure
    self.serverName = serverName
    self.clientCertificate = clientCertificate
    self.clientKey = clientKey
    self.credential = credential
    self.impersonation = impersonation
    self.namespace = namespace
    self.proxyURL = proxyURL
    self.disablesCompression = disablesCompression
  }

  /// Context, address and kinds of credentials, nothing secret.
  public var description: String {
    var parts = ["context \(contextName)", "server \(server)", "namespace \(namespace)"]
    if isInsecure { parts.append("insecure") }
    if certificateAuthority != nil { parts.append("own CA") }
    if let serverName { parts.append("server name \(serverName)") }
    if clientCertificate != nil { parts.append("client certificate") }
    parts.append("credentials \(credential)")
    if let impersonation { parts.append("as \(impersonation.user)") }
    if proxyURL != nil { parts.append("through a proxy") }
    return parts.joined(separator: ", ")
  }

  /// The description only, so that a dump shows no key.
  public var customMirror: Mirror { Mirror(self, children: ["settings": description]) }
}
