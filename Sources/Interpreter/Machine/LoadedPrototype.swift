// A compiled function on one machine: what the machine reads while it runs the function.
//
// A `Prototype` is shared by machines and threads, so whatever belongs to one machine stands here: the
// constants and method names on its heap, and a copy of the code that the machine may change.

/// A call shape as `invoke` reads it.
struct MethodSite: BitwiseCopyable {
  /// The method's name, interned; nil for shapes of calls that are no methods'.
  var symbol: StringReference?
  /// True when all arguments are positional and none is spread.
  var isPlain: Bool
  /// The method that was called here last, and the type that it is of.
  var method = Method()
  var tag = Value.Tag.undefined
  /// The names of the shape, interned: the keys of a map.
  var names: UnsafeMutablePointer<StringReference>
  var nameCount: Int
}

/// What the machine reads of a loaded function: trivial, so that a call counts no references.
struct PrototypeBody {
  // What a call needs comes first, so that it lies together.

  /// The machine's own copy.
  var code: UnsafeMutablePointer<Instruction>
  /// The constants on the machine's heap.
  var values: UnsafeMutablePointer<Value>
  /// Arguments that need no binding when so many are given by position; -1 when there is no such number.
  var plainCount: Int
  var registerCount: Int
  /// For each call shape what `invoke` needs to know of it.
  var sites: UnsafeMutablePointer<MethodSite>
  /// The bodies of the functions inside.
  var children: UnsafeMutablePointer<UnsafeMutablePointer<PrototypeBody>>
  /// Parameters that are not the rest parameter.
  var positionalCount: Int
  var hasRest: Bool
  var captureCount: Int
  /// Kept alive by the machine's list of loaded functions.
  var owner: Unmanaged<Prototype>
}

/// Owns the body of a function, and of those inside it, for as long as the machine has closures of them.
final class LoadedPrototype {
  let prototype: Prototype
  let body: UnsafeMutablePointer<PrototypeBody>
  let children: [LoadedPrototype]

  /// Puts a function's constants on a heap and copies its code.
  init(_ prototype: Prototype, _ heap: Heap) {
    self.prototype = prototype
    children = prototype.children.map { LoadedPrototype($0, heap) }
    let hasRest = prototype.parameters.last?.isRest ?? false
    let positionalCount = prototype.parameters.count - (hasRest ? 1 : 0)
    body = UnsafeMutablePointer<PrototypeBody>.allocate(capacity: 1)
    body.initialize(
      to: PrototypeBody(
        code: Self.copy(prototype.code), values: Self.copy(prototype.constants.map(heap.constant)),
        plainCount: hasRest ? -1 : positionalCount, registerCount: prototype.registerCount,
        sites: Self.copy(prototype.shapes.map(heap.site)),
        children: Self.copy(children.map(\.body)), positionalCount: positionalCount,
        hasRest: hasRest,
        captureCount: prototype.captures.count, owner: Unmanaged.passUnretained(prototype)))
  }

  deinit {
    body.pointee.code.deallocate()
    body.pointee.values.deallocate()
    for index in prototype.shapes.indices { body.pointee.sites[index].names.deallocate() }
    body.pointee.sites.deallocate()
    body.pointee.children.deallocate()
    body.deallocate()
  }

  fileprivate static func copy<T: BitwiseCopyable>(_ elements: [T]) -> UnsafeMutablePointer<T> {
    let memory = UnsafeMutablePointer<T>.allocate(capacity: max(1, elements.count))
    memory.initialize(from: elements, count: elements.count)
    return memory
  }
}

extension Heap {
  fileprivate func site(_ shape: CallShape) -> MethodSite {
    MethodSite(
      symbol: shape.method.map(intern), isPlain: shape.names.isEmpty && !shape.isSpread,
      names: LoadedPrototype.copy(shape.names.map(intern)), nameCount: shape.names.count)
  }

  /// The value of a constant; strings are interned.
  fileprivate func constant(_ constant: Constant) -> Value {
    switch constant {
    case .int(let value): Value(value)
    case .float(let bits): Value(Double(bitPattern: bits))
    case .duration(let value): Value(nanoseconds: value)
    case .string(let exact): Value(intern(exact.text))
    }
  }
}
