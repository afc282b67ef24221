// Which objects of a list or watch are meant: label selector, field selector, namespace.

import JSON

/// The objects that one list or watch is about.
struct Selection: Sendable {
  /// One condition on labels or fields.
  struct Requirement: Sendable {
    enum Test: Sendable {
      case isIn(Set<String>)
      case isNotIn(Set<String>)
      case exists
      case isMissing
    }
    let key: String
    let test: Test

    func matches(_ value: String?) -> Bool {
      switch test {
      case .isIn(let values): value.map(values.contains) ?? false
      case .isNotIn(let values): !(value.map(values.contains) ?? false)
      case .exists: value != nil
      case .isMissing: value == nil
      }
    }
  }

  var namespace: String?
  var labels: [Requirement] = []
  var fields: [Requirement] = []

  func matches(_ object: JSONValue) -> Bool {
    if let namespace, object.namespace != namespace { return false }
    if !labels.isEmpty {
      let own = object.labels
      guard labels.allSatisfy({ $0.matches(own[$0.key]) }) else { return false }
    }
    return fields.allSatisfy { requirement in
      let path = requirement.key.split(separator: ".").map(String.init)
      return requirement.matches(object.at(path).map(Self.text) ?? "")
    }
  }

  private static func text(_ value: JSONValue) -> String { value.string ?? value.text() }

  // MARK: - Parsing

  /// `a=b,c!=d,e in (f,g),h notin (i),j,!k`.
  static func parseLabels(_ text: String) throws(APIError) -> [Requirement] {
    var result: [Requirement] = []
    for part in split(text) {
      guard let requirement = requirement(part) else {
        throw .badRequest("unable to parse requirement: \(quoted(part)) in \(quoted(text))")
      }
      result.append(requirement)
    }
    return result
  }

  /// `metadata.name=x,type!=y`; only fields that the resource can be selected by.
  static func parseFields(
    _ text: String, of type: ResourceType
  ) throws(APIError) -> [Requirement] {
    var allowed = ["metadata.name", "metadata.namespace"]
    allowed += extraFields[type.id] ?? []
    var result: [Requirement] = []
    for part in text.split(separator: ",").map(String.init) {
      guard let requirement = requirement(part), !requirement.isSetBased else {
        throw .badRequest("invalid selector: \(quoted(text)); can't understand \(quoted(part))")
      }
      guard allowed.contains(requirement.key) else {
        let known = allowed.map(quoted).joined(separator: ", ")
        throw .badRequest(
          extraFields[type.id] == nil
            ? "\(quoted(requirement.key)) is not a known field selector: only \(known)"
            : "field label not supported: \(requirement.key)")
      }
      result.append(requirement)
    }
    return result
  }

  private static let extraFields = [
    "secrets": ["type"], "namespaces": ["status.phase"],
    "pods": ["spec.nodeName", "status.phase", "spec.serviceAccountName", "spec.restartPolicy"],
    "events": [
      "involvedObject.kind", "involvedObject.name", "involvedObject.namespace",
      "involvedObject.uid", "reason", "type",
    ],
    "services": ["spec.clusterIP", "spec.type"],
  ]

  /// Splits at commas outside parentheses.
  private static func split(_ text: String) -> [String] {
    var parts: [String] = []
    var current = ""
    var depth = 0
    for character in text {
      if character == "," && depth == 0 {
        parts.append(current)
        current = ""
        continue
      }
      if character == "(" { depth += 1 }
      if character == ")" { depth -= 1 }
      current.append(character)
    }
    return (parts + [current]).map(trimmed).filter { !$0.isEmpty }
  }

  private static func requirement(_ part: String) -> Requirement? {
    if let set = setRequirement(part) { return set }
    for (sign, isEqual) in [("!=", false), ("==", true), ("=", true)] {
      guard let range = firstRange(of: sign, in: part) else { continue }
      let key = trimmed(String(part[..<range.lowerBound]))
      let value = trimmed(String(part[range.upperBound...]))
      guard isKey(key) else { return nil }
      return Requirement(key: key, test: isEqual ? .isIn([value]) : .isNotIn([value]))
    }
    if part.hasPrefix("!") {
      let key = trimmed(String(part.dropFirst()))
      return isKey(key) ? Requirement(key: key, test: .isMissing) : nil
    }
    return isKey(part) ? Requirement(key: part, test: .exists) : nil
  }

  private static func setRequirement(_ part: String) -> Requirement? {
    guard part.hasSuffix(")"), let open = part.firstIndex(of: "(") else { return nil }
    let words = part[..<open].split(separator: " ").map(String.init)
    guard words.count == 2, isKey(words[0]) else { return nil }
    let values = Set(
      part[part.index(after: open)...].dropLast().split(
        separator: ",", omittingEmptySubsequences: false
      ).map { trimmed(String($0)) })
    switch words[1] {
    case "in": return Requirement(key: words[0], test: .isIn(values))
    case "notin": return Requirement(key: words[0], test: .isNotIn(values))
    default: return nil
    }
  }

  private static func firstRange(of sign: String, in text: String) -> Range<String.Index>? {
    var index = text.startIndex
    while index < text.endIndex {
      if text[index...].hasPrefix(sign) {
        return index..<text.index(index, offsetBy: sign.count)
      }
      index = text.index(after: index)
    }
    return nil
  }

  private static func isKey(_ text: String) -> Bool {
    !text.isEmpty
      && text.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"):
          true
        default: "-_./".utf8.contains(byte)
        }
      }
  }

  private static func trimmed(_ text: String) -> String {
    String(text.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
  }
}

extension Selection.Requirement {
  /// True for tests that field selectors do not have.
  fileprivate var isSetBased: Bool {
    switch test {
    case .isIn(let values), .isNotIn(let values): values.count > 1
    case .exists, .isMissing: true
    }
  }
}
