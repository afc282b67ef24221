// Methods by the receiver's type: library functions, and methods written in the language itself.

/// What `x.name(…)` calls when `name` is no key of a map.
enum Method {
  case native(HostFunction)
  case script(UnsafeMutablePointer<ClosureObject>)
}

/// The methods of every type. Methods written in the language are compiled when they are first called,
/// so that starting up costs nothing.
struct MethodTable {
  static let preludeName = "<library>"
  private let prepared: PreparedLibrary
  private var compiled: [String: [String: Method]] = [:]
  private var loaded: [LoadedPrototype] = []

  init(_ prepared: PreparedLibrary) { self.prepared = prepared }

  /// The method of a type; nil when there is none.
  mutating func find(_ name: String, type: String, _ heap: Heap) -> Method? {
    if let known = compiled[type]?[name] { return known }
    guard let method = make(name, type, heap) else { return nil }
    compiled[type, default: [:]][name] = method
    return method
  }

  private mutating func make(_ name: String, _ type: String, _ heap: Heap) -> Method? {
    if let function = prepared.library.methods[type]?[name] { return .native(function) }
    guard let main = prepared.method(name, of: type) else { return nil }
    let program = LoadedPrototype(main, heap)
    guard let method = program.children.first else { return nil }
    loaded.append(program)
    return .script(heap.makeClosure(method.body))
  }

  /// Names of a type's methods, for did-you-mean.
  func names(of type: String) -> [String] {
    let native = prepared.library.methods[type].map { Array($0.keys) } ?? []
    let script = prepared.library.scriptMethods[type].map { Array($0.keys) } ?? []
    return (native + script).sorted()
  }

  func markRoots(_ heap: Heap) {
    for methods in compiled.values {
      for case .script(let closure) in methods.values {
        heap.mark(Value(UnsafeMutableRawPointer(closure), .closure))
      }
    }
  }
}
