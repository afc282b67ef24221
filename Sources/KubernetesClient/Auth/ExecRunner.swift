// Runs a kubeconfig's credential program and reads what it prints (client.authentication.k8s.io).

import JSON
import Processes

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// What a credential program printed.
struct ExecResult: Sendable {
  var token: Secret?
  var certificate: [UInt8]?
  var key: [UInt8]?
  /// Seconds since 1970 after which it is void.
  var expiration: Int64?
}

/// One run of one program.
struct ExecRunner: Sendable {
  let plugin: ExecPlugin
  let settings: ConnectionSettings

  /// Runs it and waits. Its errors go to this process's standard error.
  func run() async throws -> ExecResult {
    let isTerminal = isatty(STDIN_FILENO) == 1
    if plugin.interactiveMode == .always, !isTerminal {
      throw failure(
        "must ask its user (interactiveMode Always), and standard input is no terminal; "
          + "run it on a terminal first, or use a program that asks nobody")
    }
    let isInteractive = plugin.interactiveMode != .never && isTerminal
    let result = try await result(isInteractive: isInteractive)
    if let signal = result.signal { throw failure("was ended by signal \(signal)") }
    if let code = result.exitCode, code != 0 { throw failure("ended with exit code \(code)") }
    return try parse(result.output)
  }

  private func result(isInteractive: Bool) async throws -> ProgramRun.Result {
    var run = ProgramRun(
      command: plugin.command, arguments: plugin.arguments,
      environment: environment(isInteractive: isInteractive))
    run.input = isInteractive ? .inherited : .bytes([])
    run.errorOutput = .inherited
    // A program that may ask its user must stay in the terminal's group; any other one is ended
    // together with what it has started.
    run.hasOwnGroup = !isInteractive
    do {
      return try await run.run()
    } catch ProgramRun.Failure.notStarted(let reason) {
      throw spawnFailure(reason)
    } catch ProgramRun.Failure.tooMuchOutput {
      throw failure("printed more than \(run.outputLimit >> 20) MiB")
    }
  }

  private func failure(_ problem: String) -> CredentialError {
    CredentialError(message: "the credential program \(plugin.command) \(problem)")
  }

  // MARK: The process

  private func spawnFailure(_ reason: String) -> CredentialError {
    let hint = plugin.installHint.map { Purpose.printable(Self.withoutEscapes($0), limit: 1000) }
    let remedy = hint.map { ". \($0)" } ?? "; install it or correct exec.command"
    return failure("cannot be started: \(reason)\(remedy)")
  }

  /// The text without a terminal's escape sequences (ECMA-48), which could hide what a hint tells to
  /// run.
  static func withoutEscapes(_ text: String) -> String {
    var result = String.UnicodeScalarView()
    var rest = text.unicodeScalars[...]
    while let scalar = rest.popFirst() {
      switch scalar.value {
      case 0x1B where rest.first == "[":
        rest.removeFirst()
        dropControlSequence(&rest)
      case 0x1B where rest.first == "]":
        // An operating system command ends with a bell or an escaped backslash.
        while let next = rest.popFirst(), next.value != 0x07, next.value != 0x5C {}
      case 0x1B: _ = rest.popFirst()
      case 0x9B: dropControlSequence(&rest)
      default: result.append(scalar)
      }
    }
    return String(result)
  }

  private static func dropControlSequence(_ rest: inout Substring.UnicodeScalarView) {
    while let next = rest.popFirst(), !(0x40...0x7E).contains(next.value) {}
  }

  private func environment(isInteractive: Bool) -> [String: String] {
    var entries: [String: String] = [:]
    var next = environ
    while let entry = next.pointee {
      let text = String(cString: entry)
      if let equals = text.firstIndex(of: "=") {
        entries[String(text[..<equals])] = String(text[text.index(after: equals)...])
      }
      next += 1
    }
    for (name, value) in plugin.environment { entries[name] = value.reveal() }
    entries["KUBERNETES_EXEC_INFO"] = info(isInteractive: isInteractive).text()
    return entries
  }

  private func info(isInteractive: Bool) -> JSONValue {
    var spec: JSONValue = ["interactive": .bool(isInteractive)]
    if plugin.provideClusterInfo { spec["cluster"] = clusterInfo }
    return [
      "apiVersion": .string(plugin.apiVersion), "kind": "ExecCredential", "spec": spec,
    ]
  }

  /// The cluster as programs are told about it; files are inline.
  var clusterInfo: JSONValue {
    var cluster: JSONValue = ["server": .string(settings.server.text)]
    if let name = settings.serverName { cluster["tls-server-name"] = .string(name) }
    if settings.isInsecure { cluster["insecure-skip-tls-verify"] = true }
    if let authority = settings.certificateAuthority {
      cluster["certificate-authority-data"] = .string(Base64.encode(authority))
    }
    if let proxy = settings.proxyURL { cluster["proxy-url"] = .string(proxy) }
    if settings.disablesCompression { cluster["disable-compression"] = true }
    if let configuration = settings.execConfiguration { cluster["config"] = configuration }
    return cluster
  }

  // MARK: What it printed

  func parse(_ output: [UInt8]) throws(CredentialError) -> ExecResult {
    guard let text = String(validating: output, as: UTF8.self),
      let value = try? YAML.parse(text), value["kind"] == "ExecCredential"
    else { throw failure("printed no ExecCredential") }
    guard value["apiVersion"]?.string == plugin.apiVersion else {
      throw failure(
        "printed \(value["apiVersion"]?.string ?? "no apiVersion"), not \(plugin.apiVersion)")
    }
    let status = value["status"]
    var result = ExecResult()
    result.token = status?["token"]?.string.flatMap { $0.isEmpty ? nil : Secret($0) }
    result.certificate = try pem("clientCertificateData", "CERTIFICATE", in: status)
    result.key = try pem("clientKeyData", "PRIVATE KEY", in: status)
    guard (result.certificate == nil) == (result.key == nil) else {
      throw failure("printed only one of certificate and key")
    }
    guard result.token != nil || result.certificate != nil else {
      throw failure("printed neither a token nor a certificate")
    }
    try checkPair(result)
    result.expiration = try expiration(in: status)
    if let end = result.certificate.flatMap({ CertificateFacts(pem: $0)?.end }) {
      // A certificate ends when it says so, whatever the program tells.
      result.expiration = min(result.expiration ?? end, end)
    }
    return result
  }

  private func checkPair(_ result: ExecResult) throws(CredentialError) {
    guard let certificate = result.certificate, let key = result.key else { return }
    guard KeyPair.fits(certificate: certificate, key: key) != false else {
      throw failure("printed a clientKeyData that does not belong to its clientCertificateData")
    }
  }

  private func expiration(in status: JSONValue?) throws(CredentialError) -> Int64? {
    guard let value = status?["expirationTimestamp"], value != .null else { return nil }
    guard let seconds = value.string.flatMap(Timestamp.seconds) else {
      throw failure("printed an expirationTimestamp that is no time")
    }
    return seconds
  }

  private func pem(
    _ field: String, _ label: String, in status: JSONValue?
  ) throws(CredentialError) -> [UInt8]? {
    guard let text = status?[field]?.string, !text.isEmpty else { return nil }
    let bytes = Array(text.utf8)
    if let problem = PEM.problem(in: bytes, label: label) {
      throw failure("printed \(field) that \(problem)")
    }
    return bytes
  }
}
