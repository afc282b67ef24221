// Decodes a page of a list while it arrives.

import JSON

/// The items of one answer, made one by one.
///
/// `@unchecked Sendable` by hand-over, see `BodySink`.
final class ListSink: BodySink, @unchecked Sendable {
  private(set) var count = 0
  private var reader: JSONListReader? = JSONListReader()
  private var failure: JSONError?
  /// What the body begins with, for errors.
  private(set) var beginning: [UInt8] = []
  private static let beginningLimit = 512

  func receive(_ bytes: UnsafeBufferPointer<UInt8>) {
    if count < Self.beginningLimit {
      beginning.append(contentsOf: bytes.prefix(Self.beginningLimit - count))
    }
    count += bytes.count
    guard failure == nil else { return }
    do {
      try reader?.append(bytes)
    } catch {
      failure = error
      reader = nil
    }
  }

  /// The list without its items, and the items. Called once, when the body is complete.
  func finish() throws(JSONError) -> (envelope: JSONValue, items: [JSONValue]) {
    if let failure { throw failure }
    var last: JSONListReader?
    swap(&last, &reader)
    guard let last else { return (.null, []) }
    return try last.finish()
  }
}

extension KubernetesClient {
  /// A page of a list: what stands beside its items, and the items, decoded while they arrived.
  struct ListPage: Sendable {
    let page: JSONValue
    let items: [JSONValue]
  }

  /// Sends a call whose answer is a list. Errors are those of `json(_:)`.
  func list(_ call: Call) async throws -> ListPage {
    var call = call
    call.makeSink = { ListSink() }
    let response = try await send(call)
    guard let sink = response.sink as? ListSink else {
      // A whole body, from whatever sends it.
      let page = try parse(response, call)
      return ListPage(page: page, items: page["items"]?.array ?? [])
    }
    do {
      let (page, items) = try sink.finish()
      return ListPage(page: page, items: items)
    } catch {
      throw broken(response, body: sink.beginning, error, call)
    }
  }

  /// Items get the apiVersion and the kind that the API leaves out of them. `items: null` is an empty
  /// list (kube-rs#1199).
  static func items(of list: ListPage, _ type: ResourceType, _ form: ObjectForm) -> [JSONValue] {
    if form == .metadata { return list.items.map { form.reduce($0, type) } }
    let apiVersion = list.page["apiVersion"]?.string ?? type.apiVersion
    let listKind = list.page["kind"]?.string ?? ""
    let kind = listKind.hasSuffix("List") ? String(listKind.dropLast(4)) : type.kind
    var completion = ItemCompletion(
      apiVersion: .string(apiVersion), kind: .string(kind.isEmpty ? type.kind : kind))
    return list.items.map { completion.complete($0) }
  }
}

/// Puts apiVersion and kind in front of items that lack them. Items of the same keys go on sharing
/// them.
private struct ItemCompletion {
  let apiVersion: JSONValue
  let kind: JSONValue
  private var keys: [String] = []
  private var completedKeys: [String] = []

  init(apiVersion: JSONValue, kind: JSONValue) {
    self.apiVersion = apiVersion
    self.kind = kind
  }

  mutating func complete(_ item: JSONValue) -> JSONValue {
    guard let object = item.object, object["kind"] == nil || object["apiVersion"] == nil else {
      return item
    }
    guard object["kind"] == nil, object["apiVersion"] == nil else {
      var full: JSONObject = ["apiVersion": apiVersion, "kind": kind]
      for (key, value) in object where key != "apiVersion" && key != "kind" {
        full.append(key, value)
      }
      return .object(full)
    }
    if keys != object.keys || completedKeys.isEmpty {
      keys = object.keys
      completedKeys = ["apiVersion", "kind"] + keys
    }
    return .object(
      JSONObject(uniqueKeys: completedKeys, values: [apiVersion, kind] + object.values))
  }
}
