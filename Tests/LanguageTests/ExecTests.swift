// `exec`: what programs get and give, and that none outlives its run.

import Builtins
import Glibc
import Interpreter
import Lexer
import Synchronization
import Testing

@Suite("exec")
struct ExecTests {
  private static func run(
    _ text: String, capabilities: Set<String>? = nil,
    printed: @escaping @Sendable (String) -> Void = { _ in }
  ) async throws -> ScriptValue {
    var options = StandardOptions()
    options.environment = ["PATH": "/usr/bin:/bin", "OWN": "mine"]
    var limits = Limits()
    limits.capabilities = capabilities
    let session = Session(
      library: StandardLibrary.make(options), limits: limits, output: printed)
    return try await session.run(Source(name: "exec", text: text)).value
  }

  private static func text(_ script: String) async throws -> String {
    if case .string(let text) = try await run(script) { text } else { "no string" }
  }

  private static func failure(_ script: String, _ capabilities: Set<String>? = nil) async
    -> ScriptError?
  {
    do {
      _ = try await run(script, capabilities: capabilities)
      return nil
    } catch { return error as? ScriptError }
  }

  @Test("gives what the program wrote, and its status") func result() async throws {
    let script = "str(exec(\"sh\", \"-c\", \"echo out; echo err >&2; exit 3\", check: false))"
    #expect(
      try await Self.text(script) == "{status: 3, stdout: \"out\\n\", stderr: \"err\\n\"}")
  }

  @Test("arguments reach the program as they are, without a shell") func arguments() async throws {
    let script = """
      let list = ["a b", "*", "\\$HOME", ""]
      exec("printf", "[%s]", ...list, 7).stdout
      """
    #expect(try await Self.text(script) == "[a b][*][$HOME][][7]")
  }

  @Test("input is given whole, also when it is larger than a pipe") func input() async throws {
    let script = "str(exec(\"wc\", \"-c\", input: \"x\".repeat(1000000)).stdout.trim())"
    #expect(try await Self.text(script) == "1000000")
    #expect(try await Self.text("exec(\"cat\").stdout") == "")
    // A program that reads none of it is no error.
    #expect(try await Self.text("str(exec(\"true\", input: \"x\".repeat(1000000)).status)") == "0")
  }

  @Test("the environment is the embedder's, with what the call adds") func environment()
    async throws
  {
    let script =
      "exec(\"env\", env: {ADDED: \"yes\", OWN: \"other\"}).stdout.lines().sorted().join(\" \")"
    #expect(try await Self.text(script) == "ADDED=yes OWN=other PATH=/usr/bin:/bin")
  }

  @Test("a status other than 0 is an error that has what was written") func check() async {
    let error = await Self.failure("exec \"sh\", \"-c\", \"echo secret-word; exit 4\"")
    #expect(error?.kind == "exec")
    #expect(error?.code == "E0427")
    #expect(error?.message == "the program \"sh\" ended with status 4")
    #expect(error?.notes.joined().contains("secret-word") == false)
    #expect(error?.details.map(\.key) == ["status", "stdout", "stderr"])
    let signal = await Self.failure("exec \"sh\", \"-c\", \"kill -9 $$\"")
    #expect(signal?.message == "the program \"sh\" was ended by signal 9")
  }

  @Test("a program that is not there cannot be started") func missing() async {
    let error = await Self.failure("exec \"no-such-program\"")
    #expect(
      error?.message
        == "the program \"no-such-program\" cannot be started: no such file or directory")
  }

  @Test("wrong arguments are errors") func wrong() async {
    for script in [
      "exec \"\"", "exec 1", "exec \"true\", [1]", "exec \"true\", \"a\\0b\"",
      "exec \"true\", input: 1", "exec \"true\", env: 1", "exec \"true\", timeout: 1",
      "exec \"true\", env: {\"a=b\": \"c\"}", "exec \"true\", check: 1",
    ] {
      let error = await Self.failure(script)
      #expect(error?.kind == "type" || error?.kind == "value", "\(script)")
    }
  }

  @Test("without the capability nothing is run") func capability() async {
    let error = await Self.failure("exec \"true\"", ["network"])
    #expect(error?.kind == "capability")
  }

  @Test("a program that takes too long is ended") func timeout() async {
    let error = await Self.failure("exec \"sleep\", \"1000\", timeout: 50ms")
    #expect(error?.kind == "timeout")
    #expect(error?.message == "the program \"sleep\" did not end in time, and was ended")
  }

  @Test("a program that prints without an end is ended") func endlessOutput() async {
    let error = await Self.failure("exec \"yes\"")
    #expect(error?.message == "the program \"yes\" printed more than 64 MiB, and was ended")
  }

  @Test("cancelling ends the program and what it has started") func cancellation() async throws {
    let (lines, report) = AsyncStream<String>.makeStream()
    // The inner program would outlive a kill of the outer one alone. Its process number comes by way of
    // a file that the script waits for.
    let path = "/tmp/exec-test-\(getpid())"
    let script = """
      parallel {
        exec "sh", "-c", "sleep 1000 & echo $! > \(path); wait"
        {
          while glob("\(path)").isEmpty() or readFile("\(path)").trim() == "" { sleep 5ms }
          print readFile("\(path)").trim()
        }
      }
      """
    defer { unlink(path) }
    let task = Task { try await Self.run(script) { report.yield($0) } }
    var inner: pid_t?
    for await line in lines {
      inner = line.split(separator: "\n").first.flatMap { pid_t($0) }
      break
    }
    task.cancel()
    await #expect(throws: CancellationError.self) { _ = try await task.value }
    let number = try #require(inner)
    // It is gone, or it waits for init to bury it.
    while kill(number, 0) == 0, !isZombie(number) { usleep(1000) }
  }

  private func isZombie(_ number: pid_t) -> Bool {
    guard let file = fopen("/proc/\(number)/stat", "r") else { return true }
    defer { fclose(file) }
    var buffer = [CChar](repeating: 0, count: 256)
    guard fgets(&buffer, 256, file) != nil else { return true }
    let line = String(
      decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    return line.split(separator: ")").last?.hasPrefix(" Z") == true
  }

  @Test("descriptors do not leak") func descriptors() async throws {
    let before = Self.openDescriptors()
    let script = "for i in 0..<300 { exec \"true\", input: \"x\" }"
    _ = try await Self.run(script)
    // Other tests open files at the same time; a leak would be hundreds.
    #expect(Self.openDescriptors() < before + 200)
  }

  private static func openDescriptors() -> Int {
    (0..<4096).count { fcntl(Int32($0), F_GETFD) >= 0 }
  }
}
