// What can be waited for, and how to see in an object whether it has come about: the rules of
// `kubectl wait` and `kubectl rollout status`.

import JSON

/// How far an object is on the way to what is waited for.
public enum WaitVerdict: Sendable, Hashable {
  /// It is there.
  case met
  /// Not yet, and why.
  case pending(String)
  /// Never, and why.
  case failed(String)
}

/// The state of an object that a wait is for.
public enum WaitCondition: Sendable, Hashable, CustomStringConvertible {
  /// A condition of `status.conditions` has a value; both compare without regard to case.
  case condition(String, value: String)
  /// The object exists.
  case created
  /// The object, or the one of that UID, exists no more.
  case deleted(uid: String?)
  /// A JSONPath finds exactly one field, with a value where one is given.
  case field(JSONPath, value: String?)
  /// All pods of a Deployment, DaemonSet or StatefulSet are of its newest template, and available.
  case rollout

  /// Reads what `kubectl wait --for` takes, and `rollout`: `condition=Name`, `condition=Name=value`,
  /// `create`, `delete`, `jsonpath={.path}`, `jsonpath={.path}=value`; nil for anything else.
  public init?(_ text: String) {
    let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    switch (parts[0].lowercased(), parts.count) {
    case ("create", 1): self = .created
    case ("delete", 1): self = .deleted(uid: nil)
    case ("rollout", 1): self = .rollout
    case ("condition", 2):
      let halves = parts[1].split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard let name = halves.first, !name.isEmpty else { return nil }
      self = .condition(String(name), value: halves.count == 2 ? String(halves[1]) : "true")
    case ("jsonpath", 2):
      guard let (path, value) = Self.field(parts[1]) else { return nil }
      self = .field(path, value: value)
    default: return nil
    }
  }

  /// `{.path}` or `{.path}=value`; quotes around either are kubectl's habit.
  private static func field(_ text: Substring) -> (JSONPath, String?)? {
    var text = text
    if text.count >= 2, let quote = text.first, quote == "'" || quote == "\"", text.last == quote {
      text = text.dropFirst().dropLast()
    }
    guard let end = text.firstRange(of: "}=") else {
      return JSONPath(String(text)).map { ($0, nil) }
    }
    var value = text[end.upperBound...]
    while let quote = value.first, quote == "'" || quote == "\"" { value = value.dropFirst() }
    while let quote = value.last, quote == "'" || quote == "\"" { value = value.dropLast() }
    let path = JSONPath(String(text[...end.lowerBound]))
    return value.isEmpty ? nil : path.map { ($0, String(value)) }
  }

  /// As `init(_:)` reads it.
  public var description: String {
    switch self {
    case .condition(let name, "true"): "condition=\(name)"
    case .condition(let name, let value): "condition=\(name)=\(value)"
    case .created: "create"
    case .deleted: "delete"
    case .field(let path, nil): "jsonpath=\(path)"
    case .field(let path, let value?): "jsonpath=\(path)=\(value)"
    case .rollout: "rollout"
    }
  }

  /// Looks at the object as it is now; nil when there is none.
  public func verdict(on object: JSONValue?) -> WaitVerdict {
    guard let object else { return verdictOnMissing }
    switch self {
    case .created: return .met
    case .deleted(let uid): return deletionVerdict(object, uid)
    case .condition(let name, let value): return conditionVerdict(object, name, value)
    case .field(let path, let value): return fieldVerdict(object, path, value)
    case .rollout: return Rollout(object).verdict
    }
  }

  private var verdictOnMissing: WaitVerdict {
    switch self {
    case .deleted: .met
    case .created: .pending("it does not exist")
    case .condition, .field, .rollout: .failed("it does not exist")
    }
  }

  private func deletionVerdict(_ object: JSONValue, _ uid: String?) -> WaitVerdict {
    if let uid, let current = object[path: "metadata", "uid"]?.string, current != uid {
      return .met
    }
    guard object[path: "metadata", "deletionTimestamp"] != nil else {
      return .pending("it exists and is not being deleted")
    }
    let finalizers =
      (object[path: "metadata", "finalizers"]?.array ?? [])
      + (object[path: "spec", "finalizers"]?.array ?? [])
    let names = finalizers.compactMap(\.string).joined(separator: ", ")
    return .pending(names.isEmpty ? "it is being deleted" : "it waits for finalizers: \(names)")
  }

  private func conditionVerdict(
    _ object: JSONValue, _ name: String, _ value: String
  ) -> WaitVerdict {
    let conditions = object[path: "status", "conditions"]?.array ?? []
    let found = conditions.first { $0["type"]?.string?.lowercased() == name.lowercased() }
    guard let condition = found else { return .pending("it has no condition \(name)") }
    let observed =
      condition["observedGeneration"]?.int ?? object[path: "status", "observedGeneration"]?.int
    if let observed, let generation = object[path: "metadata", "generation"]?.int,
      observed < generation
    {
      return .pending("its condition \(name) is of an earlier generation")
    }
    let status = condition["status"]?.string ?? ""
    guard status.lowercased() != value.lowercased() else { return .met }
    let reasons = [condition["reason"]?.string, condition["message"]?.string]
    let reason = reasons.compactMap(\.self).filter { !$0.isEmpty }.joined(separator: ": ")
    return .pending("its condition \(name) is \(status)" + (reason.isEmpty ? "" : " (\(reason))"))
  }

  private func fieldVerdict(
    _ object: JSONValue, _ path: JSONPath, _ value: String?
  ) -> WaitVerdict {
    let found = path.values(in: object)
    guard let first = found.first else { return .pending("it has no \(path)") }
    guard found.count == 1 else { return .failed("\(path) finds \(found.count) values, not one") }
    guard let value else { return .met }
    guard let text = first.scalarText else {
      return .failed("\(path) is no single value")
    }
    let isEqual = text.trimmingSpaces() == value.trimmingSpaces()
    return isEqual ? .met : .pending("its \(path) is \(text)")
  }
}

extension JSONValue {
  /// The text of a string, number or bool; nil for anything else.
  package var scalarText: String? {
    switch self {
    case .string(let string): string
    case .bool, .int, .double: text()
    case .null, .array, .object: nil
    }
  }
}
