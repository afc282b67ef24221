// Everything that is needed to talk to one cluster, resolved from a kubeconfig.

import JSON

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

/// Files that may change while a client lives; each was read once for the settings.
public struct CertificateFiles: Sendable, Hashable {
  /// Where the cluster's authority was read.
  public var authority: String?
  /// Where the client's certificate was read.
  public var clientCertificate: String?
  /// Where the client's key was read.
  public var clientKey: String?

  /// No files: everything is inline.
  public init(
    authority: String? = nil, clientCertificate: String? = nil, clientKey: String? = nil
  ) {
    self.authority = authority
    self.clientCertificate = clientCertificate
    self.clientKey = clientKey
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
  /// The kubeconfig's proxy for this cluster (http, https or socks5); nil follows `environment`.
  public var proxyURL: String?
  /// True when the server must not compress its answers.
  public var disablesCompression: Bool
  /// The files among the certificates and keys above, which are read again when they change.
  public var files: CertificateFiles
  /// What the cluster's entry has for its credential program (its extension
  /// `client.authentication.k8s.io/exec`).
  public var execConfiguration: JSONValue?
  /// Proxies and authorities of the environment.
  public var environment: ConnectionEnvironment

  /// Describes a connection; everything but the address has a default.
  public init(
    contextName: String, server: ServerAddress, certificateAuthority: [UInt8]? = nil,
    isInsecure: Bool = false, serverName: String? = nil, clientCertificate: [UInt8]? = nil,
    clientKey: [UInt8]? = nil, credential: CredentialSource = .none,
    impersonation: Impersonation? = nil, namespace: String = "default", proxyURL: String? = nil,
    disablesCompression: Bool = false, files: CertificateFiles = CertificateFiles(),
    execConfiguration: JSONValue? = nil,
    environment: ConnectionEnvironment = ConnectionEnvironment()
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
    self.files = files
    self.execConfiguration = execConfiguration
    self.environment = environment
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
    if proxyURL ?? environment.proxyURL != nil { parts.append("through a proxy") }
    return parts.joined(separator: ", ")
  }

  /// The description only, so that a dump shows no key.
  public var customMirror: Mirror { Mirror(self, children: ["settings": description]) }
}
