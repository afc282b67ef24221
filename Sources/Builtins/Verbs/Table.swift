// `table`: a list of maps as text in columns.

import Interpreter
import JSON

/// Text for `print`, one row for each map.
enum TableVerb: Verb {
  static let signature = Signature(
    "table",
    [
      Signature.Parameter("rows", "list of maps", doc: "one map a row"),
      .named(
        "columns", "list", default: "every key, in order of first use", "which keys, in which order"
      ),
    ],
    doc: "a list of maps as text in columns, as kubectl prints lists",
    example: "print table([{name: \"a\", pods: 3}, {name: \"b\", pods: 5}])")

  static func run(_ call: VerbCall) throws -> ScriptValue {
    guard case .list(let elements)? = call["rows"] else {
      throw call.bad("rows", "must be a list of maps")
    }
    var rows: [[(key: String, value: ScriptValue)]] = []
    for element in elements {
      guard case .map(let pairs) = element.unwrapped else {
        throw call.bad("rows", "must be a list of maps, found \(element.typeName) in it")
      }
      rows.append(pairs)
    }
    let columns = try call.strings("columns") ?? keys(of: rows)
    let cells = rows.map { row in
      columns.map { column in row.first { $0.key == column }.map { cell($0.value) } ?? "" }
    }
    let text = TextTable(head: columns.map { $0.uppercased() }, rows: cells).text
    // `print` adds the last line break itself.
    return .string(String(text.dropLast()))
  }

  private static func keys(of rows: [[(key: String, value: ScriptValue)]]) -> [String] {
    var seen: Set<String> = []
    return rows.flatMap { $0.map(\.key) }.filter { seen.insert($0).inserted }
  }

  /// A value in one cell: lists by their elements, nothing for null.
  private static func cell(_ value: ScriptValue) -> String {
    switch value.unwrapped {
    case .null: return ""
    case .string(let text): return text
    case .int(let int): return String(int)
    case .bool(let bool): return String(bool)
    case .float(let float): return JSONValue.double(float).text()
    case .duration(let nanoseconds): return Duration.nanoseconds(nanoseconds).scriptText
    case .list(let elements): return elements.map(cell).joined(separator: ",")
    case .map(let pairs):
      return pairs.map { "\($0.key)=\(cell($0.value))" }.joined(separator: ",")
    case .host(let host): return host.description
    case .range(let from, let to, let isClosed): return "\(from)\(isClosed ? "..." : "..<")\(to)"
    case .error(let error): return error.message
    case .link(let pairs):
      return pairs.map { "\(cell($0.from))->\(cell($0.to))" }.joined(separator: ",")
    case .function(let name): return name
    case .json: return ""
    }
  }
}

extension Duration {
  /// As scripts write durations: `1h30m`, `5s`, `250ms`.
  var scriptText: String {
    var rest = components.seconds
    var text = ""
    for (unit, seconds) in [("d", 86_400), ("h", 3600), ("m", 60), ("s", 1)] as [(String, Int64)]
    where rest >= seconds {
      text += "\(rest / seconds)\(unit)"
      rest %= seconds
    }
    let milliseconds = components.attoseconds / 1_000_000_000_000_000
    if milliseconds > 0 { text += "\(milliseconds)ms" }
    return text.isEmpty ? "0s" : text
  }

  /// For traces, such as `12.5ms`.
  var formattedMilliseconds: String {
    let tenths = components.seconds * 10_000 + components.attoseconds / 100_000_000_000_000
    return "\(tenths / 10).\(tenths % 10)ms"
  }
}
