// Runs a kubeconfig's credential program and reads what it prints (client.authentication.k8s.io).

import JSON
import Synchronization

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

  private struct Exit: Sendable {
    let status: Int32
    let output: [UInt8]
  }

  /// Runs it and waits. Its errors go to this process's standard error.
  func run() async throws -> ExecResult {
    let isTerminal = isatty(STDIN_FILENO) == 1
    if plugin.interactiveMode == .always, !isTerminal {
      throw failure("must ask its user, and standard input is no terminal")
    }
    let isInteractive = plugin.interactiveMode != .never && isTerminal
    let exit = try await withCheckedThrowingContinuation { continuation in
      let hasStarted = NativeThread.start {
        continuation.resume(with: Result { try spawn(isInteractive: isInteractive) })
      }
      if !hasStarted { continuation.resume(throwing: failure("got no thread to run in")) }
    }
    guard exit.status & 0x7F == 0 else {
      throw failure("was ended by signal \(exit.status & 0x7F)")
    }
    let code = exit.status >> 8 & 0xFF
    guard code == 0 else { throw failure("ended with exit code \(code)") }
    return try parse(exit.output)
  }

  private func failure(_ problem: String) -> CredentialError {
    CredentialError(
      message: "context \"\(plugin.contextName)\": the credential program \(plugin.command) "
        + problem)
  }

  // MARK: The process

  private func spawn(isInteractive: Bool) throws(CredentialError) -> Exit {
    let begun = Self.starting.withLock { _ in
      Result { () throws(CredentialError) in try begin(isInteractive: isInteractive) }
    }
    let (process, source) = try begun.get()
    defer { close(source) }
    var output: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = read(source, &buffer, buffer.count)
      if count > 0 { output.append(contentsOf: buffer[..<count]) }
      if count == 0 || (count < 0 && errno != EINTR) { break }
    }
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0, errno == EINTR {}
    return Exit(status: status, output: output)
  }

  /// One program starts at a time: a pipe that another one has just opened must not be inherited.
  private static let starting = Mutex<Void>(())

  /// Starts the program with a pipe for its output.
  private func begin(isInteractive: Bool) throws(CredentialError) -> (pid_t, Int32) {
    var ends: [Int32] = [0, 0]
    guard pipe(&ends) == 0 else {
      throw failure("got no pipe: \(String(cString: strerror(errno)))")
    }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    do {
      return (try start(output: ends[1], isInteractive: isInteractive), ends[0])
    } catch {
      close(ends[0])
      throw error
    }
  }

  /// Starts the program and closes this side's copy of `output`.
  private func start(output: Int32, isInteractive: Bool) throws(CredentialError) -> pid_t {
    defer { close(output) }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    if !isInteractive {
      posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
    }
    posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    // The thread that starts it blocks signals, and the client ignores SIGPIPE; the program must
    // not.
    var none = sigset_t()
    var pipeSignal = sigset_t()
    sigemptyset(&none)
    sigemptyset(&pipeSignal)
    sigaddset(&pipeSignal, SIGPIPE)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setsigdefault(&attributes, &pipeSignal)
    posix_spawnattr_setflags(
      &attributes, Int16(POSIX_SPAWN_SETSIGMASK) | Int16(POSIX_SPAWN_SETSIGDEF))
    var process = pid_t()
    let arguments = CStrings([plugin.command] + plugin.arguments)
    let environment = CStrings(environmentEntries(isInteractive: isInteractive))
    let code = posix_spawnp(
      &process, plugin.command, &actions, &attributes, arguments.pointers, environment.pointers)
    guard code == 0 else { throw spawnFailure(code) }
    return process
  }

  private func spawnFailure(_ code: Int32) -> CredentialError {
    let hint = plugin.installHint.map { ". " + Purpose.printable($0, limit: 1000) } ?? ""
    return failure("cannot be started: \(String(cString: strerror(code)))\(hint)")
  }

  private func environmentEntries(isInteractive: Bool) -> [String] {
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
    return entries.map { "\($0)=\($1)" }
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

/// C strings with a null at the end, freed together.
private final class CStrings {
  let pointers: [UnsafeMutablePointer<CChar>?]

  init(_ strings: [String]) { pointers = strings.map { strdup($0) } + [nil] }

  deinit { for pointer in pointers { free(pointer) } }
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
