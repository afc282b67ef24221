// Conflicts of server-side apply: who owns which field, and the ways out.

/// Fields that another manager owns with another value than the one that was applied.
public struct FieldConflict: Sendable, Hashable {
  /// The manager, such as `kubectl-client-side-apply`.
  public let manager: String
  /// The subresource through which it wrote, such as `scale`; empty for the object itself.
  public let subresource: String
  /// The version that it wrote in, such as `apps/v1`; empty for one that applies.
  public let apiVersion: String
  /// Paths such as `.spec.replicas`.
  public let fields: [String]

  /// Reads a cause's message: `conflict with "kubectl" with subresource "scale" using apps/v1`.
  init(message: String, field: String) {
    var words = Self.quoted(message)
    manager = words.isEmpty ? "another manager" : words.removeFirst()
    subresource = message.firstRange(of: "with subresource \"") == nil ? "" : words.first ?? ""
    let using = message.firstRange(of: " using ")
    apiVersion = using.map { String(message[$0.upperBound...].prefix { $0 != " " }) } ?? ""
    fields = [field]
  }

  private init(_ first: FieldConflict, fields: [String]) {
    manager = first.manager
    subresource = first.subresource
    apiVersion = first.apiVersion
    self.fields = fields
  }

  /// What stands in double quotes, in which Go's backslashes take the next character as it is.
  private static func quoted(_ text: String) -> [String] {
    var words: [String] = []
    var word: String?
    var isEscaped = false
    for character in text {
      if isEscaped {
        word?.append(character)
        isEscaped = false
      } else if character == "\\", word != nil {
        isEscaped = true
      } else if character == "\"" {
        if let done = word { words.append(done) }
        word = word == nil ? "" : nil
      } else {
        word?.append(character)
      }
    }
    return words
  }

  /// One entry a manager, in the server's order.
  static func grouped(_ conflicts: [FieldConflict]) -> [FieldConflict] {
    var groups: [FieldConflict] = []
    for conflict in conflicts {
      let index = groups.firstIndex {
        ($0.manager, $0.subresource, $0.apiVersion)
          == (conflict.manager, conflict.subresource, conflict.apiVersion)
      }
      if let index {
        groups[index] = FieldConflict(groups[index], fields: groups[index].fields + conflict.fields)
      } else {
        groups.append(conflict)
      }
    }
    return groups
  }

  /// `kubectl owns .spec.replicas, .spec.paused`, with the subresource where there is one.
  public var text: String {
    let through = subresource.isEmpty ? "" : " (through \(subresource))"
    return "\(manager)\(through) owns \(fields.joined(separator: ", "))"
  }

  /// What can be done about a conflict: three ways, in words.
  public static let waysOut = [
    "apply with force to take the fields over",
    "leave the fields out to let their owners keep them",
    "give them the values that they have to own them together",
  ]
}

extension APIError {
  /// The conflicts of a server-side apply, an entry for each manager; empty for any other error.
  public var conflicts: [FieldConflict] {
    FieldConflict.grouped(
      causes.filter { $0.reason == "FieldManagerConflict" }
        .map { FieldConflict(message: $0.message, field: $0.field) })
  }
}
