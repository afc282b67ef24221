// The layouts of the heap's objects: raw memory with a common header, no Swift reference counts inside
// except in `ReferenceObject`, which holds one Swift object and lets it go when it is swept.

/// The start of every object.
///
/// Objects in cells stand at multiples of sixteen, all others at odd multiples of eight, and so do views,
/// which keep another string alive. So the address of most strings says that marking them is a bit.
struct ObjectHeader {
  /// What an object's memory is.
  enum Place: UInt8, BitwiseCopyable {
    /// A cell of a page.
    case cell
    /// A large block.
    case large
    /// A block of its own that is never freed.
    case permanent
    /// Eight bytes into a cell, which begins with a copy of the header.
    case shifted
  }

  /// What it is.
  var tag: Value.Tag
  /// Where it is.
  var place: Place
  /// Cannot be changed by scripts; only maps are ever frozen.
  var isFrozen = false
  /// When it was made, see `HeapState.epoch`.
  var epoch: UInt32
}

/// A string.
///
/// Text that is put together by `+` piece after piece would be copied as often as there are pieces. So
/// what is appended to a long string goes to a block with room to spare, and the result is a view of its
/// beginning: as long as nothing else was appended there, the next piece is written behind it in place.
///
///     whole:     | struct | bytes |
///     growable:  | struct | used | capacity | bytes …     | room |
///     view:      | struct | owner ─────────▶ (a growable one)
public struct StringObject {
  /// Where the bytes are.
  enum Form: UInt8, BitwiseCopyable { case whole, growable, view }

  var header: ObjectHeader
  /// 0 until it is first needed.
  var hash: UInt32
  var form: Form
  /// Number of Unicode scalars.
  var scalarCount: Int
  /// Number of bytes.
  var byteCount: Int
}

/// Points to a string of the heap.
public typealias StringReference = UnsafeMutablePointer<StringObject>

/// A list: a growable buffer of values. That of a short list that was made with its size follows the struct.
public struct ListObject {
  var header: ObjectHeader
  /// Number of elements.
  public internal(set) var count: Int
  var capacity: Int
  var items: UnsafeMutablePointer<Value>?
  /// Counts changes, so that a loop over the list notices one.
  var version: Int
}

/// Points to a list of the heap.
public typealias ListReference = UnsafeMutablePointer<ListObject>

/// One pair of a map; a removed one has no key.
struct MapEntry {
  var key: StringReference?
  var value: Value
}

/// A map in insertion order: a buffer of pairs and, past eight of them, a hash table of their indexes.
/// The buffer of a small map that was made with its size follows the struct.
public struct MapObject {
  var header: ObjectHeader
  /// Number of pairs.
  var size: UInt32
  /// Used entries, removed ones included.
  var used: UInt32
  var capacity: UInt32
  /// Slots of the table; a power of two.
  var tableSize: UInt32
  var entries: UnsafeMutablePointer<MapEntry>?
  /// Open addressing; `UInt32.max` marks a free slot. Nil for small maps.
  var table: UnsafeMutablePointer<UInt32>?
  /// Counts changes, so that a loop over the map notices one.
  var version: UInt32
  /// The entry that was found last in the table.
  var last: UInt32
}

/// Points to a map of the heap.
public typealias MapReference = UnsafeMutablePointer<MapObject>

/// A range of integers.
struct RangeObject {
  var header: ObjectHeader
  var start: Int64
  var end: Int64
  var isClosed: Bool
}

/// A function with the variables it captured; their values (boxes, or plain ones that never change)
/// follow the struct.
struct ClosureObject {
  var header: ObjectHeader
  /// Kept alive by the machine's list of loaded functions.
  var body: UnsafeMutablePointer<PrototypeBody>
  var captureCount: Int
}

extension UnsafeMutablePointer where Pointee == ClosureObject {
  @inline(__always)
  var captures: UnsafeMutablePointer<Value> {
    UnsafeMutableRawPointer(self + 1).assumingMemoryBound(to: Value.self)
  }
}

/// The pairs of a link; `2 * count` values follow the struct: from, to, from, to.
struct LinkObject {
  var header: ObjectHeader
  var count: Int
}

extension UnsafeMutablePointer where Pointee == LinkObject {
  @inline(__always)
  var ends: UnsafeMutablePointer<Value> {
    UnsafeMutableRawPointer(self + 1).assumingMemoryBound(to: Value.self)
  }
}

/// A captured variable that changes.
struct BoxObject {
  var header: ObjectHeader
  var value: Value
}

/// An error or a value of the embedder.
struct ReferenceObject {
  var header: ObjectHeader
  var content: Unmanaged<Content>
  /// Bytes accounted for the content.
  var contentSize: Int

  /// What is held, behind one Swift reference.
  final class Content {
    let error: ScriptError?
    let host: (any HostObject)?

    init(error: ScriptError? = nil, host: (any HostObject)? = nil) {
      self.error = error
      self.host = host
    }

    /// Bytes that the content takes, as far as it can be told: an object of the embedder is taken for a
    /// small one.
    var size: Int {
      let fields = MemoryLayout<ScriptError?>.size + MemoryLayout<(any HostObject)?>.size
      return Heap.footprint(16 + fields) + (error?.footprint ?? 64)
    }
  }

  /// Only for objects tagged `error`.
  var error: ScriptError {
    content._withUnsafeGuaranteedRef { $0.error ?? ScriptError("no error") }
  }

  /// Only for objects tagged `host`.
  var host: any HostObject {
    content._withUnsafeGuaranteedRef { $0.host ?? NoHostObject() }
  }
}

/// What a host value that holds nothing would be; keeps `ReferenceObject.host` total.
private struct NoHostObject: HostObject {
  var typeName: String { "host" }
  var description: String { "host" }
  func isEqual(_ other: any HostObject) -> Bool { other is NoHostObject }
}
