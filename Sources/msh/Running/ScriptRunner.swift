// Runs or describes one script as the options say.

import KubernetesClient
import MeshScript

/// Carries out `msh run`.
struct ScriptRunner {
  var settings: RunSettings

  private var reporter: Reporter {
    Reporter(diagnostics: settings.diagnostics, output: settings.output)
  }

  /// Runs the script to its end, or talks with whoever types; gives the exit code.
  func run(_ input: ScriptInput) -> Int32 {
    if input == .conversation { return ReplRunner(settings: settings).run() }
    let source: Source
    do { source = try input.read() } catch {
      reporter.fail(error)
      return ExitStatus.failure
    }
    let settings: RunSettings
    do { settings = try self.settings.openingTrace() } catch {
      reporter.fail(error)
      return ExitStatus.failure
    }
    let (outcome, cause) = Waiting.run(onStop: announce) {
      await Sandbox.with(settings.sandbox) { clusters in
        let engine = Engine(EngineOptions(settings, clusters: clusters))
        return await engine.run(source, parameters: settings.parameters)
      }
    }
    return finish(outcome, cause)
  }

  /// Lists the script's params on standard output, and runs nothing.
  func describe(_ input: ScriptInput) -> Int32 {
    do {
      let source = try input.read()
      let (parameters, _) = try Engine(.checking).check(source)
      Output.standard.write(HelpText.parameters(parameters, of: source))
      return ExitStatus.success
    } catch {
      reporter.show(Diagnostics(thrown: error).all)
      return ExitStatus.failure
    }
  }

  private func finish(
    _ outcome: Sandbox.Ending<RunOutcome>, _ cause: StopCause?
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
  /// For looking at scripts without running them: imports are read.
  static var checking: EngineOptions {
    var options = EngineOptions()
    options.capabilities = [.files]
    return options
  }

  /// The command line's options as the engine takes them. A person's own shell may touch everything
  /// that the person may, except that programs are started only when asked for.
  init(_ settings: RunSettings, clusters: Sandbox.Clusters?) {
    self.init()
    kubeconfig = clusters?.kubeconfig ?? settings.kubeconfig
    allowsLoopback = clusters != nil
    context = settings.context
    namespace = settings.namespace
    impersonation = settings.impersonation
    if let requestTimeout = settings.requestTimeout { self.requestTimeout = requestTimeout }
    if let parallelism = settings.parallelism { self.parallelism = parallelism }
    if let timeout = settings.timeout { self.timeout = timeout }
    if let unreachable = settings.unreachable { self.unreachable = unreachable }
    for capability in [Capability.network, .files, .env, .clock] { grant(capability) }
    if settings.allowsExec { grant(.exec) }
    arguments = settings.arguments
    // With a document on standard output, a script's own words go to standard error.
    let printed = settings.output == .json ? Output.errors : Output.standard
    output = { printed.write($0) }
    environment = Terminal.wholeEnvironment
    // Simulated clusters are new ones every time.
    if clusters == nil {
      discoveryFolder = DiscoveryFolder.standard(environment: environment)?.path
    }
    log = { level, text in Output.errors.writeLine("\(level): \(text)") }
    if settings.verbosity > 0 { trace = { Output.errors.writeLine($0) } }
    tracesHeaders = settings.verbosity > 1
    if let file = settings.trace { archive = { file.append($0) } }
    let progress = Progress(showsWaits: settings.verbosity > 0 || Output.errors.isTerminal)
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
