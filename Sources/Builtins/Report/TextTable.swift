// Tables of text: columns padded to their widest cell, as kubectl prints them.

/// A table with a head line and rows of as many cells.
struct TextTable {
  private let rows: [[String]]

  /// Makes a table; line breaks in cells become spaces.
  init(head: [String], rows: [[String]]) {
    self.rows = ([head] + rows).map { row in
      row.map { cell in String(cell.map { $0.isNewline ? " " : $0 }) }
    }
  }

  /// The lines, each ending in a line break, with three spaces between columns and none at the end.
  var text: String {
    let widths = (rows.first ?? []).indices.map { column in
      rows.map { TextTable.width($0[column]) }.max() ?? 0
    }
    return rows.map { line($0, widths) + "\n" }.joined()
  }

  private func line(_ row: [String], _ widths: [Int]) -> String {
    var line = ""
    var gap = 0
    for (cell, width) in zip(row, widths) {
      if !cell.isEmpty { line += String(repeating: " ", count: gap) + cell }
      gap = cell.isEmpty ? gap + width + 3 : width - TextTable.width(cell) + 3
    }
    return line
  }

  private static func width(_ text: String) -> Int { text.unicodeScalars.count }
}
