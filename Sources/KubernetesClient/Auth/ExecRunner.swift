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
      throw failure("must ask its user, and standard input is no terminal")
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
    // It may ask its user for a password, which only the terminal's own group can.
    run.hasOwnGroup = false
    do {
      return try await run.run()
    } catch ProgramRun.Failure.notStarted(let reason) {
      throw spawnFailure(reason)
    } catch ProgramRun.Failure.tooMuchOutput {
      throw failure("printed more than \(run.outputLimit >> 20) MiB")
    }
  }

  private func failure(_ problem: String) -> CredentialError {
    CredentialError(
      message: "context \"\(plugin.contextName)\": the credential program \(plugin.command) "
        + problem)
  }

  // MARK: The process

  private func spawnFailure(_ reason: String) -> CredentialError {
    let hint = plugin.installHint.map { ". " + Purpose.printable($0, limit: 1000) } ?? ""
    return failure("cannot be started: \(reason)\(hint)")
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
    if plugin.provideClusterInfo {
      var cluster: JSONValue = ["server": .string(settings.server.description)]
      if let name = settings.serverName { cluster["tls-server-name"] = .string(name) }
      if settings.isInsecure { cluster["insecure-skip-tls-verify"] = true }
      if let authority = settings.certificateAuthority {
        cluster["certificate-authority-data"] = .string(Base64.encode(authority))
      }
      if let proxy = settings.proxyURL { cluster["proxy-url"] = .string(proxy) }
      spec["cluster"] = cluster
    }
    return [
      "apiVersion": .string(plugin.apiVersion), "kind": "ExecCredential", "spec": spec,
    ]
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
    if let expiration = status?["expirationTimestamp"]?.string {
      guard let time = Timestamp.seconds(expiration) else {
        throw failure("printed an expirationTimestamp that is no time")
      }
      result.expiration = time
    }
    return result
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

/// Times of the API (RFC 3339).
enum Timestamp {
  /// Seconds since 1970 of a text such as `2026-11-23T09:00:00Z`; nil when it is none.
  static func seconds(_ text: String) -> Int64? {
    let bytes = Array(text.utf8)
    func number(_ start: Int, _ count: Int) -> Int64? {
      guard start + count <= bytes.count else { return nil }
      var value: Int64 = 0
      for byte in bytes[start..<start + count] {
        guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
        value = value * 10 + Int64(byte - UInt8(ascii: "0"))
      }
      return value
    }
    guard bytes.count >= 20, bytes[4] == UInt8(ascii: "-"), bytes[7] == UInt8(ascii: "-"),
      bytes[10] == UInt8(ascii: "T") || bytes[10] == UInt8(ascii: "t"),
      let year = number(0, 4), let month = number(5, 2), let day = number(8, 2),
      let hour = number(11, 2), let minute = number(14, 2), let second = number(17, 2),
      (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60, second < 61
    else { return nil }
    var index = 19
    if bytes[index] == UInt8(ascii: ".") {
      index += 1
      while index < bytes.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[index]) {
        index += 1
      }
    }
    guard index < bytes.count else { return nil }
    let local = days(year, month, day) * 86400 + hour * 3600 + minute * 60 + second
    switch bytes[index] {
    case UInt8(ascii: "Z"), UInt8(ascii: "z"):
      return index + 1 == bytes.count ? local : nil
    case UInt8(ascii: "+"), UInt8(ascii: "-"):
      guard bytes.count == index + 6, bytes[index + 3] == UInt8(ascii: ":"),
        let hours = number(index + 1, 2), let minutes = number(index + 4, 2)
      else { return nil }
      let offset = hours * 3600 + minutes * 60
      return bytes[index] == UInt8(ascii: "+") ? local - offset : local + offset
    default: return nil
    }
  }

  /// Days from 1970 to a date of the Gregorian calendar, counted in years that begin in March.
  private static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
    let shifted = month <= 2 ? year - 1 : year
    let era = shifted / 400
    let yearOfEra = shifted - era * 400
    let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    return era * 146_097 + dayOfEra - 719_468
  }
}
