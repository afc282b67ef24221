// Objects of the embedder that own something outside the heap: a watch, a file, a connection.
//
// Each belongs to the fiber whose code opened it, and is closed when that fiber ends: the item of a
// `parallel`, or else the run. One that is in an item's result goes to the fiber that gets the result. The
// script closes one earlier with `close()`, mostly in a `defer`. The collector never does: when it comes,
// or whether, is nobody's promise.

import Synchronization

/// A host object that owns something which must be let go at a definite time. The machine never leaves
/// that to the collector. Scripts call `close()`, which every such object has, unless its type registers
/// a method of that name; what is still open is closed when the item of a `parallel` that opened it ends,
/// unless it is in the item's result, and when the run ends, whether by itself, by an error, a limit or
/// cancellation. In a conversation, what an input opened stays open while inputs succeed, and is closed
/// with the conversation.
public protocol HostResource: HostObject, AnyObject {
  /// Lets go of what it owns. Called at most once by the machine, on any thread; must not wait, and must
  /// bear being called after the object was closed in some other way. Using the object afterwards is for
  /// its own methods to refuse.
  func close()
}

/// The open resources of one machine.
final class ResourceTable: Sendable {
  private struct Entry {
    var resource: any HostResource
    /// The fiber that it belongs to.
    var owner: Int
  }

  /// The table itself. Most runs open nothing: then it is never made, which also saves the Swift runtime
  /// the search for what its keys conform to.
  private final class Table {
    var entries: [ObjectIdentifier: Entry] = [:]
  }

  private let open = Mutex<Table?>(nil)
  private let running = Atomic<Int>(0)

  deinit { closeAll() }

  /// The fiber that runs now: what it makes belongs to it.
  var owner: Int {
    get { running.load(ordering: .relaxed) }
    set { running.store(newValue, ordering: .relaxed) }
  }

  /// Notes a resource; one that is known already stays as it is.
  func adopt(_ resource: any HostResource, owner: Int? = nil) {
    let entry = Entry(resource: resource, owner: owner ?? self.owner)
    open.withLock { table in
      let made = table ?? Table()
      let key = ObjectIdentifier(resource)
      if made.entries[key] == nil { made.entries[key] = entry }
      table = made
    }
  }

  /// Notes the resources in the result of a host call, before anything can be lost with it.
  func adopt(_ value: ScriptValue, owner: Int) {
    switch value {
    case .host(let object):
      if let resource = object as? any HostResource { adopt(resource, owner: owner) }
    case .list(let elements): for element in elements { adopt(element, owner: owner) }
    case .map(let pairs): for pair in pairs { adopt(pair.value, owner: owner) }
    default: break
    }
  }

  /// Closes one, if it is open: what a script's `close()` does.
  func close(_ resource: any HostResource) {
    let entry = open.withLock { $0?.entries.removeValue(forKey: ObjectIdentifier(resource)) }
    entry?.resource.close()
  }

  /// A fiber has ended: those in its result go to another fiber, the others are closed.
  func endOwner(_ owner: Int, handing result: Value?, to heir: Int) {
    let own: [Entry] = open.withLock { table in
      guard let table, !table.entries.isEmpty else { return [] }
      return table.entries.values.filter { $0.owner == owner }
    }
    guard !own.isEmpty else { return }
    var kept = Set<ObjectIdentifier>()
    if let result { Self.gather(result, &kept) }
    for entry in own {
      let key = ObjectIdentifier(entry.resource)
      if kept.contains(key) {
        open.withLock { $0?.entries[key]?.owner = heir }
      } else {
        close(entry.resource)
      }
    }
  }

  /// The host objects that a value holds. It may be deep, and it may hold itself.
  private static func gather(_ value: Value, _ found: inout Set<ObjectIdentifier>) {
    var seen = Set<UInt64>()
    var rest = [value]
    while let value = rest.popLast() {
      switch value.tag {
      case .host:
        if let resource = value.asHost as? any HostResource {
          found.insert(ObjectIdentifier(resource))
        }
      case .list where seen.insert(value.bits).inserted:
        for index in 0..<value.asList.count { rest.append(value.asList[item: index]) }
      case .map where seen.insert(value.bits).inserted:
        value.asMap.each { _, inner in rest.append(inner) }
      default: break
      }
    }
  }

  /// Closes everything.
  func closeAll() {
    let entries: [Entry] = open.withLock { table in
      defer { table = nil }
      guard let table else { return [] }
      return Array(table.entries.values)
    }
    for entry in entries { entry.resource.close() }
  }

  /// How many are open.
  var count: Int { open.withLock { $0?.entries.count ?? 0 } }
}
