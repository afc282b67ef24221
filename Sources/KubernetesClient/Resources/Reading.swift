// Reads: the server's version, one object, lists, and any path.

import JSON

/// What an API server says it is.
public struct ServerVersion: Sendable, Hashable, CustomStringConvertible {
  /// The major number, such as 1.
  public let major: Int
  /// The minor number, such as 29; `29+` counts as 29.
  public let minor: Int
  /// The whole version, such as `v1.29.3-gke.100`.
  public let gitVersion: String

  /// The whole version.
  public var description: String { gitVersion }
}

extension KubernetesClient {
  /// The API server's version (GET /version). Needs no more than that the server can be reached.
  public func serverVersion() async throws -> ServerVersion {
    let call = Call(verb: "version", object: "", path: "/version")
    let value = try await json(call)
    let number = { (field: String) in
      Int((value[field]?.string ?? "").prefix { $0.isASCII && $0.isNumber }) ?? 0
    }
    return ServerVersion(
      major: number("major"), minor: number("minor"),
      gitVersion: value["gitVersion"]?.string ?? "")
  }

  /// Reads one object; a missing one is an error with status 404.
  ///
  /// - Parameter form: `.metadata` asks for the object's metadata only.
  public func get(
    _ type: ResourceType, name: String, namespace: String? = nil, subresource: String? = nil,
    form: ObjectForm = .whole
  ) async throws -> JSONValue {
    var call = try call(
      "get", type, name: name, namespace: namespace, subresource: subresource)
    call.accept = form.accept(kind: "PartialObjectMetadata")
    let object = try await json(call)
    return form == .metadata ? form.reduce(object, type) : object
  }

  /// Reads one object, nil when the server answers 404.
  public func getIfPresent(
    _ type: ResourceType, name: String, namespace: String? = nil
  ) async throws -> JSONValue? {
    do {
      return try await get(type, name: name, namespace: namespace)
    } catch let error as APIError where error.status == 404 {
      return nil
    }
  }

  /// Reads all objects that fit the selectors, in pages; `namespace` nil means all namespaces. Each
  /// item has its apiVersion and kind.
  ///
  /// - Parameters:
  ///   - resourceVersion: The version to list at or from, see `match`; nil means the newest.
  ///   - match: How exactly `resourceVersion` is meant; only together with it.
  ///   - form: `.metadata` asks for the objects' metadata only.
  ///   - pageSize: Objects in a request; KEP-365 advises 500.
  /// - Returns: The items, and the resource version of the list, to watch from: the first page's.
  public func list(
    _ type: ResourceType, namespace: String? = nil, labels: String? = nil, fields: String? = nil,
    resourceVersion: String? = nil, match: VersionMatch? = nil, form: ObjectForm = .whole,
    pageSize: Int = 500
  ) async throws -> (items: [JSONValue], resourceVersion: String) {
    var call = Call(
      verb: "list", object: type.describe(namespace: namespace),
      path: try collectionPath(type, namespace: namespace, verb: "list"))
    call.accept = form.accept(kind: "PartialObjectMetadataList")
    var pager = Pager(
      selectors: [("labelSelector", labels), ("fieldSelector", fields)],
      resourceVersion: resourceVersion, match: match, pageSize: pageSize)
    var items: [JSONValue] = []
    var version = ""
    while let query = pager.next {
      call.query = query
      do {
        let page = try await self.list(call)
        let metadata = page.page["metadata"]
        items += Self.items(of: page, type, form)
        if version.isEmpty { version = metadata?["resourceVersion"]?.string ?? "" }
        pager.received(metadata?["continue"]?.string)
      } catch let error as APIError where pager.canRestart(after: error) {
        // The pages' snapshot is gone: everything at once instead.
        (items, version) = ([], "")
        pager.restart()
      }
    }
    return (items, version)
  }

  /// Sends any request; `path` may have a query of its own. JSON answers come as values, text as a
  /// string. Only GET, HEAD, PUT and DELETE are tried again when a connection breaks.
  public func raw(
    method: String = "GET", path: String, query: [(String, String)] = [], body: JSONValue? = nil,
    contentType: String = "application/json", accept: String = "application/json, */*"
  ) async throws -> JSONValue {
    let method = method.uppercased()
    let parts = path.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    let place = parts[0].hasPrefix("/") ? String(parts[0]) : "/" + parts[0]
    guard !path.utf8.contains(where: { $0 <= 0x20 || $0 == 0x7F }) else {
      throw purpose(method, path).invalid("a path cannot contain spaces or control characters")
    }
    var call = Call(verb: method, object: place, method: method, path: place)
    call.encodedQuery = parts.count == 2 ? String(parts[1]) : ""
    call.query = query.map { ($0.0, $0.1) }
    call.accept = accept
    call.isReplayable = ["GET", "HEAD", "PUT", "DELETE"].contains(method)
    if !call.isReplayable { call.advice = "look there before sending it again" }
    if let body {
      call.body = body.bytes()
      call.contentType = contentType
    }
    let response = try await send(call)
    if let value = try? JSONValue.parse(response.body) { return value }
    return .string(String(decoding: response.body, as: UTF8.self))
  }

  // MARK: Parts

  // These throw only APIError, but do not say so: the optimiser of Swift 6.3 crashes on an async function
  // that passes such a typed error on.

  /// Sends a call and reads its answer as JSON.
  func json(_ call: Call) async throws -> JSONValue {
    try parse(try await send(call), call)
  }

  /// Reads a call's answer as JSON; anything else is no answer of an API server.
  func parse(_ response: HTTPResponse, _ call: Call) throws -> JSONValue {
    do {
      return try JSONValue.parse(response.body)
    } catch {
      throw broken(response, body: response.body, error, call)
    }
  }

  /// The error of an answer that is no JSON; `body` is at least its beginning.
  func broken(
    _ response: HTTPResponse, body: [UInt8], _ error: JSONError, _ call: Call
  ) -> APIError {
    let type = response.head.header("content-type") ?? ""
    guard type.hasPrefix("application/json") else {
      return purpose(of: call).notKubernetes(response.head, body: body)
    }
    return purpose(of: call).brokenJSON(response.head, "\(error)")
  }

  /// A call for one object by its name, checked before anything is sent.
  func call(
    _ verb: String, _ type: ResourceType, name: String, namespace: String?,
    subresource: String? = nil
  ) throws -> Call {
    let object = type.describe(name: name, namespace: namespace)
    let purpose = purpose(verb, object)
    if let problem = ResourcePath.problem(inName: name, what: "name") {
      throw purpose.invalid(problem)
    }
    try check(namespace: namespace, type, isNeeded: true, purpose)
    return Call(
      verb: verb, object: object,
      path: ResourcePath.path(
        type, namespace: namespace, name: name, subresource: subresource))
  }

  /// The path of a collection.
  func collectionPath(
    _ type: ResourceType, namespace: String?, verb: String, needsNamespace: Bool = false
  ) throws -> String {
    let purpose = purpose(verb, type.describe(namespace: namespace))
    try check(namespace: namespace, type, isNeeded: needsNamespace, purpose)
    return ResourcePath.path(type, namespace: namespace, name: nil)
  }

  private func check(
    namespace: String?, _ type: ResourceType, isNeeded: Bool, _ purpose: Purpose
  ) throws {
    guard type.isNamespaced else { return }
    guard let namespace, !namespace.isEmpty else {
      // An empty namespace in a path would address something else, mostly every namespace.
      if isNeeded { throw purpose.invalid("\(type.qualifiedName) needs a namespace") }
      return
    }
    if let problem = ResourcePath.problem(inName: namespace, what: "namespace") {
      throw purpose.invalid(problem)
    }
  }
}
