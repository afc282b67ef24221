// Calls: binding arguments to parameters, library functions, methods, and parking a fiber.

import Lexer

/// What became of a call.
enum CallResult {
  /// A frame was pushed, or the result is in its register.
  case going
  /// The fiber waits.
  case parked
}

/// A library function as the machine calls it.
final class NativeFunction {
  let function: HostFunction
  /// Arguments that need no binding when so many are given by position and the function can be called
  /// at once; -1 when there is no such number.
  let plainCount: Int
  fileprivate let body: (@Sendable (inout NativeCall) throws -> Value)?

  init(_ function: HostFunction) {
    self.function = function
    let signature = function.signature
    let isPlain =
      signature.capability == nil
      && !signature.parameters.contains { $0.isRest || $0.isNamedOnly }
    if case .immediate(let body) = function.body {
      self.body = body
      plainCount = isPlain ? signature.parameters.count : -1
    } else {
      body = nil
      plainCount = -1
    }
  }
}

/// The library's functions as the machine calls them, made when they are first asked for.
final class NativeTable {
  private let functions: [HostFunction]
  private let made: UnsafeMutablePointer<NativeFunction?>

  init(_ functions: [HostFunction]) {
    self.functions = functions
    made = .allocate(capacity: max(1, functions.count))
    made.initialize(repeating: nil, count: max(1, functions.count))
  }

  deinit {
    made.deinitialize(count: max(1, functions.count))
    made.deallocate()
  }

  /// A function by its index in the library.
  @inline(__always)
  subscript(index: Int) -> NativeFunction { made[index] ?? make(index) }

  private func make(_ index: Int) -> NativeFunction {
    let native = NativeFunction(functions[index])
    made[index] = native
    return native
  }
}

/// The arguments of an immediate library function, bound to its parameters.
public struct NativeCall {
  // Both outlive the call, so it counts no references.
  private let caller: Unmanaged<Machine>
  private let callee: Unmanaged<NativeFunction>
  /// One value for each parameter. A rest parameter is always a list.
  private let arguments: UnsafeMutablePointer<Value>

  init(_ machine: Machine, _ callee: NativeFunction, _ arguments: UnsafeMutablePointer<Value>) {
    caller = .passUnretained(machine)
    self.callee = .passUnretained(callee)
    self.arguments = arguments
  }

  /// The machine that calls; for its heap and `print`.
  public var machine: Machine { caller.takeUnretainedValue() }

  /// What the arguments were bound to.
  public var signature: Signature { callee._withUnsafeGuaranteedRef { $0.function.signature } }

  /// The memory that results are made in.
  public var heap: Heap { caller._withUnsafeGuaranteedRef { $0.heap } }

  /// The argument for a parameter by its position in the signature; null when it was left out.
  public subscript(index: Int) -> Value {
    let value = arguments[index]
    return value.tag == .undefined ? .null : value
  }

  /// True when the call gave this argument.
  public func has(_ index: Int) -> Bool { arguments[index].tag != .undefined }

  /// Counts work and looks at the limits now and then; see `Heap.charge`.
  ///
  /// - Throws: an error that no script can catch, when the run must stop.
  public func charge(_ work: Int = 1) throws(ScriptError) { try heap.charge(work) }

  /// Writes text where the script's output goes.
  public func write(_ text: String) { machine.output(text) }
}

extension Machine {
  /// Calls `callee` with the arguments after R[base]; the result goes to R[base].
  func call(
    _ fiber: Fiber, _ callee: Value, base: Int, count: Int, shape: Int
  ) throws(ScriptError) -> CallResult {
    let frame = fiber.frames[fiber.frameCount - 1]
    switch callee.tag {
    case .closure:
      let positional = try positionals(fiber, frame, base + 1, count, shape)
      try pushClosure(
        fiber, callee.asClosure, frame.base + base + 1, positional, names: shapeNames(frame, shape),
        result: frame.base + base)
      return .going
    case .native:
      let function = natives[Int(callee.bits)]
      let positional = try positionals(fiber, frame, base + 1, count, shape)
      return try callNative(
        fiber, function, frame.base + base + 1, positional, names: shapeNames(frame, shape),
        result: frame.base + base)
    default:
      throw .notCallable(callee)
    }
  }

  /// The method that `invoke` can call without more ado: all arguments are positional, and the receiver
  /// is no map that has a function of that name. One without `plainCount` is left to `invoke`. The call's
  /// place remembers it, unless it must be looked for in every map.
  @inline(never)
  func plainMethod(_ receiver: Value, _ site: UnsafeMutablePointer<MethodSite>) -> Method {
    guard site.pointee.isPlain, let symbol = site.pointee.symbol else { return Method() }
    if receiver.tag == .map {
      if receiver.asMap.get(symbol) != nil { return Method() }
      return methodCache.find(symbol, .map)
    }
    let method = methodCache.find(symbol, receiver.tag)
    if method.plainCount >= 0 {
      site.pointee.method = method
      site.pointee.tag = receiver.tag
    }
    return method
  }

  /// Calls a library function whose arguments need no binding.
  @inline(never)
  func callPlain(
    _ native: NativeFunction, _ arguments: UnsafeMutablePointer<Value>
  ) throws(ScriptError) -> Value {
    guard let body = native.body else { throw .notCallable(.null) }
    return try run(body, NativeCall(self, native, arguments))
  }

  /// Calls a method of R[base], or the function under that key of a map.
  func invoke(_ fiber: Fiber, base: Int, count: Int, shape: Int) throws(ScriptError) -> CallResult {
    let frame = fiber.frames[fiber.frameCount - 1]
    let receiver = fiber.stack[frame.base + base]
    guard let symbol = frame.body.pointee.sites[shape].symbol else {
      throw .notCallable(receiver)
    }
    let value = receiver.tag == .map ? receiver.asMap.get(symbol) : nil
    if let value, value.isFunction {
      return try call(fiber, value, base: base, count: count, shape: shape)
    }
    let type = receiver.typeName
    guard let method = methods.find(symbol.text, type: type, heap) else {
      if let value { throw .notCallable(value) }
      if try closes(receiver, symbol, frame, count, shape) {
        fiber.stack[frame.base + base] = .null
        return .going
      }
      return try callMember(fiber, receiver, symbol, frame, base, count, shape, type)
    }
    // Objects of the embedder share a tag but not their methods.
    if receiver.tag != .host { methodCache.keep(method, symbol, receiver.tag) }
    // The receiver is the first argument, and stands right before the others.
    let positional = try positionals(fiber, frame, base + 1, count, shape)
    let arguments = frame.base + base
    if let native = method.native {
      return try callNative(
        fiber, native.takeUnretainedValue(), arguments, positional + 1,
        names: shapeNames(frame, shape), result: arguments, receivers: 1)
    }
    guard let closure = method.closure else { throw .notCallable(receiver) }
    try pushClosure(
      fiber, closure, arguments, positional + 1, names: shapeNames(frame, shape),
      result: arguments)
    return .going
  }

  /// Closes a host resource for `x.close()`; false when the call is no such thing.
  private func closes(
    _ receiver: Value, _ symbol: StringReference, _ frame: Frame, _ count: Int, _ shape: Int
  ) throws(ScriptError) -> Bool {
    guard let resource = receiver.hostObject as? any HostResource, symbol.text == "close" else {
      return false
    }
    let names = shapeNames(frame, shape)
    guard count == 0, names.isEmpty else {
      throw .tooManyArguments("close", most: 0, given: count + names.count)
    }
    heap.resources.close(resource)
    return true
  }

  /// A member that holds a function may be called as well; anything else has no such method.
  private func callMember(
    _ fiber: Fiber, _ receiver: Value, _ symbol: StringReference, _ frame: Frame, _ base: Int,
    _ count: Int, _ shape: Int, _ type: String
  ) throws(ScriptError) -> CallResult {
    if receiver.tag == .map, methods.names(of: type).isEmpty {
      throw .noMember(symbol.text, in: "map", among: keys(receiver.asMap))
    }
    if receiver.tag == .null { throw .noMethod(symbol.text, of: "null", among: []) }
    let candidates =
      methods.names(of: type) + (receiver.tag == .map ? keys(receiver.asMap) : [])
    throw .noMethod(symbol.text, of: type, among: candidates)
  }

  private func shapeNames(_ frame: Frame, _ shape: Int) -> [String] {
    shape == 0 ? [] : frame.body.pointee.owner.takeUnretainedValue().shapes[shape].names
  }

  /// Spreads the one list of a call with `...`, in place, and returns the number of positional
  /// arguments, which then stand from R[start] on, followed by the named ones.
  private func positionals(
    _ fiber: Fiber, _ frame: Frame, _ start: Int, _ count: Int, _ shape: Int
  ) throws(ScriptError) -> Int {
    guard shape != 0 else { return count }
    let callShape = frame.body.pointee.owner.takeUnretainedValue().shapes[shape]
    guard callShape.isSpread else { return count }
    let index = frame.base + start
    let list = fiber.stack[index].asList
    let spread = list.count
    guard spread <= 1 << 16 else { throw .argument("too many arguments: \(spread)") }
    fiber.reserve(index + spread + callShape.names.count)
    let named = (0..<callShape.names.count).map { fiber.stack[index + 1 + $0] }
    for position in 0..<spread { fiber.stack[index + position] = list[item: position] }
    for (position, value) in named.enumerated() { fiber.stack[index + spread + position] = value }
    return spread
  }

  // MARK: Closures

  /// Pushes a frame for a closure; its arguments stand in the stack from `start` on.
  func pushClosure(
    _ fiber: Fiber, _ closure: UnsafeMutablePointer<ClosureObject>, _ start: Int, _ count: Int,
    names: [String], result: Int
  ) throws(ScriptError) {
    guard fiber.frameCount + fiber.outerDepth < limits.callDepth else {
      throw .callDepth(limits.callDepth)
    }
    let body = closure.pointee.body
    fiber.reserve(start + max(body.pointee.registerCount, count + names.count))
    if count != body.pointee.positionalCount || body.pointee.hasRest || !names.isEmpty {
      let prototype = body.pointee.owner.takeUnretainedValue()
      let given = (0..<count + names.count).map { fiber.stack[start + $0] }
      let bound = try bind(prototype, given, count, names)
      for (index, value) in bound.enumerated() { fiber.stack[start + index] = value }
    }
    fiber.push(Frame(body: body, closure: closure, base: start, result: result))
  }

  private func bind(
    _ prototype: Prototype, _ given: [Value], _ count: Int, _ names: [String]
  ) throws(ScriptError) -> [Value] {
    let parameters = prototype.parameters.map {
      Parameter(name: $0.name, isRequired: !$0.hasDefault && !$0.isRest, isRest: $0.isRest)
    }
    return try bind(
      prototype.name, parameters, given, count, names, receivers: prototype.isPrelude ? 1 : 0)
  }

  /// What binding needs to know of a parameter.
  private struct Parameter {
    var name: String
    var isRequired: Bool
    var isRest: Bool
    var isNamedOnly = false
  }

  private func bind(
    _ function: String, _ parameters: [Parameter], _ given: [Value], _ count: Int,
    _ names: [String], receivers: Int
  ) throws(ScriptError) -> [Value] {
    var bound = [Value](repeating: .undefined, count: parameters.count)
    var position = 0
    for (index, parameter) in parameters.enumerated() where !parameter.isNamedOnly {
      if parameter.isRest {
        let rest = heap.makeList(capacity: max(0, count - position))
        while position < count {
          rest.append(given[position], heap)
          position += 1
        }
        bound[index] = Value(rest)
      } else if position < count {
        bound[index] = given[position]
        position += 1
      }
    }
    if position < count {
      let most = parameters.count { !$0.isNamedOnly && !$0.isRest } - receivers
      throw .tooManyArguments(function, most: most, given: count - receivers)
    }
    let places = names.count > 8 ? Self.places(parameters) : nil
    for (offset, name) in names.enumerated() {
      let place =
        places.map { $0[name] } ?? parameters.firstIndex { $0.name == name && !$0.isRest }
      guard let index = place else {
        throw unknownArgument(function, name, parameters)
      }
      guard bound[index].tag == .undefined else {
        throw .argument("argument \"\(name)\" is given twice in the call of \(function)")
      }
      bound[index] = given[count + offset]
    }
    for (index, parameter) in parameters.enumerated()
    where parameter.isRequired && bound[index].tag == .undefined {
      throw .argument("missing argument \"\(parameter.name)\" in the call of \(function)")
    }
    return bound
  }

  /// Where each parameter is that can be named: a search for each of many names would be quadratic.
  private static func places(_ parameters: [Parameter]) -> [String: Int] {
    var places: [String: Int] = [:]
    for (index, parameter) in parameters.enumerated() where !parameter.isRest {
      places[parameter.name] = index
    }
    return places
  }

  private func unknownArgument(
    _ function: String, _ name: String, _ parameters: [Parameter]
  ) -> ScriptError {
    var error = ScriptError.argument("\(function) has no parameter \"\(name)\"")
    if let question = didYouMeanQuestion(name, among: parameters.map(\.name)) {
      error.label = question
    }
    return error
  }

  // MARK: Library functions

  /// Calls a library function; its arguments stand in the stack from `start` on.
  private func callNative(
    _ fiber: Fiber, _ native: NativeFunction, _ start: Int, _ count: Int, names: [String],
    result: Int, receivers: Int = 0
  ) throws(ScriptError) -> CallResult {
    if names.isEmpty, count == native.plainCount {
      fiber.stack[result] = try callPlain(native, fiber.stack + start)
      return .going
    }
    let function = native.function
    try checkCapability(function.signature)
    let given = (0..<count + names.count).map { fiber.stack[start + $0] }
    let bound = try bind(
      function.signature.name,
      function.signature.parameters.map {
        Parameter(
          name: $0.name, isRequired: $0.defaultText == nil && !$0.isRest, isRest: $0.isRest,
          isNamedOnly: $0.isNamedOnly)
      }, given, count, names, receivers: receivers)
    switch function.body {
    case .immediate(let body):
      fiber.stack[result] = try runImmediate(body, native, bound)
      return .going
    case .sleeping(let body):
      var nanoseconds: Int64 = 0
      _ = try runImmediate(
        { call in
          nanoseconds = try body(&call)
          return .null
        }, native, bound)
      fiber.resumeIndex = result
      let due = Timers.now.addingReportingOverflow(UInt64(max(0, nanoseconds)))
      timers.add(fiber: fiber.id, due: due.overflow ? .max - 1 : due.partialValue)
      return .parked
    case .suspending(let body):
      heap.beginNative()
      let values = try scriptValues(bound)
      let arguments = HostArguments(
        signature: function.signature, values: values, context: context)
      park(fiber, result) { try await body(arguments) }
      return .parked
    }
  }

  private func scriptValues(_ bound: [Value]) throws(ScriptError) -> [ScriptValue?] {
    var values: [ScriptValue?] = []
    for value in bound {
      values.append(value.tag == .undefined ? nil : try scriptValue(value))
    }
    return values
  }

  private func runImmediate(
    _ body: (inout NativeCall) throws -> Value, _ native: NativeFunction, _ bound: [Value]
  ) throws(ScriptError) -> Value {
    let arguments = UnsafeMutablePointer<Value>.allocate(capacity: max(1, bound.count))
    defer { arguments.deallocate() }
    for (index, value) in bound.enumerated() { arguments[index] = value }
    return try run(body, NativeCall(self, native, arguments))
  }

  private func run(
    _ body: (inout NativeCall) throws -> Value, _ call: NativeCall
  ) throws(ScriptError) -> Value {
    var call = call
    do {
      heap.beginNative()
      let value = try body(&call)
      // Also for functions that could only stop early, or that swallowed the error.
      try heap.throwIfInterrupted()
      return value
    } catch {
      try heap.throwIfInterrupted()
      throw Self.scriptError(error)
    }
  }

  private func checkCapability(_ signature: Signature) throws(ScriptError) {
    guard let capability = signature.capability, let granted = limits.capabilities,
      !granted.contains(capability)
    else { return }
    throw ScriptError(
      kind: "capability", .capabilityMissing,
      "\(signature.name) needs the capability \"\(capability)\", which is not granted")
  }

  /// Parks a fiber until something outside has answered.
  func park(
    _ fiber: Fiber, _ result: Int, _ perform: @escaping @Sendable () async throws -> ScriptValue
  ) {
    fiber.resumeIndex = result
    calls.append(HostCall(fiber: fiber.id, perform: perform))
  }

  /// Makes a closure of a child prototype with what it captures.
  func makeClosure(
    _ body: PrototypeBody, _ index: Int, _ registers: UnsafeMutablePointer<Value>,
    _ captures: UnsafeMutablePointer<Value>
  ) -> Value {
    let child = body.children[index]
    let prototype = child.pointee.owner.takeUnretainedValue()
    let closure = heap.makeClosure(child)
    for (slot, capture) in prototype.captures.enumerated() {
      closure.captures[slot] =
        switch capture {
        case .register(let register): registers[register]
        case .capture(let outer): captures[outer]
        }
    }
    return Value(UnsafeMutableRawPointer(closure), .closure)
  }
}
