// The file of --trace: an HTTP archive that is valid JSON at any time, however the process ends.
//
// Each entry is written over the archive's end together with a new end, in one piece. So the file needs no
// closing, and a Ctrl-C or a crash loses nothing that was written.

import Glibc
import MeshScript
import Synchronization

/// An open archive, readable by its owner only.
final class TraceFile: Sendable {
  private struct State {
    /// Where the end begins.
    var offset: off_t
    var isEmpty = true
    var hasFailed = false
  }

  private let descriptor: Int32
  private let path: String
  private let state: Mutex<State>

  /// Opens the file anew and writes an archive without entries.
  init(path: String) throws(Diagnostic) {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    // A file that was there keeps its mode, and may have been open to others.
    guard descriptor >= 0, fchmod(descriptor, 0o600) == 0 else {
      let reason = Files.Failure().reason
      if descriptor >= 0 { close(descriptor) }
      throw Self.failure(path, reason)
    }
    self.descriptor = descriptor
    self.path = path
    let opening = RequestArchive.opening(version: MeshScriptVersion.current)
    state = Mutex(State(offset: off_t(opening.utf8.count)))
    if let failure = Self.write(opening + RequestArchive.closing, to: descriptor, at: 0) {
      throw Self.failure(path, failure.reason)
    }
  }

  deinit { close(descriptor) }

  private static func failure(_ path: String, _ reason: String) -> Diagnostic {
    Diagnostic(.unwritableFile, "cannot write \(path): \(reason)")
  }

  /// Adds an entry, JSON text.
  func append(_ entry: String) {
    let failure: Files.Failure? = state.withLock { state in
      guard !state.hasFailed else { return nil }
      let text = (state.isEmpty ? "\n" : ",\n") + entry
      if let failure = Self.write(text + RequestArchive.closing, to: descriptor, at: state.offset) {
        state.hasFailed = true
        return failure
      }
      state.offset += off_t(text.utf8.count)
      state.isEmpty = false
      return nil
    }
    if let failure {
      Output.errors.writeLine("msh: cannot write \(path): \(failure.reason); the trace ends here")
    }
  }

  private static func write(
    _ text: String, to descriptor: Int32, at start: off_t
  ) -> Files.Failure? {
    let bytes = Array(text.utf8)
    var written = 0
    while written < bytes.count {
      let count = bytes.withUnsafeBytes {
        pwrite(
          descriptor, $0.baseAddress?.advanced(by: written), $0.count - written,
          start + off_t(written))
      }
      if count < 0, errno != EINTR { return Files.Failure() }
      written += max(0, count)
    }
    return nil
  }
}

extension RunSettings {
  /// The same with the file of --trace open.
  func openingTrace() throws(Diagnostic) -> RunSettings {
    guard let tracePath, trace == nil else { return self }
    var settings = self
    settings.trace = try TraceFile(path: tracePath)
    return settings
  }
}
