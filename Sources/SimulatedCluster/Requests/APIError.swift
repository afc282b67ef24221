// Failures as the API server words them; each becomes a `Status` object.

import JSON

/// A request that failed: HTTP code, machine-readable reason and the sentence that a person reads.
struct APIError: Error, Sendable {
  var code: Int
  var reason: String
  var message: String
  var details: JSONValue?
  /// How to go on with a list whose pages have expired.
  var continueToken: String?

  /// The `Status` object that goes over the wire.
  var status: JSONValue {
    var result: JSONValue = [
      "kind": "Status", "apiVersion": "v1", "metadata": [:], "status": "Failure",
      "message": .string(message),
    ]
    if let continueToken { result["metadata"] = ["continue": .string(continueToken)] }
    if !reason.isEmpty { result["reason"] = .string(reason) }
    if let details { result["details"] = details }
    result["code"] = .int(Int64(code))
    return result
  }
}

extension APIError {
  static func badRequest(_ message: String) -> APIError {
    APIError(code: 400, reason: "BadRequest", message: message)
  }

  static let unauthorized = APIError(code: 401, reason: "Unauthorized", message: "Unauthorized")

  static func notFound(_ type: ResourceType, _ name: String) -> APIError {
    APIError(
      code: 404, reason: "NotFound", message: "\(type.qualifiedName) \(quoted(name)) not found",
      details: type.details(name))
  }

  /// A path that no resource answers.
  static let noSuchResource = APIError(
    code: 404, reason: "NotFound", message: "the server could not find the requested resource",
    details: [:])

  static let methodNotAllowed = APIError(
    code: 405, reason: "MethodNotAllowed",
    message: "the server does not allow this method on the requested resource", details: [:])

  static let notAcceptable = APIError(
    code: 406, reason: "NotAcceptable", message: "406: Not Acceptable", details: [:])

  /// A patch of a form that the resource does not take.
  static let unsupportedPatch = APIError(
    code: 415, reason: "UnsupportedMediaType", message: "415: Unsupported Media Type", details: [:])

  static func unsupportedMediaType(accepted: [String]) -> APIError {
    APIError(
      code: 415, reason: "UnsupportedMediaType",
      message: "the body of the request was in an unknown format - accepted media types include: "
        + accepted.joined(separator: ", "))
  }

  static func tooLarge(limit: Int) -> APIError {
    APIError(
      code: 413, reason: "RequestEntityTooLarge",
      message: "Request entity too large: limit is \(limit)")
  }

  static func alreadyExists(_ type: ResourceType, _ name: String) -> APIError {
    APIError(
      code: 409, reason: "AlreadyExists",
      message: "\(type.qualifiedName) \(quoted(name)) already exists", details: type.details(name))
  }

  static func modified(_ type: ResourceType, _ name: String) -> APIError {
    conflict(
      type, name,
      "the object has been modified; please apply your changes to the latest version and try again")
  }

  /// A deletion whose precondition does not hold; the server names the kind here, not the resource.
  static func precondition(_ type: ResourceType, _ name: String, _ why: String) -> APIError {
    var details: JSONValue = ["name": .string(name)]
    if !type.group.isEmpty { details["group"] = .string(type.group) }
    details["kind"] = .string(type.kind)
    let qualified = type.group.isEmpty ? type.kind : "\(type.kind).\(type.group)"
    return APIError(
      code: 409, reason: "Conflict",
      message: "Operation cannot be fulfilled on \(qualified) \(quoted(name)): \(why)",
      details: details)
  }

  static func conflict(_ type: ResourceType, _ name: String, _ why: String) -> APIError {
    APIError(
      code: 409, reason: "Conflict",
      message: "Operation cannot be fulfilled on \(type.qualifiedName) \(quoted(name)): \(why)",
      details: type.details(name))
  }

  static func expired(_ message: String) -> APIError {
    APIError(code: 410, reason: "Expired", message: message)
  }

  static func forbidden(_ type: ResourceType, _ name: String, _ why: String) -> APIError {
    let what = name.isEmpty ? type.qualifiedName : "\(type.qualifiedName) \(quoted(name))"
    return APIError(
      code: 403, reason: "Forbidden", message: "\(what) is forbidden: \(why)",
      details: type.details(name))
  }

  /// One wrong field of an object.
  struct Cause: Sendable {
    var reason: String
    var message: String
    var field: String

    static func required(_ field: String, _ why: String = "") -> Cause {
      Cause(
        reason: "FieldValueRequired", message: "Required value" + (why.isEmpty ? "" : ": \(why)"),
        field: field)
    }
    static func invalid(_ field: String, _ value: String, _ why: String) -> Cause {
      Cause(
        reason: "FieldValueInvalid", message: "Invalid value: \(value): \(why)", field: field)
    }
    static func forbidden(_ field: String, _ why: String) -> Cause {
      Cause(reason: "FieldValueForbidden", message: "Forbidden: \(why)", field: field)
    }
    static func unsupported(_ field: String, _ value: String, _ allowed: [String]) -> Cause {
      let list = allowed.map(quoted).joined(separator: ", ")
      return Cause(
        reason: "FieldValueNotSupported",
        message: "Unsupported value: \(quoted(value)): supported values: \(list)", field: field)
    }
  }

  static func invalid(_ type: ResourceType, _ name: String, _ causes: [Cause]) -> APIError {
    invalid(kind: type.kind, group: type.group, name: name, causes)
  }

  static func invalid(kind: String, group: String, name: String, _ causes: [Cause]) -> APIError {
    let texts = causes.map { "\($0.field): \($0.message)" }
    let list = texts.count == 1 ? texts[0] : "[" + texts.joined(separator: ", ") + "]"
    let qualified = group.isEmpty ? kind : "\(kind).\(group)"
    var details: JSONValue = [:]
    if !name.isEmpty { details["name"] = .string(name) }
    if !group.isEmpty { details["group"] = .string(group) }
    details["kind"] = .string(kind)
    details["causes"] = .array(
      causes.map {
        [
          "reason": .string($0.reason), "message": .string($0.message), "field": .string($0.field),
        ]
      })
    return APIError(
      code: 422, reason: "Invalid", message: "\(qualified) \(quoted(name)) is invalid: \(list)",
      details: details)
  }
}

extension ResourceType {
  /// `deployments.apps`, or `pods` for the core group: how messages name the resource.
  var qualifiedName: String { id }

  /// The `details` of a Status that concerns one object.
  func details(_ name: String) -> JSONValue {
    var details: JSONValue = [:]
    if !name.isEmpty { details["name"] = .string(name) }
    if !group.isEmpty { details["group"] = .string(group) }
    details["kind"] = .string(resource)
    return details
  }
}

/// A text in double quotes with escapes, as Go prints it.
func quoted(_ text: String) -> String { JSONValue.string(text).text() }
