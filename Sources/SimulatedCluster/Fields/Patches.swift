// Patches by value: RFC 6902 JSON patch, RFC 7386 merge patch, Kubernetes' strategic merge patch.

import JSON

/// Null removes, objects merge, everything else replaces.
enum MergePatch {
  static func apply(_ patch: JSONValue, to value: JSONValue) -> JSONValue {
    guard let changes = patch.object else { return patch }
    var result = value.object ?? JSONObject()
    for (key, change) in changes {
      result[key] = change.isNull ? nil : apply(change, to: result[key] ?? .null)
    }
    return .object(result)
  }
}

/// A list of operations, applied as a whole or not at all.
enum JSONPatch {
  static func apply(_ patch: JSONValue, to value: JSONValue) throws(APIError) -> JSONValue {
    guard let operations = patch.array else {
      throw .badRequest("error decoding patch: a JSON patch is an array of operations")
    }
    var result = value
    for operation in operations {
      let name = operation["op"]?.string ?? ""
      let path = try pointer(operation["path"])
      switch name {
      case "add": result = try add(operation["value"] ?? .null, at: path[...], to: result)
      case "remove": result = try remove(path[...], from: result)
      case "replace":
        _ = try read(path, in: result)
        result = try replace(operation["value"] ?? .null, at: path[...], in: result)
      case "test":
        guard try read(path, in: result) == operation["value"] ?? .null else {
          throw rejected
        }
      case "move", "copy":
        let from = try pointer(operation["from"])
        let moved = try read(from, in: result)
        if name == "move" { result = try remove(from[...], from: result) }
        result = try add(moved, at: path[...], to: result)
      default: throw .badRequest("error decoding patch: unknown operation \(quoted(name))")
      }
    }
    return result
  }

  private static func pointer(_ value: JSONValue?) throws(APIError) -> [String] {
    guard let text = value?.string, text.isEmpty || text.hasPrefix("/") else {
      throw .badRequest("error decoding patch: an operation needs a path that begins with /")
    }
    return text.split(separator: "/", omittingEmptySubsequences: false).dropFirst().map {
      unescaped(String($0))
    }
  }

  private static func unescaped(_ text: String) -> String {
    var result = ""
    var rest = text[...]
    while let character = rest.popFirst() {
      guard character == "~", let escape = rest.popFirst() else {
        result.append(character)
        continue
      }
      result.append(escape == "1" ? "/" : "~")
    }
    return result
  }

  private static func read(_ path: [String], in value: JSONValue) throws(APIError) -> JSONValue {
    var result = value
    for step in path {
      var next = result[step]
      if let array = result.array, let index = Int(step), array.indices.contains(index) {
        next = array[index]
      }
      guard let next else { throw rejected }
      result = next
    }
    return result
  }

  private static func add(
    _ new: JSONValue, at path: ArraySlice<String>, to value: JSONValue
  ) throws(APIError) -> JSONValue {
    guard let step = path.first else { return new }
    if var array = value.array {
      let index = step == "-" ? array.count : Int(step) ?? -1
      if path.count == 1 {
        guard (0...array.count).contains(index) else { throw rejected }
        array.insert(new, at: index)
      } else {
        guard array.indices.contains(index) else { throw rejected }
        array[index] = try add(new, at: path.dropFirst(), to: array[index])
      }
      return .array(array)
    }
    guard var object = value.object else { throw rejected }
    if path.count == 1 {
      object[step] = new
    } else {
      guard let child = object[step] else { throw rejected }
      object[step] = try add(new, at: path.dropFirst(), to: child)
    }
    return .object(object)
  }

  private static func replace(
    _ new: JSONValue, at path: ArraySlice<String>, in value: JSONValue
  ) throws(APIError) -> JSONValue {
    guard let step = path.first else { return new }
    if var array = value.array, let index = Int(step), array.indices.contains(index) {
      array[index] = try replace(new, at: path.dropFirst(), in: array[index])
      return .array(array)
    }
    var object = value
    object[step] = try replace(new, at: path.dropFirst(), in: value[step] ?? .null)
    return object
  }

  private static func remove(
    _ path: ArraySlice<String>, from value: JSONValue
  ) throws(APIError) -> JSONValue {
    guard let step = path.first else { return .null }
    if var array = value.array {
      guard let index = Int(step), array.indices.contains(index) else {
        throw rejected
      }
      if path.count == 1 {
        array.remove(at: index)
      } else {
        array[index] = try remove(path.dropFirst(), from: array[index])
      }
      return .array(array)
    }
    guard var object = value.object, let child = object[step] else {
      throw rejected
    }
    object[step] = path.count == 1 ? nil : try remove(path.dropFirst(), from: child)
    return .object(object)
  }

  /// The server does not say what was wrong.
  private static var rejected: APIError {
    APIError(
      code: 422, reason: "Invalid",
      message: "the server rejected our request due to an error in our request", details: [:])
  }
}

/// Merge patch in which the lists with keys are merged by their first key.
///
/// Supported directives: `$patch: delete` and `$patch: replace`, `$deleteFromPrimitiveList/…`,
/// `$retainKeys`. `$setElementOrder/…` is accepted; the order of the live list stays.
enum StrategicPatch {
  static func apply(_ patch: JSONValue, to value: JSONValue, shape: Shape) -> JSONValue {
    guard var changes = patch.object else { return patch }
    if changes["$patch"]?.string == "replace" {
      changes["$patch"] = nil
      return .object(changes)
    }
    var result = value.object ?? JSONObject()
    if let retained = changes["$retainKeys"]?.array?.compactMap(\.string) {
      for key in result.keys where !retained.contains(key) { result[key] = nil }
    }
    for (key, change) in changes where !key.hasPrefix("$") {
      if change.isNull {
        result[key] = nil
        continue
      }
      result[key] = merge(change, into: result[key], shape.member(key))
    }
    for (key, change) in changes {
      guard let name = suffix(key, "$deleteFromPrimitiveList/"), let list = result[name]?.array
      else { continue }
      let gone = change.array ?? []
      result[name] = .array(list.filter { !gone.contains($0) })
    }
    return .object(result)
  }

  private static func suffix(_ key: String, _ prefix: String) -> String? {
    key.hasPrefix(prefix) ? String(key.dropFirst(prefix.count)) : nil
  }

  private static func merge(
    _ change: JSONValue, into value: JSONValue?, _ shape: Shape
  ) -> JSONValue {
    switch change {
    case .object: return apply(change, to: value ?? [:], shape: shape)
    case .array(let changes):
      guard case .list(let element, let kind) = shape.resolved else { return change }
      switch kind {
      case .atomic: return change
      case .set:
        let old = value?.array ?? []
        return .array(old + changes.filter { !old.contains($0) })
      case .keyed(let keys):
        return .array(merge(changes, into: value?.array ?? [], element, keys.first ?? "name"))
      }
    default: return change
    }
  }

  private static func merge(
    _ changes: [JSONValue], into list: [JSONValue], _ shape: Shape, _ key: String
  ) -> [JSONValue] {
    if changes.contains(where: { $0["$patch"]?.string == "replace" }) {
      return changes.filter { $0["$patch"] == nil }
    }
    var result = list
    var added: [JSONValue] = []
    for change in changes {
      let index = result.firstIndex { $0[key] == change[key] }
      if change["$patch"]?.string == "delete" {
        if let index { result.remove(at: index) }
        continue
      }
      if let index {
        result[index] = apply(change, to: result[index], shape: shape)
      } else {
        added.append(change)
      }
    }
    // New elements come first, as on a real server.
    return added + result
  }
}
