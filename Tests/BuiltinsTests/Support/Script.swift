// Calls verbs as a script does: binds arguments to a signature and runs the body.

import Builtins
import Foundation
import Interpreter
import JSON
import TestClusters
import Testing

/// One run over a kubeconfig.
struct Script {
  let mesh: Mesh
  let library: Library

  init(kubeconfig: String, _ change: (inout MeshOptions) -> Void = { _ in }) {
    var options = MeshOptions()
    options.kubeconfigPath = kubeconfig
    options.timeout = .seconds(60)
    change(&options)
    mesh = Mesh(options: options)
    library = mesh.library
  }

  /// Calls a verb by name.
  @discardableResult
  func call(
    _ name: String, _ positional: ScriptValue..., named: KeyValuePairs<String, ScriptValue> = [:]
  ) async throws -> ScriptValue {
    try await Script.run(try #require(library.functions[name]), positional, named)
  }

  /// Calls a method of a value.
  func method(
    _ type: String, _ name: String, _ positional: ScriptValue...,
    named: KeyValuePairs<String, ScriptValue> = [:]
  ) async throws -> ScriptValue {
    try await Script.run(try #require(library.methods[type]?[name]), positional, named)
  }

  private static func run(
    _ function: HostFunction, _ positional: [ScriptValue],
    _ named: KeyValuePairs<String, ScriptValue>
  ) async throws -> ScriptValue {
    let parameters = function.signature.parameters
    var values = [ScriptValue?](repeating: nil, count: parameters.count)
    for (index, value) in positional.enumerated() { values[index] = value }
    for (name, value) in named {
      values[try #require(parameters.firstIndex { $0.name == name }, "\(name)")] = value
    }
    guard case .suspending(let body) = function.body else {
      throw ScriptError("\(function.signature.name) does not suspend")
    }
    return try await body(HostArguments(signature: function.signature, values: values))
  }

  func cluster(
    _ name: String, context: String? = nil, network: String? = nil
  ) async throws -> ScriptValue {
    try await call(
      "cluster", .string(name),
      named: [
        "context": context.map { .string($0) } ?? .null,
        "network": network.map { .string($0) } ?? .null,
      ])
  }

  /// Counts of the report for one cluster.
  func counts(_ cluster: String) -> [Outcome.Result: Int] {
    mesh.report().clusters.first { $0.name == cluster }?.counts ?? [:]
  }
}

/// The error that a body throws.
func scriptError(
  _ body: () async throws -> some Any, sourceLocation: SourceLocation = #_sourceLocation
) async -> ScriptError {
  do {
    _ = try await body()
    Issue.record("nothing was thrown", sourceLocation: sourceLocation)
  } catch let error as ScriptError {
    return error
  } catch {
    Issue.record("another error was thrown: \(error)", sourceLocation: sourceLocation)
  }
  return ScriptError("none")
}

extension ScriptValue {
  var text: String? {
    switch self {
    case .string(let text), .json(.string(let text)): text
    default: nil
    }
  }

  var truth: Bool? {
    guard case .bool(let bool) = self else { return nil }
    return bool
  }

  var elements: [ScriptValue] {
    switch self {
    case .list(let elements): elements
    case .json(.array(let elements)): elements.map { .json($0) }
    default: []
    }
  }

  var json: JSONValue? {
    guard case .json(let json) = self else { return nil }
    return json
  }
}

extension Backend {
  /// A run over the backend's clusters.
  func script(_ change: (inout MeshOptions) -> Void = { _ in }) async throws -> Script {
    Script(kubeconfig: try await kubeconfig(), change)
  }
}
