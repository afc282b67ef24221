// Operations on a value whose shape is known: the fields it sets, comparing, merging, removing.
//
// These are the primitives of server-side apply. A list with keys is addressed by its key fields, a
// set by its values, an atomic list or object as a whole.

import JSON

/// A value with its shape.
struct TypedValue {
  var value: JSONValue
  let shape: Shape

  /// A list that its type describes as keyed or as a set, but whose elements do not fit.
  struct ListError: Error {
    let path: String
    let problem: String
  }

  /// What one value has against another.
  struct Comparison {
    var added = FieldSet()
    var modified = FieldSet()
    var removed = FieldSet()
  }

  // MARK: - Elements of lists

  /// How an element of a list is addressed; nil when it lacks a key.
  static func element(_ value: JSONValue, _ kind: Shape.ListKind) -> PathElement? {
    switch kind {
    case .atomic: return nil
    case .set: return .value(value.text(sortedKeys: true))
    case .keyed(let keys):
      var key = JSONObject()
      for name in keys.sorted() {
        // The only key with a default: a port without protocol is a TCP port.
        guard let part = value[name] ?? (name == "protocol" ? "TCP" : nil) else { continue }
        key.append(name, part)
      }
      return key.isEmpty ? nil : .key(JSONValue.object(key).text())
    }
  }

  /// The elements of a list by their address, in order.
  private static func elements(
    _ list: [JSONValue], _ kind: Shape.ListKind
  ) -> [(PathElement, JSONValue)] {
    list.compactMap { value in element(value, kind).map { ($0, value) } }
  }

  // MARK: - Fields

  /// The paths of all fields that the value sets.
  func fields() -> FieldSet { Self.fields(value, shape) }

  private static func fields(_ value: JSONValue, _ shape: Shape) -> FieldSet {
    var result = FieldSet()
    switch value {
    case .object(let object) where !shape.isAtomic:
      for (key, member) in object { add(.field(key), member, shape, key, to: &result) }
    case .array(let list):
      guard case .list(let inner, let kind) = shape.resolved else { break }
      for (element, item) in elements(list, kind) {
        result.insert(element)
        result.setBelow(element, fields(item, inner))
      }
    default: break
    }
    return result
  }

  private static func add(
    _ element: PathElement, _ value: JSONValue, _ shape: Shape, _ key: String,
    to result: inout FieldSet
  ) {
    let memberShape = shape.member(key)
    let below = fields(value, memberShape)
    // A key of a map is owned itself, a named field only through what is in it.
    if below.isEmpty || !shape.names(key) { result.insert(element) }
    result.setBelow(element, below)
  }

  /// A set in which an owner of a whole map or list, none of whose parts it owns, owns all parts. The
  /// server reads a set this way since fields may have been atomic when it was written.
  func reconciled(_ set: FieldSet) -> FieldSet { Self.reconcile(set, value, shape) }

  private static func reconcile(
    _ set: FieldSet, _ value: JSONValue, _ shape: Shape
  ) -> FieldSet {
    guard let object = value.object, !shape.isAtomic else { return set }
    var result = set
    for (key, member) in object {
      let element = PathElement.field(key)
      let below = set.below(element)
      let inner = shape.member(key)
      if set.contains(element), below.isEmpty {
        result.setBelow(element, fields(member, inner))
      } else if !below.isEmpty {
        result.setBelow(element, reconcile(below, member, inner))
      }
    }
    return result
  }

  // MARK: - Comparing

  /// What `new` adds, changes and lacks against this value.
  func compare(to new: JSONValue) -> Comparison {
    var result = Comparison()
    Self.compare(value, new, shape, [], &result)
    return result
  }

  private static func compare(
    _ old: JSONValue, _ new: JSONValue, _ shape: Shape, _ path: [PathElement],
    _ result: inout Comparison
  ) {
    if old == new { return }
    switch (old, new) {
    case (.object(let old), .object(let new)) where !shape.isAtomic:
      for (key, oldValue) in old {
        let place = path + [.field(key)]
        guard let newValue = new[key] else {
          note(oldValue, shape.member(key), place, &result.removed)
          continue
        }
        compare(oldValue, newValue, shape.member(key), place, &result)
      }
      for (key, newValue) in new where old[key] == nil {
        note(newValue, shape.member(key), path + [.field(key)], &result.added)
      }
    case (.array(let oldList), .array(let newList)):
      compareLists(oldList, newList, shape, path, &result)
    default:
      if !path.isEmpty { result.modified.insert(path) }
    }
  }

  private static func compareLists(
    _ oldList: [JSONValue], _ newList: [JSONValue], _ shape: Shape, _ path: [PathElement],
    _ result: inout Comparison
  ) {
    guard case .list(let inner, let kind) = shape.resolved, kind != .atomic else {
      result.modified.insert(path)
      return
    }
    let old = Dictionary(elements(oldList, kind)) { first, _ in first }
    let new = Dictionary(elements(newList, kind)) { first, _ in first }
    for (element, value) in old {
      guard let other = new[element] else {
        note(value, inner, path + [element], &result.removed, isInside: true)
        continue
      }
      compare(value, other, inner, path + [element], &result)
    }
    for (element, value) in new where old[element] == nil {
      note(value, inner, path + [element], &result.added, isInside: true)
    }
  }

  /// Notes a value that is on one side only. The objects that every instance of a kind has, such as
  /// `spec`, are noted through their fields only; maps and lists, and whatever is inside of a new
  /// element, are noted themselves as well.
  private static func note(
    _ value: JSONValue, _ shape: Shape, _ path: [PathElement], _ set: inout FieldSet,
    isInside: Bool = false
  ) {
    var isInside = isInside
    if case .object = shape.resolved, !value.isEmptyOrNull, !shape.isAtomic, !isInside {
    } else {
      set.insert(path)
    }
    if shape.isAtomic { return }
    switch value {
    case .object(let object):
      if case .object = shape.resolved {} else { isInside = true }
      for (key, member) in object {
        note(member, shape.member(key), path + [.field(key)], &set, isInside: isInside)
      }
    case .array(let list):
      guard case .list(let inner, let kind) = shape.resolved else { return }
      for (element, item) in elements(list, kind) {
        note(item, inner, path + [element], &set, isInside: true)
      }
    default: return
    }
  }

  // MARK: - Merging

  /// This value with everything that `other` sets.
  func merging(_ other: JSONValue) -> JSONValue { Self.merge(value, other, shape) }

  private static func merge(_ old: JSONValue, _ new: JSONValue, _ shape: Shape) -> JSONValue {
    switch (old, new) {
    case (.object(var result), .object(let new)) where !shape.isAtomic:
      for (key, value) in new {
        result[key] = result[key].map { merge($0, value, shape.member(key)) } ?? value
      }
      return .object(result)
    case (.array(let oldList), .array(let newList)):
      guard case .list(let inner, let kind) = shape.resolved, kind != .atomic else { return new }
      return .array(mergeLists(oldList, newList, inner, kind))
    default: return new
    }
  }

  /// Elements of both lists: those that were applied in their order, the others where they stood.
  private static func mergeLists(
    _ oldList: [JSONValue], _ newList: [JSONValue], _ shape: Shape, _ kind: Shape.ListKind
  ) -> [JSONValue] {
    let old = elements(oldList, kind)
    let new = elements(newList, kind)
    let applied = Set(new.map(\.0))
    let existing = Dictionary(old) { first, _ in first }
    var result: [JSONValue] = []
    var rest = old[...]
    for (element, value) in new {
      let isKnown = existing[element] != nil
      while isKnown, let next = rest.first, next.0 != element {
        if !applied.contains(next.0) { result.append(next.1) }
        rest = rest.dropFirst()
      }
      if rest.first?.0 == element { rest = rest.dropFirst() }
      result.append(existing[element].map { merge($0, value, shape) } ?? value)
    }
    return result + rest.filter { !applied.contains($0.0) }.map(\.1)
  }

  // MARK: - Removing

  /// The value without the fields of a set.
  func removing(_ set: FieldSet) -> JSONValue { Self.remove(set, from: value, shape) }

  private static func remove(_ set: FieldSet, from value: JSONValue, _ shape: Shape) -> JSONValue {
    if set.isEmpty || shape.isAtomic { return value }
    switch value {
    case .object(let object):
      var result = JSONObject()
      for (key, member) in object {
        let element = PathElement.field(key)
        if set.contains(element) { continue }
        let kept = remove(set.below(element), from: member, shape.member(key))
        // An object that loses its last field goes as well.
        if kept.isEmptyOrNull, !member.isEmptyOrNull { continue }
        result.append(key, kept)
      }
      return .object(result)
    case .array(let list):
      guard case .list(let inner, let kind) = shape.resolved else { return value }
      return .array(
        list.compactMap { item in
          guard let element = element(item, kind) else { return item }
          return set.contains(element) ? nil : remove(set.below(element), from: item, inner)
        })
    default: return value
    }
  }
}
