// Custom resource definitions: they add resources, get their status, and take their objects with them.

import JSON

extension ControlPlane {
  /// Rebuilds the rows that come from definitions.
  mutating func refreshTypes() {
    let own = types.filter { !$0.isCustom }
    types = own + storage.all(Self.definitions).compactMap(ResourceType.init(definition:))
  }

  mutating func reconcileDefinition(_ definition: JSONValue) {
    guard !definition.isBeingDeleted else { return }
    var changed = definition
    let versions = definition.at(["spec", "versions"])?.array ?? []
    let stored = versions.filter { $0["storage"]?.bool ?? false }.compactMap { $0["name"] }
    changed.set(definition.at(["spec", "names"]), at: ["status", "acceptedNames"])
    changed.set(.array(stored), at: ["status", "storedVersions"])
    let names = condition(
      "NamesAccepted", true, reason: "NoConflicts", message: "no conflicts found", in: definition)
    let established = condition(
      "Established", true, reason: "InitialNamesAccepted",
      message: "the initial names have been accepted", in: definition)
    changed.set([names, established], at: ["status", "conditions"])
    write(changed, Self.definitions, status: true)
  }

  /// Removes the objects of a deleted definition. Its row is gone already, so it is made once more.
  mutating func removeInstances(of definition: JSONValue) {
    guard let type = ResourceType(definition: definition), self.type(type.id) == nil else { return }
    for object in storage.all(type.id) { remove(object, type) }
  }
}
