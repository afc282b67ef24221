// What stands around the cursor, found by a look at the line alone: cheap enough for every Tab.

/// The place of the cursor in the statement that is being typed.
struct CompletionContext: Equatable {
  /// What has been typed of the word at the cursor.
  private(set) var word = ""
  /// The dotted path before the word, such as `json` in `json.pa`; empty without a dot.
  private(set) var receiver = ""
  /// True after a dot, even when what stands before it is no plain path (`f(x).na`).
  private(set) var isMember = false
  /// True inside `"…"` or `'…'`.
  private(set) var isInString = false
  /// The function whose arguments are being typed: `gateway` in `gateway c1, mesh: "m`.
  private(set) var function: String?
  /// The argument's name when the cursor stands after `name:`.
  private(set) var argument: String?

  /// Looks at the text before the cursor.
  init(_ text: String) {
    var scanner = Scanner()
    for scalar in text.unicodeScalars { scanner.feed(scalar) }
    scanner.finish(into: &self)
  }

  /// Walks over the text once; one frame for each bracket that is open.
  private struct Scanner {
    /// What is known inside one pair of brackets, or at the top.
    struct Frame {
      var function: String?
      var argument: String?
      var isAtStart = true
    }

    var frames = [Frame()]
    var word = ""
    var path = ""
    var hasDot = false
    var quote: Unicode.Scalar?
    var isEscaped = false
    var isComment = false

    mutating func feed(_ scalar: Unicode.Scalar) {
      if isComment {
        isComment = scalar != "\n"
        return
      }
      if let quote {
        feedString(scalar, quote: quote)
        return
      }
      if scalar == "_" || scalar.properties.isAlphabetic || scalar.properties.numericType != nil {
        word.unicodeScalars.append(scalar)
      } else {
        feedMark(scalar)
      }
    }

    private mutating func feedString(_ scalar: Unicode.Scalar, quote: Unicode.Scalar) {
      if isEscaped {
        isEscaped = false
      } else if scalar == "\\" && quote == "\"" {
        isEscaped = true
      } else if scalar == quote {
        self.quote = nil
        word = ""
        return
      }
      word.unicodeScalars.append(scalar)
    }

    private mutating func feedMark(_ scalar: Unicode.Scalar) {
      switch scalar {
      case ".":
        path = path.isEmpty && !hasDot ? word : (word.isEmpty ? "" : "\(path).\(word)")
        hasDot = true
        word = ""
      case "\"", "'":
        noteHead()
        endWord()
        quote = scalar
      case "#":
        endWord()
        isComment = true
      case "(", "[", "{":
        open(scalar)
      case ")", "]", "}":
        endWord()
        if frames.count > 1 { frames.removeLast() }
        hasDot = false
      case ":":
        frames[frames.count - 1].argument = word
        endWord()
      case ",":
        endWord()
        frames[frames.count - 1].argument = nil
      case "\n", ";", "=":
        endWord()
        if scalar != "\n" || frames.count == 1 { frames[frames.count - 1] = Frame() }
      case " ", "\t":
        noteHead()
        endWord()
      default:
        noteHead()
        endWord()
      }
    }

    /// The first word of a statement is the function of a command call.
    private mutating func noteHead() {
      guard !word.isEmpty else { return }
      if frames[frames.count - 1].isAtStart, frames.count == 1 {
        frames[0].function = fullName
      }
      frames[frames.count - 1].isAtStart = false
    }

    private mutating func open(_ scalar: Unicode.Scalar) {
      let called = scalar == "(" && !word.isEmpty ? fullName : nil
      noteHead()
      endWord()
      frames.append(Frame(function: called, isAtStart: false))
    }

    private var fullName: String { path.isEmpty ? word : "\(path).\(word)" }

    private mutating func endWord() {
      word = ""
      path = ""
      hasDot = false
    }

    func finish(into context: inout CompletionContext) {
      guard !isComment else { return }
      context.word = word
      context.receiver = path
      context.isMember = hasDot && quote == nil
      context.isInString = quote != nil
      context.function = frames.last { $0.function != nil }?.function
      context.argument = frames[frames.count - 1].argument
    }
  }
}
