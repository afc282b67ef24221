// Methods by the receiver's type: library functions, and methods written in the language itself.

import Lexer

/// What `x.name(…)` calls when `name` is no key of a map.
enum Method {
  case native(HostFunction)
  case script(UnsafeMutablePointer<ClosureObject>)
}

/// The methods of every type. Methods written in the language are compiled when they are first called,
/// so that starting up costs nothing.
struct MethodTable {
  static let preludeName = "<library>"
  private let library: Library
  private let names: LibraryNames
  private var compiled: [String: [String: Method]] = [:]
  private var prototypes: [Prototype] = []

  init(library: Library, names: LibraryNames) {
    self.library = library
    self.names = names
  }

  /// The method of a type; nil when there is none.
  mutating func find(_ name: String, type: String, _ heap: Heap) -> Method? {
    if let known = compiled[type]?[name] { return known }
    guard let method = make(name, type, heap) else { return nil }
    compiled[type, default: [:]][name] = method
    return method
  }

  private mutating func make(_ name: String, _ type: String, _ heap: Heap) -> Method? {
    if let function = library.methods[type]?[name] { return .native(function) }
    guard let text = library.scriptMethods[type]?[name] else { return nil }
    let source = Source(name: Self.preludeName, text: text)
    let (program, _) = Parser.parse(source)
    let resolved = Resolver.resolve(program, library: names, globals: [], isInteractive: false)
    guard let resolution = resolved.resolution,
      let main = try? Compiler.compile(program, resolution, library: names).main,
      let method = main.children.first
    else { return nil }
    main.install(heap)
    prototypes.append(main)
    return .script(heap.makeClosure(method))
  }

  /// Names of a type's methods, for did-you-mean.
  func names(of type: String) -> [String] {
    let native = library.methods[type].map { Array($0.keys) } ?? []
    let script = library.scriptMethods[type].map { Array($0.keys) } ?? []
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
