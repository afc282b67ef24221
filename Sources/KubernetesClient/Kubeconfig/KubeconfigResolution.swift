// Resolves one context of a kubeconfig to connection settings and collects every problem on the
// way.

import JSON

extension Kubeconfig {
  /// The settings of a context, nil means the current one. Without any context, a process inside a
  /// cluster gets its own cluster's. The error has every problem of the context.
  public func settings(
    context name: String? = nil
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
    var resolver = ContextResolver(kubeconfig: self, context: context)
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
private struct ContextResolver {
  let kubeconfig: Kubeconfig
  let context: Kubeconfig.Entry
  private(set) var problems: [String] = []

  init(kubeconfig: Kubeconfig, context: Kubeconfig.Entry) {
    self.kubeconfig = kubeconfig
    self.context = context
  }

  mutating func resolve() -> ConnectionSettings? {
    let cluster = entry("cluster", in: kubeconfig.clusters, isRequired: true)
    let user = entry("user", in: kubeconfig.users, isRequired: false)
    var server: ServerAddress?
    var settings = ConnectionSettings(
      contextName: context.name, server: Self.nowhere)
    if let namespace = text("namespace", of: context, "context") { settings.namespace = namespace }
    if let cluster { server = resolveCluster(cluster, into: &settings) }
    if let user { resolveUser(user, into: &settings) }
    guard let server else { return nil }
    settings.server = server
    return settings
  }

  /// Stands in while the address is not known yet; never leaves this file.
  private static let nowhere = ServerAddress(
    isSecure: true, host: "invalid.invalid", port: 443, pathPrefix: "")

  private mutating func entry(
    _ member: String, in entries: [Kubeconfig.Entry], isRequired: Bool
  ) -> Kubeconfig.Entry? {
    guard let name = text(member, of: context, "context") else {
      if isRequired {
        problems.append("\(context.file): context \"\(context.name)\": \(member) is missing")
      }
      return nil
    }
    if let entry = entries.first(where: { $0.name == name }) { return entry }
    problems.append(
      "\(context.file): context \"\(context.name)\": there is no \(member) \"\(name)\"")
    return nil
  }

  // MARK: Cluster

  private mutating func resolveCluster(
    _ entry: Kubeconfig.Entry, into settings: inout ConnectionSettings
  ) -> ServerAddress? {
    settings.isInsecure = flag("insecure-skip-tls-verify", of: entry, "cluster")
    settings.serverName = text("tls-server-name", of: entry, "cluster")
    settings.disablesCompression = flag("disable-compression", of: entry, "cluster")
    settings.certificateAuthority = pem(
      "certificate-authority", of: entry, "cluster", label: "CERTIFICATE")
    if settings.isInsecure,
      entry.value["certificate-authority-data"]?.string?.isEmpty == false
        || entry.value["certificate-authority"]?.string?.isEmpty == false
    {
      add(
        "insecure-skip-tls-verify", of: entry, "cluster",
        "cannot be true while a certificate authority is given; remove one of them")
    }
    resolveProxy(of: entry, into: &settings)
    return address(of: entry, settings: settings)
  }

  private mutating func address(
    of entry: Kubeconfig.Entry, settings: ConnectionSettings
  ) -> ServerAddress? {
    guard let text = text("server", of: entry, "cluster") else {
      add("server", of: entry, "cluster", "is missing")
      return nil
    }
    let usesTLS = settings.isInsecure || settings.certificateAuthority != nil
    let address = ServerAddress(text, defaultScheme: usesTLS ? "https" : "http")
    if address == nil { add("server", of: entry, "cluster", "is no http or https address") }
    return address
  }

  private mutating func resolveProxy(
    of entry: Kubeconfig.Entry, into settings: inout ConnectionSettings
  ) {
    guard let proxy = text("proxy-url", of: entry, "cluster") else { return }
    let scheme = proxy.firstRange(of: "://").map { proxy[..<$0.lowerBound].lowercased() }
    guard let scheme, ["http", "https", "socks5"].contains(scheme) else {
      add("proxy-url", of: entry, "cluster", "must begin with http://, https:// or socks5://")
      return
    }
    // Go resolves names at the proxy; libcurl does so only when told.
    settings.proxyURL = scheme == "socks5" ? "socks5h" + proxy.dropFirst(scheme.count) : proxy
  }

  // MARK: User

  private mutating func resolveUser(
    _ entry: Kubeconfig.Entry, into settings: inout ConnectionSettings
  ) {
    settings.clientCertificate = pem(
      "client-certificate", of: entry, "user", label: "CERTIFICATE")
    settings.clientKey = pem("client-key", of: entry, "user", label: "PRIVATE KEY")
    checkPair(entry)
    settings.impersonation = impersonation(of: entry)
    settings.credential = credential(
      of: entry, hasCertificate: settings.clientCertificate != nil)
  }

  private mutating func checkPair(_ entry: Kubeconfig.Entry) {
    let hasCertificate = isGiven("client-certificate", in: entry)
    let hasKey = isGiven("client-key", in: entry)
    if hasCertificate, !hasKey { add("client-key", of: entry, "user", "is missing") }
    if hasKey, !hasCertificate { add("client-certificate", of: entry, "user", "is missing") }
  }

  private func isGiven(_ field: String, in entry: Kubeconfig.Entry) -> Bool {
    [field, field + "-data"].contains { entry.value[$0]?.string?.isEmpty == false }
  }

  private mutating func credential(
    of entry: Kubeconfig.Entry, hasCertificate: Bool
  ) -> CredentialSource {
    let token = text("token", of: entry, "user").map { Secret($0) }
    let tokenFile = text("tokenFile", of: entry, "user")
    let user = text("username", of: entry, "user")
    let password = text("password", of: entry, "user")
    if token != nil || tokenFile != nil, user != nil || password != nil {
      add("token", of: entry, "user", "and username cannot both be given")
    }
    if let provider = entry.value["auth-provider"], provider != .null {
      reportAuthProvider(provider, of: entry)
    }
    if let tokenFile { return fileCredential(tokenFile, fallback: token, of: entry) }
    if let token { return .token(token) }
    if user != nil || password != nil {
      return .basic(user: user ?? "", password: Secret(password ?? ""))
    }
    guard let exec = entry.value["exec"], exec != .null else { return .none }
    let plugin = execPlugin(exec, of: entry)
    return hasCertificate ? .none : plugin.map { .exec($0) } ?? .none
  }

  private mutating func fileCredential(
    _ path: String, fallback: Secret?, of entry: Kubeconfig.Entry
  ) -> CredentialSource {
    let path = LocalFile.resolve(path, against: LocalFile.folder(of: entry.file))
    do {
      let bytes = try LocalFile.read(path)
      let isBlank = bytes.allSatisfy { [0x20, 0x09, 0x0A, 0x0D].contains($0) }
      if isBlank, fallback == nil { add("tokenFile", of: entry, "user", "\(path) is empty") }
    } catch {
      if fallback == nil {
        add("tokenFile", of: entry, "user", "\(path) cannot be read: \(error.reason)")
      }
    }
    return .tokenFile(path: path, fallback: fallback)
  }

  private mutating func reportAuthProvider(_ provider: JSONValue, of entry: Kubeconfig.Entry) {
    let name = provider["name"]?.string ?? ""
    let remedy =
      switch name {
      case "gcp": "use exec with gke-gcloud-auth-plugin (gcloud container clusters get-credentials)"
      case "azure": "use exec with kubelogin (kubelogin convert-kubeconfig)"
      case "oidc": "use exec with an OIDC credential plugin such as kubelogin (kubectl oidc-login)"
      default: "use exec with a credential plugin"
      }
    add("auth-provider", of: entry, "user", "\"\(name)\" is not supported; \(remedy)")
  }

  private mutating func impersonation(of entry: Kubeconfig.Entry) -> Impersonation? {
    let user = text("as", of: entry, "user")
    let uid = text("as-uid", of: entry, "user")
    let groups = entry.value["as-groups"]?.array?.compactMap(\.string) ?? []
    var extra: [String: [String]] = [:]
    for (key, values) in entry.value["as-user-extra"]?.object ?? JSONObject() {
      extra[key] = values.array?.compactMap(\.string) ?? []
    }
    guard let user else {
      if uid != nil || !groups.isEmpty || !extra.isEmpty {
        add("as", of: entry, "user", "is missing while as-uid, as-groups or as-user-extra is given")
      }
      return nil
    }
    return Impersonation(user: user, uid: uid, groups: groups, extra: extra)
  }

  private mutating func execPlugin(
    _ exec: JSONValue, of entry: Kubeconfig.Entry
  ) -> ExecPlugin? {
    let before = problems.count
    var command = exec["command"]?.string ?? ""
    if command.isEmpty { add("exec.command", of: entry, "user", "is missing") }
    if command.contains("/") {
      command = LocalFile.resolve(command, against: LocalFile.folder(of: entry.file))
    }
    let version = exec["apiVersion"]?.string ?? ""
    let group = "client.authentication.k8s.io/"
    if version.isEmpty {
      add("exec.apiVersion", of: entry, "user", "is missing")
    } else if version != group + "v1", version != group + "v1beta1" {
      add("exec.apiVersion", of: entry, "user", "must be \(group)v1 or \(group)v1beta1")
    }
    let mode = exec["interactiveMode"]?.string ?? ""
    let interactiveMode = ExecPlugin.InteractiveMode(rawValue: mode)
    if interactiveMode == nil, !mode.isEmpty || version == group + "v1" {
      add("exec.interactiveMode", of: entry, "user", "must be Never, IfAvailable or Always")
    }
    guard problems.count == before else { return nil }
    return ExecPlugin(
      command: command,
      arguments: exec["args"]?.array?.compactMap(\.string) ?? [],
      environment: execEnvironment(exec, of: entry),
      apiVersion: version,
      installHint: exec["installHint"]?.string,
      provideClusterInfo: exec["provideClusterInfo"]?.bool ?? false,
      interactiveMode: interactiveMode ?? .ifAvailable,
      contextName: context.name)
  }

  private mutating func execEnvironment(
    _ exec: JSONValue, of entry: Kubeconfig.Entry
  ) -> [String: Secret] {
    var environment: [String: Secret] = [:]
    for variable in exec["env"]?.array ?? [] {
      guard let name = variable["name"]?.string, !name.isEmpty else {
        add("exec.env", of: entry, "user", "has a variable without a name")
        continue
      }
      environment[name] = Secret(variable["value"]?.string ?? "")
    }
    return environment
  }

  // MARK: Fields

  private mutating func pem(
    _ field: String, of entry: Kubeconfig.Entry, _ kind: String, label: String
  ) -> [UInt8]? {
    let bytes: [UInt8]
    var source = field + "-data"
    if let data = text(source, of: entry, kind) {
      guard let decoded = Base64.decode(data) else {
        add(source, of: entry, kind, "is not base64")
        return nil
      }
      bytes = decoded
    } else if let path = text(field, of: entry, kind) {
      source = field
      let absolute = LocalFile.resolve(path, against: LocalFile.folder(of: entry.file))
      do {
        bytes = try LocalFile.read(absolute)
      } catch {
        add(field, of: entry, kind, "\(absolute) cannot be read: \(error.reason)")
        return nil
      }
    } else {
      return nil
    }
    if let problem = PEM.problem(in: bytes, label: label) {
      add(source, of: entry, kind, problem)
      return nil
    }
    return bytes
  }

  private mutating func text(
    _ field: String, of entry: Kubeconfig.Entry, _ kind: String
  ) -> String? {
    switch entry.value[field] {
    case nil, .null?: return nil
    case .string(let text)?: return text.isEmpty ? nil : text
    default:
      // A password or a token made of digits reads as a number; kubectl refuses it as well.
      add(field, of: entry, kind, "is not text; put it in quotes")
      return nil
    }
  }

  private mutating func flag(
    _ field: String, of entry: Kubeconfig.Entry, _ kind: String
  ) -> Bool {
    switch entry.value[field] {
    case nil, .null?: return false
    case .bool(let value)?: return value
    default:
      add(field, of: entry, kind, "must be true or false")
      return false
    }
  }

  private mutating func add(
    _ field: String, of entry: Kubeconfig.Entry, _ kind: String, _ problem: String
  ) {
    problems.append("\(entry.file): \(kind) \"\(entry.name)\": \(field) \(problem)")
  }
}
