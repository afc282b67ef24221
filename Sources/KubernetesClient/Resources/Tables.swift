// Tables: a list as the server would print it, in columns that also custom resources define
// (meta.k8s.io/v1 Table).

import JSON

/// A list as columns and rows.
public struct ResourceTable: Sendable, Hashable {
  /// One column.
  public struct Column: Sendable, Hashable {
    /// Its heading, such as `READY`.
    public let name: String
    /// `string`, `integer`, `number`, `boolean` or `date`.
    public let type: String
    /// A hint such as `name`; mostly empty.
    public let format: String
    /// What it tells, in words.
    public let description: String
    /// 0 for what is always shown; more for what is shown when there is room.
    public let priority: Int
  }

  /// One object.
  public struct Row: Sendable, Hashable {
    /// A value for each column.
    public let cells: [JSONValue]
    /// The object's apiVersion, kind and metadata.
    public let metadata: JSONValue
  }

  /// The columns.
  public let columns: [Column]
  /// The objects.
  public internal(set) var rows: [Row]
  /// The list's version, to watch from.
  public let resourceVersion: String
}

extension KubernetesClient {
  /// Reads all objects that fit the selectors as the server prints them, in pages.
  public func table(
    _ type: ResourceType, namespace: String? = nil, labels: String? = nil, fields: String? = nil,
    pageSize: Int = 500
  ) async throws -> ResourceTable {
    var call = Call(
      verb: "list", object: type.describe(namespace: namespace),
      path: try collectionPath(type, namespace: namespace, verb: "list"))
    call.accept = "application/json;as=Table;g=meta.k8s.io;v=v1"
    var pager = Pager(
      selectors: [
        ("labelSelector", labels), ("fieldSelector", fields), ("includeObject", "Metadata"),
      ], resourceVersion: nil, match: nil, pageSize: pageSize)
    var table: ResourceTable?
    while let query = pager.next {
      call.query = query
      do {
        let page = try await json(call)
        let part = try read(page, type, call)
        table?.rows += part.rows
        table = table ?? part
        pager.received(page["metadata"]?["continue"]?.string)
      } catch let error as APIError where pager.canRestart(after: error) {
        table = nil
        pager.restart()
      }
    }
    return table ?? ResourceTable(columns: [], rows: [], resourceVersion: "")
  }

  private func read(
    _ page: JSONValue, _ type: ResourceType, _ call: Call
  ) throws -> ResourceTable {
    guard page["kind"] == "Table" else {
      throw APIError(
        cluster: cluster, verb: call.verb, object: call.object, status: 406,
        reason: "NotAcceptable", message: "the server has no tables of this resource")
    }
    let columns = (page["columnDefinitions"]?.array ?? []).map { column in
      ResourceTable.Column(
        name: column["name"]?.string ?? "", type: column["type"]?.string ?? "",
        format: column["format"]?.string ?? "", description: column["description"]?.string ?? "",
        priority: Int(column["priority"]?.int ?? 0))
    }
    let rows = (page["rows"]?.array ?? []).map { row in
      ResourceTable.Row(
        cells: row["cells"]?.array ?? [],
        metadata: ObjectForm.metadata.reduce(row["object"] ?? [:], type))
    }
    return ResourceTable(
      columns: columns, rows: rows,
      resourceVersion: page["metadata"]?["resourceVersion"]?.string ?? "")
  }
}
