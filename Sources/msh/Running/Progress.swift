// Says what a run is waiting for, to people who watch.

import MeshScript

/// Lines about waits and about clusters that do not answer; what was done is in the table at the end.
enum Progress {
  /// Writes a line to standard error for an event that a person should know of while it lasts.
  static func show(_ event: MeshEvent) {
    switch event {
    case .waiting, .unreachable: Output.errors.writeLine(event.description)
    case .ended: break
    }
  }
}
