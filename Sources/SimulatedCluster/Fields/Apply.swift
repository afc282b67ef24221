// Server-side apply: merge, ownership, conflicts, and removal of what is no longer applied.

import JSON

/// One apply of one manager to one object.
struct Apply {
  let type: ResourceType
  let shape: Shape
  let manager: ManagedFields.Manager
  let apiVersion: String
  let isForced: Bool
  let time: String

  /// The live object with the applied one merged in, and its new `managedFields`.
  func apply(_ applied: JSONValue, to live: JSONValue) throws(APIError) -> JSONValue {
    let liveValue = ManagedFields.tracked(live)
    var managed = ManagedFields(live)
    managed.reconcile(with: live, shape)
    if managed.entries.isEmpty { managed = beforeFirstApply(liveValue) }
    let last = managed.fields(of: manager)
    let own = ManagedFields.withoutIgnored(
      TypedValue(value: applied, shape: shape).fields())
    managed.set(own, for: manager, apiVersion: apiVersion, time: time)
    let merged = TypedValue(value: liveValue, shape: shape).merging(applied)
    let pruned = prune(merged, last: last, managed: managed)
    let comparison = TypedValue(value: liveValue, shape: shape).compare(to: pruned)
    let written = ManagedFields.withoutIgnored(comparison.added.union(comparison.modified))
    let conflicts = conflicts(written, managed)
    if !conflicts.isEmpty, !isForced { throw conflict(conflicts) }
    managed.take(written.union(comparison.removed), from: manager)
    var result = pruned
    result.setMeta("managedFields", managed.json)
    return result
  }

  /// An object that nobody is known to manage belongs to a manager that stands for its past.
  private func beforeFirstApply(_ live: JSONValue) -> ManagedFields {
    var managed = ManagedFields()
    let fields = ManagedFields.withoutIgnored(TypedValue(value: live, shape: shape).fields())
    let past = ManagedFields.Manager(
      name: "before-first-apply", isApply: false, apiVersion: apiVersion, subresource: "")
    guard live.object?["metadata"]?["uid"] != nil else { return managed }
    managed.set(fields, for: past, apiVersion: apiVersion, time: time)
    return managed
  }

  /// Removes what this manager applied before, does not apply now, and nobody else owns.
  private func prune(
    _ merged: JSONValue, last: FieldSet?, managed: ManagedFields
  ) -> JSONValue {
    guard var last = last?.withNamedFields(shape) else { return merged }
    // Name, UID and the like are nobody's, and stay when the last label goes.
    last.unmark(.field("metadata"))
    let mergedFields = fields(merged)
    let withoutLast = fields(TypedValue(value: merged, shape: shape).removing(last))
    let owned = managed.all.withNamedFields(shape)
    let kept = TypedValue(value: merged, shape: shape)
      .removing(mergedFields.subtracting(withoutLast.union(owned)))
    // Fields that nobody owns stay, unless they were below something that was given up.
    let gone = mergedFields.subtracting(fields(kept)).intersection(last)
    return TypedValue(value: merged, shape: shape).removing(gone)
  }

  private func fields(_ value: JSONValue) -> FieldSet {
    TypedValue(value: value, shape: shape).fields().withNamedFields(shape)
  }

  private func conflicts(
    _ written: FieldSet, _ managed: ManagedFields
  ) -> [(manager: ManagedFields.Manager, path: [PathElement])] {
    managed.entries.filter { $0.manager != manager }
      .sorted { $0.manager.text < $1.manager.text }
      .flatMap { entry in
        entry.fields.intersection(written).paths.map { (entry.manager, $0) }
      }
  }

  private func conflict(
    _ conflicts: [(manager: ManagedFields.Manager, path: [PathElement])]
  ) -> APIError {
    let causes = conflicts.map { conflict -> JSONValue in
      [
        "reason": "FieldManagerConflict",
        "message": .string("conflict with \(conflict.manager.text)"),
        "field": .string(pathText(conflict.path)),
      ]
    }
    return APIError(
      code: 409, reason: "Conflict", message: message(conflicts),
      details: ["causes": .array(causes)])
  }

  private func message(
    _ conflicts: [(manager: ManagedFields.Manager, path: [PathElement])]
  ) -> String {
    if conflicts.count == 1 {
      return "Apply failed with 1 conflict: conflict with \(conflicts[0].manager.text): "
        + pathText(conflicts[0].path)
    }
    var lines: [String] = []
    for (index, conflict) in conflicts.enumerated() {
      if index == 0 || conflicts[index - 1].manager != conflict.manager {
        lines.append("conflicts with \(conflict.manager.text):")
      }
      lines.append("- \(pathText(conflict.path))")
    }
    return "Apply failed with \(conflicts.count) conflicts: " + lines.joined(separator: "\n")
  }
}
