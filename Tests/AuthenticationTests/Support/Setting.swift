// What most tests here need: a folder, a kubeconfig for a server, clients that end with the test.

import Foundation
import JSON
import Processes
import Testing

@testable import KubernetesClient

/// A folder that is removed with everything in it.
final class Folder: Sendable {
  let path: String

  init() throws {
    let url = FileManager.default.temporaryDirectory.appending(path: "auth-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    path = url.path
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// Writes a file, whole at once, and returns its path.
  @discardableResult
  func write(_ name: String, _ text: String, isExecutable: Bool = false) throws -> String {
    let file = "\(path)/\(name)"
    try text.write(toFile: file, atomically: true, encoding: .utf8)
    try FileManager.default.setAttributes(
      [.posixPermissions: isExecutable ? 0o700 : 0o600], ofItemAtPath: file)
    return file
  }

  func read(_ name: String) -> String? {
    try? String(contentsOfFile: "\(path)/\(name)", encoding: .utf8)
  }

  /// The lines of a file; none while it is not there.
  func lines(_ name: String) -> [String] {
    (read(name) ?? "").split(separator: "\n").map(String.init)
  }

  func remove(_ name: String) throws {
    try FileManager.default.removeItem(atPath: "\(path)/\(name)")
  }
}

enum Setting {
  /// A kubeconfig with one context, `test`, that leads to a server.
  ///
  /// - Parameters:
  ///   - cluster: fields of the cluster besides its server.
  ///   - user: fields of the user.
  static func kubeconfig(
    _ server: String, cluster: JSONValue = [:], user: JSONValue = [:]
  ) -> String {
    var cluster = cluster
    cluster["server"] = .string(server)
    return YAML.format([
      "contexts": [["name": "test", "context": ["cluster": "c", "user": "u"]]],
      "clusters": [["name": "c", "cluster": cluster]],
      "users": [["name": "u", "user": user]],
    ])
  }

  static func settings(
    _ server: String, cluster: JSONValue = [:], user: JSONValue = [:],
    environment: [String: String] = [:]
  ) throws -> ConnectionSettings {
    let text = kubeconfig(server, cluster: cluster, user: user)
    return try Kubeconfig.parse(text, environment: environment).settings(context: "test")
  }

  static func data(_ text: String) -> JSONValue { .string(Base64.encode(Array(text.utf8))) }

  /// Runs a body with a transport of its own, so that no connection is shared between tests.
  static func withTransport(_ body: (Transport) async throws -> Void) async throws {
    let transport = Transport()
    defer { transport.shutdown() }
    try await body(transport)
  }

  /// The error of a request for the server's version; nil when there is none.
  static func failure(
    _ settings: ConnectionSettings, _ transport: Transport
  ) async throws -> APIError? {
    do {
      _ = try await client(settings, transport).serverVersion()
      return nil
    } catch let error as APIError {
      return error
    }
  }

  static func client(
    _ settings: ConnectionSettings, _ transport: Transport, hooks: ClientHooks = ClientHooks()
  ) -> KubernetesClient {
    KubernetesClient(
      cluster: "c1", settings: settings, transport: transport, hooks: hooks)
  }

  /// Runs the openssl program, for formats that nothing else here writes.
  static func openssl(_ arguments: String..., input: String = "") async throws -> String {
    var run = ProgramRun(
      command: "openssl", arguments: arguments,
      environment: ["PATH": ProcessInfo.processInfo.environment["PATH"] ?? ""])
    run.input = .bytes(Array(input.utf8))
    let result = try await run.run()
    try #require(result.exitCode == 0, "\(String(decoding: result.errors, as: UTF8.self))")
    return String(decoding: result.output, as: UTF8.self)
  }
}
