// Reading a line with GNU readline, so that signals, completion and history work while one types.
//
// Readline's blocking call cannot be left when a signal comes without losing the keys typed next, so its
// callback interface is used: this code polls the terminal and the event pipe, and hands readline one
// key at a time. Between two lines the handler is removed and the terminal is back in its usual mode, so
// that Ctrl-C during an evaluation is an ordinary SIGINT.

import CReadline
import Glibc

/// One thing that came from whoever types, or from a pipe.
enum LineInput: Equatable {
  case line(String)
  /// Ctrl-D, or the end of the pipe.
  case end
  /// Ctrl-C: the line is forgotten.
  case interrupted
  /// SIGTERM.
  case terminated
}

/// Where the REPL's lines come from.
protocol LineReader {
  /// True when prompts are shown and somebody can press Ctrl-C at them.
  var isInteractive: Bool { get }
  /// Waits for the next line, without its line break.
  mutating func next(prompt: String) -> LineInput
  /// Keeps an entry for the arrow keys, and for the next time.
  mutating func remember(_ entry: String)
}

/// Lines from a terminal, edited by readline.
struct LineEditor: LineReader {
  let isInteractive = true
  private let history: History
  /// The newest entry; the same line twice is kept once.
  private var newest: String?

  /// Prepares readline, which is the process's only one.
  init(history: History, completion: @escaping (_ line: String) -> Completion) {
    self.history = history
    readlineState.completion = completion
    msh_rl_leave_signals_alone()
    "msh".withCString { msh_rl_set_name(msh_rl_copy($0)) }
    msh_rl_set_completion(
      { _, start, _ in completeWord(from: Int(start)) }, { wordBreaks() })
    rl_initialize()
    using_history()
    stifle_history(Int32(History.capacity))
    for entry in history.load() {
      add_history(entry)
      newest = entry
    }
  }

  mutating func remember(_ entry: String) {
    guard entry != newest else { return }
    newest = entry
    add_history(entry)
    history.append(entry)
  }

  mutating func next(prompt: String) -> LineInput {
    readlineState.finished = nil
    rl_callback_handler_install(prompt, { text in finishLine(text) })
    while true {
      switch Events.wait(watching: STDIN_FILENO) {
      case .readable: rl_callback_read_char()
      case .signal: rl_check_signals()
      case .event(.interrupt): return abandon(.interrupted)
      case .event(.terminate), .event(.brokenPipe): return abandon(.terminated)
      case .event, .timeout: break
      }
      if let input = readlineState.finished { return input }
    }
  }

  /// Forgets what was typed and gives the terminal back.
  private func abandon(_ input: LineInput) -> LineInput {
    rl_free_line_state()
    rl_callback_sigcleanup()
    rl_callback_handler_remove()
    Output.standard.write(input == .interrupted ? "^C\n" : "\n")
    return input
  }
}

/// What can stand at the cursor.
struct Completion {
  /// Whole words that begin with what is typed.
  var candidates: [String] = []
  /// True where file names are wanted too.
  var wantsFiles = false
}

/// What readline's callbacks, which are C functions without a context, need.
private struct ReadlineState {
  var finished: LineInput?
  var completion: (String) -> Completion = { _ in Completion() }
  var candidates: [String] = []
}

// Readline is used by the main thread only, and so is this.
nonisolated(unsafe) private var readlineState = ReadlineState()

/// Called by readline when a line is complete. The handler goes at once, or the prompt would be shown
/// again while the line is being evaluated.
private func finishLine(_ text: UnsafeMutablePointer<CChar>?) {
  rl_callback_handler_remove()
  guard let text else {
    readlineState.finished = .end
    return
  }
  readlineState.finished = .line(String(cString: text))
  free(text)
}

/// The line up to the cursor.
private func typedText() -> String {
  let bytes = UnsafeRawBufferPointer(start: msh_rl_line(), count: Int(msh_rl_point()))
  return String(decoding: bytes, as: UTF8.self)
}

/// The candidates at the cursor, in the form that readline frees.
private func completeWord(
  from start: Int
) -> UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? {
  let completion = readlineState.completion(typedText())
  msh_rl_finish_completion(completion.wantsFiles ? 0 : 1, 0)
  readlineState.candidates = completion.candidates.reversed()
  let word = String(decoding: typedText().utf8.dropFirst(start), as: UTF8.self)
  return rl_completion_matches(
    word, { _, _ in readlineState.candidates.popLast().flatMap { msh_rl_copy($0) } })
}

/// Inside a string a word begins at its quote; elsewhere at anything that is no part of a name.
private func wordBreaks() -> UnsafeMutablePointer<CChar>? {
  let breaks = CompletionContext(typedText()).isInString ? stringBreaks : nameBreaks
  // Readline only reads them; its type lacks the `const`.
  return UnsafeMutableRawPointer(mutating: breaks.utf8Start).assumingMemoryBound(to: CChar.self)
}

// Static texts, because readline keeps the pointer.
private let stringBreaks: StaticString = "\"'"
private let nameBreaks: StaticString = " \t\n\"'`@$><=;|&{}()[],:+-*/%!?.#"
