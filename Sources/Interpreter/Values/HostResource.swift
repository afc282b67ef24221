// Objects of the embedder that own something outside the heap: a watch, a file, a connection.

import Synchronization

/// A host object that owns something which must be let go at a definite time. The machine never leaves
/// that to the collector: it closes what is still open when the run ends, whether it ended by itself, by
/// an error, a limit or cancellation. In a conversation, what an input opened stays open while inputs
/// succeed, and is closed with the conversation.
public protocol HostResource: HostObject, AnyObject {
  /// Lets go of what it owns. Called at most once by the machine, on any thread; must not wait, and must
  /// bear being called after a script closed the object by itself.
  func close()
}

/// The open resources of one machine.
final class ResourceTable: Sendable {
  private let open = Mutex<[ObjectIdentifier: any HostResource]>([:])

  deinit { closeAll() }

  /// Notes a resource; one that is known already stays as it is.
  func adopt(_ resource: any HostResource) {
    open.withLock { $0[ObjectIdentifier(resource)] = resource }
  }

  /// Notes the resources in the result of a host call, before anything can be lost with it.
  func adopt(_ value: ScriptValue) {
    switch value {
    case .host(let object): if let resource = object as? any HostResource { adopt(resource) }
    case .list(let elements): for element in elements { adopt(element) }
    case .map(let pairs): for pair in pairs { adopt(pair.value) }
    default: break
    }
  }

  /// Forgets a resource that was closed.
  func forget(_ resource: any HostResource) {
    open.withLock { $0[ObjectIdentifier(resource)] = nil }
  }

  /// Closes everything.
  func closeAll() {
    let resources = open.withLock { table in
      defer { table.removeAll() }
      return Array(table.values)
    }
    for resource in resources { resource.close() }
  }

  /// How many are open.
  var count: Int { open.withLock { $0.count } }
}
