// `exec`: runs another program. Its arguments go to it as they are; no shell reads them.

import Interpreter
import Processes

extension StandardLibrary {
  static func addExec(to library: inout Library, _ options: StandardOptions) {
    func named(_ name: String, _ type: String, _ text: String, _ doc: String)
      -> Signature.Parameter
    {
      .init(name, type, default: text, isNamedOnly: true, doc: doc)
    }
    let signature = Signature(
      "exec",
      [
        .init("command", "string", doc: "a path, or a name that is looked for in PATH"),
        .init("arguments", "string or int", isRest: true, doc: "what it gets, as it is"),
        named("input", "string", "\"\"", "what it reads from standard input"),
        named("env", "map", "{}", "variables besides those of msh"),
        named("timeout", "duration", "none", "how long it may run"),
        named("check", "bool", "true", "whether a status other than 0 is an error"),
      ],
      doc: "runs a program without a shell and gives a map: status, stdout, stderr",
      example: "let branch = exec(\"git\", \"branch\", \"--show-current\").stdout.trim()",
      capability: "exec")
    let environment = options.environment
    library.add(
      HostFunction(
        signature,
        .suspending { arguments in
          try await ProgramCall(arguments, environment).carryOut()
        }))
  }
}

/// One call of `exec`.
private struct ProgramCall: Sendable {
  private var run: ProgramRun
  private var timeout: Duration?
  private var isChecked = true

  init(_ arguments: HostArguments, _ environment: [String: String]) throws(ScriptError) {
    guard case .string(let command)? = arguments["command"], !command.isEmpty else {
      throw .type("exec takes a program's name for \"command\"")
    }
    var texts: [String] = []
    if case .list(let given)? = arguments["arguments"] {
      for value in given { texts.append(try Self.text(value, "an argument")) }
    }
    var variables = environment
    switch arguments["env"] {
    case nil, .null?: break
    case .map(let given)?:
      for (name, value) in given { variables[name] = try Self.text(value, "a variable of env") }
    case .some: throw .type("exec takes a map for \"env\"")
    }
    try Self.refuseNUL(in: [command] + texts + variables.flatMap { [$0.key, $0.value] })
    guard !variables.keys.contains(where: { $0.isEmpty || $0.contains("=") }) else {
      throw .value("exec: a variable's name is empty or has a = in it")
    }
    run = ProgramRun(command: command, arguments: texts, environment: variables)
    switch arguments["input"] {
    case nil, .null?: break
    case .string(let text)?: run.input = .bytes(Array(text.utf8))
    case .some: throw .type("exec takes a string for \"input\"")
    }
    switch arguments["timeout"] {
    case nil, .null?: break
    case .duration(let nanoseconds)?: timeout = .nanoseconds(max(0, nanoseconds))
    case .some: throw .type("exec takes a duration for \"timeout\", such as 30s")
    }
    switch arguments["check"] {
    case nil, .null?: break
    case .bool(let value)?: isChecked = value
    case .some: throw .type("exec takes a bool for \"check\"")
    }
  }

  private static func text(_ value: ScriptValue, _ what: String) throws(ScriptError) -> String {
    switch value {
    case .string(let text): return text
    case .int(let number): return String(number)
    default:
      throw .type(
        "exec: \(what) must be a string or an int", notes: ["str(x) gives the text of anything"])
    }
  }

  private static func refuseNUL(in texts: [String]) throws(ScriptError) {
    guard texts.contains(where: { $0.utf8.contains(0) }) else { return }
    throw .value("exec: programs cannot be given a text with a NUL byte")
  }

  // MARK: Running

  func carryOut() async throws -> ScriptValue {
    let result: ProgramRun.Result
    do {
      result = try await limited()
    } catch ProgramRun.Failure.notStarted(let reason) {
      throw failure("cannot be started: \(reason)")
    } catch ProgramRun.Failure.tooMuchOutput {
      throw failure("printed more than \(run.outputLimit >> 20) MiB, and was ended")
    }
    // As shells count: 128 and the signal's number.
    let status = result.exitCode ?? 128 + (result.signal ?? 0)
    let members: [(key: String, value: ScriptValue)] = [
      ("status", .int(Int64(status))),
      ("stdout", .string(String(decoding: result.output, as: UTF8.self))),
      ("stderr", .string(String(decoding: result.errors, as: UTF8.self))),
    ]
    guard isChecked, status != 0 else { return .map(members) }
    let how = result.signal.map { "was ended by signal \($0)" } ?? "ended with status \(status)"
    throw failure(how, members)
  }

  /// Runs the program; whichever is first, its end or the timeout's, decides.
  private func limited() async throws -> ProgramRun.Result {
    guard let timeout else { return try await run.run() }
    return try await withThrowingTaskGroup(of: ProgramRun.Result?.self) { group in
      group.addTask { try await run.run() }
      group.addTask {
        try await Task.sleep(for: timeout)
        return nil
      }
      defer { group.cancelAll() }
      if let first = try await group.next(), let result = first { return result }
      throw ScriptError(
        kind: "timeout", .programFailed, "\(name) did not end in time, and was ended")
    }
  }

  /// The program's name for errors. Arguments, input and variables may hold secrets and are not shown.
  private var name: String { "the program \(Notation.quoted(run.command))" }

  private func failure(
    _ problem: String, _ details: [(key: String, value: ScriptValue)] = []
  ) -> ScriptError {
    ScriptError(
      kind: "exec", .programFailed, "\(name) \(problem)",
      notes: details.isEmpty ? [] : ["what it wrote is in .stdout and .stderr of the error"],
      details: details)
  }
}
