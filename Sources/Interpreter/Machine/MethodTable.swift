// Methods by the receiver's type: library functions, and methods written in the language itself.

/// What `x.name(…)` calls when `name` is no key of a map: a library function or a closure. Both are kept
/// alive by the method table.
struct Method: BitwiseCopyable {
  var native: Unmanaged<NativeFunction>?
  var closure: UnsafeMutablePointer<ClosureObject>?
  /// Arguments, receiver included, that need no binding; -1 when there is no such number.
  var plainCount = -1
  /// True for `append` of lists, which the machine does itself: loops that make lists live by it.
  var isAppend = false
}

/// Methods that were called lately, by name and the receiver's type: a small table with one place for each
/// pair, which the next pair of the same place takes over.
final class MethodCache {
  private struct Entry: BitwiseCopyable {
    var symbol: StringReference?
    var tag = Value.Tag.undefined
    var method = Method()
  }

  private static let count = 128
  private let entries: UnsafeMutablePointer<Entry>

  init() {
    entries = .allocate(capacity: Self.count)
    entries.initialize(repeating: Entry(), count: Self.count)
  }

  deinit { entries.deallocate() }

  /// The method, or one without a `plainCount` when it is not known here.
  @inline(__always)
  func find(_ symbol: StringReference, _ tag: Value.Tag) -> Method {
    let entry = entries + Self.place(symbol, tag)
    if entry.pointee.symbol == symbol, entry.pointee.tag == tag { return entry.pointee.method }
    return Method()
  }

  func keep(_ method: Method, _ symbol: StringReference, _ tag: Value.Tag) {
    entries[Self.place(symbol, tag)] = Entry(symbol: symbol, tag: tag, method: method)
  }

  @inline(__always)
  private static func place(_ symbol: StringReference, _ tag: Value.Tag) -> Int {
    // Strings stand at multiples of sixteen.
    (Int(bitPattern: symbol) >> 4 ^ Int(tag.rawValue)) & (count - 1)
  }
}

/// The methods of every type. Methods written in the language are compiled when they are first called,
/// so that starting up costs nothing.
struct MethodTable {
  static let preludeName = "<library>"
  private let prepared: PreparedLibrary
  private var compiled: [String: [String: Method]] = [:]
  private var loaded: [LoadedPrototype] = []
  private var natives: [NativeFunction] = []

  init(_ prepared: PreparedLibrary) { self.prepared = prepared }

  /// The method of a type; nil when there is none.
  mutating func find(_ name: String, type: String, _ heap: Heap) -> Method? {
    if let known = compiled[type]?[name] { return known }
    guard let method = make(name, type, heap) else { return nil }
    compiled[type, default: [:]][name] = method
    return method
  }

  private mutating func make(_ name: String, _ type: String, _ heap: Heap) -> Method? {
    if let function = prepared.library.methods[type]?[name] {
      let native = NativeFunction(function)
      natives.append(native)
      return Method(
        native: .passUnretained(native), plainCount: native.plainCount,
        isAppend: type == "list" && name == "append")
    }
    guard let main = prepared.method(name, of: type) else { return nil }
    let program = LoadedPrototype(main, heap)
    guard let method = program.children.first else { return nil }
    loaded.append(program)
    let closure = heap.makeClosure(method.body)
    return Method(closure: closure, plainCount: method.body.pointee.plainCount)
  }

  /// Names of a type's methods, for did-you-mean.
  func names(of type: String) -> [String] {
    let native = prepared.library.methods[type].map { Array($0.keys) } ?? []
    let script = prepared.library.scriptMethods[type].map { Array($0.keys) } ?? []
    return (native + script).sorted()
  }

  func markRoots(_ heap: Heap) {
    for methods in compiled.values {
      for case let closure? in methods.values.map(\.closure) {
        heap.mark(Value(UnsafeMutableRawPointer(closure), .closure))
      }
    }
  }
}
