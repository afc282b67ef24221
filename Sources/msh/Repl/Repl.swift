// The read-evaluate-print loop: gathers an input, runs it, shows what came of it.

import Glibc
import MeshScript

/// A conversation with whoever types, or with a pipe.
struct Repl {
  /// What Tab offers; it learns the names that inputs declare.
  let completer: Completer
  private let engine: Engine
  private let conversation: Conversation
  private let reporter: Reporter
  private var showsTime = false
  /// True when an input has failed; a pipe then ends with exit code 1.
  private var hasFailed = false
  /// Set when the process shall leave for a reason of its own.
  private var leaving: Int32?

  /// Makes the loop; nothing runs yet.
  init(engine: Engine, reporter: Reporter) {
    self.engine = engine
    self.reporter = reporter
    conversation = engine.conversation()
    completer = Completer(library: conversation.library, contexts: engine.contextNames)
  }

  /// Runs until the end of the input, `:quit` or SIGTERM; gives the exit code.
  mutating func run(_ reader: inout some LineReader) -> Int32 {
    while leaving == nil {
      switch gather(&reader) {
      case .line(let text): handle(text, &reader)
      case .interrupted where reader.isInteractive: continue
      case .interrupted: leaving = StopCause.interrupt.exitCode
      case .terminated: leaving = StopCause.terminate.exitCode
      case .end:
        leaving = hasFailed && !reader.isInteractive ? ExitStatus.failure : ExitStatus.success
      }
    }
    return leaving ?? ExitStatus.success
  }

  /// Reads lines until the parser no longer asks for more.
  private func gather(_ reader: inout some LineReader) -> LineInput {
    var text = ""
    while true {
      let input = reader.next(prompt: text.isEmpty ? "msh> " : "... ")
      guard case .line(let line) = input else {
        // The end of the input ends what was begun; its own error says what is missing.
        return input == .end && !text.isEmpty ? .line(text) : input
      }
      text += text.isEmpty ? line : "\n" + line
      if text.trimmingBlanks().isEmpty { text = "" }
      let isCommand = MetaCommand(text) != nil
      if !text.isEmpty, isCommand || !isUnfinished(text) { return .line(text) }
    }
  }

  private func isUnfinished(_ text: String) -> Bool {
    do {
      try conversation.check(Source(name: "<repl>", text: text))
      return false
    } catch let diagnostics as Diagnostics {
      return diagnostics.all.count == 1 && diagnostics.all[0].isUnfinished
    } catch {
      return false
    }
  }

  private mutating func handle(_ text: String, _ reader: inout some LineReader) {
    reader.remember(text)
    guard let command = MetaCommand(text) else {
      evaluate(Source(name: "<repl>", text: text), showsTime: showsTime)
      return
    }
    switch command {
    case .quit: leaving = ExitStatus.success
    case .help(let topic): help(topic)
    case .clusters: showClusters()
    case .load(let path): load(path)
    case .time(let code?): evaluate(Source(name: "<repl>", text: code), showsTime: true)
    case .time(nil):
      showsTime.toggle()
      Output.standard.writeLine(showsTime ? "times are shown" : "times are no longer shown")
    case .invalid(let message): fail(message)
    }
  }
}

// MARK: - Evaluating

extension Repl {
  private mutating func evaluate(_ source: Source, showsTime: Bool) {
    let conversation = conversation
    let start = ContinuousClock.now
    let (outcome, cause) = Waiting.run(signalsBeforeLeaving: 3, onStop: announce) {
      await conversation.run(source)
    }
    let time = ContinuousClock.now - start
    show(outcome)
    if outcome.failure != nil { hasFailed = true } else { completer.learn(source) }
    if showsTime { Output.errors.writeLine(Self.text(of: time)) }
    if let cause, cause != .interrupt { leaving = cause.exitCode }
  }

  private func announce(_ cause: StopCause) {
    if cause == .interrupt { Output.errors.write("\n") }
  }

  private func show(_ outcome: RunOutcome) {
    reporter.show(outcome.warnings + outcome.errors)
    if case .cancelled? = outcome.failure { Output.errors.writeLine("interrupted") }
    if !outcome.report.operations.isEmpty {
      Output.errors.write(outcome.report.table)
    }
    if case .null = outcome.value { return }
    if let table = ValueTable(outcome.value) {
      show(table)
    } else {
      Output.standard.writeLine(ValueText(width: Terminal.width).text(of: outcome.value))
    }
  }

  private func show(_ table: ValueTable) {
    for line in table.lines(width: Terminal.width) { Output.standard.writeLine(line) }
  }

  private static func text(of time: Duration) -> String {
    let (seconds, attoseconds) = time.components
    let microseconds = seconds * 1_000_000 + attoseconds / 1_000_000_000_000
    let digits = String(microseconds % 1000)
    let padded = String(repeating: "0", count: 3 - digits.count) + digits
    return "took \(microseconds / 1000).\(padded) ms"
  }
}

// MARK: - Commands

extension Repl {
  private mutating func fail(_ message: String) {
    Output.errors.writeLine("msh: \(message)")
    hasFailed = true
  }

  private mutating func help(_ topic: String?) {
    guard let topic else {
      for row in MetaCommand.rows {
        let head = ":\(row.name) \(row.argument)"
        let gap = String(repeating: " ", count: max(1, 16 - head.count))
        Output.standard.writeLine("  \(head)\(gap)\(row.text)")
      }
      Output.standard.writeLine("\n" + HelpText.index(of: conversation.library))
      return
    }
    guard let text = HelpText.topic(topic, in: conversation.library) else {
      fail(HelpPrinter.unknown(topic, in: conversation.library))
      return
    }
    Output.standard.write(text)
  }

  private mutating func showClusters() {
    do {
      show(try engine.contextTable())
    } catch {
      reporter.show([error])
      hasFailed = true
    }
  }

  private mutating func load(_ path: String) {
    do {
      evaluate(try ScriptInput.file(path).read(), showsTime: showsTime)
    } catch {
      reporter.show([error])
      hasFailed = true
    }
  }
}
