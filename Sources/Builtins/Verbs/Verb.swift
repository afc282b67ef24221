// What a verb is: a row of the table from which help, checks, completion and the manual are made.

import Interpreter

/// A word of the language that acts on clusters. One file a verb: parameters, doc, example, and what it
/// compiles to.
public protocol Verb: SendableMetatype {
  /// Its name, parameters, doc and example. A first parameter named `cluster` makes it a method too.
  static var signature: Signature { get }
  /// Runs a call. Verbs never print; what they did goes to the run's report.
  static func run(_ call: VerbCall) async throws -> ScriptValue
}

extension Verb {
  /// The row for a library: of one run, or of whatever run the calling session belongs to.
  static func function(of mesh: Mesh? = nil) -> HostFunction {
    HostFunction(
      signature,
      .suspending { arguments in
        guard let mesh = mesh ?? arguments.context as? Mesh else {
          throw ScriptError("\(signature.name) works only in a run that has clusters")
        }
        return try await run(VerbCall(arguments, mesh: mesh))
      })
  }
}

extension Signature.Parameter {
  /// The cluster, or the clusters, that a verb is for.
  public static let cluster = Signature.Parameter(
    "cluster", "cluster or list", doc: "where; with a list the verb runs for each of them")

  /// A parameter that is only given by name.
  public static func named(
    _ name: String, _ type: String, default defaultText: String, _ doc: String
  ) -> Signature.Parameter {
    Signature.Parameter(name, type, default: defaultText, isNamedOnly: true, doc: doc)
  }
}

extension VerbCall {
  /// Runs a cluster verb's body for each of its clusters. Given one cluster it gives that one's value
  /// and throws its error; given a list, a list of values, and one error of kind `parallel` that carries
  /// every failure, after all have ended.
  ///
  /// - Parameter body: what to do with one cluster.
  public func each(
    _ body: @escaping @Sendable (Cluster) async throws -> ScriptValue
  ) async throws -> ScriptValue {
    let (clusters, isList) = try clusters()
    guard isList else { return try await body(clusters[0]) }
    let results = await mesh.fanOut(clusters) { cluster -> Result<ScriptValue, any Error> in
      do { return .success(try await body(cluster)) } catch { return .failure(error) }
    }
    try Task.checkCancellation()
    return try collect(zip(clusters, results).map { (.host($0), $1) }, failing: "clusters")
  }

  /// The values of work on several items; one error of kind `parallel` when any of it failed.
  func collect(
    _ results: [(item: ScriptValue, result: Result<ScriptValue, any Error>)], failing noun: String
  ) throws -> ScriptValue {
    var values: [ScriptValue] = []
    var errors: [ScriptValue] = []
    for (item, result) in results {
      switch result {
      case .success(let value): values.append(value)
      case .failure(let error as ScriptError):
        errors.append(.map([("item", item), ("error", .error(error))]))
      case .failure(let error): throw error
      }
    }
    guard !errors.isEmpty else { return .list(values) }
    throw severalFailed(errors, "of \(results.count) \(noun)")
  }

  /// Carries one operation out and puts what became of it into the run's report.
  ///
  /// - Throws: `ScriptError` when it fails, `CancellationError` when the run is cancelled.
  public func perform(_ operation: Operation) async throws -> Outcome {
    try await mesh.executor.perform(operation)
  }

  /// Carries operations on one cluster out, for a verb that declares a state: failures go to the run's
  /// report. Prerequisites come first and in order, the others run side by side; when a prerequisite
  /// fails, or the cluster cannot be reached, what is left is skipped.
  ///
  /// - Returns: an outcome for each operation, in order.
  /// - Throws: `CancellationError` when the run is cancelled.
  public func declare(_ operations: [Operation]) async throws -> [Outcome] {
    try await mesh.executor.declare(operations)
  }

  private func severalFailed(_ errors: [ScriptValue], _ total: String) -> ScriptError {
    let messages = errors.compactMap { element -> String? in
      guard case .map(let pairs) = element, case .error(let error)? = pairs.last?.value else {
        return nil
      }
      return error.message
    }
    return ScriptError(
      kind: "parallel", code: MeshErrorCode.severalFailed.rawValue,
      "\(verb) failed on \(errors.count) \(total)", notes: messages,
      details: [("errors", .list(errors))])
  }

  /// Runs a mesh verb's body for each of its clusters. The body records failures and does not throw
  /// them, so the others go on.
  ///
  /// - Parameter body: what to do with one cluster.
  public func eachDeclared(
    _ body: @escaping @Sendable (Cluster) async throws -> ScriptValue
  ) async throws -> ScriptValue {
    let (clusters, isList) = try clusters()
    let results = await mesh.fanOut(clusters) { cluster -> Result<ScriptValue, any Error> in
      do { return .success(try await body(cluster)) } catch { return .failure(error) }
    }
    let values = try results.map { try $0.get() }
    return isList ? .list(values) : values[0]
  }
}
