// A program under way: starting it, moving bytes through its pipes, ending it.

import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// One child process with this side's ends of its pipes. Descriptors are -1 once they are closed.
struct RunningProgram: ~Copyable {
  private let process: pid_t
  private let hasOwnGroup: Bool
  private var input: Int32
  private var output: Int32
  private var errors: Int32
  /// What it has not read yet.
  private var pending: ArraySlice<UInt8>
  private var gathered = ProgramRun.Result(exitCode: nil, signal: nil, output: [], errors: [])

  /// How long a program that was asked to end may take.
  private static let patience: Int64 = 1_000_000_000

  // MARK: Starting

  static func start(_ run: ProgramRun) throws -> RunningProgram {
    try Pipe.starting.withLock { _ in try begin(run) }
  }

  private static func begin(_ run: ProgramRun) throws -> RunningProgram {
    var opened: [Int32] = []
    func makePipe() throws(ProgramRun.Failure) -> (read: Int32, write: Int32) {
      let ends = try Pipe.make()
      opened += [ends.read, ends.write]
      return ends
    }
    do {
      let output = try makePipe()
      let errors = run.errorOutput == .gathered ? try makePipe() : nil
      var input: (read: Int32, write: Int32)?
      var pending: [UInt8] = []
      if case .bytes(let bytes) = run.input, !bytes.isEmpty {
        input = try makePipe()
        pending = bytes
      }
      let process = try spawn(
        run, input: input?.read, output: output.write, errors: errors?.write)
      for end in [output.write, errors?.write, input?.read].compactMap({ $0 }) { close(end) }
      for end in [output.read, errors?.read, input?.write].compactMap({ $0 }) {
        Pipe.makeNonBlocking(end)
      }
      return RunningProgram(
        process: process, hasOwnGroup: run.hasOwnGroup, input: input?.write ?? -1,
        output: output.read, errors: errors?.read ?? -1, pending: pending[...])
    } catch {
      for end in opened { close(end) }
      throw error
    }
  }

  private init(
    process: pid_t, hasOwnGroup: Bool, input: Int32, output: Int32, errors: Int32,
    pending: ArraySlice<UInt8>
  ) {
    self.process = process
    self.hasOwnGroup = hasOwnGroup
    self.input = input
    self.output = output
    self.errors = errors
    self.pending = pending
  }

  private static func spawn(
    _ run: ProgramRun, input: Int32?, output: Int32, errors: Int32?
  ) throws(ProgramRun.Failure) -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    if let input {
      posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO)
    } else if case .bytes = run.input {
      posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
    }
    posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO)
    if let errors { posix_spawn_file_actions_adddup2(&actions, errors, STDERR_FILENO) }
    // Libraries open sockets that they do not mark as this process's own, or mark too late.
    if let closeFrom = Self.closeFrom { _ = closeFrom(&actions, STDERR_FILENO + 1) }
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    // The thread that starts it blocks signals, and SIGPIPE may be ignored here; the program must get
    // both as usual.
    var none = sigset_t()
    var pipeSignal = sigset_t()
    sigemptyset(&none)
    sigemptyset(&pipeSignal)
    sigaddset(&pipeSignal, SIGPIPE)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setsigdefault(&attributes, &pipeSignal)
    var flags = Int16(POSIX_SPAWN_SETSIGMASK) | Int16(POSIX_SPAWN_SETSIGDEF)
    if run.hasOwnGroup { flags |= Int16(POSIX_SPAWN_SETPGROUP) }
    posix_spawnattr_setflags(&attributes, flags)
    var process = pid_t()
    let arguments = CStrings([run.command] + run.arguments)
    let environment = CStrings(run.environment.map { "\($0)=\($1)" })
    var code: Int32 = 0
    // A file that has just been written may still be open in a child of another thread, until that
    // has become its own program.
    for attempt in 0..<50 {
      if attempt > 0 { usleep(2000) }
      code = posix_spawnp(
        &process, run.command, &actions, &attributes, arguments.pointers, environment.pointers)
      guard code == ETXTBSY else { break }
    }
    guard code == 0 else { throw .notStarted(String(cString: strerror(code)).lowercased()) }
    return process
  }

  private typealias CloseFrom =
    @convention(c) (
      UnsafeMutablePointer<posix_spawn_file_actions_t>, Int32
    ) -> Int32

  /// Closes every descriptor from one on in the new program; glibc has it from 2.34, and its header
  /// hides it from Swift.
  private static let closeFrom: CloseFrom? = {
    #if canImport(Glibc)
      dlsym(nil, "posix_spawn_file_actions_addclosefrom_np").map {
        unsafeBitCast($0, to: CloseFrom.self)
      }
    #else
      nil
    #endif
  }()

  // MARK: Running

  /// Moves bytes until the program has closed its outputs and ended, or must stop.
  mutating func finish(outputLimit: Int, _ stopper: Stopper) throws -> ProgramRun.Result {
    defer { closeAll() }
    while true {
      if stopper.hasStopped {
        end()
        throw CancellationError()
      }
      guard gathered.output.count + gathered.errors.count <= outputLimit else {
        end()
        throw ProgramRun.Failure.tooMuchOutput
      }
      let isOpen = output >= 0 || errors >= 0
      if !isOpen, let status = ended() {
        record(status)
        return gathered
      }
      // A program that has closed its outputs and runs on is looked at now and then.
      move(timeout: isOpen ? -1 : 10, wakeUp: stopper.wakeUp)
    }
  }

  private mutating func move(timeout: Int32, wakeUp: Int32) {
    var watched = [
      pollfd(fd: wakeUp, events: Int16(POLLIN), revents: 0),
      pollfd(fd: output, events: Int16(POLLIN), revents: 0),
      pollfd(fd: errors, events: Int16(POLLIN), revents: 0),
      pollfd(fd: input, events: Int16(POLLOUT), revents: 0),
    ]
    guard poll(&watched, nfds_t(watched.count), timeout) > 0 else { return }
    if watched[1].revents != 0 { output = Self.receive(output, &gathered.output) }
    if watched[2].revents != 0 { errors = Self.receive(errors, &gathered.errors) }
    if watched[3].revents != 0 { send() }
  }

  /// Reads what is there; gives the descriptor, or -1 at its end.
  private static func receive(_ descriptor: Int32, _ bytes: inout [UInt8]) -> Int32 {
    let count = withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 1 << 16) { buffer in
      let count = read(descriptor, buffer.baseAddress, buffer.count)
      if count > 0 { bytes.append(contentsOf: UnsafeBufferPointer(rebasing: buffer[..<count])) }
      return count
    }
    if count > 0 || (count < 0 && (errno == EAGAIN || errno == EINTR)) { return descriptor }
    close(descriptor)
    return -1
  }

  private mutating func send() {
    let count = pending.withUnsafeBytes { write(input, $0.baseAddress, min($0.count, 1 << 16)) }
    if count > 0 { pending = pending.dropFirst(count) }
    let hasFailed = count < 0 && errno != EAGAIN && errno != EINTR
    // A program that does not read all of its input has decided not to.
    guard hasFailed || pending.isEmpty else { return }
    close(input)
    input = -1
  }

  // MARK: Ending

  /// The status of the program when it has ended; nil while it runs.
  private func ended() -> Int32? {
    var status: Int32 = 0
    return waitpid(process, &status, WNOHANG) == process ? status : nil
  }

  private mutating func record(_ status: Int32) {
    let signal = status & 0x7F
    gathered.signal = signal == 0 ? nil : signal
    gathered.exitCode = signal == 0 ? status >> 8 & 0xFF : nil
  }

  /// Asks the program, and what it has started, to end; after a while makes them.
  private func end() {
    let target = hasOwnGroup ? -process : process
    kill(target, SIGTERM)
    let deadline = Self.now + Self.patience
    while Self.now < deadline {
      if ended() != nil {
        // What it has started may still be there.
        if hasOwnGroup { kill(target, SIGKILL) }
        return
      }
      usleep(2000)
    }
    kill(target, SIGKILL)
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0, errno == EINTR {}
  }

  private static var now: Int64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }

  private mutating func closeAll() {
    for descriptor in [input, output, errors] where descriptor >= 0 { close(descriptor) }
    (input, output, errors) = (-1, -1, -1)
  }
}

/// C strings with a null at the end, freed together.
private final class CStrings {
  let pointers: [UnsafeMutablePointer<CChar>?]

  init(_ strings: [String]) { pointers = strings.map { strdup($0) } + [nil] }

  deinit { for pointer in pointers { free(pointer) } }
}
