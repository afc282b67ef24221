// Runs or describes one script as the options say.

import MeshScript

/// Carries out `msh run`.
struct ScriptRunner {
  var options: ScriptOptions
  var arguments: [String] = []

  private var reporter: Reporter {
    Reporter(diagnostics: options.diagnostics, output: options.output)
  }

  /// Runs the script to its end; gives the exit code.
  func run(_ input: ScriptInput) -> Int32 {
    let source: Source
    do { source = try input.read() } catch {
      reporter.fail(error)
      return ExitStatus.failure
    }
    let options = options
    let arguments = arguments
    let (outcome, cause) = Waiting.run(onStop: announce) {
      await Sandbox.with(options.sandbox) { clusters in
        let engine = Engine(EngineOptions(options, clusters: clusters, arguments: arguments))
        return await engine.run(source, parameters: options.parameters)
      }
    }
    return finish(outcome, cause)
  }

  /// Lists the script's params on standard output, and runs nothing.
  func describe(_ input: ScriptInput) -> Int32 {
    do {
      let source = try input.read()
      let (parameters, _) = try Engine().check(source)
      Output.standard.write(HelpText.parameters(parameters, of: source))
      return ExitStatus.success
    } catch {
      reporter.show(Diagnostics(thrown: error).all)
      return ExitStatus.failure
    }
  }

  private func finish(
    _ outcome: Result<RunOutcome, Diagnostic>, _ cause: StopCause?
  ) -> Int32 {
    switch outcome {
    case .failure(let diagnostic):
      reporter.fail(diagnostic)
      return ExitStatus.failure
    case .success(let outcome):
      let status = cause?.exitCode ?? outcome.exitCode
      reporter.finish(outcome, exitCode: status)
      return status
    }
  }

  private func announce(_ cause: StopCause) {
    guard cause == .interrupt else { return }
    Output.errors.writeLine("msh: stopping; press Ctrl-C again to leave at once")
  }
}

extension EngineOptions {
  /// The command line's options as the engine takes them. A person's own shell may touch everything
  /// that the person may, except that programs are started only when asked for.
  init(_ options: ScriptOptions, clusters: Sandbox.Clusters?, arguments: [String] = []) {
    self.init()
    kubeconfig = clusters?.kubeconfig ?? options.kubeconfig
    allowsLoopback = clusters != nil
    context = options.context
    if let parallelism = options.parallelism { self.parallelism = parallelism }
    if let timeout = options.timeout { self.timeout = timeout.duration }
    if let unreachable = options.unreachable { self.unreachable = unreachable.policy }
    capabilities = [.network, .files, .env, .clock]
    if options.allowExec { capabilities.insert(.exec) }
    self.arguments = arguments
    // With a document on standard output, a script's own words go to standard error.
    let printed = options.output == .json ? Output.errors : Output.standard
    output = { printed.write($0) }
    environment = Terminal.wholeEnvironment
    log = { level, text in Output.errors.writeLine("\(level): \(text)") }
    if options.verbose { trace = { Output.errors.writeLine($0) } }
    let progress = Progress(showsWaits: options.verbose || Output.errors.isTerminal)
    onEvent = { progress.show($0) }
  }
}

extension Diagnostics {
  /// Whatever a check threw, as diagnostics.
  init(thrown error: any Error) {
    switch error {
    case let diagnostics as Diagnostics: self = diagnostics
    case let diagnostic as Diagnostic: self.init([diagnostic])
    case let error as ScriptError: self.init([error.diagnostic])
    default: self.init([Diagnostic(.unexpected, "\(error)")])
    }
  }
}
