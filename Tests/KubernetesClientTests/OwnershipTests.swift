// Managers of fields: conflicts in words, and the way from client-side to server-side apply.

import JSON
import Testing

@testable import KubernetesClient

@Suite("Field conflicts")
struct FieldConflictTests {
  @Test("causes become managers with their fields, and there are three ways out")
  func conflicts() {
    let causes = [
      (".spec.replicas", #"conflict with "kubectl" with subresource "scale" using apps/v1"#),
      (".spec.paused", #"conflict with "a \"b\"" using apps/v1 at 2026-01-01T00:00:00Z"#),
      (".metadata.labels.x", #"conflict with "a \"b\"" using apps/v1 at 2026-01-01T00:00:00Z"#),
      (".data.k", #"conflict with "helm""#),
    ]
    let error = APIError(
      cluster: "c1", verb: "apply", object: "x", status: 409, reason: "Conflict", message: "",
      causes: causes.map { .init(field: $0.0, message: $0.1, reason: "FieldManagerConflict") }
        + [.init(field: ".a", message: "other", reason: "FieldValueInvalid")])
    #expect(
      error.conflicts.map(\.text) == [
        "kubectl (through scale) owns .spec.replicas",
        "a \"b\" owns .spec.paused, .metadata.labels.x", "helm owns .data.k",
      ])
    #expect(error.conflicts.map(\.apiVersion) == ["apps/v1", "apps/v1", ""])
    #expect(error.conflicts.map(\.subresource) == ["scale", "", ""])
    #expect(FieldConflict.waysOut.count == 3)
  }
}

@Suite("Migration from client-side apply")
struct MigrationTests {
  private let last = "f:kubectl.kubernetes.io/last-applied-configuration"

  private func entry(
    _ manager: String, _ operation: String, _ fields: JSONValue, version: String = "v1",
    subresource: String? = nil
  ) -> JSONValue {
    var entry: JSONValue = [
      "manager": .string(manager), "operation": .string(operation),
      "apiVersion": .string(version), "time": "2026-01-01T00:00:00Z", "fieldsType": "FieldsV1",
      "fieldsV1": fields,
    ]
    if let subresource { entry["subresource"] = .string(subresource) }
    return entry
  }

  private func patch(_ entries: [JSONValue]) -> JSONValue? {
    ClientSideApplyMigration(fieldManager: "msh", apiVersion: "v1").patch(for: [
      "metadata": ["resourceVersion": "7", "managedFields": .array(entries)]
    ])
  }

  private func clientSide(_ fields: JSONValue) -> JSONValue {
    ["f:metadata": ["f:annotations": [".": [:], last: [:]]], "f:data": fields]
  }

  @Test("kubernetes#99003: the fields of client-side apply become the applier's own")
  func handsOver() {
    let patch = patch([
      entry("kubectl-client-side-apply", "Update", clientSide(["f:a": [:], "f:b": [:]])),
      entry("controller", "Update", ["f:data": ["f:c": [:]]]),
    ])
    #expect(
      patch == [
        [
          "op": "replace", "path": "/metadata/managedFields",
          "value": [
            entry("msh", "Apply", clientSide(["f:a": [:], "f:b": [:]])),
            entry("controller", "Update", ["f:data": ["f:c": [:]]]),
          ],
        ],
        ["op": "replace", "path": "/metadata/resourceVersion", "value": "7"],
      ])
  }

  @Test("kubernetes#112905: they are united with what the applier has, from every such manager")
  func unites() {
    let patch = patch([
      entry("msh", "Apply", ["f:data": ["f:a": [:]]]),
      entry("kubectl", "Update", clientSide(["f:b": [:]])),
      entry("before-first-apply", "Update", clientSide(["f:k": ["f:l": [:]]])),
    ])
    #expect(
      patch?.array?.first?["value"] == [
        entry(
          "msh", "Apply",
          [
            "f:data": ["f:a": [:], "f:b": [:], "f:k": ["f:l": [:]]],
            "f:metadata": ["f:annotations": [".": [:], last: [:]]],
          ])
      ])
  }

  @Test("kubectl#1337: other appliers keep what they have, and nothing moves to them")
  func otherAppliers() {
    let other = entry("kubectl", "Apply", clientSide(["f:a": [:]]))
    #expect(patch([other]) == nil)
    let patch = patch([
      other, entry("kubectl-client-side-apply", "Update", clientSide(["f:b": [:]])),
    ])
    let entries = patch?.array?.first?["value"]?.array ?? []
    #expect(entries.contains(other))
    #expect(entries.contains(entry("msh", "Apply", clientSide(["f:b": [:]]))))
    #expect(entries.count == 2)
  }

  @Test("entries of another version, of a subresource, and without the annotation stay")
  func stays() {
    #expect(patch([entry("kubectl", "Update", clientSide([:]), version: "v1beta1")]) == nil)
    #expect(patch([entry("kubectl", "Update", clientSide([:]), subresource: "status")]) == nil)
    #expect(patch([entry("kubectl-edit", "Update", ["f:data": ["f:a": [:]]])]) == nil)
    #expect(patch([]) == nil)
  }
}
