// The API servers behind the proxy: a simulated one in this process, and a real one.

import Foundation
import JSON
import KubernetesClient
import SimulatedCluster
import Testing

enum Backend: String, CaseIterable, CustomTestStringConvertible, Sendable {
  case simulated
  case real

  var testDescription: String { rawValue }

  /// Those that can be had on this machine. With CI=true the real one must be: where it is not, its
  /// tests fail.
  static let available: [Backend] =
    RealServer.absence == nil || environment("CI") == "true" ? allCases : [.simulated]

  static func environment(_ name: String) -> String? {
    ProcessInfo.processInfo.environment[name]
  }

  /// How the server itself is reached. It starts once and ends with this process.
  func settings() async throws -> ConnectionSettings {
    switch self {
    case .simulated: try await Servers.simulated.value
    case .real: try await Servers.real.value
    }
  }
}

private enum Servers {
  static let simulated = Task {
    let fleet = try await SimulatedFleet.start(1)
    return try settings(fleet.kubeconfig, name: "simulated")
  }

  static let real = Task {
    if let reason = RealServer.absence { throw RealServer.Problem(text: reason) }
    return try settings(try await RealServer.start(), name: "real")
  }

  private static func settings(_ text: String, name: String) throws -> ConnectionSettings {
    let path = "\(RealServer.scratch)/\(name)"
    try text.write(toFile: path, atomically: true, encoding: .utf8)
    let config = try Kubeconfig.load(explicitPath: path, environment: [:])
    return try config.settings(context: "cluster1")
  }
}

/// A real API server, started by the repository's script; MSH_CONTROL_PLANE_SKIP leaves it out.
enum RealServer {
  struct Problem: Error, CustomStringConvertible {
    let text: String
    var description: String { text }
  }

  private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "ControlPlane").path

  /// A folder for this process's files, removed when it ends.
  static let scratch: String = {
    let folder = FileManager.default.temporaryDirectory.appending(
      path: "msh-faults-\(ProcessInfo.processInfo.processIdentifier)")
    try? FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    atexit { try? FileManager.default.removeItem(atPath: RealServer.scratch) }
    return folder.path
  }()

  /// Why there is none; nil when it can be started.
  static let absence: String? = {
    if Backend.environment("MSH_CONTROL_PLANE_SKIP") != nil {
      return "MSH_CONTROL_PLANE_SKIP is set"
    }
    if Backend.environment("MSH_CONTROL_PLANE_BIN") != nil { return nil }
    let build = Process()
    build.executableURL = URL(fileURLWithPath: "\(folder)/build")
    build.arguments = ["--cached"]
    build.standardOutput = FileHandle.nullDevice
    build.standardError = FileHandle.nullDevice
    do { try build.run() } catch { return "Tests/ControlPlane/build cannot be run" }
    build.waitUntilExit()
    return build.terminationStatus == 0 ? nil : "Tests/ControlPlane/build has not been run"
  }()

  /// The text of its kubeconfig.
  static func start() async throws -> String {
    let run = Process()
    run.executableURL = URL(fileURLWithPath: "\(folder)/run")
    run.arguments = ["--clusters", "1", "--directory", "\(scratch)/control-plane"]
    let output = Pipe()
    let input = Pipe()
    run.standardInput = input
    run.standardOutput = output
    try run.run()
    // The script ends with its standard input, so with this process, however that ends.
    Keeper.keep(run, input)
    let ready = await Task.detached { firstLine(of: output.fileHandleForReading) }.value
    guard ready.hasPrefix("ready ") else { throw Problem(text: "the control plane did not start") }
    return try String(contentsOfFile: String(ready.dropFirst("ready ".count)), encoding: .utf8)
  }

  private static func firstLine(of file: FileHandle) -> String {
    var bytes: [UInt8] = []
    while let byte = try? file.read(upToCount: 1)?.first, byte != 0x0A { bytes.append(byte) }
    return String(decoding: bytes, as: UTF8.self)
  }
}

/// Keeps the script's standard input open until this process ends, then waits for it to clean up.
private enum Keeper {
  // Written once, before anything reads it: by the task that starts the server.
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
