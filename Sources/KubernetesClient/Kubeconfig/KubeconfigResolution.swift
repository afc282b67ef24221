// Resolves one context of a kubeconfig to connection settings and collects every problem on the
// way. Each problem names file, section, entry and field, and the way out.

import JSON

/// What a caller puts in place of what the kubeconfig says, as kubectl's options do.
public struct KubeconfigOverrides: Sendable {
  /// The name of another cluster entry than the context's.
  public var cluster: String?
  /// The name of another user entry than the context's.
  public var user: String?
  /// Another namespace.
  public var namespace: String?
  /// Another address of the API server; the entry's `tls-server-name` does not count with it.
  public var server: String?
  /// Whether to leave the server's certificate unchecked; true drops the entry's authority.
  public var isInsecure: Bool?
  /// Whom to act as; takes the place of all that the user entry says about that.
  public var impersonation: Impersonation?

  /// Nothing is overridden.
  public init() {}
}

extension Kubeconfig {
  /// The settings of a context, nil means the current one. Without any context, a process inside a
  /// cluster gets its own cluster's. The error has every problem of the context.
  public func settings(
    context name: String? = nil, overriding overrides: KubeconfigOverrides = KubeconfigOverrides()
  ) throws(KubeconfigError) -> ConnectionSettings {
    guard let name = name ?? currentContext else {
      if contexts.isEmpty, let settings = try InCluster.settings(environment: environment) {
        return settings
      }
      throw noContext()
    }
    guard let context = contexts.first(where: { $0.name == name }) else {
      let known = contextNames.isEmpty ? "there is none" : contextNames.joined(separator: ", ")
      throw KubeconfigError(
        .unknownContext, context: name,
        problems: ["no context \"\(name)\" in \(filesText); contexts: \(known)"],
        known: contextNames)
    }
    var resolver = ContextResolver(self, context, overrides)
    let settings = resolver.resolve()
    guard let settings, resolver.problems.isEmpty else {
      throw KubeconfigError(
        .invalid, context: name, problems: resolver.problems, known: contextNames)
    }
    return settings
  }

  private var filesText: String {
    files.isEmpty ? "any kubeconfig" : files.joined(separator: ":")
  }

  private func noContext() -> KubeconfigError {
    if contexts.isEmpty {
      return KubeconfigError(
        .noConfiguration,
        problems: [
          "no kubeconfig was found (looked for \(filesText)); "
            + "set KUBECONFIG or name a file with --kubeconfig"
        ])
    }
    return KubeconfigError(
      .noConfiguration,
      problems: [
        "\(filesText) has no current-context; name one of \(contextNames.joined(separator: ", "))"
      ], known: contextNames)
  }
}

/// One resolution. `problems` grows; the result counts only when it stays empty.
struct ContextResolver {
  let kubeconfig: Kubeconfig
  let context: Kubeconfig.Entry
  let overrides: KubeconfigOverrides
  var problems: [String] = []

  init(
    _ kubeconfig: Kubeconfig, _ context: Kubeconfig.Entry, _ overrides: KubeconfigOverrides
  ) {
    self.kubeconfig = kubeconfig
    self.context = context
    self.overrides = overrides
  }

  mutating func resolve() -> ConnectionSettings? {
    let cluster = entry("cluster", overrides.cluster, in: kubeconfig.clusters, isRequired: true)
    let user = entry("user", overrides.user, in: kubeconfig.users, isRequired: false)
    var server: ServerAddress?
    var settings = ConnectionSettings(
      contextName: context.name, server: Self.nowhere)
    let namespace = text("namespace", of: context, "context")
    settings.namespace = overrides.namespace ?? namespace ?? settings.namespace
    if let cluster { server = resolveCluster(cluster, into: &settings) }
    if let user { resolveUser(user, into: &settings) }
    if let impersonation = overrides.impersonation { settings.impersonation = impersonation }
    guard let server else { return nil }
    settings.server = server
    settings.environment = ConnectionEnvironment(kubeconfig.environment, server: server)
    return settings
  }

  /// Stands in while the address is not known yet; never leaves this file.
  private static let nowhere = ServerAddress(
    isSecure: true, host: "invalid.invalid", port: 443, pathPrefix: "")

  private mutating func entry(
    _ member: String, _ override: String?, in entries: [Kubeconfig.Entry], isRequired: Bool
  ) -> Kubeconfig.Entry? {
    guard !context.isBroken else { return nil }
    let known = entries.map(\.name).joined(separator: ", ")
    guard let name = override ?? text(member, of: context, "context") else {
      if isRequired {
        let choice = known.isEmpty ? "add one" : "name one of \(known)"
        add(member, of: context, "context", "is missing; \(choice)")
      }
      return nil
    }
    if let entry = entries.first(where: { $0.name == name }) { return entry.isBroken ? nil : entry }
    let choice = known.isEmpty ? "there are none" : "there are: \(known)"
    add(member, of: context, "context", "\"\(name)\" is not among the \(member)s; \(choice)")
    return nil
  }

  // MARK: Cluster

  private mutating func resolveCluster(
    _ entry: Kubeconfig.Entry, into settings: inout ConnectionSettings
  ) -> ServerAddress? {
    let isSaidInsecure = flag("insecure-skip-tls-verify", of: entry, "cluster")
    settings.isInsecure = overrides.isInsecure ?? isSaidInsecure
    let serverName = text("tls-server-name", of: entry, "cluster")
    settings.serverName = overrides.server == nil ? serverName : nil
    settings.disablesCompression = flag("disable-compression", of: entry, "cluster")
    resolveAuthority(of: entry, isSaidInsecure: isSaidInsecure, into: &settings)
    settings.execConfiguration = execConfiguration(of: entry)
    resolveProxy(of: entry, into: &settings)
    return address(of: entry, settings: settings)
  }

  private mutating func resolveAuthority(
    of entry: Kubeconfig.Entry, isSaidInsecure: Bool, into settings: inout ConnectionSettings
  ) {
    if overrides.isInsecure == true { return }
    let authority = pem("certificate-authority", of: entry, "cluster", label: "CERTIFICATE")
    settings.certificateAuthority = authority?.bytes
    settings.files.authority = authority?.file
    if isSaidInsecure, overrides.isInsecure == nil, isGiven("certificate-authority", in: entry) {
      add(
        "insecure-skip-tls-verify", of: entry, "cluster",
        "cannot be true while a certificate authority is given; remove one of them")
    }
  }

  private func execConfiguration(of entry: Kubeconfig.Entry) -> JSONValue? {
    let extensions = entry.value["extensions"]?.array ?? []
    return extensions.first { $0["name"] == "client.authentication.k8s.io/exec" }?["extension"]
  }

  private mutating func address(
    of entry: Kubeconfig.Entry, settings: ConnectionSettings
  ) -> ServerAddress? {
    let written = text("server", of: entry, "cluster")
    guard let text = overrides.server ?? written else {
      if !isOfWrongType("server", in: entry) {
        add("server", of: entry, "cluster", "is missing; write the API server's https address")
      }
      return nil
    }
    let usesTLS = settings.isInsecure || isGiven("certificate-authority", in: entry)
    let address = ServerAddress(text, defaultScheme: usesTLS ? "https" : "http")
    if address == nil {
      add(
        "server", of: entry, "cluster",
        "is no http or https address; write it like https://host:6443")
    }
    return address
  }

  private mutating func resolveProxy(
    of entry: Kubeconfig.Entry, into settings: inout ConnectionSettings
  ) {
    guard let proxy = text("proxy-url", of: entry, "cluster") else { return }
    let separator = proxy.firstRange(of: "://")
    let scheme = separator.map { proxy[..<$0.lowerBound].lowercased() }
    guard let scheme, let separator, ["http", "https", "socks5"].contains(scheme) else {
      add("proxy-url", of: entry, "cluster", "must begin with http://, https:// or socks5://")
      return
    }
    // The authority may hold a password, so it is not shown.
    let authority = proxy[separator.upperBound...].prefix { !"/?#".contains($0) }
    let host = authority.lastIndex(of: "@").map { authority[authority.index(after: $0)...] }
    if ServerAddress("http://\(host ?? authority)") == nil {
      add("proxy-url", of: entry, "cluster", "has no host; write it like \(scheme)://host:3128")
    }
    settings.proxyURL = proxy
  }
}
