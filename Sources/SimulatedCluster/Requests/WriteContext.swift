// What every write has in common: reading the body, options, and the checks of unknown fields.

import JSON

/// One write on its way: options of the request, and warnings that its answer will carry.
struct Write {
  enum FieldValidation { case ignore, warn, strict }

  var target: ControlPlane.Target
  var manager: String
  var isDryRun = false
  var validation = FieldValidation.warn
  var warnings: [String] = []
  /// Controllers write status together with the rest, and may shape metadata.
  var isController = false

  var type: ResourceType { target.type }
  var isStatus: Bool { target.subresource == "status" }

  init(target: ControlPlane.Target, manager: String) {
    self.target = target
    self.manager = manager
  }

  init(_ request: APIRequest, _ target: ControlPlane.Target) throws(APIError) {
    self.target = target
    manager = request.parameter("fieldManager").flatMap { $0.isEmpty ? nil : $0 } ?? request.agent
    if let dryRun = request.parameter("dryRun") {
      guard dryRun == "All" else {
        throw .invalid(
          kind: Self.optionsKind(request), group: "meta.k8s.io", name: "",
          [.unsupported("dryRun", dryRun, ["All"])])
      }
      isDryRun = true
    }
    switch request.parameter("fieldValidation") {
    case "Strict": validation = .strict
    case "Ignore": validation = .ignore
    case nil, "", "Warn": validation = .warn
    case .some(let other):
      throw .invalid(
        kind: Self.optionsKind(request), group: "meta.k8s.io", name: "",
        [.unsupported("fieldValidation", other, ["Ignore", "Strict", "Warn"])])
    }
  }

  private static func optionsKind(_ request: APIRequest) -> String {
    switch request.method {
    case "POST": "CreateOptions"
    case "PUT": "UpdateOptions"
    default: "PatchOptions"
    }
  }

  /// Who owns what this write changes.
  var fieldManager: ManagedFields.Manager {
    ManagedFields.Manager(
      name: manager, isApply: false, apiVersion: target.apiVersion,
      subresource: target.subresource ?? "")
  }

  /// The object as the server would store it, in the version of the request.
  mutating func normalize(_ object: JSONValue) throws(APIError) -> JSONValue {
    var normalizer = Normalizer(keepsZeroValues: type.isCustom)
    let result: JSONValue?
    do {
      result = try normalizer.normalize(object, type.shape(version: target.version))
    } catch {
      throw .badRequest(
        "\(type.kind) in version \(quoted(target.version)) cannot be handled as a \(type.kind): "
          + "json: cannot unmarshal \(error.found) into Go struct field "
          + "\(type.kind).\(error.path) of type \(error.expected)")
    }
    try report(normalizer.unknown)
    if type.id == "secrets" { try checkEncoding(result ?? [:]) }
    return result ?? [:]
  }

  /// The data of a Secret is bytes, so wrong base64 is a wrong type.
  private func checkEncoding(_ secret: JSONValue) throws(APIError) {
    for (_, value) in secret["data"]?.object ?? JSONObject()
    where Base64.decode(value.string ?? "") == nil {
      throw .badRequest(
        "Secret in version \(quoted(target.version)) cannot be handled as a Secret: illegal base64 "
          + "data")
    }
  }

  private mutating func report(_ unknown: [String]) throws(APIError) {
    let texts = unknown.map { "unknown field \(quoted($0))" }
    guard !texts.isEmpty, validation != .ignore else { return }
    if validation == .warn {
      warnings += texts
      return
    }
    throw .badRequest(
      "\(type.kind) in version \(quoted(target.version)) cannot be handled as a \(type.kind): "
        + "strict decoding error: " + texts.joined(separator: ", "))
  }

  /// Adds the `Warning` headers.
  func answer(_ response: APIResponse) -> APIResponse {
    var response = response
    for warning in warnings {
      response.headers.append(("Warning", "299 - \(quoted(warning))"))
    }
    return response
  }
}

extension ControlPlane {
  /// The body as a value. An apply may be YAML, kubectl's own objects may be protocol buffers.
  func parseBody(_ request: APIRequest) throws(APIError) -> JSONValue {
    if request.contentType == Protobuf.contentType {
      do { return try Protobuf.object(request.body) } catch {
        throw .badRequest("the body cannot be read as protocol buffers: \(error.problem)")
      }
    }
    guard request.contentType.hasSuffix("yaml") else {
      do { return try JSONValue.parse(request.body) } catch {
        throw .badRequest("the body of the request is not valid JSON: \(error)")
      }
    }
    do { return try YAML.parse(String(decoding: request.body, as: UTF8.self)) } catch {
      throw .badRequest("error decoding YAML: \(error)")
    }
  }

  /// The object of a create or update, checked against the path, in the version of the request.
  func decode(_ request: APIRequest, _ write: inout Write) throws(APIError) -> JSONValue {
    let known = ["application/json", "application/yaml", Protobuf.contentType]
    guard known.contains(request.contentType) || request.contentType.isEmpty else {
      throw .unsupportedMediaType(accepted: known)
    }
    var object = try parseBody(request)
    try checkIdentity(&object, write.target)
    return try write.normalize(object)
  }

  /// Compares kind, version, name and namespace with what the path says, and fills in what is missing.
  func checkIdentity(_ object: inout JSONValue, _ target: Target) throws(APIError) {
    guard object.object != nil else {
      throw .badRequest("the object provided is unrecognized: expected a JSON object")
    }
    let kind = object["kind"]?.string ?? ""
    let version = object["apiVersion"]?.string ?? ""
    if target.type.isCustom, kind.isEmpty { throw .badRequest("Object 'Kind' is missing") }
    guard version.isEmpty || version == target.apiVersion else {
      throw .badRequest(
        isServed(kind, version)
          ? "the API version in the data (\(version)) does not match the expected API version "
            + "(\(target.apiVersion))"
          : "\(kind) in version \(quoted(version)) cannot be handled as a \(target.type.kind): "
            + "no kind \(quoted(kind)) is registered for version \(quoted(version))")
    }
    guard kind.isEmpty || kind == target.type.kind else {
      throw .badRequest(
        "\(kind) in version \(quoted(target.version)) cannot be handled as a "
          + "\(target.type.kind): converting (\(target.version).\(kind)) to "
          + "(\(target.version).\(target.type.kind)): unknown conversion")
    }
    object["kind"] = .string(target.type.kind)
    object["apiVersion"] = .string(target.apiVersion)
    if object["metadata"]?.object == nil { object["metadata"] = [:] }
    if let name = target.name {
      guard object.name.isEmpty || object.name == name else {
        throw .badRequest(
          "the name of the object (\(object.name)) does not match the name on the URL (\(name))")
      }
      object.setMeta("name", .string(name))
    }
    guard target.type.isNamespaced else {
      object.setMeta("namespace", nil)
      return
    }
    let namespace = target.namespace ?? ""
    guard object.namespace.isEmpty || object.namespace == namespace else {
      throw .badRequest(
        "the namespace of the provided object does not match the namespace sent on the request")
    }
    object.setMeta("namespace", .string(namespace))
  }

  private func isServed(_ kind: String, _ apiVersion: String) -> Bool {
    types.contains { type in
      type.kind == kind && type.versionNames.contains { type.apiVersion($0) == apiVersion }
    }
  }

  /// The object in the version in which it is stored.
  func stored(_ object: JSONValue, _ target: Target) -> JSONValue {
    var result = Conversion.convert(
      object, type: target.type, from: target.version, to: target.type.storageVersion)
    result["apiVersion"] = .string(target.type.apiVersion(target.type.storageVersion))
    return result
  }
}
