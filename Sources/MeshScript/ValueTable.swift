// A list of maps as a table: what the REPL shows for lists of resources and of results.

import Interpreter
import JSON

/// A table of text cells with a heading, its columns as wide as they need to be.
public struct ValueTable: Sendable, Equatable {
  /// Names of the columns.
  public var columns: [String]
  /// One row for each map; as many cells as columns.
  public var rows: [[String]]

  /// Makes a table from its cells.
  public init(columns: [String], rows: [[String]]) {
    self.columns = columns
    self.rows = rows
  }

  /// Makes the table of a list of maps; nil when the value is anything else, or the list is empty.
  ///
  /// Resources of the API show their namespace, name and what tells them apart; other maps show every
  /// key, in the order in which keys are first seen.
  public init?(_ value: ScriptValue) {
    guard let maps = Self.maps(in: value), !maps.isEmpty else { return nil }
    if let resources = Self.resources(maps) {
      self = resources
      return
    }
    var columns: [String] = []
    for map in maps {
      for (key, _) in map where !columns.contains(key) { columns.append(key) }
    }
    guard !columns.isEmpty else { return nil }
    self.columns = columns
    rows = maps.map { map in columns.map { Self.cell(Self.value($0, in: map)) } }
  }

  /// The table's lines, headings in capitals; cells of the widest columns are cut until a line fits.
  public func lines(width: Int) -> [String] {
    let table = [columns.map { $0.uppercased() }] + rows
    var widths = columns.indices.map { column in
      table.map { $0[column].unicodeScalars.count }.max() ?? 0
    }
    while widths.reduce(0, +) + 2 * (widths.count - 1) > width,
      let widest = widths.indices.max(by: { widths[$0] < widths[$1] }), widths[widest] > 8
    {
      widths[widest] -= 1
    }
    return table.map { Self.line($0, widths) }
  }

  private static func line(_ cells: [String], _ widths: [Int]) -> String {
    var line = ""
    for (cell, width) in zip(cells, widths) {
      let count = cell.unicodeScalars.count
      if count > width {
        line += String(String.UnicodeScalarView(cell.unicodeScalars.prefix(width - 1))) + "…  "
      } else {
        line += cell + String(repeating: " ", count: width - count + 2)
      }
    }
    while line.last == " " { line.removeLast() }
    return line
  }
}

extension ValueTable {
  private typealias Map = [(key: String, value: ScriptValue)]

  private static func maps(in value: ScriptValue) -> [Map]? {
    switch value {
    case .list(let elements):
      let maps = elements.compactMap(map)
      return maps.count == elements.count ? maps : nil
    case .json(.array(let elements)):
      return maps(in: .list(elements.map { .json($0) }))
    default: return nil
    }
  }

  private static func map(_ value: ScriptValue) -> Map? {
    switch value {
    case .map(let pairs): pairs
    case .json(.object(let object)): object.map { ($0, .json($1)) }
    default: nil
    }
  }

  private static func value(_ key: String, in map: Map) -> ScriptValue {
    map.first { $0.key == key }?.value ?? .null
  }

  /// Strings plain, null as nothing, line breaks visible.
  private static func cell(_ value: ScriptValue) -> String {
    switch value.unwrapped {
    case .null: ""
    case .string(let string): string.split(separator: "\n").joined(separator: "↵")
    default: ValueText.line(value)
    }
  }

  /// The table of API objects; nil when a row is none.
  private static func resources(_ maps: [Map]) -> ValueTable? {
    let metadata = maps.compactMap { map(value("metadata", in: $0)) }
    guard metadata.count == maps.count else { return nil }
    let names = metadata.map { cell(value("name", in: $0)) }
    guard !names.contains("") else { return nil }
    let all: [(name: String, cells: [String])] = [
      ("kind", maps.map { cell(value("kind", in: $0)) }),
      ("namespace", metadata.map { cell(value("namespace", in: $0)) }),
      ("name", names),
      ("created", metadata.map { cell(value("creationTimestamp", in: $0)) }),
    ]
    let shown = all.filter { column in
      guard column.cells.contains(where: { !$0.isEmpty }) else { return false }
      return column.name != "kind" || Set(column.cells).count > 1
    }
    let rows = maps.indices.map { row in shown.map { $0.cells[row] } }
    return ValueTable(columns: shown.map(\.name), rows: rows)
  }
}
