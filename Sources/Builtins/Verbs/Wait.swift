// `wait`: until an object, or each of several, is as it should be.

import Interpreter
import JSON
import KubernetesClient

/// Waits with the rules of `kubectl wait`: all conditions in turn, under one deadline. Several objects are
/// waited for side by side; those of a selection are the ones that are there when the wait begins.
enum WaitVerb: Verb {
  static let signature = Signature(
    "wait",
    [
      .cluster,
      Signature.Parameter(
        "object", "string or list",
        doc: "kind and name, such as \"deploy/istiod\", or a list of them; or a kind such as "
          + "\"pods\", with labels, fields or all"),
      .named(
        "for", "string or list", default: "\"condition=Available\"",
        "\"condition=Name\", \"condition=Name=value\", \"create\", \"delete\", "
          + "\"jsonpath={.path}\", \"jsonpath={.path}=value\" or \"rollout\"; of a list, all in turn"
      ),
      .named("timeout", "duration", default: "5m", "for how long; 0s looks once"),
      .named("namespace", "string", default: "the context's", "where it is"),
      .named(
        "labels", "string or map", default: "none", "of a kind, the objects with these labels"),
      .named(
        "fields", "string or map", default: "none", "of a kind, the objects with these fields"),
      .named("all", "bool", default: "false", "of a kind, all objects of the namespace"),
    ],
    doc:
      "waits until an object is as it should be, and gives it; of several, all, as a list. A wait "
      + "that ends says why it was still waiting",
    example:
      "wait c1, \"deploy/istiod\", for: \"condition=Available\", namespace: \"istio-system\"",
    capability: "network")

  static func run(_ call: VerbCall) async throws -> ScriptValue {
    let subject = try Subject(call)
    let namespace = try call.string("namespace")
    let timeout = try call.duration("timeout") ?? call.mesh.timeout
    var goals: [WaitGoal] = []
    for text in try call.strings("for") ?? ["condition=Available"] {
      goals.append(try goal(text, call))
    }
    let wanted = goals
    return try await call.each { cluster in
      let wait = Waiting(
        call: call, cluster: cluster, namespace: namespace ?? cluster.connection.namespace,
        goals: wanted, timeout: timeout, deadline: .now + timeout)
      switch subject {
      case .one(let target): return try await wait.run(target)
      case .several(let targets): return try await wait.run(targets)
      case .selected(let kind, let selection): return try await wait.run(kind, selection)
      }
    }
  }

  /// Reads what to wait for.
  static func goal(_ text: String, _ call: VerbCall) throws(ScriptError) -> WaitGoal {
    if let condition = WaitCondition(text) { return .condition(condition) }
    throw call.bad(
      "for",
      "must be condition=…, create, delete, jsonpath={…}, jsonpath={…}=value or rollout, "
        + "found \"\(text)\"")
  }
}

/// Which objects a call names.
private enum Subject: Sendable {
  case one(Target)
  case several([Target])
  case selected(Target, Operation.Selection)

  init(_ call: VerbCall) throws(ScriptError) {
    let selection = Operation.Selection(
      labels: try call.selector("labels"), fields: try call.selector("fields"))
    let isSelecting = selection != Operation.Selection()
    let isAll = try call.bool("all")
    guard case .string(let text)? = call["object"] else {
      guard let texts = try call.strings("object") else { throw call.bad("object", "is missing") }
      guard !isSelecting, !isAll else {
        throw call.bad("object", "must be a kind where labels, fields or all select objects")
      }
      var targets: [Target] = []
      for text in texts { targets.append(try Target(text, call)) }
      self = .several(targets)
      return
    }
    guard !text.contains("/") else {
      guard !isSelecting, !isAll else {
        throw call.bad("object", "must be a kind where labels, fields or all select objects")
      }
      self = .one(try Target(text, call))
      return
    }
    guard isSelecting != isAll else {
      throw call.bad(
        "object",
        isAll
          ? "is selected twice: give all, or labels and fields"
          : "must be a kind and a name such as \"deploy/istiod\", found \"\(text)\"",
        notes: isAll ? [] : ["of a kind, `labels:`, `fields:` or `all: true` say which objects"])
    }
    self = .selected(try Target(kind: text, call), selection)
  }
}

/// The wait of one call on one cluster.
private struct Waiting: Sendable {
  let call: VerbCall
  let cluster: Cluster
  let namespace: String
  let goals: [WaitGoal]
  let timeout: Duration
  let deadline: ContinuousClock.Instant

  private static let pause = Duration.milliseconds(500)

  private var executor: Executor { call.mesh.executor }

  func run(_ target: Target) async throws -> ScriptValue {
    let object = try await target.reference(on: cluster, namespace: namespace, executor)
    return try await wait(for: object, goals)
  }

  func run(_ targets: [Target]) async throws -> ScriptValue {
    var objects: [(ObjectReference, [WaitGoal])] = []
    for target in targets {
      let object = try await target.reference(on: cluster, namespace: namespace, executor)
      objects.append((object, goals))
    }
    return try await waitForAll(objects)
  }

  /// Waits for the objects that there are now; as kubectl does, for one at least, except where they
  /// shall be gone.
  func run(_ kind: Target, _ selection: Operation.Selection) async throws -> ScriptValue {
    let reference = try await kind.reference(on: cluster, namespace: namespace, executor)
    let listing = Operation(.list(selection), reference, on: cluster)
    while true {
      let found = try await executor.perform(listing).object?.array ?? []
      if found.isEmpty, goals.first == .condition(.created), ContinuousClock.now < deadline {
        try await Task.sleep(for: Self.pause)
        continue
      }
      guard !found.isEmpty || goals.first?.isDeletion == true else {
        throw ScriptError.cluster(
          .notFound, cluster, "wait for \(reference): no object is selected", status: 404,
          reason: "NotFound", notes: ["`for: \"create\"` waits until one exists"])
      }
      return try await waitForAll(
        found.compactMap { object in
          var named = reference
          named.name = object[path: "metadata", "name"]?.string
          let uid = object[path: "metadata", "uid"]?.string
          // Their successors are other objects.
          return (named, goals.map { $0.isDeletion ? .condition(.deleted(uid: uid)) : $0 })
        })
    }
  }

  /// All conditions of one object, one after the other.
  private func wait(for object: ObjectReference, _ goals: [WaitGoal]) async throws -> ScriptValue {
    var value = ScriptValue.null
    for (index, goal) in goals.enumerated() {
      let left = index == 0 ? timeout : max(.zero, deadline - ContinuousClock.now)
      let outcome = try await executor.perform(
        Operation(.wait(goal, timeout: left), object, on: cluster))
      value = outcome.object.map(Redaction.scriptValue) ?? .null
    }
    return value
  }

  private func waitForAll(
    _ objects: [(reference: ObjectReference, goals: [WaitGoal])]
  ) async throws -> ScriptValue {
    let results = await call.mesh.fanOut(objects) { object in
      await resultOf { try await wait(for: object.reference, object.goals) }
    }
    try Task.checkCancellation()
    return try call.collect(
      zip(objects, results).map { (.string("\($0.reference)"), $1) },
      failing: "objects of \(cluster.name)")
  }
}
