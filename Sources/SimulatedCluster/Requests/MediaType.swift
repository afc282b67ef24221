// The `Accept` header: which of the forms of an answer the client prefers.

/// One entry of an `Accept` header.
struct MediaType: Equatable {
  let name: String
  let parameters: [String: String]

  /// The entries in the client's order. Kubernetes' clients never send weights that differ from it.
  static func parse(_ accept: String) -> [MediaType] {
    accept.split(separator: ",").map { entry in
      let parts = entry.split(separator: ";").map { trimmed($0) }
      var parameters: [String: String] = [:]
      for part in parts.dropFirst() {
        let sides = part.split(separator: "=", maxSplits: 1).map { trimmed($0) }
        if sides.count == 2 { parameters[sides[0]] = sides[1] }
      }
      return MediaType(name: parts.first?.lowercased() ?? "", parameters: parameters)
    }
  }

  /// True for JSON and for wildcards.
  var allowsJSON: Bool { ["application/json", "application/*", "*/*", ""].contains(name) }

  static func trimmed(_ text: some StringProtocol) -> String {
    String(text.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
  }
}

/// The form in which objects are written.
enum ObjectForm: Hashable, Sendable {
  case plain
  /// Columns and cells, computed by the server.
  case table(Rows)
  /// Metadata only.
  case partial

  /// What a table's rows carry of their objects (`includeObject`).
  enum Rows: String, Hashable, Sendable {
    case metadata = "Metadata"
    case object = "Object"
    case none = "None"
  }

  /// The first form of the `Accept` header that the server has.
  static func negotiate(_ request: APIRequest) throws(APIError) -> ObjectForm {
    if request.accept.isEmpty { return .plain }
    for type in MediaType.parse(request.accept) where type.allowsJSON {
      switch type.parameters["as"] {
      case nil: return .plain
      case "Table":
        let rows = request.parameter("includeObject").flatMap(Rows.init) ?? .metadata
        return .table(rows)
      case "PartialObjectMetadata", "PartialObjectMetadataList": return .partial
      default: continue
      }
    }
    throw .notAcceptable
  }
}
