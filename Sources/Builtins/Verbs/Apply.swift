// `apply`: brings objects to what a script says, by server-side apply.

import Interpreter
import JSON

/// Applies maps, lists of maps, or YAML text.
enum ApplyVerb: Verb {
  static let signature = Signature(
    "apply",
    [
      .cluster,
      Signature.Parameter(
        "objects", "map, list or string", doc: "an object, several, or YAML text of any number"),
      .named(
        "namespace", "string", default: "the object's, else the context's",
        "for objects that name none"),
      .named(
        "migrate", "bool", default: "false",
        "take over what `kubectl apply` has set: the objects are whole, and what they leave out goes"
      ),
    ],
    doc:
      "applies objects with the field manager msh, namespaces and resource definitions first; gives "
      + "the object, or a list when a list or several documents were given",
    example: "apply c1, readFile(\"app.yaml\"), namespace: \"web\"", capability: "network")

  static func run(_ call: VerbCall) async throws -> ScriptValue {
    let (manifests, isList) = try manifests(call)
    let namespace = try call.string("namespace")
    let rule = try call.bool("migrate") ? Operation.ApplyRule.migrate : .merge
    let executor = call.mesh.executor
    return try await call.each { cluster in
      var values = [ScriptValue](repeating: .null, count: manifests.count)
      var errors: [ScriptValue] = []
      for index in order(of: manifests) {
        let manifest = manifests[index]
        do {
          let operation = try await compile(manifest, rule, on: cluster, namespace, executor)
          values[index] = try await apply(operation, manifest, on: cluster, executor)
        } catch let error as ScriptError where manifests.count > 1 {
          let name = ObjectReference(manifest)?.description ?? ""
          errors.append(.map([("item", .string(name)), ("error", .error(error))]))
          if error.code == MeshErrorCode.unreachable.rawValue { break }
        }
      }
      guard errors.isEmpty else { throw severalFailed(errors, on: cluster, of: manifests.count) }
      return isList ? .list(values) : values[0]
    }
  }

  private static func apply(
    _ operation: Operation, _ manifest: JSONValue, on cluster: Cluster, _ executor: Executor
  ) async throws -> ScriptValue {
    let outcome = try await executor.perform(operation)
    if operation.object.kind == "CustomResourceDefinition" {
      let established = Operation(
        .wait(
          .condition(.condition("Established", value: "true")), timeout: executor.mesh.timeout),
        operation.object, on: cluster)
      _ = try await executor.perform(established)
      try await executor.forgetResources(of: cluster)
    }
    return outcome.object.map(Redaction.scriptValue) ?? .null
  }

  private static func severalFailed(
    _ errors: [ScriptValue], on cluster: Cluster, of total: Int
  ) -> ScriptError {
    let messages = errors.compactMap { element -> String? in
      guard case .map(let pairs) = element, case .error(let error)? = pairs.last?.value else {
        return nil
      }
      return error.message
    }
    return ScriptError(
      kind: "parallel", code: MeshErrorCode.severalFailed.rawValue,
      "\(cluster.name): \(errors.count) of \(total) objects could not be applied", notes: messages,
      details: [("errors", .list(errors))])
  }
}

// MARK: - What it compiles to

extension ApplyVerb {
  /// The operation for one object. A namespaced object gets its own namespace, the one that was asked
  /// for, or the context's.
  static func compile(
    _ manifest: JSONValue, _ rule: Operation.ApplyRule = .merge, on cluster: Cluster,
    _ namespace: String?, _ executor: Executor
  ) async throws -> Operation {
    guard var object = ObjectReference(manifest) else {
      throw ScriptError.usage(
        .badManifest, "apply: an object needs apiVersion, kind and metadata.name")
    }
    let type = try await executor.resource(of: object, on: cluster)
    var manifest = manifest
    guard type.isNamespaced else {
      object.namespace = nil
      return Operation(.apply([manifest], rule), object, on: cluster)
    }
    if let own = object.namespace, let namespace, own != namespace {
      throw ScriptError.usage(
        .badManifest, "apply: \(object) is of namespace \"\(own)\", not of \"\(namespace)\"")
    }
    object.namespace = object.namespace ?? namespace ?? cluster.connection.namespace
    manifest["metadata"]?["namespace"] = object.namespace.map { .string($0) }
    return Operation(.apply([manifest], rule), object, on: cluster)
  }

  /// Namespaces first, then resource definitions, then the rest as they came.
  static func order(of manifests: [JSONValue]) -> [Int] {
    func rank(_ manifest: JSONValue) -> Int {
      switch manifest["kind"]?.string {
      case "Namespace": 0
      case "CustomResourceDefinition": 1
      default: 2
      }
    }
    return manifests.indices.sorted { left, right in
      let ranks = (rank(manifests[left]), rank(manifests[right]))
      return ranks.0 == ranks.1 ? left < right : ranks.0 < ranks.1
    }
  }

  /// The objects of the argument, `List`s taken apart.
  static func manifests(
    _ call: VerbCall
  ) throws(ScriptError) -> (manifests: [JSONValue], isList: Bool) {
    guard let value = call["objects"] else { throw call.bad("objects", "is missing") }
    var manifests: [JSONValue] = []
    var isList = false
    switch value {
    case .string(let text):
      let documents = try parse(text)
      isList = documents.count != 1
      manifests = documents
    case .list(let elements):
      isList = true
      for element in elements { manifests.append(try ScriptData.manifest(element.unwrapped)) }
    case .map: manifests = [try ScriptData.manifest(value)]
    default:
      throw call.bad("objects", "must be a map, a list or YAML text, found \(value.typeName)")
    }
    var flat: [JSONValue] = []
    for manifest in manifests {
      guard manifest["kind"]?.string == "List", let items = manifest["items"]?.array else {
        flat.append(cleaned(manifest))
        continue
      }
      isList = true
      flat += items.map(cleaned)
    }
    for manifest in flat where ObjectReference(manifest) == nil {
      throw .usage(
        .badManifest, "apply: an object needs apiVersion, kind and metadata.name",
        notes: ["found \(manifest["kind"]?.string.map { "a \($0)" } ?? "something else")"])
    }
    return (flat, isList)
  }

  private static func parse(_ text: String) throws(ScriptError) -> [JSONValue] {
    do { return try YAML.parseAll(text) } catch {
      throw .usage(.badManifest, "apply: the text is no YAML: \(error)")
    }
  }

  /// Without what the server adds to objects that scripts read and apply again.
  private static func cleaned(_ manifest: JSONValue) -> JSONValue {
    var manifest = manifest
    manifest["status"] = nil
    for key in [
      "managedFields", "resourceVersion", "uid", "creationTimestamp", "generation", "selfLink",
    ]
    where manifest[path: "metadata", key] != nil {
      manifest["metadata"]?[key] = nil
    }
    return manifest
  }
}
