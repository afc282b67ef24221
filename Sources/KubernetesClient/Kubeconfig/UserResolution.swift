// Resolves the user of a context: certificate, token, password, program, and who to act as.

import JSON

extension ContextResolver {
  mutating func resolveUser(
    _ entry: Kubeconfig.Entry, into settings: inout ConnectionSettings
  ) {
    let certificate = pem("client-certificate", of: entry, "user", label: "CERTIFICATE")
    let key = pem("client-key", of: entry, "user", label: "PRIVATE KEY")
    settings.clientCertificate = certificate?.bytes
    settings.clientKey = key?.bytes
    settings.files.clientCertificate = certificate?.file
    settings.files.clientKey = key?.file
    checkPair(certificate?.bytes, key?.bytes, of: entry)
    settings.impersonation = impersonation(of: entry)
    settings.credential = credential(of: entry, hasCertificate: certificate != nil)
  }

  private mutating func checkPair(
    _ certificate: [UInt8]?, _ key: [UInt8]?, of entry: Kubeconfig.Entry
  ) {
    let hasCertificate = isGiven("client-certificate", in: entry)
    let hasKey = isGiven("client-key", in: entry)
    if hasCertificate, !hasKey {
      add(
        "client-key", of: entry, "user",
        "is missing; add the key of the client certificate, or remove that")
    }
    if hasKey, !hasCertificate {
      add(
        "client-certificate", of: entry, "user",
        "is missing; add the certificate of the client key, or remove that")
    }
    if let certificate, let key, KeyPair.fits(certificate: certificate, key: key) == false {
      add(
        "client-key", of: entry, "user",
        "does not belong to the client certificate; take both from the same source")
    }
  }

  private mutating func credential(
    of entry: Kubeconfig.Entry, hasCertificate: Bool
  ) -> CredentialSource {
    let token = text("token", of: entry, "user").map { Secret($0) }
    let tokenFile = text("tokenFile", of: entry, "user")
    let user = text("username", of: entry, "user")
    let password = text("password", of: entry, "user")
    if token != nil || tokenFile != nil, user != nil || password != nil {
      add(
        "token", of: entry, "user", "and username cannot both be given; remove one of them")
    }
    let provider = entry.value["auth-provider"].flatMap { $0 == .null ? nil : $0 }
    let exec = entry.value["exec"].flatMap { $0 == .null ? nil : $0 }
    if let provider { reportAuthProvider(provider, of: entry) }
    let plugin = exec.flatMap { execPlugin($0, of: entry) }
    if let tokenFile { return fileCredential(tokenFile, fallback: token, of: entry) }
    if let token { return .token(token) }
    if user != nil || password != nil {
      return .basic(user: user ?? "", password: Secret(password ?? ""))
    }
    return hasCertificate ? .none : plugin.map { .exec($0) } ?? .none
  }

  private mutating func fileCredential(
    _ path: String, fallback: Secret?, of entry: Kubeconfig.Entry
  ) -> CredentialSource {
    let path = LocalFile.resolve(path, against: LocalFile.folder(of: entry.file))
    do {
      let bytes = try LocalFile.read(path)
      if bytes.allSatisfy(\.isSpace), fallback == nil {
        add("tokenFile", of: entry, "user", "\(path) is empty; write a token into it")
      }
    } catch {
      if fallback == nil {
        add(
          "tokenFile", of: entry, "user",
          "\(path) cannot be read: \(error.reason); correct the path or its permissions")
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
      case "openstack": "use exec with client-keystone-auth (cloud-provider-openstack)"
      default: "use exec with a credential plugin"
      }
    let isRemoved = ["gcp", "azure", "openstack"].contains(name)
    let state = isRemoved ? "was removed from Kubernetes" : "is not supported"
    add("auth-provider", of: entry, "user", "\"\(name)\" \(state); \(remedy)")
  }

  // MARK: Impersonation

  private mutating func impersonation(of entry: Kubeconfig.Entry) -> Impersonation? {
    let user = text("as", of: entry, "user")
    let uid = text("as-uid", of: entry, "user")
    let groups = texts(entry.value["as-groups"], "as-groups", of: entry)
    var extra: [String: [String]] = [:]
    switch entry.value["as-user-extra"] {
    case nil, .null?: break
    case .object(let object)?:
      for (key, values) in object {
        extra[key] = texts(values, "as-user-extra.\(key)", of: entry)
      }
    default:
      add("as-user-extra", of: entry, "user", "is no mapping; write a list of texts for each key")
    }
    let values = [user, uid].compactMap { $0 } + groups + extra.values.joined()
    if values.joined().unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F }) {
      add(
        "as", of: entry, "user",
        "or another field of impersonation has control characters; remove them")
    }
    guard let user else {
      if uid != nil || !groups.isEmpty || !extra.isEmpty {
        add(
          "as", of: entry, "user",
          "is missing while as-uid, as-groups or as-user-extra is given; add the user")
      }
      return nil
    }
    return Impersonation(user: user, uid: uid, groups: groups, extra: extra)
  }

  // MARK: Credential programs

  private mutating func execPlugin(_ exec: JSONValue, of entry: Kubeconfig.Entry) -> ExecPlugin? {
    let before = problems.count
    guard exec.object != nil else {
      add("exec", of: entry, "user", "is no mapping; indent command and apiVersion below it")
      return nil
    }
    func field(_ name: String) -> String { "exec.\(name)" }
    var command = text(exec["command"], field("command"), of: entry, "user") ?? ""
    if command.isEmpty, exec["command"]?.isTextOrMissing ?? true {
      add(field("command"), of: entry, "user", "is missing; name the credential program")
    }
    if command.contains("/") {
      command = LocalFile.resolve(command, against: LocalFile.folder(of: entry.file))
    }
    let version = execVersion(exec, of: entry)
    let mode = text(exec["interactiveMode"], field("interactiveMode"), of: entry, "user")
    let interactiveMode = mode.map { ExecPlugin.InteractiveMode(rawValue: $0) } ?? nil
    if interactiveMode == nil, mode != nil || version.hasSuffix("/v1") {
      add(
        field("interactiveMode"), of: entry, "user",
        "must be Never, IfAvailable or Always; "
          + "Never fits programs that ask nobody")
    }
    let arguments = texts(exec["args"], field("args"), of: entry)
    let environment = execEnvironment(exec, of: entry)
    let hint = text(exec["installHint"], field("installHint"), of: entry, "user")
    let wantsCluster = flag(
      exec["provideClusterInfo"], field("provideClusterInfo"), of: entry, "user")
    guard problems.count == before else { return nil }
    return ExecPlugin(
      command: command, arguments: arguments, environment: environment, apiVersion: version,
      installHint: hint, provideClusterInfo: wantsCluster,
      interactiveMode: interactiveMode ?? .ifAvailable, contextName: context.name)
  }

  private mutating func execVersion(_ exec: JSONValue, of entry: Kubeconfig.Entry) -> String {
    let version = text(exec["apiVersion"], "exec.apiVersion", of: entry, "user") ?? ""
    let group = "client.authentication.k8s.io/"
    switch version {
    case group + "v1", group + "v1beta1": break
    case "" where exec["apiVersion"]?.isTextOrMissing ?? true:
      add("exec.apiVersion", of: entry, "user", "is missing; write \(group)v1")
    case "": break
    case group + "v1alpha1":
      add(
        "exec.apiVersion", of: entry, "user",
        "\(version) was removed from Kubernetes; "
          + "update the program and write \(group)v1")
    default:
      add("exec.apiVersion", of: entry, "user", "must be \(group)v1 or \(group)v1beta1")
    }
    return version
  }

  private mutating func execEnvironment(
    _ exec: JSONValue, of entry: Kubeconfig.Entry
  ) -> [String: Secret] {
    var environment: [String: Secret] = [:]
    for (index, variable) in list(exec["env"], "exec.env", of: entry).enumerated() {
      let place = "exec.env[\(index)]"
      let name = text(variable["name"], "\(place).name", of: entry, "user") ?? ""
      let value = text(variable["value"], "\(place).value", of: entry, "user") ?? ""
      if name.isEmpty, variable["name"]?.isTextOrMissing ?? true {
        add("\(place).name", of: entry, "user", "is missing; name the variable")
      } else if name.contains("=") || name.utf8.contains(0) {
        add(
          "\(place).name", of: entry, "user", "cannot be a variable's name; remove the = in it")
      } else if value.utf8.contains(0) {
        add("\(place).value", of: entry, "user", "has a null character; remove it")
      } else if !name.isEmpty {
        environment[name] = Secret(value)
      }
    }
    return environment
  }
}
