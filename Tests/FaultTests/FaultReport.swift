// The table that `make faults` prints: fault by fault what the caller saw, what the server was asked.

import Synchronization
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Rows of the table, written to the file that MSH_FAULT_TABLE names when the process ends.
enum FaultReport {
  struct Row: Sendable {
    var fault: String
    var backend: String
    var verb: String
    /// `ok`, or the error's status and reason.
    var sees: String
    /// How often the server was asked.
    var requests: Int
    /// How often the object changed there; nil when the test does not count it.
    var writes: Int?
  }

  private static let rows = Mutex<[Row]>([])

  static func add(_ row: Row) {
    rows.withLock { $0.append(row) }
    _ = writer
  }

  private static let writer: Int32 = atexit { FaultReport.write() }

  private static func write() {
    guard let path = getenv("MSH_FAULT_TABLE"), let file = fopen(path, "w") else { return }
    defer { fclose(file) }
    let rows = rows.withLock { $0 }
    let sorted = rows.sorted { ($0.backend, $0.fault, $0.verb) < ($1.backend, $1.fault, $1.verb) }
    for row in sorted {
      let writes = row.writes.map { String($0) } ?? "-"
      let cells = [row.fault, row.backend, row.verb, row.sees, String(row.requests), writes]
      fputs(cells.joined(separator: "\t") + "\n", file)
    }
  }
}
