// Prints diagnostics as text: header, source lines with carets, further places, notes, call stack.
//
//     error[E0302]: no key "netwrok" in cluster
//       --> join.msh:4:19
//        |
//      4 | print clusters[0].netwrok
//        |                   ^^^^^^^ did you mean "network"?
//
// Everything that comes from a script is made safe first: a terminal shows control characters of an
// error's text as pictures, never obeys them.

/// Turns diagnostics into text for a terminal or a log.
public struct DiagnosticRenderer: Sendable {
  /// Whether to colour the text with ANSI sequences.
  public var color: Bool
  /// Columns of a source line at most; longer ones are cut around the caret.
  public var width: Int

  /// Makes a renderer.
  ///
  /// - Parameters:
  ///   - color: whether to colour the text with ANSI sequences.
  ///   - width: columns of a source line at most; at least 20.
  public init(color: Bool, width: Int = 160) {
    self.color = color
    self.width = max(20, width)
  }

  /// One diagnostic, without a line break at the end.
  public func render(_ diagnostic: Diagnostic) -> String {
    let marks = Self.marks(of: diagnostic)
    let gutter = marks.map { String($0.position.line).utf8.count }.max() ?? 1
    var lines = [header(diagnostic)]
    for (index, group) in Self.bySource(marks).enumerated() {
      lines += snippet(group, isFirst: index == 0, gutter)
    }
    let margin = String(repeating: " ", count: gutter + 2)
    for note in diagnostic.notes {
      let parts = note.split(separator: "\n", omittingEmptySubsequences: false)
      for (index, part) in parts.enumerated() {
        let lead = index == 0 ? paint("=", .frame) + " " + paint("note:", .strong) : "       "
        lines.append("\(margin)\(lead) \(DisplayLine.safe(part))")
      }
    }
    lines += CallStack.lines(diagnostic.stack).map { margin + $0 }
    return lines.joined(separator: "\n")
  }

  /// One diagnostic in one line, for logs of other programs: `join.msh:4:19: error[E0302]: …`.
  public func renderShort(_ diagnostic: Diagnostic) -> String {
    guard let place = diagnostic.location else { return header(diagnostic) }
    let position = place.source.position(of: place.span.start)
    let name = DisplayLine.safe(place.source.name)
    return "\(name):\(position.line):\(position.column): \(header(diagnostic))"
  }

  /// Several diagnostics with an empty line between.
  public func render(_ diagnostics: [Diagnostic]) -> String {
    diagnostics.map { render($0) }.joined(separator: "\n\n")
  }

  private func header(_ diagnostic: Diagnostic) -> String {
    let title = "\(diagnostic.severity.rawValue)[\(diagnostic.code)]"
    let style: Style = diagnostic.severity == .error ? .error : .warning
    return paint(title, style)
      + paint(": \(Self.shortened(DisplayLine.safe(diagnostic.message)))", .strong)
  }

  /// Longest message that is printed whole; a name in it may be as long as its file.
  private static let longestMessage = 1000

  private static func shortened(_ message: String) -> String {
    guard message.utf8.count > longestMessage else { return message }
    let scalars = message.unicodeScalars
    let half = longestMessage / 2
    return String(scalars.prefix(half)) + " … " + String(scalars.suffix(half / 2))
  }

  // MARK: Snippets

  /// A place to underline.
  private struct Mark {
    var location: Location
    var position: Position
    var text: String
    var style: Style

    init(_ location: Location, _ text: String, _ style: Style) {
      self.location = location
      position = location.source.position(of: location.span.start)
      self.text = text
      self.style = style
    }

    var character: String { style == .place ? "-" : "^" }
  }

  private static func marks(of diagnostic: Diagnostic) -> [Mark] {
    guard let place = diagnostic.location else { return [] }
    let style: Style = diagnostic.severity == .error ? .error : .warning
    let labels = diagnostic.labels.sorted { $0.location.span.start < $1.location.span.start }
    return marks(place, diagnostic.label, style)
      + labels.flatMap { marks($0.location, $0.text, .place) }
  }

  /// The marks of one place: one, or for a place of several lines its first line, its last line with
  /// the words, and a line between them when it is the only one.
  private static func marks(_ place: Location, _ text: String, _ style: Style) -> [Mark] {
    let source = place.source
    let end = lastByte(of: place)
    let first = source.lineNumber(of: place.span.start)
    let last = source.lineNumber(of: UInt32(end))
    guard last > first else { return [Mark(place, text, style)] }
    var marks = [Mark(Location(source, Span(Int(place.span.start), end)), "", style)]
    for line in (last == first + 2 ? [first + 1, last] : [last]) {
      let bytes = source.line(line)
      let start = bytes.firstIndex { $0 != Ascii.space && $0 != Ascii.tab } ?? bytes.startIndex
      let span = Span(start, line == last ? end + 1 : bytes.endIndex)
      marks.append(Mark(Location(source, span), line == last ? text : "", style))
    }
    return marks
  }

  /// The last byte of a place that is no white space.
  private static func lastByte(of place: Location) -> Int {
    let start = Int(place.span.start)
    var last = max(start, min(Int(place.span.end), place.source.bytes.count) - 1)
    while last > start, place.source.bytes[last] <= Ascii.space { last -= 1 }
    return last
  }

  /// Marks by source, the main one's source first.
  private static func bySource(_ marks: [Mark]) -> [[Mark]] {
    var groups: [[Mark]] = []
    for mark in marks {
      if let index = groups.firstIndex(where: { $0[0].location.source === mark.location.source }) {
        groups[index].append(mark)
      } else {
        groups.append([mark])
      }
    }
    return groups
  }

  private func snippet(_ marks: [Mark], isFirst: Bool, _ gutter: Int) -> [String] {
    let blank = String(repeating: " ", count: gutter + 2)
    let source = marks[0].location.source
    let position = marks[0].position
    let arrow = String(repeating: " ", count: gutter + 1) + paint(isFirst ? "-->" : ":::", .frame)
    let name = DisplayLine.safe(source.name)
    var lines = [
      "\(arrow) \(name):\(position.line):\(position.column)", blank + paint("|", .frame),
    ]
    var previous: Int?
    for number in Set(marks.map(\.position.line)).sorted() {
      if let previous, number > previous + 1 { lines.append(paint("...", .frame)) }
      previous = number
      let onLine = marks.filter { $0.position.line == number }
      let line = DisplayLine(source, number, focus: onLine[0].location.span, width: width)
      let digits = String(number)
      let padding = String(repeating: " ", count: gutter - digits.utf8.count)
      let lead = paint(" \(padding)\(digits) |", .frame)
      lines.append(line.text.isEmpty ? lead : "\(lead) \(line.text)")
      for mark in onLine {
        lines.append("\(blank)\(paint("|", .frame)) \(underline(mark, line))")
      }
    }
    return lines
  }

  private func underline(_ mark: Mark, _ line: DisplayLine) -> String {
    let columns = line.columns(of: mark.location.span)
    let indent = String(repeating: " ", count: columns.lowerBound)
    let marker = String(repeating: mark.character, count: columns.count)
    let text = mark.text.isEmpty ? "" : " \(DisplayLine.safe(mark.text))"
    return indent + paint(marker + text, mark.style)
  }

  // MARK: Colour

  private enum Style: String {
    case error = "\u{1B}[1;31m"
    case warning = "\u{1B}[1;33m"
    case place = "\u{1B}[1;34m"
    case frame = "\u{1B}[34m"
    case strong = "\u{1B}[1m"
  }

  private func paint(_ text: String, _ style: Style) -> String {
    color ? "\(style.rawValue)\(text)\u{1B}[0m" : text
  }
}

/// The call stack of a run-time error, with recursion folded.
private enum CallStack {
  /// Lines at most; a deeper stack is cut in its middle of nowhere, with a count.
  static let limit = 40

  static func lines(_ stack: [(function: String, location: Location)]) -> [String] {
    var lines: [String] = []
    var index = 0
    while index < stack.count {
      if lines.count >= limit {
        lines.append("… \(calls(stack.count - index))")
        break
      }
      let (period, repeats) = cycle(stack, at: index)
      let shown = repeats > 3 ? period : 1
      for entry in stack[index..<(index + shown)] { lines.append(line(entry)) }
      index += shown
      guard repeats > 3 else { continue }
      let folded = period * (repeats - 1)
      let names = stack[index..<(index + period)].map { DisplayLine.safe($0.function) }
      lines.append("… \(calls(folded)) of \(names.joined(separator: ", "))")
      index += folded
    }
    return lines
  }

  private static func calls(_ count: Int) -> String {
    count == 1 ? "1 more call" : "\(count) more calls"
  }

  private static func line(_ entry: (function: String, location: Location)) -> String {
    let position = entry.location.source.position(of: entry.location.span.start)
    let place = "\(entry.location.source.name):\(position.line):\(position.column)"
    return DisplayLine.safe("at \(entry.function) (\(place))")
  }

  /// The shortest group of up to four calls that repeats from here on, and how often it stands.
  private static func cycle(
    _ stack: [(function: String, location: Location)], at start: Int
  ) -> (period: Int, repeats: Int) {
    for period in 1...4 {
      var end = start + period
      while end < stack.count, stack[end].function == stack[end - period].function { end += 1 }
      let repeats = (end - start) / period
      if repeats > 3 { return (period, repeats) }
    }
    return (1, 1)
  }
}
