// Reads against API servers: lists in pages and at versions, metadata, tables, names of resources.

import JSON
import TestClusters
import Testing

@testable import KubernetesClient

@Suite("API: reads", .serialized, .timeLimit(.minutes(5)))
struct ReadingTests {
  @Test(
    "kube-rs#1524/#1525: every page of a list is read, three pages of one object too",
    arguments: Backend.available)
  func pages(backend: Backend) async throws {
    let place = try await Place.on(backend)
    for name in ["a", "b", "c"] { try await place.create(name, labels: ["mine": "1"]) }
    for size in [1, 2, 3, 500] {
      let list = try await place.client.list(
        Types.map, namespace: place.namespace, labels: "mine", pageSize: size)
      #expect(list.items.compactMap(\.name) == ["a", "b", "c"])
      #expect(list.items.allSatisfy { $0["kind"] == "ConfigMap" && $0["apiVersion"] == "v1" })
      #expect(Int64(list.resourceVersion) != nil)
    }
  }

  @Test(
    "kubernetes#85221: a page is asked for without resourceVersion, which servers refuse",
    arguments: Backend.available)
  func versionAndContinue(backend: Backend) async throws {
    let place = try await Place.on(backend)
    for name in ["a", "b", "c"] { try await place.create(name, labels: ["mine": "1"]) }
    let first = try await place.client.list(Types.map, namespace: place.namespace)
    let list = try await place.client.list(
      Types.map, namespace: place.namespace, labels: "mine", resourceVersion: first.resourceVersion,
      match: .exact, pageSize: 1)
    #expect(list.items.count == 3)
    let path = "/api/v1/namespaces/\(place.namespace)/configmaps"
    let page = try await place.client.raw(path: path, query: [("limit", "1")])
    let token = try #require(page[path: "metadata", "continue"]?.string)
    let error = await #expect(throws: APIError.self) {
      try await place.client.raw(
        path: path,
        query: [("limit", "1"), ("continue", token), ("resourceVersion", first.resourceVersion)])
    }
    #expect(error?.status == 400)
  }

  @Test("lists are of a version when one is asked for", arguments: Backend.available)
  func versions(backend: Backend) async throws {
    let place = try await Place.on(backend)
    try await place.create("a", labels: ["mine": "1"])
    let before = try await place.client.list(
      Types.map, namespace: place.namespace, labels: "mine")
    try await place.create("b", labels: ["mine": "1"])
    func names(_ match: VersionMatch) async throws -> [String] {
      try await place.client.list(
        Types.map, namespace: place.namespace, labels: "mine",
        resourceVersion: before.resourceVersion, match: match
      ).items.compactMap(\.name)
    }
    #expect(try await names(.exact) == ["a"])
    #expect(try await names(.notOlderThan).contains("a"))
    let error = await #expect(throws: APIError.self) {
      try await place.client.list(Types.map, namespace: place.namespace, match: .exact)
    }
    #expect(error?.status == 422)
  }

  @Test("a version that is still to come is asked for again later", arguments: Backend.available)
  func tooLarge(backend: Backend) async throws {
    let seen = Place.Log()
    let client = try await backend.client(
      hooks: ClientHooks(onRequest: { seen.add(String($0.status)) }))
    let list = Task {
      try await client.list(
        Types.map, namespace: "default", resourceVersion: "99999999999", match: .notOlderThan)
    }
    while seen.texts.isEmpty { await Task.yield() }
    list.cancel()
    #expect(seen.texts.first == "504")
    await #expect(throws: CancellationError.self) { try await list.value }
  }

  @Test(
    "metadata comes without the rest, under the objects' own kind",
    arguments: Backend.available)
  func metadata(backend: Backend) async throws {
    let place = try await Place.on(backend)
    try await place.create("a", labels: ["mine": "1"])
    let list = try await place.client.list(
      Types.map, namespace: place.namespace, labels: "mine", form: .metadata)
    let one = try await place.client.get(
      Types.map, name: "a", namespace: place.namespace, form: .metadata)
    for object in list.items + [one] {
      #expect(object.object?.keys == ["apiVersion", "kind", "metadata"])
      #expect(object["kind"] == "ConfigMap")
      #expect(object[path: "metadata", "labels", "mine"] == "1")
      #expect(object.uid != nil)
    }
    #expect(list.items.count == 1)
  }

  @Test("tables have columns, rows and their objects' metadata", arguments: Backend.available)
  func tables(backend: Backend) async throws {
    let place = try await Place.on(backend)
    for name in ["a", "b", "c"] { try await place.create(name, labels: ["mine": "1"]) }
    let table = try await place.client.table(
      Types.map, namespace: place.namespace, labels: "mine", pageSize: 2)
    #expect(table.columns.map(\.name) == ["Name", "Data", "Age"])
    #expect(table.columns.first?.format == "name")
    #expect(table.rows.map { $0.cells.prefix(2) } == [["a", 1], ["b", 1], ["c", 1]])
    #expect(table.rows.compactMap(\.metadata.name) == ["a", "b", "c"])
    #expect(!table.resourceVersion.isEmpty)
  }

  @Test(
    "names resolve as with kubectl; a category means its members", arguments: Backend.available)
  func names(backend: Backend) async throws {
    let client = try await backend.client()
    for name in ["po", "pod", "pods", "Pod", "PODS", "pods.v1."] {
      #expect(try await client.resourceType(named: name).qualifiedName == "pods")
    }
    for name in ["deploy", "deployments.apps", "deployment.v1.apps", "Deployment", "deploy.app"] {
      #expect(try await client.resourceType(named: name).apiVersion == "apps/v1")
    }
    let all = try await client.resourceTypes(named: "all").map(\.qualifiedName)
    for member in ["pods", "services", "deployments.apps", "statefulsets.apps"] {
      #expect(all.count { $0 == member } == 1, "\(member)")
    }
    #expect(!all.contains("configmaps"))
    #expect(try await client.resourceTypes(named: "cm,po").map(\.kind) == ["ConfigMap", "Pod"])
    let pods = try await client.resourceType(named: "pods")
    #expect(pods.subresourceVersions["eviction"]?.hasPrefix("policy/v1") == true)
    let error = await #expect(throws: APIError.self) {
      try await client.resourceTypes(named: "po,nonsense")
    }
    #expect(error?.reason == "UnknownResource")
  }

  @Test("names with unusual characters arrive as they are", arguments: Backend.available)
  func encoding(backend: Backend) async throws {
    let place = try await Place.on(backend)
    let type = try await place.client.resourceType(named: "clusterroles")
    let name = "msh:test:\(place.namespace)"
    _ = try await place.client.create(type, ["metadata": ["name": .string(name)], "rules": []])
    #expect(try await place.client.get(type, name: name).name == name)
    #expect(
      try await place.client.list(type, fields: "metadata.name=\(name)").items.map(\.name)
        == [name])
    try await place.client.delete(type, name: name)
    let answer = try await place.client.getIfPresent(type, name: name)
    #expect(answer == nil)
  }
}
