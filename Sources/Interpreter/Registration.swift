// Swift functions for scripts: a closure with typed parameters becomes a row of a library.
//
//     library.register("greet", ["name", .defaulted("times", 1)]) { (name: String, times: Int) in
//       String(repeating: "hello \(name) ", count: times)
//     }
//
// The closure's types say what a call may give; a script that gives something else gets the error that a
// builtin would throw. The names and number of arguments are checked before the script runs.

/// A parameter of a registered function: its name, and how it may be given. A string literal is a
/// parameter that must be given, unless the closure's type is an optional.
public struct HostParameter: Sendable, ExpressibleByStringLiteral {
  /// Its name, for named arguments and errors.
  public var name: String
  /// What it is when the call leaves it out; nil for nothing.
  public var defaultValue: ScriptValue?
  /// Takes all further positional arguments; the closure's type is an array.
  public var isRest = false
  /// Can only be given by name.
  public var isNamedOnly = false
  /// One line for help.
  public var doc = ""

  /// A parameter that is only a name.
  public init(_ name: String) { self.name = name }

  /// A parameter that is only a name.
  public init(stringLiteral name: String) { self.name = name }

  /// A parameter with a default.
  public static func defaulted(_ name: String, _ value: ScriptValue) -> HostParameter {
    var parameter = HostParameter(name)
    parameter.defaultValue = value
    return parameter
  }

  /// A parameter that can only be given by name; without a default it must be, unless the closure's
  /// type is an optional.
  public static func named(_ name: String, default value: ScriptValue? = nil) -> HostParameter {
    var parameter = HostParameter(name)
    parameter.defaultValue = value
    parameter.isNamedOnly = true
    return parameter
  }

  /// A parameter that takes all further positional arguments as a list.
  public static func rest(_ name: String) -> HostParameter {
    var parameter = HostParameter(name)
    parameter.isRest = true
    return parameter
  }

  /// The same with a line for help.
  public func doc(_ text: String) -> HostParameter {
    var parameter = self
    parameter.doc = text
    return parameter
  }
}

extension Library {
  /// Registers a function that answers at once, on the thread of the run that calls it.
  ///
  /// - Parameters:
  ///   - name: what scripts call it; `text.shout` is the member `shout` of the namespace `text`.
  ///   - parameters: one for each parameter of `body`, in order.
  ///   - doc: one sentence for help.
  ///   - example: a line of script that shows it.
  ///   - capability: what the embedder must grant for it to be called, such as `files`; nil for nothing.
  ///   - body: the function. What it throws becomes the script's error; see `HostError`.
  public mutating func register<each Argument: ScriptConvertible, Result: ScriptConvertible>(
    _ name: String, _ parameters: [HostParameter] = [], doc: String = "", example: String = "",
    capability: String? = nil, body: @escaping @Sendable (repeat each Argument) throws -> Result
  ) {
    let row = TypedRow<repeat each Argument>(name, parameters, doc, example, capability)
    add(row.immediate(body))
  }

  /// Registers a function that gives nothing and answers at once.
  public mutating func register<each Argument: ScriptConvertible>(
    _ name: String, _ parameters: [HostParameter] = [], doc: String = "", example: String = "",
    capability: String? = nil, body: @escaping @Sendable (repeat each Argument) throws -> Void
  ) {
    let row = TypedRow<repeat each Argument>(name, parameters, doc, example, capability)
    add(
      row.immediate { (argument: repeat each Argument) throws -> ScriptValue in
        try body(repeat each argument)
        return .null
      })
  }

  /// Registers a function that waits for something. The script's other fibers go on meanwhile; when the
  /// run is cancelled, so is the task that runs the body.
  public mutating func register<each Argument: ScriptConvertible, Result: ScriptConvertible>(
    _ name: String, _ parameters: [HostParameter] = [], doc: String = "", example: String = "",
    capability: String? = nil,
    body: @escaping @Sendable (repeat each Argument) async throws -> Result
  ) {
    let row = TypedRow<repeat each Argument>(name, parameters, doc, example, capability)
    add(row.suspending(body))
  }

  /// Registers a function that waits for something and gives nothing.
  public mutating func register<each Argument: ScriptConvertible>(
    _ name: String, _ parameters: [HostParameter] = [], doc: String = "", example: String = "",
    capability: String? = nil,
    body: @escaping @Sendable (repeat each Argument) async throws -> Void
  ) {
    let row = TypedRow<repeat each Argument>(name, parameters, doc, example, capability)
    add(
      row.suspending { (argument: repeat each Argument) async throws -> ScriptValue in
        try await body(repeat each argument)
        return .null
      })
  }

  /// Registers a method that answers at once; the closure's first parameter is the receiver.
  ///
  /// - Parameters:
  ///   - name: its name after the dot.
  ///   - type: the receiver's type, as `type(x)` gives it.
  ///   - parameters: one for each parameter of `body` after the receiver.
  ///   - doc: one sentence for help.
  ///   - body: the method.
  public mutating func registerMethod<
    Receiver: ScriptConvertible, each Argument: ScriptConvertible, Result: ScriptConvertible
  >(
    _ name: String, of type: String, _ parameters: [HostParameter] = [], doc: String = "",
    body: @escaping @Sendable (Receiver, repeat each Argument) throws -> Result
  ) {
    let all = [HostParameter(type)] + parameters
    let row = TypedRow<Receiver, repeat each Argument>(name, all, doc, "", nil)
    addMethod(of: type, row.immediate(body))
  }

  /// Registers a method that waits for something; the closure's first parameter is the receiver.
  public mutating func registerMethod<
    Receiver: ScriptConvertible, each Argument: ScriptConvertible, Result: ScriptConvertible
  >(
    _ name: String, of type: String, _ parameters: [HostParameter] = [], doc: String = "",
    body: @escaping @Sendable (Receiver, repeat each Argument) async throws -> Result
  ) {
    let all = [HostParameter(type)] + parameters
    let row = TypedRow<Receiver, repeat each Argument>(name, all, doc, "", nil)
    addMethod(of: type, row.suspending(body))
  }
}

/// The signature of a closure with typed parameters, and how a call's arguments become its own.
private struct TypedRow<each Argument: ScriptConvertible>: Sendable {
  let signature: Signature
  private let parameters: [HostParameter]

  init(
    _ name: String, _ parameters: [HostParameter], _ doc: String, _ example: String,
    _ capability: String?
  ) {
    var rows: [Signature.Parameter] = []
    for type in repeat (each Argument).self {
      // A closure with more parameters than names is a mistake in the embedder's own code.
      precondition(rows.count < parameters.count, "\(name): too few names for its parameters")
      rows.append(Self.row(parameters[rows.count], type))
    }
    precondition(rows.count == parameters.count, "\(name): too many names for its parameters")
    self.parameters = parameters
    signature = Signature(name, rows, doc: doc, example: example, capability: capability)
  }

  private static func row<T: ScriptConvertible>(
    _ parameter: HostParameter, _ type: T.Type
  ) -> Signature.Parameter {
    let fallback = parameter.defaultValue ?? T.absent?.scriptValue
    return Signature.Parameter(
      parameter.name, T.scriptType, default: fallback?.literal, isRest: parameter.isRest,
      isNamedOnly: parameter.isNamedOnly, doc: parameter.doc)
  }

  func immediate<Result: ScriptConvertible>(
    _ body: @escaping @Sendable (repeat each Argument) throws -> Result
  ) -> HostFunction {
    HostFunction(
      signature,
      .immediate { call in
        var next = 0
        func argument<T: ScriptConvertible>(_ type: T.Type) throws -> T {
          defer { next += 1 }
          let value = call.has(next) ? try call.heap.scriptValue(call[next]) : nil
          return try self.argument(next, value, as: type)
        }
        let result = try body(repeat try argument((each Argument).self))
        return call.heap.makeValue(result.scriptValue)
      })
  }

  func suspending<Result: ScriptConvertible>(
    _ body: @escaping @Sendable (repeat each Argument) async throws -> Result
  ) -> HostFunction {
    HostFunction(
      signature,
      .suspending { arguments in
        var next = 0
        func argument<T: ScriptConvertible>(_ type: T.Type) throws -> T {
          defer { next += 1 }
          return try self.argument(next, arguments.values[next], as: type)
        }
        return try await body(repeat try argument((each Argument).self)).scriptValue
      })
  }

  private func argument<T: ScriptConvertible>(
    _ index: Int, _ value: ScriptValue?, as type: T.Type
  ) throws(ScriptError) -> T {
    guard let value = value ?? parameters[index].defaultValue else {
      if let absent = T.absent { return absent }
      throw .argument(
        "missing argument \"\(parameters[index].name)\" in the call of \(signature.name)")
    }
    if let argument = T.from(value) { return argument }
    throw .type(
      "\(signature.name) takes \(ScriptError.article(T.scriptType)) for "
        + "\"\(parameters[index].name)\", not \(T.mismatch(value))")
  }
}
