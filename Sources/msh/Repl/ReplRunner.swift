// Starts the REPL: clusters, engine, readline when a person types, then the loop.

import MeshScript

/// Carries out `msh` on a terminal, and `msh repl`.
struct ReplRunner {
  var settings: RunSettings

  /// Runs the conversation to its end; gives the exit code.
  func run() -> Int32 {
    do {
      return ReplRunner(settings: try settings.openingTrace()).start()
    } catch {
      Reporter(diagnostics: settings.diagnostics).show([error])
      return ExitStatus.failure
    }
  }

  private func start() -> Int32 {
    guard let count = settings.sandbox else { return converse(clusters: nil) }
    switch Waiting.run({ await Sandbox.start(count) }).result {
    case .failure(let diagnostic):
      Reporter(diagnostics: settings.diagnostics).show([diagnostic])
      return ExitStatus.failure
    case .success(let fleet):
      defer { _ = Waiting.run { await fleet.stop() } }
      do { return converse(clusters: try Sandbox.publish(fleet)) } catch {
        Reporter(diagnostics: settings.diagnostics).show([error])
        return ExitStatus.failure
      }
    }
  }

  private func converse(clusters: Sandbox.Clusters?) -> Int32 {
    let engine = Engine(EngineOptions(settings, clusters: clusters))
    let isInteractive = Terminal.isInputTerminal && Output.standard.isTerminal
    var repl = Repl(engine: engine, reporter: Reporter(diagnostics: settings.diagnostics))
    guard isInteractive else {
      var reader = PipeReader()
      return repl.run(&reader)
    }
    let history = History.standard(environment: Terminal.environment)
    var reader = LineEditor(history: history, completion: repl.completer.complete)
    Output.standard.write(
      "msh \(MeshScriptVersion.current); :help lists what can be typed, Ctrl-D leaves\n")
    return repl.run(&reader)
  }
}
