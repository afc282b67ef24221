// PATCH in its four forms: JSON patch, merge patch, strategic merge patch, server-side apply.

import JSON

extension ControlPlane {
  mutating func patch(
    _ request: APIRequest, _ target: Target, _ user: User
  ) throws(APIError) -> APIResponse {
    let form = try ObjectForm.negotiate(request)
    guard target.type.verbs.contains("patch") else { throw .methodNotAllowed }
    var write = try Write(request, target)
    if ["application/apply-patch+yaml", "application/apply-patch+cbor"].contains(
      request.contentType)
    {
      return try applyPatch(request, &write, form)
    }
    let old = try existing(target)
    let patch = try parseBody(request)
    let current = rendered(old, target)
    var patched: JSONValue
    switch request.contentType {
    case "application/json-patch+json":
      patched = try JSONPatch.apply(patch, to: current)
    case "application/merge-patch+json": patched = MergePatch.apply(patch, to: current)
    case "application/strategic-merge-patch+json" where !target.type.isCustom:
      patched = StrategicPatch.apply(
        patch, to: current, shape: target.type.shape(version: target.version))
    default: throw .unsupportedPatch
    }
    try checkIdentity(&patched, target)
    let object = stored(try write.normalize(patched), target)
    let updated = try update(object, old: old, write)
    return write.answer(response(updated, target, form))
  }

  /// A stored object in the version of the request.
  private func rendered(_ object: JSONValue, _ target: Target) -> JSONValue {
    var result = Conversion.convert(
      object, type: target.type, from: target.type.storageVersion, to: target.version)
    result["apiVersion"] = .string(target.apiVersion)
    result["kind"] = .string(target.type.kind)
    return result
  }

  // MARK: - Server-side apply

  private mutating func applyPatch(
    _ request: APIRequest, _ write: inout Write, _ form: ObjectForm
  ) throws(APIError) -> APIResponse {
    let target = write.target
    guard let manager = request.parameter("fieldManager"), !manager.isEmpty else {
      throw .invalid(
        kind: "PatchOptions", group: "meta.k8s.io", name: "",
        [.required("fieldManager", "is required for apply patch")])
    }
    var applied = try parseBody(request)
    try checkApplied(applied, target)
    try checkIdentity(&applied, target)
    applied = try checkFields(applied, &write)
    let old = storage.object(target.type.id, target.key)
    if old == nil, write.isStatus { throw .notFound(target.type, target.name ?? "") }
    let live = old.map { rendered($0, target) } ?? skeleton(target)
    let result = try Apply(
      type: target.type, shape: target.type.shape(version: target.version),
      manager: .init(
        name: manager, isApply: true, apiVersion: "", subresource: target.subresource ?? ""),
      apiVersion: target.apiVersion, isForced: request.flag("force"), time: now
    ).apply(applied, to: live)
    let managed = result.at(["metadata", "managedFields"])
    // Everything unknown has been reported with the applied object.
    var silent = write
    silent.validation = .ignore
    let object = stored(try silent.normalize(result), target)
    guard let old else {
      let created = try create(object, write, managed: managed)
      return write.answer(response(created, target, form, code: 201))
    }
    let updated = try update(object, old: old, write, managed: managed)
    return write.answer(response(updated, target, form))
  }

  private func skeleton(_ target: Target) -> JSONValue {
    var metadata: JSONValue = ["name": .string(target.name ?? "")]
    if let namespace = target.namespace { metadata["namespace"] = .string(namespace) }
    return [
      "apiVersion": .string(target.apiVersion), "kind": .string(target.type.kind),
      "metadata": metadata,
    ]
  }

  private func checkApplied(_ applied: JSONValue, _ target: Target) throws(APIError) {
    guard applied["apiVersion"]?.string != nil, applied["kind"]?.string != nil else {
      throw .badRequest(
        "invalid object type: an applied object needs apiVersion and kind, here "
          + "\(target.apiVersion), Kind=\(target.type.kind)")
    }
    guard applied["metadata"]?["managedFields"]?.isEmptyOrNull ?? true else {
      throw .badRequest("metadata.managedFields must be nil")
    }
  }

  /// The applied object without nulls and without what apply ignores; unknown fields are an error for
  /// typed kinds whatever `fieldValidation` says, as field ownership needs a schema.
  private func checkFields(
    _ applied: JSONValue, _ write: inout Write
  ) throws(APIError) -> JSONValue {
    let target = write.target
    let known = try typeChecked(applied, write)
    guard known.isEmpty else {
      let place = target.namespace.map { "\($0)/" } ?? ""
      throw APIError(
        code: 500, reason: "",
        message: "failed to create typed patch object (\(place)\(target.name ?? ""); "
          + "\(target.apiVersion), Kind=\(target.type.kind)): "
          + known.map { ".\($0): field not declared in schema" }.joined(separator: "\n"))
    }
    var result = Self.withoutNulls(applied)
    if write.isStatus {
      for key in result.object?.keys ?? []
      where !["apiVersion", "kind", "metadata", "status"].contains(key) {
        result[key] = nil
      }
    } else if target.type.hasStatus {
      result["status"] = nil
    }
    return result
  }

  private func typeChecked(_ applied: JSONValue, _ write: Write) throws(APIError) -> [String] {
    var normalizer = Normalizer(keepsZeroValues: true)
    normalizer.namesElements = true
    do {
      _ = try normalizer.normalize(applied, write.type.shape(version: write.target.version))
    } catch {
      throw APIError(
        code: 500, reason: "",
        message: "failed to create typed patch object (\(write.target.name ?? ""); "
          + "\(write.target.apiVersion), Kind=\(write.type.kind)): .\(error.path): expected "
          + "\(error.expected), got \(error.found)")
    }
    return normalizer.unknown
  }

  private static func withoutNulls(_ value: JSONValue) -> JSONValue {
    switch value {
    case .object(let object):
      var result = JSONObject()
      for (key, member) in object where !member.isNull { result.append(key, withoutNulls(member)) }
      return .object(result)
    case .array(let elements): return .array(elements.map(withoutNulls))
    default: return value
    }
  }
}
