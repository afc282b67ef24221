// Says what a run is waiting for, and what verbs warn of, while it goes on.

import MeshScript

/// Lines about a run that has not ended; what was done is in the table at the end.
struct Progress: Sendable {
  /// True when somebody watches, or asked to be told: then waits are shown as well.
  var showsWaits: Bool

  /// Writes a line to standard error for an event that a person should know of.
  func show(_ event: MeshEvent) {
    switch event {
    case .warning: Output.errors.writeLine(event.description)
    case .waiting, .unreachable:
      if showsWaits { Output.errors.writeLine(event.description) }
    case .ended: break
    }
  }
}
