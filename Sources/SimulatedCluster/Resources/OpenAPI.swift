// The OpenAPI documents: kubectl reads them to learn whether the server validates fields, and how
// lists are merged.

import JSON

extension Shape {
  /// The schema of this type inside a custom resource definition: everything in place, no references.
  var schema: JSONValue {
    schema { name in
      // The server itself knows what metadata is; a definition may not describe it.
      name == "ObjectMeta"
        ? ["type": "object"] : KindShapes.types[name].map(Shape.object)?.schema ?? [:]
    }
  }

  /// The schema of this type, where `reference` gives the schema of a named type.
  func schema(_ reference: (String) -> JSONValue) -> JSONValue {
    switch self {
    case .any: return ["type": "object", "x-kubernetes-preserve-unknown-fields": true]
    case .string: return ["type": "string"]
    case .number: return ["type": "number"]
    case .int: return ["type": "integer"]
    case .bool: return ["type": "boolean"]
    case .quantity, .intOrString: return ["x-kubernetes-int-or-string": true]
    case .map(let element):
      return ["type": "object", "additionalProperties": element.schema(reference)]
    case .list(let element, let kind): return list(element, kind, reference)
    case .named(let name): return reference(name)
    case .object(let object): return Self.members(object, reference)
    }
  }

  private func list(
    _ element: Shape, _ kind: ListKind, _ reference: (String) -> JSONValue
  ) -> JSONValue {
    var result: JSONValue = ["type": "array", "items": element.schema(reference)]
    switch kind {
    case .atomic: result["x-kubernetes-list-type"] = "atomic"
    case .set:
      result["x-kubernetes-list-type"] = "set"
      result["x-kubernetes-patch-strategy"] = "merge"
    case .keyed(let keys):
      result["x-kubernetes-list-type"] = "map"
      result["x-kubernetes-list-map-keys"] = .array(keys.map { .string($0) })
      result["x-kubernetes-patch-strategy"] = "merge"
      result["x-kubernetes-patch-merge-key"] = .string(keys.first ?? "name")
    }
    return result
  }

  private static func members(
    _ object: ObjectShape, _ reference: (String) -> JSONValue
  ) -> JSONValue {
    var properties = JSONObject()
    for name in object.fields.keys.sorted() {
      properties.append(name, (object.fields[name] ?? .any).schema(reference))
    }
    var result: JSONValue = ["type": "object", "properties": .object(properties)]
    if object.isAtomic { result["x-kubernetes-map-type"] = "atomic" }
    if object.keepsUnknown { result["x-kubernetes-preserve-unknown-fields"] = true }
    return result
  }
}

/// Builds the documents of one cluster.
struct OpenAPI {
  let types: [ResourceType]

  /// `/openapi/v3`: where the document of each group version is.
  func index() -> JSONValue {
    var paths = JSONObject()
    for (group, version) in groupVersions() {
      let path = Self.path(group, version)
      paths[path] = ["serverRelativeURL": .string("/openapi/v3/\(path)?hash=\(types.count)")]
    }
    return ["paths": .object(paths)]
  }

  /// `/openapi/v3/apis/apps/v1`; nil when nothing is served there.
  func document(group: String, version: String) -> JSONValue? {
    let rows = types.filter { $0.group == group && $0.versionNames.contains(version) }
    guard !rows.isEmpty else { return nil }
    var schemas = JSONObject()
    var paths = JSONObject()
    for row in rows {
      addSchema(row, version, to: &schemas)
      paths[path(row, version)] = operations(row, version)
    }
    return [
      "openapi": "3.0.0", "info": ["title": "Kubernetes", "version": "simulated"],
      "paths": .object(paths), "components": ["schemas": .object(schemas)],
    ]
  }

  /// `/openapi/v2` in protocol buffers, the only form kubectl asks for: version and title, and no
  /// schemas, which makes kubectl leave validation to the server.
  static let version2: [UInt8] = {
    let title = Array("Kubernetes".utf8)
    let info = [0x0A, UInt8(title.count)] + title + [0x12, 2] + Array("v1".utf8)
    return [0x0A, 3] + Array("2.0".utf8) + [0x12, UInt8(info.count)] + info
  }()

  private func groupVersions() -> [(String, String)] {
    var seen: Set<String> = []
    return types.flatMap { type in type.versionNames.map { (type.group, $0) } }
      .filter { seen.insert("\($0.0)/\($0.1)").inserted }
  }

  private static func path(_ group: String, _ version: String) -> String {
    group.isEmpty ? "api/\(version)" : "apis/\(group)/\(version)"
  }

  private func path(_ type: ResourceType, _ version: String) -> String {
    "/" + Self.path(type.group, version) + (type.isNamespaced ? "/namespaces/{namespace}" : "")
      + "/\(type.resource)/{name}"
  }

  private func operations(_ type: ResourceType, _ version: String) -> JSONValue {
    let kind = Self.groupVersionKind(type, version)
    let parameters = ["dryRun", "fieldManager", "fieldValidation", "force"].map {
      name -> JSONValue in
      ["name": .string(name), "in": "query", "schema": ["type": "string"]]
    }
    var result: JSONValue = ["get": ["x-kubernetes-group-version-kind": kind]]
    if type.verbs.contains("patch") {
      result["patch"] = [
        "x-kubernetes-group-version-kind": kind, "parameters": .array(parameters),
      ]
    }
    return result
  }

  private static func groupVersionKind(_ type: ResourceType, _ version: String) -> JSONValue {
    [
      "group": .string(type.group), "version": .string(version), "kind": .string(type.kind),
    ]
  }

  private func addSchema(
    _ type: ResourceType, _ version: String, to schemas: inout JSONObject
  ) {
    var schema = type.shape(version: version).resolved.schema { Self.reference($0) }
    schema["x-kubernetes-group-version-kind"] = [Self.groupVersionKind(type, version)]
    schemas["\(type.group.isEmpty ? "core" : type.group).\(version).\(type.kind)"] = schema
    if case .object(let object) = type.shape(version: version).resolved {
      addReferences(object, to: &schemas)
    }
  }

  private static func reference(_ name: String) -> JSONValue {
    ["allOf": [["$ref": .string("#/components/schemas/\(name)")]]]
  }

  /// Adds the types that an object's fields name, and theirs.
  private func addReferences(_ object: ObjectShape, to schemas: inout JSONObject) {
    for shape in object.fields.values {
      guard let name = shape.namedType, schemas[name] == nil,
        let type = KindShapes.types[name]
      else { continue }
      schemas[name] = Shape.object(type).schema { Self.reference($0) }
      addReferences(type, to: &schemas)
    }
  }
}

extension Shape {
  /// The named type inside, through lists and maps.
  fileprivate var namedType: String? {
    switch self {
    case .named(let name): name
    case .list(let element, _), .map(let element): element.namedType
    default: nil
    }
  }
}
