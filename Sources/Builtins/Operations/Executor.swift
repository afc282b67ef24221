// Carries operations out: the only place where verbs meet a cluster.
//
// Nothing is forced. An apply reads the object first, so that it can be told apart what was created, what
// was changed and what was left: an object that already says everything, and of which no field is ours
// yet, is not written at all.

import Interpreter
import JSON
import KubernetesClient

/// Carries operations out on behalf of one run.
struct Executor: Sendable {
  let mesh: Mesh

  /// Carries one operation out for a verb that throws its failures.
  func perform(_ operation: Operation) async throws -> Outcome {
    mesh.touch(operation.cluster)
    do {
      let outcome = try await carryOut(operation)
      mesh.record(outcome)
      return outcome
    } catch let error as ScriptError {
      let outcome = Outcome(operation, failureResult(error), reason: error.message)
      mesh.record(outcome, error: error, isThrown: true)
      throw error
    } catch {
      noteInterruption([operation])
      throw error
    }
  }

  /// Carries operations on one cluster out for a verb that declares a state: failures go to the report.
  /// Prerequisites come first and in order; the others run side by side. When a prerequisite fails, or
  /// the cluster cannot be reached, what is left is skipped.
  ///
  /// - Returns: an outcome for each operation, in order.
  /// - Throws: `CancellationError` only.
  func declare(_ operations: [Operation]) async throws -> [Outcome] {
    var outcomes: [Outcome] = []
    var rest = operations[...]
    while let first = rest.first, first.isPrerequisite || rest.count == 1 {
      rest = rest.dropFirst()
      let outcome = try await attempt(first, before: rest)
      outcomes.append(outcome)
      guard outcome.isSuccess else { return outcomes + skipAll(rest, because: outcome) }
    }
    guard let first = rest.first else { return outcomes }
    if let failure = try await contactFailure(first, before: rest) {
      return outcomes + [failure] + skipAll(rest.dropFirst(), because: failure)
    }
    let results = await mesh.fanOut(Array(rest)) { operation in
      await resultOf { try await outcome(of: operation) }
    }
    var interruption: (any Error)?
    for (operation, result) in zip(rest, results) {
      switch result {
      case .success((let outcome, let error)):
        mesh.record(outcome, error: error)
        outcomes.append(outcome)
      case .failure(let error):
        noteInterruption([operation])
        interruption = error
      }
    }
    if let interruption { throw interruption }
    return outcomes
  }

  /// Puts operations into the report that were under way when the run was stopped. A write may have
  /// reached the server all the same.
  private func noteInterruption(
    _ running: [Operation], notStarted: ArraySlice<Operation> = []
  ) {
    for operation in running {
      let isWrite = operation.action == "apply" || operation.action == "delete"
      let doubt = isWrite ? ", perhaps after it was carried out" : ""
      skip(operation, because: "\(operation) was interrupted\(doubt)")
    }
    for operation in notStarted { skip(operation, because: "\(operation) was not begun") }
  }

  /// Puts a problem that was found before the operation was tried into the report as its failure.
  func refuse(_ operation: Operation, _ error: ScriptError) {
    var error = error
    error.message =
      "\(operation.cluster.name): \(operation.action) \(operation.object): \(error.message)"
    mesh.record(Outcome(operation, .failed, reason: error.message), error: error)
  }

  /// Puts an operation into the report that could not be tried.
  func skip(_ operation: Operation, because reason: String) {
    mesh.record(Outcome(operation, .skipped, reason: reason))
  }

  private func skipAll(_ operations: ArraySlice<Operation>, because failure: Outcome) -> [Outcome] {
    operations.map { operation in
      let outcome = Outcome(operation, .skipped, reason: "\(failure.operation) failed")
      mesh.record(outcome)
      return outcome
    }
  }

  private func attempt(
    _ operation: Operation, before rest: ArraySlice<Operation>
  ) async throws -> Outcome {
    do {
      let (outcome, error) = try await outcome(of: operation)
      mesh.record(outcome, error: error)
      return outcome
    } catch {
      noteInterruption([operation], notStarted: rest)
      throw error
    }
  }

  /// The failure of an operation on a cluster that cannot be reached; nil when it can.
  private func contactFailure(
    _ operation: Operation, before all: ArraySlice<Operation>
  ) async throws -> Outcome? {
    do {
      _ = try await contact(operation)
      return nil
    } catch let error as ScriptError {
      let outcome = Outcome(operation, failureResult(error), reason: error.message)
      mesh.record(outcome, error: error)
      return outcome
    } catch {
      noteInterruption([], notStarted: all)
      throw error
    }
  }

  private func outcome(of operation: Operation) async throws -> (Outcome, ScriptError?) {
    mesh.touch(operation.cluster)
    do {
      return (try await carryOut(operation), nil)
    } catch let error as ScriptError {
      return (Outcome(operation, failureResult(error), reason: error.message), error)
    }
  }

  /// A cluster that cannot be reached may be one to skip.
  private func failureResult(_ error: ScriptError) -> Outcome.Result {
    let isUnreachable = error.code == MeshErrorCode.unreachable.rawValue
    return isUnreachable && mesh.unreachable == .skip ? .skipped : .failed
  }
}

/// Runs a body and keeps what it throws.
func resultOf<Value>(_ body: () async throws -> Value) async -> Result<Value, any Error> {
  do { return .success(try await body()) } catch { return .failure(error) }
}

extension Outcome {
  init(
    _ operation: Operation, _ result: Result, object: JSONValue? = nil, reason: String? = nil
  ) {
    self.operation = operation
    self.result = result
    self.object = object
    self.reason = reason
  }

  /// Neither failed nor skipped.
  var isSuccess: Bool { result != .failed && result != .skipped }
}
