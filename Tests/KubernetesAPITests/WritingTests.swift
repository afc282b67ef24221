// Writes against API servers: apply and its conflicts, the migration, patches, deletes, scale, tokens.

import JSON
import TestClusters
import Testing

@testable import KubernetesClient

@Suite("API: writes", .serialized, .timeLimit(.minutes(5)))
struct WritingTests {
  private let last = "kubectl.kubernetes.io/last-applied-configuration"

  @Test(
    "a conflict names the manager, its fields and the way it wrote",
    arguments: Backend.available)
  func conflicts(backend: Backend) async throws {
    let place = try await Place.on(backend)
    _ = try await place.client.create(
      Types.deployment, Place.deployment("web", replicas: 2), namespace: place.namespace,
      fieldManager: "somebody")
    let mine = Place.deployment("web", replicas: 3, image: "none:2")
    let error = await #expect(throws: APIError.self) {
      try await place.client.apply(Types.deployment, mine, namespace: place.namespace)
    }
    #expect(error?.isConflict == true)
    let conflict = try #require(error?.conflicts.first)
    #expect(error?.conflicts.count == 1)
    #expect(conflict.manager == "somebody")
    #expect(conflict.apiVersion == "apps/v1")
    #expect(
      Set(conflict.fields) == [
        ".spec.replicas", ".spec.template.spec.containers[name=\"main\"].image",
      ])
    let forced = try await place.client.apply(
      Types.deployment, mine, namespace: place.namespace, force: true)
    #expect(forced.object[path: "spec", "replicas"] == 3)
    #expect(!forced.isCreated)
  }

  @Test("an apply that changes nothing keeps the version", arguments: Backend.available)
  func unchanged(backend: Backend) async throws {
    let place = try await Place.on(backend)
    let object: JSONValue = ["metadata": ["name": "a"], "data": ["k": "1"]]
    let first = try await place.client.apply(Types.map, object, namespace: place.namespace)
    let second = try await place.client.apply(Types.map, object, namespace: place.namespace)
    #expect(first.isCreated)
    #expect(second.object.version == first.object.version)
  }

  @Test("unknown fields are refused, warned of, or dropped, as asked for")
  func validation() async throws {
    let place = try await Place.on(.simulated)
    var object = Place.deployment("web", replicas: 1)
    object["spec"]?["replicsa"] = 2
    object["spec"]?["template"]?["spec"]?["hots"] = "x"
    func create(_ validation: FieldValidation) async throws {
      _ = try await place.client.create(
        Types.deployment, object, namespace: place.namespace, dryRun: true, validation: validation)
    }
    let error = await #expect(throws: APIError.self) { try await create(.strict) }
    #expect(error?.status == 400)
    for field in ["spec.replicsa", "spec.template.spec.hots"] {
      #expect(error?.message.contains("unknown field \"\(field)\"") == true)
    }
    #expect(place.warnings.texts.isEmpty)
    try await create(.warn)
    #expect(
      Set(place.warnings.texts) == [
        #"unknown field "spec.replicsa""#, #"unknown field "spec.template.spec.hots""#,
      ])
    try await create(.ignore)
    #expect(place.warnings.texts.count == 2)
  }

  @Test(
    "the copy of a live object can be applied: status and managed fields stay behind",
    arguments: Backend.available)
  func copies(backend: Backend) async throws {
    let place = try await Place.on(backend)
    let type = try await place.client.resourceType(named: "deployments")
    _ = try await place.client.apply(
      type, Place.deployment("web", replicas: 1), namespace: place.namespace)
    var copy = try await place.client.get(type, name: "web", namespace: place.namespace)
    copy["metadata"]?["resourceVersion"] = nil
    copy["status"] = ["replicas": 7]
    let applied = try await place.client.apply(
      type, copy, namespace: place.namespace, force: true)
    #expect(applied.object[path: "status", "replicas"] != 7)
    #expect(applied.object[path: "spec", "replicas"] == 1)
  }

  @Test(
    "kubernetes#99003: after the migration, what an apply leaves out goes",
    arguments: Backend.available)
  func migration(backend: Backend) async throws {
    let place = try await Place.on(backend)
    // What `kubectl apply` of the old kind leaves behind.
    _ = try await place.client.create(
      Types.map,
      [
        "metadata": ["name": "a", "annotations": [.init(last): "{}"]],
        "data": ["old": "1", "kept": "1"],
      ], namespace: place.namespace, fieldManager: "kubectl-client-side-apply")
    let intent: JSONValue = ["metadata": ["name": "a"], "data": ["kept": "1"]]
    let stuck = try await place.client.apply(Types.map, intent, namespace: place.namespace)
    #expect(stuck.object[path: "data", "old"] == "1")
    #expect(
      try await place.client.migrateFromClientSideApply(
        Types.map, name: "a", namespace: place.namespace))
    #expect(
      try await place.client.migrateFromClientSideApply(
        Types.map, name: "a", namespace: place.namespace) == false)
    let clean = try await place.client.apply(Types.map, intent, namespace: place.namespace)
    #expect(clean.object["data"] == ["kept": "1"])
  }

  @Test("an object that is on its way out is applied with a warning", arguments: Backend.available)
  func deleting(backend: Backend) async throws {
    let place = try await Place.on(backend)
    try await place.create("a", finalizers: ["msh.test/hold"])
    try await place.client.delete(Types.map, name: "a", namespace: place.namespace)
    _ = try await place.client.apply(
      Types.map, ["metadata": ["name": "a"], "data": ["new": "1"]], namespace: place.namespace)
    #expect(place.warnings.texts.contains { $0.contains("is being deleted") })
    try await place.merge("a", ["metadata": ["finalizers": .null]])
  }

  @Test("every kind of patch does its work; dry runs do none", arguments: Backend.available)
  func patches(backend: Backend) async throws {
    let place = try await Place.on(backend)
    try await place.create("a")
    func patch(
      _ kind: PatchKind, _ patch: JSONValue, dryRun: Bool = false
    ) async throws -> JSONValue? {
      try await place.client.patch(
        Types.map, name: "a", namespace: place.namespace, kind: kind, patch, dryRun: dryRun)["data"]
    }
    #expect(try await patch(.merge, ["data": ["k": "2"]]) == ["k": "2"])
    #expect(
      try await patch(.json, [["op": "add", "path": "/data/j", "value": "1"]])
        == ["j": "1", "k": "2"])
    #expect(try await patch(.strategic, ["data": ["k": .null]]) == ["j": "1"])
    #expect(try await patch(.merge, ["data": ["j": "9"]], dryRun: true) == ["j": "9"])
    #expect(
      try await place.client.get(Types.map, name: "a", namespace: place.namespace)["data"]
        == ["j": "1"])
    let error = await #expect(throws: APIError.self) {
      try await patch(.json, [["op": "test", "path": "/data/j", "value": "2"]])
    }
    #expect(error?.status == 422)
  }

  @Test(
    "a strategic patch of a custom resource is refused with the reason",
    arguments: Backend.available)
  func strategicCustom(backend: Backend) async throws {
    let place = try await Place.on(backend)
    let type = try await place.client.resourceType(named: "gateways.networking.istio.io")
    _ = try await place.client.create(
      type, ["metadata": ["name": "g"], "spec": ["selector": ["a": "b"]]],
      namespace: place.namespace)
    let error = await #expect(throws: APIError.self) {
      try await place.client.patch(
        type, name: "g", namespace: place.namespace, kind: .strategic,
        ["spec": ["selector": ["a": "c"]]])
    }
    #expect(error?.status == 415)
    #expect(error?.message.contains("custom resources") == true)
  }

  // MARK: Deletes

  @Test(
    "swiftkube#27: deletions answer with a Status or with the object, and both are read",
    arguments: Backend.available)
  func deletionAnswers(backend: Backend) async throws {
    let place = try await Place.on(backend)
    let map = try await place.create("a")
    let gone = try await place.client.delete(Types.map, name: "a", namespace: place.namespace)
    #expect(gone.uid == map.uid)
    #expect(!gone.isHeld)
    let held = try await place.create("b", finalizers: ["msh.test/hold"])
    let answer = try await place.client.delete(Types.map, name: "b", namespace: place.namespace)
    #expect(answer.uid == held.uid)
    #expect(answer.isHeld)
    #expect(answer.object?.name == "b")
    try await place.merge("b", ["metadata": ["finalizers": .null]])
    let account = try await place.client.create(
      Types.account, ["metadata": ["name": "s"]], namespace: place.namespace)
    let object = try await place.client.delete(
      Types.account, name: "s", namespace: place.namespace)
    #expect(object.uid == account.uid)
    #expect(!object.isHeld)
  }

  @Test(
    "swiftkube#34: options of a deletion are sent: preconditions hold, dry runs do nothing",
    arguments: Backend.available)
  func deletionOptions(backend: Backend) async throws {
    let place = try await Place.on(backend)
    let map = try await place.create("a")
    let newer = try await place.merge("a", ["data": ["k": "2"]])
    func delete(uid: String? = nil, version: String? = nil, dryRun: Bool = false) async throws {
      try await place.client.delete(
        Types.map, name: "a", namespace: place.namespace, uid: uid, resourceVersion: version,
        dryRun: dryRun)
    }
    for attempt in [("other", nil), (map.uid, map.version), (nil, map.version)] {
      let error = await #expect(throws: APIError.self) {
        try await delete(uid: attempt.0, version: attempt.1)
      }
      #expect(error?.status == 409)
    }
    try await delete(uid: map.uid, dryRun: true)
    #expect(try await place.names(labels: nil).contains("a"))
    try await delete(uid: map.uid, version: newer.version)
    #expect(try await !place.names(labels: nil).contains("a"))
    let error = await #expect(throws: APIError.self) { try await delete() }
    #expect(error?.isNotFound == true)
  }

  @Test(
    "a selection is deleted in one request, and nothing beside it",
    arguments: Backend.available)
  func deleteAll(backend: Backend) async throws {
    let place = try await Place.on(backend)
    for name in ["a", "b"] { try await place.create(name, labels: ["mine": "1"]) }
    try await place.create("c", labels: ["mine": "2"])
    try await place.client.deleteAll(
      Types.map, namespace: place.namespace, labels: "mine=1", dryRun: true)
    #expect(try await place.names() == ["a", "b", "c"])
    let deleted = try await place.client.deleteAll(
      Types.map, namespace: place.namespace, labels: "mine=1")
    #expect(Set(deleted.compactMap(\.name)) == ["a", "b"])
    #expect(try await place.names() == ["c"])
    let error = await #expect(throws: APIError.self) {
      try await place.client.deleteAll(Types.map, labels: "mine")
    }
    #expect(error?.reason == "InvalidRequest")
  }

  // MARK: Subresources

  @Test("replicas are read and changed, on a condition too", arguments: Backend.available)
  func scale(backend: Backend) async throws {
    let place = try await Place.on(backend)
    _ = try await place.client.create(
      Types.deployment, Place.deployment("web", replicas: 2), namespace: place.namespace)
    func set(_ replicas: Int, ifWanted current: Int? = nil) async throws -> Int {
      try await place.client.setScale(
        Types.deployment, name: "web", namespace: place.namespace, to: replicas, ifWanted: current
      ).wanted
    }
    let before = try await place.client.scale(
      Types.deployment, name: "web", namespace: place.namespace)
    #expect(before.wanted == 2)
    #expect(before.selector == "app=web")
    #expect(try await set(3) == 3)
    #expect(try await set(0, ifWanted: 3) == 0)
    for attempt in [(1, 3), (-1, nil)] as [(Int, Int?)] {
      let error = await #expect(throws: APIError.self) {
        try await set(attempt.0, ifWanted: attempt.1)
      }
      #expect(["Conflict", "InvalidRequest"].contains(error?.reason))
    }
  }

  @Test("the status is written by itself", arguments: Backend.available)
  func status(backend: Backend) async throws {
    let place = try await Place.on(backend)
    _ = try await place.client.create(
      Types.service,
      ["metadata": ["name": "s"], "spec": ["ports": [["port": 80]]]], namespace: place.namespace)
    let patched = try await place.client.patch(
      Types.service, name: "s", namespace: place.namespace,
      ["spec": ["ports": .null], "status": ["loadBalancer": ["ingress": [["ip": "192.0.2.1"]]]]],
      subresource: "status")
    let ingress = patched[path: "status", "loadBalancer", "ingress"]?.array?.first
    #expect(ingress?["ip"] == "192.0.2.1")
    #expect(patched[path: "spec", "ports"]?.array?.count == 1)
  }

  @Test(
    "a token is given out, works, ends, and shows itself as stars",
    arguments: Backend.available)
  func tokens(backend: Backend) async throws {
    let place = try await Place.on(backend)
    _ = try await place.client.create(
      Types.account, ["metadata": ["name": "reader"]], namespace: place.namespace)
    let token = try await place.client.requestToken(
      serviceAccount: "reader", namespace: place.namespace, lifetime: .seconds(1200))
    #expect("\(token)".contains("***"))
    #expect(!"\(token)".contains(token.token.reveal()))
    #expect(!String(reflecting: token).contains(token.token.reveal()))
    #expect(!token.audiences.isEmpty)
    #expect(token.expires > 1_600_000_000)
    var settings = try await backend.settings("cluster1")
    settings.credential = .token(token.token)
    (settings.clientCertificate, settings.clientKey) = (nil, nil)
    let reader = KubernetesClient(cluster: "c", settings: settings)
    let error = await #expect(throws: APIError.self) {
      try await reader.list(Types.map, namespace: place.namespace)
    }
    #expect(error?.status == 403)
    #expect(error?.message.contains("system:serviceaccount:\(place.namespace):reader") == true)
    let short = await #expect(throws: APIError.self) {
      try await place.client.requestToken(
        serviceAccount: "reader", namespace: place.namespace, lifetime: .seconds(10))
    }
    #expect(short?.status == 422)
  }
}
