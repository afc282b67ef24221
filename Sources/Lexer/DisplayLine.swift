// A source line as a terminal shows it: tabs as spaces, control characters as pictures, cut to a
// width, with the columns of byte offsets.

/// One line of a source, ready to print.
struct DisplayLine {
  /// The text to print.
  private(set) var text = ""
  private var cells: [Cell] = []
  /// Column of the first cell: 1 when the line was cut on the left.
  private var firstColumn = 0
  private var totalColumns = 0

  /// What one scalar or malformed byte becomes.
  private struct Cell {
    var offset: Int
    var text: String
    var width: Int
  }

  static let tabWidth = 4

  /// Prepares a line, counted from 1; a long one is cut so that `focus` stays visible.
  init(_ source: Source, _ number: Int, focus: Span, width: Int) {
    let line = source.line(number)
    let focusStart = min(max(Int(focus.start), line.startIndex), line.endIndex)
    // Cells are made only for the bytes that can be visible: lines of megabytes stay cheap.
    var low = max(line.startIndex, focusStart - width * 4)
    while low > line.startIndex, line[low] & 0xC0 == 0x80 { low -= 1 }
    let high = min(line.endIndex, focusStart + width * 4)
    cells = Self.cells(line[low..<high], at: low)
    var isCutLeft = low > line.startIndex
    var isCutRight = high < line.endIndex
    let focusCell = cells.firstIndex { $0.offset >= focusStart } ?? cells.count
    let focusEnd = cells.firstIndex { $0.offset >= Int(focus.end) } ?? cells.count
    cut(focusCell, focusEnd, width, &isCutLeft, &isCutRight)
    firstColumn = isCutLeft ? 1 : 0
    totalColumns = firstColumn + cells.reduce(0) { $0 + $1.width }
    text = (isCutLeft ? "…" : "") + cells.map(\.text).joined() + (isCutRight ? "…" : "")
    while text.last == " " { text.removeLast() }
  }

  /// Keeps as many cells as fit, with a third of the room before the focus.
  private mutating func cut(
    _ focus: Int, _ focusEnd: Int, _ width: Int, _ isCutLeft: inout Bool, _ isCutRight: inout Bool
  ) {
    let total = cells.reduce(0) { $0 + $1.width }
    if total <= width, !isCutLeft, !isCutRight { return }
    let room = width - 2
    let marked = cells[focus..<max(focus, min(focusEnd, cells.count))].reduce(0) { $0 + $1.width }
    let before = max(room / 3, room - marked - room / 3)
    var first = focus
    var used = 0
    while first > 0, used + cells[first - 1].width <= before {
      first -= 1
      used += cells[first].width
    }
    var last = focus
    while last < cells.count, used + cells[last].width <= room {
      used += cells[last].width
      last += 1
    }
    while first > 0, used + cells[first - 1].width <= room {
      first -= 1
      used += cells[first].width
    }
    isCutLeft = isCutLeft || first > 0
    isCutRight = isCutRight || last < cells.count
    cells = Array(cells[first..<last])
  }

  /// The columns from 0 that a span covers on this line; at least one.
  func columns(of span: Span) -> Range<Int> {
    let start = column(of: Int(span.start))
    let end = min(column(of: Int(span.end)), totalColumns)
    return start..<max(start + 1, end)
  }

  private func column(of offset: Int) -> Int {
    var column = firstColumn
    for cell in cells {
      if cell.offset >= offset { break }
      column += cell.width
    }
    return column
  }

  // MARK: Scalars

  private static func cells(_ bytes: ArraySlice<UInt8>, at start: Int) -> [Cell] {
    let line = Array(bytes)
    var cells: [Cell] = []
    var index = 0
    var column = 0
    while index < line.count {
      let decoded = UTF8.decodeScalar(line, at: index)
      var text = "\u{FFFD}"
      var width = 1
      if decoded.value == "\t" {
        width = tabWidth - column % tabWidth
        text = String(repeating: " ", count: width)
      } else if let scalar = decoded.value {
        text = picture(of: scalar).map(String.init) ?? String(scalar)
        width = text.unicodeScalars.first.map(columns) ?? 1
      }
      cells.append(Cell(offset: start + index, text: text, width: width))
      column += width
      index += decoded.length
    }
    return cells
  }

  /// A text on one line that a terminal cannot be steered with.
  static func safe(_ text: some StringProtocol) -> String {
    guard text.unicodeScalars.contains(where: { picture(of: $0) != nil }) else {
      return String(text)
    }
    var safe = String.UnicodeScalarView()
    for scalar in text.unicodeScalars { safe.append(picture(of: scalar) ?? scalar) }
    return String(safe)
  }

  /// What stands for a control character or a mark that changes the direction; nil for others.
  private static func picture(of scalar: Unicode.Scalar) -> Unicode.Scalar? {
    switch scalar.value {
    case 0..<0x20: Unicode.Scalar(0x2400 + scalar.value)
    case 0x7F: "\u{2421}"
    case 0x80..<0xA0, 0x61C, 0x200E, 0x200F, 0x2028...0x202E, 0x2066...0x2069, 0xFEFF: "\u{FFFD}"
    default: nil
    }
  }

  /// Columns of a scalar in a terminal: 0 for marks, 2 for wide East Asian ones and emoji.
  private static func columns(of scalar: Unicode.Scalar) -> Int {
    if scalar.isASCII { return 1 }
    switch scalar.properties.generalCategory {
    case .nonspacingMark, .enclosingMark, .format: return 0
    default: break
    }
    switch scalar.value {
    case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0x33FF, 0x3400...0x4DBF, 0x4E00...0x9FFF,
      0xA000...0xA4CF, 0xA960...0xA97F, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F,
      0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1F64F, 0x1F680...0x1F6FF, 0x1F900...0x1F9FF,
      0x20000...0x3FFFD:
      return 2
    default: return 1
    }
  }
}
