// Runs another program and gathers what it prints; no shell is between.
//
// A program runs on a thread of its own here, which moves bytes between its pipes until both of its
// outputs are closed and it has ended. Cancelling the task asks it to end, and after a second makes it.

import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// What shall be run, and how.
public struct ProgramRun: Sendable {
  /// What the program reads.
  public enum Input: Sendable {
    /// These bytes, then the end; none at all are `/dev/null`.
    case bytes([UInt8])
    /// This process's own standard input, for programs that ask a person.
    case inherited
  }

  /// What becomes of its standard error.
  public enum ErrorOutput: Sendable {
    /// Goes to this process's own.
    case inherited
    /// Is gathered.
    case gathered
  }

  /// The program: a path, or a name that is looked for in PATH.
  public var command: String
  /// Its arguments, as it gets them.
  public var arguments: [String]
  /// Its environment.
  public var environment: [String: String]
  /// What it reads.
  public var input = Input.bytes([])
  /// What becomes of its standard error.
  public var errorOutput = ErrorOutput.gathered
  /// Makes it the first of a process group, so that cancelling ends what it has started as well. A
  /// program that asks a person must stay in the terminal's group.
  public var hasOwnGroup = true
  /// Bytes that it may print before it is ended.
  public var outputLimit = 64 << 20

  /// Makes a run.
  public init(command: String, arguments: [String], environment: [String: String]) {
    self.command = command
    self.arguments = arguments
    self.environment = environment
  }

  /// How a program ended.
  public struct Result: Sendable {
    /// Its exit code; nil when a signal ended it.
    public var exitCode: Int32?
    /// The signal that ended it; nil when it ended by itself.
    public var signal: Int32?
    /// What it wrote to standard output.
    public var output: [UInt8]
    /// What it wrote to standard error, when that is gathered.
    public var errors: [UInt8]
  }

  /// Why there is no result.
  public enum Failure: Error, Sendable, Equatable {
    /// It could not be started; the system's reason.
    case notStarted(String)
    /// It printed more than it may, and was ended.
    case tooMuchOutput
  }

  /// Starts the program and waits for its end.
  ///
  /// - Throws: a `Failure`, or `CancellationError` when the task was cancelled; the program has ended then.
  public func run() async throws -> Result {
    let stopper = try Stopper()
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        let hasStarted = NativeThread.start {
          continuation.resume(with: Swift.Result { try carryOut(stopper) })
        }
        if !hasStarted { continuation.resume(throwing: Failure.notStarted("there is no thread")) }
      }
    } onCancel: {
      stopper.stop()
    }
  }

  private func carryOut(_ stopper: Stopper) throws -> Result {
    var child = try RunningProgram.start(self)
    return try child.finish(outputLimit: outputLimit, stopper)
  }
}

/// Wakes the thread of a program whose run was cancelled.
final class Stopper: Sendable {
  private let isStopped = Atomic<Bool>(false)
  /// Becomes readable when the run shall stop.
  let wakeUp: Int32
  private let writeEnd: Int32

  init() throws(ProgramRun.Failure) {
    let made = Pipe.starting.withLock { _ in
      Result { () throws(ProgramRun.Failure) in try Pipe.make() }
    }
    let ends = try made.get()
    (wakeUp, writeEnd) = (ends.read, ends.write)
  }

  deinit {
    close(wakeUp)
    close(writeEnd)
  }

  var hasStopped: Bool { isStopped.load(ordering: .acquiring) }

  func stop() {
    isStopped.store(true, ordering: .releasing)
    var byte: UInt8 = 0
    _ = write(writeEnd, &byte, 1)
  }
}

/// Pipes that no other program inherits.
enum Pipe {
  /// Held while pipes are opened and programs are started: a pipe that was opened a moment ago is not
  /// yet marked as this process's own.
  static let starting = Mutex<Void>(())

  /// Opens a pipe; `starting` must be held.
  static func make() throws(ProgramRun.Failure) -> (read: Int32, write: Int32) {
    var ends: [Int32] = [0, 0]
    guard pipe(&ends) == 0 else {
      throw .notStarted(String(cString: strerror(errno)).lowercased())
    }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    return (ends[0], ends[1])
  }

  static func makeNonBlocking(_ descriptor: Int32) {
    _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
  }
}
