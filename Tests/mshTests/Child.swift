// Runs the built `msh` as a child process, on pipes or on a terminal, and reads what it writes.

import Glibc
import Synchronization
import Testing

/// How a child ended, and everything that it wrote.
struct Ending: CustomTestStringConvertible {
  /// The exit code; 128 and the number for a signal.
  var status: Int32
  var output: String
  var errors: String

  var testDescription: String { "status \(status)\noutput: \(output)\nerrors: \(errors)" }
}

/// A running `msh`. It is killed when nobody holds it any more.
final class Child {
  /// What a child is connected to.
  enum Connection {
    /// Three pipes.
    case pipes
    /// A terminal of 100 columns for all three.
    case terminal
    /// Three pipes, standard output being closed at once by its reader.
    case nobodyReads
    /// Three pipes, standard error being closed at once by its reader.
    case nobodyReadsErrors
  }

  struct Failure: Error, CustomStringConvertible {
    var description: String
  }

  /// The program under test, beside the test bundle.
  static let program: String = {
    if let path = getenv("MSH_PROGRAM") { return String(cString: path) }
    var buffer = [CChar](repeating: 0, count: 4096)
    let count = readlink("/proc/self/exe", &buffer, buffer.count)
    let path = String(
      decoding: buffer.prefix(max(0, count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    return path.split(separator: "/").dropLast().reduce("") { "\($0)/\($1)" } + "/msh"
  }()

  /// Seconds after which a child counts as hung. Generous: nothing is measured here.
  private static let patience = 60

  /// Files that the child needs as long as it runs.
  var scratch: Scratch?

  private static let starting = Mutex(())

  let id: pid_t
  private var input: Int32
  private var sources: [Int32]
  private var texts: [[UInt8]] = [[], []]
  private var status: Int32?

  /// Starts `msh`.
  ///
  /// - Parameters:
  ///   - arguments: without the program's name.
  ///   - environment: variables to set or, with nil, to remove.
  ///   - connection: what its standard streams are.
  init(
    _ arguments: [String], environment: [String: String?] = [:], on connection: Connection = .pipes
  ) throws {
    // One at a time, or a child would inherit the other one's pipes and keep them open.
    let (id, streams) = try Self.starting.withLock { _ in
      let streams = connection == .terminal ? try Streams.terminal() : try Streams.pipes()
      defer { streams.closeChildEnds() }
      return (try Self.spawn(arguments, Self.merged(environment), streams), streams)
    }
    self.id = id
    input = streams.input
    sources = streams.outputs
    if connection == .nobodyReads { stopReading(0) }
    if connection == .nobodyReadsErrors { stopReading(1) }
  }

  deinit {
    if status == nil {
      kill(id, SIGKILL)
      var ignored: Int32 = 0
      waitpid(id, &ignored, 0)
    }
    closeInput()
    for source in Set(sources) where source >= 0 { close(source) }
  }

  private func stopReading(_ index: Int) {
    close(sources[index])
    sources[index] = -1
  }

  /// Sends text to standard input, or types it.
  func type(_ text: String) {
    let bytes = Array(text.utf8)
    var offset = 0
    while offset < bytes.count {
      let count = bytes.withUnsafeBytes {
        write(input, $0.baseAddress?.advanced(by: offset), $0.count - offset)
      }
      if count < 0, errno != EINTR { return }
      offset += max(0, count)
    }
  }

  /// Ends standard input.
  func closeInput() {
    if input >= 0, !sources.contains(input) { close(input) }
    input = -1
  }

  func send(_ signal: Int32) { kill(id, signal) }

  /// Reads until standard output (or the terminal) holds the text after what earlier calls returned;
  /// gives everything up to its end.
  @discardableResult
  func expect(_ text: String) throws -> String {
    try expect(text, in: 0)
  }

  /// As `expect`, on standard error.
  @discardableResult
  func expectError(_ text: String) throws -> String {
    try expect(text, in: 1)
  }

  private func expect(_ text: String, in stream: Int) throws -> String {
    let wanted = Array(text.utf8)
    while true {
      if let range = texts[stream].firstRange(of: wanted) {
        defer { texts[stream].removeSubrange(..<range.upperBound) }
        return String(decoding: texts[stream][..<range.upperBound], as: UTF8.self)
      }
      guard try pump() else {
        let seen = String(decoding: texts[stream], as: UTF8.self)
        throw Failure(description: "ended before \"\(text)\" came; seen: \(seen)")
      }
    }
  }

  /// Ends standard input, reads the rest and waits for the end.
  func finish() throws -> Ending {
    closeInput()
    while try pump() {}
    var raw: Int32 = 0
    while waitpid(id, &raw, 0) < 0, errno == EINTR {}
    let signal = raw & 0x7F
    let code = signal == 0 ? (raw >> 8) & 0xFF : 128 + signal
    status = code
    return Ending(
      status: code, output: String(decoding: texts[0], as: UTF8.self),
      errors: String(decoding: texts[1], as: UTF8.self))
  }

  /// Reads whatever comes next; false when all streams have ended.
  private func pump() throws -> Bool {
    var polled = sources.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
    guard sources.contains(where: { $0 >= 0 }) else { return false }
    let count = poll(&polled, nfds_t(polled.count), Int32(Self.patience * 1000))
    if count == 0 {
      let seen = texts.map { String(decoding: $0, as: UTF8.self) }
      throw Failure(description: "nothing came for \(Self.patience) s after \(seen)")
    }
    for index in sources.indices where polled[index].revents != 0 { read(from: index) }
    return true
  }

  private func read(from index: Int) {
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    let count = Glibc.read(sources[index], &buffer, buffer.count)
    if count > 0 {
      texts[index].append(contentsOf: buffer[..<count])
    } else if count == 0 || errno != EINTR {
      // A terminal whose other side is gone says EIO.
      if sources[index] == input { input = -1 }
      stopReading(index)
    }
  }
}

// MARK: - Starting

extension Child {
  /// The descriptors of both sides.
  private struct Streams {
    var input: Int32
    var outputs: [Int32]
    var childEnds: [Int32]
    /// The path of the terminal, which the child opens itself, so that it becomes its own.
    var terminal: String?

    static func pipes() throws -> Streams {
      var pairs: [[Int32]] = []
      for _ in 0..<3 {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw Failure(description: "pipe: errno \(errno)") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        pairs.append(ends)
      }
      return Streams(
        input: pairs[0][1], outputs: [pairs[1][0], pairs[2][0]],
        childEnds: [pairs[0][0], pairs[1][1], pairs[2][1]])
    }

    static func terminal() throws -> Streams {
      var master: Int32 = -1
      var slave: Int32 = -1
      var size = winsize(ws_row: 40, ws_col: 100, ws_xpixel: 0, ws_ypixel: 0)
      guard openpty(&master, &slave, nil, nil, &size) == 0 else {
        throw Failure(description: "openpty: errno \(errno)")
      }
      for end in [master, slave] { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
      guard let name = ttyname(slave) else { throw Failure(description: "ttyname") }
      return Streams(
        input: master, outputs: [master, -1], childEnds: [slave], terminal: String(cString: name))
    }

    func closeChildEnds() {
      for end in childEnds { close(end) }
    }
  }

  private static func merged(_ changes: [String: String?]) -> [String: String] {
    var all: [String: String] = [:]
    var next = environ
    while let entry = next.pointee {
      let text = String(cString: entry)
      if let equals = text.firstIndex(of: "=") {
        all[String(text[..<equals])] = String(text[text.index(after: equals)...])
      }
      next = next.advanced(by: 1)
    }
    // What the machine's user has set up must not reach the tests.
    for name in ["KUBECONFIG", "NO_COLOR", "INPUTRC"] { all[name] = nil }
    all["HOME"] = "/nonexistent"
    all["XDG_STATE_HOME"] = nil
    all["TERM"] = "xterm"
    for (name, value) in changes { all[name] = value }
    return all
  }

  private static func spawn(
    _ arguments: [String], _ environment: [String: String], _ streams: Streams
  ) throws -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    if let terminal = streams.terminal {
      posix_spawn_file_actions_addopen(&actions, 0, terminal, O_RDWR, 0)
      posix_spawn_file_actions_adddup2(&actions, 0, 1)
      posix_spawn_file_actions_adddup2(&actions, 0, 2)
    } else {
      for (target, end) in streams.childEnds.enumerated() {
        posix_spawn_file_actions_adddup2(&actions, end, Int32(target))
      }
    }
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var defaults = sigset_t()
    sigfillset(&defaults)
    posix_spawnattr_setsigdefault(&attributes, &defaults)
    // The threads that tests run on block signals, which a child would take over.
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    // A session of its own (POSIX_SPAWN_SETSID), so that the terminal it opens becomes its own.
    let newSession: Int32 = 0x80
    let flags = POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | newSession
    posix_spawnattr_setflags(&attributes, Int16(flags))
    var words = ([program] + arguments).map { strdup($0) } + [nil]
    var variables = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { for text in words + variables { free(text) } }
    var id: pid_t = 0
    let result = posix_spawn(&id, program, &actions, &attributes, &words, &variables)
    guard result == 0 else {
      throw Failure(description: "cannot start \(program): \(String(cString: strerror(result)))")
    }
    return id
  }
}

/// Runs `msh` to its end.
func msh(
  _ arguments: String..., input: String = "", environment: [String: String?] = [:]
) throws -> Ending {
  let child = try Child(arguments, environment: environment)
  child.type(input)
  return try child.finish()
}
