// Get, list and watch.

import JSON

extension ControlPlane {
  // MARK: - Get

  func get(_ request: APIRequest, _ target: Target) throws(APIError) -> APIResponse {
    let form = try ObjectForm.negotiate(request)
    let object = try existing(target)
    return response(object, target, form)
  }

  /// The object that a path names, as it is stored.
  func existing(_ target: Target) throws(APIError) -> JSONValue {
    guard let object = storage.object(target.type.id, target.key) else {
      throw .notFound(target.type, target.name ?? "")
    }
    return object
  }

  /// One object in the version and form that the client asked for.
  func response(
    _ object: JSONValue, _ target: Target, _ form: ObjectForm, code: Int = 200
  ) -> APIResponse {
    .json(Rendering(target: target, form: form, now: settings.now()).one(object), code: code)
  }

  // MARK: - List

  mutating func list(_ request: APIRequest, _ target: Target) throws(APIError) -> APIResponse {
    let form = try ObjectForm.negotiate(request)
    let selection = try selection(request, target)
    let page = try page(request, target, selection)
    let rendering = Rendering(target: target, form: form, now: settings.now())
    var metadata: JSONValue = ["resourceVersion": .string(String(page.revision))]
    if let next = page.next { metadata["continue"] = .string(next) }
    if let remaining = page.remaining, selection.labels.isEmpty, selection.fields.isEmpty {
      metadata["remainingItemCount"] = .int(Int64(remaining))
    }
    return .json(rendering.list(page.items, metadata: metadata))
  }

  func selection(_ request: APIRequest, _ target: Target) throws(APIError) -> Selection {
    var selection = Selection(namespace: target.namespace)
    if let labels = request.parameter("labelSelector") {
      selection.labels = try Selection.parseLabels(labels)
    }
    if let fields = request.parameter("fieldSelector") {
      selection.fields = try Selection.parseFields(fields, of: target.type)
    }
    return selection
  }

  private struct Page {
    var items: [JSONValue]
    var revision: Int64
    var next: String?
    var remaining: Int?
  }

  private mutating func page(
    _ request: APIRequest, _ target: Target, _ selection: Selection
  ) throws(APIError) -> Page {
    let limit = max(0, Int(request.parameter("limit") ?? "") ?? 0)
    let token = request.parameter("continue") ?? ""
    try checkMatch(request)
    guard !token.isEmpty else {
      try checkRevision(request)
      if request.parameter("resourceVersionMatch") == "Exact" {
        return try exactPage(request, target, selection)
      }
      let all = storage.all(target.type.id).filter(selection.matches)
      return cut(all, limit, target.type.id, storage.revision)
    }
    guard let start = ContinueToken(text: token) else {
      throw .badRequest("invalid continue token: continue key is not valid")
    }
    guard ["", "0"].contains(request.parameter("resourceVersion") ?? "") else {
      throw .badRequest("specifying resource version is not allowed when using continue")
    }
    let isInconsistent = start.revision < 0
    let kept =
      isInconsistent
      ? storage.all(target.type.id) : storage.snapshot(target.type.id, start.revision)
    guard let kept else { throw expiredPage(start) }
    let rest = kept.filter { start.key < $0.key && selection.matches($0) }
    return cut(rest, limit, target.type.id, isInconsistent ? storage.revision : start.revision)
  }

  /// The objects as they were at a revision; in one piece, whatever the limit.
  private func exactPage(
    _ request: APIRequest, _ target: Target, _ selection: Selection
  ) throws(APIError) -> Page {
    let revision = Int64(request.parameter("resourceVersion") ?? "") ?? 0
    guard let objects = storage.state(target.type.id, at: revision) else {
      throw .expired("The resourceVersion for the provided list is too old.")
    }
    return Page(items: objects.filter(selection.matches), revision: revision)
  }

  /// Which of the parameters about versions go together (ValidateListOptions of apimachinery).
  private func checkMatch(_ request: APIRequest) throws(APIError) {
    let match = request.parameter("resourceVersionMatch") ?? ""
    let version = request.parameter("resourceVersion") ?? ""
    let initial = request.parameter("sendInitialEvents")
    let isWatch = request.flag("watch")
    var causes: [APIError.Cause] = []
    if initial != nil, !isWatch {
      causes.append(.forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list"))
    }
    if isWatch, initial != nil, settings.version.minor >= 27 {
      if settings.version.minor < 32 {
        causes.append(
          .forbidden(
            "sendInitialEvents",
            "sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled")
        )
      } else if match != "NotOlderThan" {
        causes.append(
          .forbidden(
            "resourceVersionMatch",
            "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"))
      }
    } else if !match.isEmpty, isWatch {
      causes.append(
        .forbidden("resourceVersionMatch", "resourceVersionMatch is forbidden for watch"))
    } else if !match.isEmpty {
      if version.isEmpty {
        causes.append(
          .forbidden(
            "resourceVersionMatch",
            "resourceVersionMatch is forbidden unless resourceVersion is provided"))
      }
      if !(request.parameter("continue") ?? "").isEmpty {
        causes.append(
          .forbidden(
            "resourceVersionMatch",
            "resourceVersionMatch is forbidden when continue is provided"))
      }
      if !["Exact", "NotOlderThan"].contains(match) {
        causes.append(
          .unsupported("resourceVersionMatch", match, ["Exact", "NotOlderThan", ""]))
      }
      if match == "Exact", version == "0" {
        causes.append(
          .forbidden(
            "resourceVersionMatch",
            "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\""))
      }
    }
    guard causes.isEmpty else {
      throw .invalid(kind: "ListOptions", group: "meta.k8s.io", name: "", causes)
    }
  }

  private mutating func cut(
    _ items: [JSONValue], _ limit: Int, _ resource: String, _ revision: Int64
  ) -> Page {
    guard limit > 0, items.count > limit else { return Page(items: items, revision: revision) }
    if revision == storage.revision { _ = storage.keepSnapshot(resource) }
    let shown = Array(items.prefix(limit))
    let token = ContinueToken(revision: revision, key: shown[limit - 1].key)
    return Page(
      items: shown, revision: revision, next: token.text, remaining: items.count - limit)
  }

  /// A list at a revision that does not exist yet is refused; older ones are answered with the present.
  private func checkRevision(_ request: APIRequest) throws(APIError) {
    guard let text = request.parameter("resourceVersion"), !text.isEmpty else { return }
    guard let revision = Int64(text), revision >= 0 else {
      throw .badRequest("invalid resource version \(quoted(text))")
    }
    guard revision > storage.revision else { return }
    throw APIError(
      code: 504, reason: "Timeout",
      message: "Too large resource version: \(revision), current: \(storage.revision)",
      details: [
        "causes": [
          ["reason": "ResourceVersionTooLarge", "message": "Too large resource version"]
        ], "retryAfterSeconds": 1,
      ])
  }

  private func expiredPage(_ token: ContinueToken) -> APIError {
    let next = ContinueToken(revision: -1, key: token.key).text
    var error = APIError.expired(
      "The provided continue parameter is too old to display a consistent list result. You can "
        + "start a new list without the continue parameter, or use the continue token in this "
        + "response to retrieve the remainder of the results.")
    error.continueToken = next
    return error
  }

  // MARK: - Watch

  mutating func watch(_ request: APIRequest, _ target: Target) throws(APIError) -> APIResponse {
    let form = try ObjectForm.negotiate(request)
    try checkMatch(request)
    var selection = try selection(request, target)
    if let name = target.name {
      selection.fields.append(.init(key: "metadata.name", test: .isIn([name])))
    }
    let stream = EventStream()
    lastWatch += 1
    var watcher = Watcher(
      id: lastWatch, target: target, selection: selection, form: form,
      wantsBookmarks: request.flag("allowWatchBookmarks"), stream: stream)
    try start(&watcher, request)
    watchers[target.type.id, default: [:]][watcher.id] = watcher
    let seconds = Int(request.parameter("timeoutSeconds") ?? "") ?? 0
    var response = APIResponse(
      body: .stream(stream, watch: watcher.id, seconds: seconds > 0 ? seconds : 1800))
    if request.accept.contains("application/json;stream=watch") {
      response.contentType = "application/json;stream=watch"
    }
    return response
  }

  /// Sends what the watch begins with: the present objects, or the changes since a revision.
  private mutating func start(_ watcher: inout Watcher, _ request: APIRequest) throws(APIError) {
    let text = request.parameter("resourceVersion") ?? ""
    let id = watcher.target.type.id
    let now = settings.now()
    let sendsInitial = request.flag("sendInitialEvents")
    if sendsInitial || ["", "0"].contains(text) {
      guard request.parameter("sendInitialEvents") != "false" else { return }
      for object in storage.all(id) where watcher.selection.matches(object) {
        watcher.send("ADDED", object, now: now)
      }
      if sendsInitial { watcher.sendBookmark(storage.revision, endsInitial: true, now: now) }
      return
    }
    guard let revision = Int64(text), revision >= 0 else {
      throw .badRequest("invalid resource version \(quoted(text))")
    }
    guard let changes = storage.changes(id, after: revision) else {
      throw .expired("too old resource version: \(revision) (\(storage.revision))")
    }
    for change in changes { watcher.send(change, now: now) }
  }

  /// Tells every watch of a resource about a change.
  func publish(_ change: Storage.Change, _ resource: String) {
    guard let interested = watchers[resource], !interested.isEmpty else { return }
    let now = settings.now()
    for watcher in interested.values { watcher.send(change, now: now) }
  }

  /// Sends a bookmark to the watches that asked for them; one watch only when it is named.
  func sendBookmarks(watch id: Int? = nil) {
    for watcher in watchers.values.joined().map(\.value)
    where watcher.wantsBookmarks && id.map({ $0 == watcher.id }) ?? true {
      watcher.sendBookmark(storage.revision, endsInitial: false, now: settings.now())
    }
  }

  /// Sends a failure to every watch and ends it, as a server does that gives a watch up.
  mutating func failWatches(_ error: APIError) {
    let event: JSONValue = ["type": "ERROR", "object": error.status]
    for watcher in watchers.values.joined().map(\.value) {
      watcher.stream.write(event.bytes() + [UInt8(ascii: "\n")])
      endWatch(watcher.id)
    }
  }

  /// Ends a watch, or a log that is followed, whose time is over or whose client has gone.
  mutating func endWatch(_ id: Int) {
    if logs.end(id) { return }
    for resource in watchers.keys {
      guard let watcher = watchers[resource]?.removeValue(forKey: id) else { continue }
      watcher.stream.end()
      return
    }
  }
}

/// Where a list in pages goes on: after this key, in the state of this revision.
private struct ContinueToken {
  let revision: Int64
  let key: ObjectKey

  init(revision: Int64, key: ObjectKey) {
    self.revision = revision
    self.key = key
  }

  init?(text: String) {
    guard let bytes = Base64.decode(text), let json = try? JSONValue.parse(bytes),
      let revision = json["rv"]?.int, let name = json["name"]?.string
    else { return nil }
    self.revision = revision
    key = ObjectKey(namespace: json["namespace"]?.string ?? "", name: name)
  }

  var text: String {
    let json: JSONValue = [
      "rv": .int(revision), "namespace": .string(key.namespace), "name": .string(key.name),
    ]
    return Base64.encode(json.bytes())
  }
}

/// One open watch.
struct Watcher: Sendable {
  let id: Int
  let target: ControlPlane.Target
  let selection: Selection
  let form: ObjectForm
  let wantsBookmarks: Bool
  let stream: EventStream

  /// Sends a change as the watch sees it: an object that enters the selection is added to it, one
  /// that leaves it is deleted from it.
  func send(_ change: Storage.Change, now: Int64) {
    let isIn = change.kind != .deleted && selection.matches(change.object)
    let wasIn = change.previous.map(selection.matches) ?? false
    switch (wasIn, isIn) {
    case (false, true): send("ADDED", change.object, now: now)
    case (true, true): send("MODIFIED", change.object, now: now)
    case (true, false): send("DELETED", last(change), now: now)
    case (false, false): break
    }
  }

  /// The state in which the object was last selected, with the revision at which it left.
  private func last(_ change: Storage.Change) -> JSONValue {
    guard change.kind != .deleted, var object = change.previous else { return change.object }
    object.setMeta("resourceVersion", .string(String(change.revision)))
    return object
  }

  func send(_ type: String, _ object: JSONValue, now: Int64) {
    let rendered = Rendering(target: target, form: form, now: now).one(object)
    write(["type": .string(type), "object": rendered])
  }

  func sendBookmark(_ revision: Int64, endsInitial: Bool, now: Int64) {
    var metadata: JSONValue = ["resourceVersion": .string(String(revision))]
    if endsInitial { metadata["annotations"] = ["k8s.io/initial-events-end": "true"] }
    let object: JSONValue = [
      "apiVersion": .string(target.apiVersion), "kind": .string(target.type.kind),
      "metadata": metadata,
    ]
    let rendered = Rendering(target: target, form: form, now: now).bookmark(object)
    write(["type": "BOOKMARK", "object": rendered])
  }

  private func write(_ event: JSONValue) { stream.write(event.bytes() + [UInt8(ascii: "\n")]) }
}
