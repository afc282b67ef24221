// What an embedder adds to the language of an engine: functions, methods, constants, verbs.
//
// Everything here changes what is compiled from then on; programs that exist keep what they know. Names
// and arguments of registered functions are checked before a script runs, as those of builtins are, and
// `Engine.library` lists them for help and completion.

import Builtins
import Interpreter

extension Engine {
  /// Registers a function that answers at once, on the thread of the run that calls it.
  ///
  /// - Parameters:
  ///   - name: what scripts call it; `text.shout` is the member `shout` of the namespace `text`.
  ///   - parameters: one for each parameter of `body`, in order.
  ///   - doc: one sentence for help.
  ///   - example: a line of script that shows it.
  ///   - capability: what the embedder must grant for it to be called, such as `files`; nil for nothing.
  ///   - body: the function. What it throws becomes the script's error; see `HostError`.
  public func register<each Argument: ScriptConvertible, Result: ScriptConvertible>(
    _ name: String, _ parameters: HostParameter..., doc: String = "", example: String = "",
    capability: EngineOptions.Capability? = nil,
    body: @escaping @Sendable (repeat each Argument) throws -> Result
  ) {
    extend {
      $0.register(
        name, parameters, doc: doc, example: example, capability: capability?.rawValue, body: body)
    }
  }

  /// Registers a function that gives nothing and answers at once.
  public func register<each Argument: ScriptConvertible>(
    _ name: String, _ parameters: HostParameter..., doc: String = "", example: String = "",
    capability: EngineOptions.Capability? = nil,
    body: @escaping @Sendable (repeat each Argument) throws -> Void
  ) {
    extend {
      $0.register(
        name, parameters, doc: doc, example: example, capability: capability?.rawValue, body: body)
    }
  }

  /// Registers a function that waits for something. The script's other fibers go on meanwhile; when the
  /// run is cancelled, so is the task that runs the body.
  public func register<each Argument: ScriptConvertible, Result: ScriptConvertible>(
    _ name: String, _ parameters: HostParameter..., doc: String = "", example: String = "",
    capability: EngineOptions.Capability? = nil,
    body: @escaping @Sendable (repeat each Argument) async throws -> Result
  ) {
    extend {
      $0.register(
        name, parameters, doc: doc, example: example, capability: capability?.rawValue, body: body)
    }
  }

  /// Registers a function that waits for something and gives nothing.
  public func register<each Argument: ScriptConvertible>(
    _ name: String, _ parameters: HostParameter..., doc: String = "", example: String = "",
    capability: EngineOptions.Capability? = nil,
    body: @escaping @Sendable (repeat each Argument) async throws -> Void
  ) {
    extend {
      $0.register(
        name, parameters, doc: doc, example: example, capability: capability?.rawValue, body: body)
    }
  }

  /// Registers a method that answers at once; the closure's first parameter is the receiver.
  ///
  /// - Parameters:
  ///   - name: its name after the dot.
  ///   - type: the receiver's type, as `type(x)` gives it.
  ///   - parameters: one for each parameter of `body` after the receiver.
  ///   - doc: one sentence for help.
  ///   - body: the method.
  public func registerMethod<
    Receiver: ScriptConvertible, each Argument: ScriptConvertible, Result: ScriptConvertible
  >(
    _ name: String, of type: String, _ parameters: HostParameter..., doc: String = "",
    body: @escaping @Sendable (Receiver, repeat each Argument) throws -> Result
  ) {
    extend { $0.registerMethod(name, of: type, parameters, doc: doc, body: body) }
  }

  /// Registers a method that waits for something; the closure's first parameter is the receiver.
  public func registerMethod<
    Receiver: ScriptConvertible, each Argument: ScriptConvertible, Result: ScriptConvertible
  >(
    _ name: String, of type: String, _ parameters: HostParameter..., doc: String = "",
    body: @escaping @Sendable (Receiver, repeat each Argument) async throws -> Result
  ) {
    extend { $0.registerMethod(name, of: type, parameters, doc: doc, body: body) }
  }

  /// Registers a constant.
  ///
  /// - Parameters:
  ///   - constant: its name.
  ///   - value: what scripts find there.
  public func register(constant: String, _ value: ScriptValue) {
    extend { $0.add(constant: constant, value) }
  }

  /// Registers a row that was made by hand: for signatures that types cannot say, and for bodies that
  /// work on the machine's own values.
  public func register(_ function: HostFunction) { extend { $0.add(function) } }

  /// Registers a verb beside the shipped ones; it is a method of clusters too when its first parameter
  /// is `cluster`.
  public func register(verb: any Verb.Type) { extend { VerbTable.add(verb, to: &$0) } }
}
