// Writes stored objects for clients: version, kind, and the form (object, table, metadata only).

import JSON

struct Rendering {
  let target: ControlPlane.Target
  let form: ObjectForm
  let now: Int64

  /// One object; also the object of a watch event.
  func one(_ object: JSONValue) -> JSONValue {
    switch form {
    case .plain: plain(object)
    case .partial: partial(object)
    case .table: table([object], metadata: listMetadata(object))
    }
  }

  func list(_ objects: [JSONValue], metadata: JSONValue) -> JSONValue {
    switch form {
    case .table: table(objects, metadata: metadata)
    case .plain:
      [
        "kind": .string(target.type.listKind), "apiVersion": .string(target.apiVersion),
        "metadata": metadata, "items": .array(objects.map { plain($0, inList: true) }),
      ]
    case .partial:
      [
        "kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1",
        "metadata": metadata, "items": .array(objects.map(partial)),
      ]
    }
  }

  /// A bookmark carries a revision only; a table of it has no rows.
  func bookmark(_ object: JSONValue) -> JSONValue {
    switch form {
    case .plain: return object
    case .partial: return partial(object)
    case .table:
      var table = table([], metadata: listMetadata(object))
      if let annotations = object.at(["metadata", "annotations"]) {
        // The mark of the end of the initial events is in the row's object.
        let row: JSONValue = ["metadata": ["annotations": annotations]]
        table["rows"] = [["cells": .array([]), "object": row]]
      }
      return table
    }
  }

  private func plain(_ object: JSONValue, inList: Bool = false) -> JSONValue {
    var converted = Conversion.convert(
      object, type: target.type, from: target.type.storageVersion, to: target.version)
    if inList, !target.type.isCustom {
      converted["apiVersion"] = nil
      converted["kind"] = nil
      return converted
    }
    var result: JSONValue = [
      "kind": .string(target.type.kind), "apiVersion": .string(target.apiVersion),
    ]
    for (key, value) in converted.object ?? JSONObject() where key != "kind" && key != "apiVersion"
    {
      result[key] = value
    }
    return result
  }

  private func partial(_ object: JSONValue) -> JSONValue {
    [
      "kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1",
      "metadata": object["metadata"] ?? [:],
    ]
  }

  private func listMetadata(_ object: JSONValue) -> JSONValue {
    ["resourceVersion": .string(object.resourceVersion)]
  }

  private func table(_ objects: [JSONValue], metadata: JSONValue) -> JSONValue {
    let columns = TableColumn.columns(of: target.type)
    let definitions = columns.map { column -> JSONValue in
      [
        "name": .string(column.name), "type": .string(column.type),
        "format": column.name == "Name" ? "name" : "", "description": "",
        "priority": .int(column.priority),
      ]
    }
    let rows = objects.map { object -> JSONValue in
      var row: JSONValue = ["cells": .array(columns.map { $0.cell(object, now) })]
      switch form {
      case .table(.metadata): row["object"] = partial(object)
      case .table(.object): row["object"] = plain(object)
      default: break
      }
      return row
    }
    return [
      "kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": metadata,
      "columnDefinitions": .array(definitions), "rows": .array(rows),
    ]
  }
}
