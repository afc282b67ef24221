// The clusters that verbs are tried on: simulated ones in this process, and real API servers.
//
// Each backend starts once for all tests, and ends with the process. The real one is
// Tests/ControlPlane/run; where it is not built its tests are cancelled with the reason, except with
// CI=true, where that is a failure. MSH_CONTROL_PLANE_SKIP=1 leaves it out.

import Foundation
import JSON
import Testing

enum Backend: String, CaseIterable, CustomTestStringConvertible, Sendable {
  case real

  var testDescription: String { "\(rawValue) clusters" }

  /// The path of a kubeconfig with the contexts `cluster1` and `cluster2`, and with `dead`, where
  /// nothing listens.
  func kubeconfig() async throws -> String {
    switch self {
    case .real:
      if let reason = RealFleet.absence {
        if TestFiles.environment("CI") == "true" { throw RealFleet.Problem(text: reason) }
        try Test.cancel("no real API servers: \(reason)")
      }
      return try await Fleets.shared.real.value
    }
  }
}

private struct Fleets {
  static let shared = Fleets()
  let real = Task { try await RealFleet.start() }
}

/// Adds a context whose server does not answer.
func addDeadContext(_ text: String) throws -> String {
  var config = try YAML.parse(text)
  func append(_ key: String, _ element: JSONValue) {
    config[key] = .array((config[key]?.array ?? []) + [element])
  }
  append("clusters", ["name": "dead", "cluster": ["server": "https://127.0.0.1:1"]])
  append("contexts", ["name": "dead", "context": ["cluster": "dead"]])
  return YAML.format(config)
}

/// Real API servers, started by the repository's script.
enum RealFleet {
  struct Problem: Error, CustomStringConvertible {
    let text: String
    var description: String { text }
  }

  private static let folder = "\(TestFiles.tests)/ControlPlane"

  /// Why there are none; nil when they can be started.
  static let absence: String? = {
    if TestFiles.environment("MSH_CONTROL_PLANE_SKIP") != nil { return "MSH_CONTROL_PLANE_SKIP is set" }
    if TestFiles.environment("MSH_CONTROL_PLANE_BIN") != nil { return nil }
    let build = Process()
    build.executableURL = URL(fileURLWithPath: "\(folder)/build")
    build.arguments = ["--cached"]
    build.standardOutput = FileHandle.nullDevice
    build.standardError = FileHandle.nullDevice
    do { try build.run() } catch { return "Tests/ControlPlane/build cannot be run" }
    build.waitUntilExit()
    return build.terminationStatus == 0 ? nil : "Tests/ControlPlane/build has not been run"
  }()

  static func start() async throws -> String {
    let directory = FileManager.default.temporaryDirectory.appending(
      path: "msh-verbs-\(ProcessInfo.processInfo.processIdentifier)")
    let run = Process()
    run.executableURL = URL(fileURLWithPath: "\(folder)/run")
    run.arguments = ["--clusters", "2", "--directory", directory.path]
    let output = Pipe()
    let input = Pipe()
    run.standardInput = input
    run.standardOutput = output
    try run.run()
    // The script ends with its standard input, so with this process, however that ends.
    Keeper.keep(run, input)
    let ready = await Task.detached { firstLine(of: output.fileHandleForReading) }.value
    guard ready.hasPrefix("ready ") else { throw Problem(text: "the control plane did not start") }
    let path = String(ready.dropFirst("ready ".count))
    let text = try String(contentsOfFile: path, encoding: .utf8)
    let extended = "\(path).tests"
    try addDeadContext(text).write(toFile: extended, atomically: true, encoding: .utf8)
    return extended
  }

  private static func firstLine(of file: FileHandle) -> String {
    var bytes: [UInt8] = []
    while let byte = try? file.read(upToCount: 1)?.first, byte != 0x0A { bytes.append(byte) }
    return String(decoding: bytes, as: UTF8.self)
  }
}

/// Keeps the script's standard input open until this process ends, then waits for it to clean up.
private enum Keeper {
  nonisolated(unsafe) private static var kept: (Process, Pipe)?

  static func keep(_ process: Process, _ input: Pipe) {
    kept = (process, input)
    atexit {
      guard let (process, input) = Keeper.kept else { return }
      try? input.fileHandleForWriting.close()
      process.waitUntilExit()
    }
  }
}
