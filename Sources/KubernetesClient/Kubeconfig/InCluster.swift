// The connection of a process that runs inside a cluster, from its service account's files.

enum InCluster {
  private static let folder = "/var/run/secrets/kubernetes.io/serviceaccount"

  /// The settings, or nil outside of a cluster. Inside, an unreadable CA is an error: going on
  /// without it would mean to trust anybody.
  static func settings(
    environment: [String: String]
  ) throws(KubeconfigError) -> ConnectionSettings? {
    try settings(environment: environment, folder: folder)
  }

  /// The same with another folder, for tests.
  static func settings(
    environment: [String: String], folder: String
  ) throws(KubeconfigError) -> ConnectionSettings? {
    guard let host = environment["KUBERNETES_SERVICE_HOST"], !host.isEmpty,
      let port = environment["KUBERNETES_SERVICE_PORT"], !port.isEmpty
    else { return nil }
    let bracketed = host.contains(":") ? "[\(host)]" : host
    var problems: [String] = []
    let server = ServerAddress("https://\(bracketed):\(port)")
    if server == nil {
      problems.append(
        "environment: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are no host and port; "
          + "outside of a cluster, unset them")
    }
    let authority = read(folder + "/ca.crt", into: &problems)
    if let authority, let problem = PEM.problem(in: authority, label: "CERTIFICATE") {
      problems.append("service account: \(folder)/ca.crt \(problem); recreate the pod")
    }
    if let token = read(folder + "/token", into: &problems), token.allSatisfy(\.isSpace) {
      problems.append("service account: \(folder)/token is empty; recreate the pod")
    }
    guard let server, let authority, problems.isEmpty else {
      throw KubeconfigError(.invalid, context: "in-cluster", problems: problems)
    }
    return ConnectionSettings(
      contextName: "in-cluster", server: server, certificateAuthority: authority,
      credential: .tokenFile(path: folder + "/token", fallback: nil),
      namespace: namespace(environment: environment, folder: folder),
      files: CertificateFiles(authority: folder + "/ca.crt"),
      environment: ConnectionEnvironment(environment, server: server))
  }

  private static func namespace(environment: [String: String], folder: String) -> String {
    if let name = environment["POD_NAMESPACE"], !name.isEmpty { return name }
    guard let bytes = try? LocalFile.read(folder + "/namespace") else { return "default" }
    let name = String(decoding: bytes, as: UTF8.self).filter { !$0.isWhitespace }
    return name.isEmpty ? "default" : name
  }

  private static func read(_ path: String, into problems: inout [String]) -> [UInt8]? {
    do {
      return try LocalFile.read(path)
    } catch {
      problems.append(
        "service account: \(path) cannot be read: \(error.reason); mount the token "
          + "(automountServiceAccountToken) or name a kubeconfig with --kubeconfig")
      return nil
    }
  }
}
