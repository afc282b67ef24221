// A small HTTP/1.1 server on loopback whose answers a test writes down; it keeps what it was asked.

import Processes
import Synchronization

@testable import KubernetesClient

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Serves until `stop`; every connection has a thread of its own.
final class ScriptedServer: Sendable {
  struct Request: Sendable {
    let method: String
    /// Path and query.
    let target: String
    let headers: [String: String]
    let body: [UInt8]
    /// Counts the connections from 1.
    let connection: Int

    var path: String { String(target.prefix { $0 != "?" }) }
    var query: [String: String] {
      var result: [String: String] = [:]
      for pair in target.split(separator: "?").dropFirst().joined().split(separator: "&") {
        let parts = pair.split(separator: "=", maxSplits: 1)
        result[String(parts[0])] = parts.count > 1 ? String(parts[1]) : ""
      }
      return result
    }
  }

  enum Reply: Sendable {
    case answer(Int, String, [(String, String)])
    /// Headers now, then these chunks; then the answer ends or stays open.
    case stream([String], staysOpen: Bool)
    /// The connection is closed within the body, which this is the beginning of.
    case cutShort(String)
    /// The connection is closed without an answer.
    case hangUp
    /// Nothing comes.
    case silence

    static func json(_ text: String, status: Int = 200) -> Reply {
      .answer(status, text, [("Content-Type", "application/json")])
    }
  }

  private struct State {
    var requests: [Request] = []
    var sockets: [Int32] = []
    var connections = 0
    var isStopped = false
  }

  let port: Int
  private let listener: Int32
  private let state = Mutex(State())
  private let reply: @Sendable (Request, Int) -> Reply

  /// Listens on a free port. `reply` gets each request and how many came before it.
  init(_ reply: @escaping @Sendable (Request, Int) -> Reply) throws {
    self.reply = reply
    listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let size = socklen_t(MemoryLayout<sockaddr_in>.size)
    var actual = size
    let listener = listener
    let isBound = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(listener, $0, size) == 0 && listen(listener, 64) == 0
          && getsockname(listener, $0, &actual) == 0
      }
    }
    guard isBound else { throw ServerFailure() }
    port = Int(UInt16(bigEndian: address.sin_port))
    guard NativeThread.start({ [weak self] in self?.accept(on: listener) }) else {
      throw ServerFailure()
    }
  }

  struct ServerFailure: Error {}

  var requests: [Request] { state.withLock { $0.requests } }
  /// How many connections are open now.
  var openConnections: Int { state.withLock { $0.sockets.count } }

  /// Settings that lead here.
  func settings(credential: CredentialSource = .none) throws -> ConnectionSettings {
    guard let address = ServerAddress("http://127.0.0.1:\(port)") else { throw ServerFailure() }
    return ConnectionSettings(contextName: "test", server: address, credential: credential)
  }

  func client(
    _ transport: Transport, hooks: ClientHooks = ClientHooks(),
    requestTimeout: Duration = .seconds(30)
  ) throws -> KubernetesClient {
    KubernetesClient(
      cluster: "c1", settings: try settings(), transport: transport,
      requestTimeout: requestTimeout, hooks: hooks)
  }

  /// Closes everything.
  func stop() {
    let sockets = state.withLock { state in
      state.isStopped = true
      defer { state.sockets = [] }
      return state.sockets
    }
    shutdown(listener, Int32(SHUT_RDWR))
    for socket in sockets { shutdown(socket, Int32(SHUT_RDWR)) }
  }

  private func accept(on listener: Int32) {
    while true {
      let socket = Self.next(listener)
      guard socket >= 0 else { break }
      let number: Int? = state.withLock { state in
        guard !state.isStopped else { return nil }
        state.connections += 1
        state.sockets.append(socket)
        return state.connections
      }
      guard let number else {
        close(socket)
        break
      }
      _ = NativeThread.start { self.serve(socket, number) }
    }
    close(listener)
  }

  private static func next(_ listener: Int32) -> Int32 {
    #if canImport(Glibc)
      Glibc.accept(listener, nil, nil)
    #elseif canImport(Musl)
      Musl.accept(listener, nil, nil)
    #else
      Darwin.accept(listener, nil, nil)
    #endif
  }

  private func serve(_ socket: Int32, _ number: Int) {
    var buffer: [UInt8] = []
    while let request = Self.read(socket, &buffer, number) {
      let before = state.withLock { state in
        state.requests.append(request)
        return state.requests.count - 1
      }
      guard send(reply(request, before), to: socket, &buffer) else { break }
    }
    state.withLock { $0.sockets.removeAll { $0 == socket } }
    close(socket)
  }

  /// False when the connection is over.
  private func send(_ reply: Reply, to socket: Int32, _ buffer: inout [UInt8]) -> Bool {
    switch reply {
    case .answer(let status, let body, let headers):
      var text = "HTTP/1.1 \(status) X\r\nContent-Length: \(body.utf8.count)\r\n"
      for (name, value) in headers { text += "\(name): \(value)\r\n" }
      return Self.write(text + "\r\n" + body, socket)
    case .stream(let chunks, let staysOpen):
      let head =
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
      guard Self.write(head, socket) else { return false }
      for chunk in chunks where !chunk.isEmpty {
        let size = String(chunk.utf8.count, radix: 16)
        guard Self.write("\(size)\r\n\(chunk)\r\n", socket) else { return false }
      }
      if staysOpen { return Self.waitForEnd(socket) }
      return Self.write("0\r\n\r\n", socket)
    case .cutShort(let text):
      let head =
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
        + "Content-Length: \(text.utf8.count + 1)\r\n\r\n"
      _ = Self.write(head + text, socket)
      return false
    case .hangUp: return false
    case .silence: return Self.waitForEnd(socket)
    }
  }

  private static func waitForEnd(_ socket: Int32) -> Bool {
    var byte: UInt8 = 0
    while recv(socket, &byte, 1, 0) > 0 {}
    return false
  }

  private static func write(_ text: String, _ socket: Int32) -> Bool {
    let bytes = Array(text.utf8)
    var sent = 0
    while sent < bytes.count {
      let count = bytes.withUnsafeBytes { buffer in
        sendBytes(socket, UnsafeRawBufferPointer(rebasing: buffer[sent...]))
      }
      guard count > 0 else { return false }
      sent += count
    }
    return true
  }

  private static func sendBytes(_ socket: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
    #if canImport(Glibc)
      Glibc.send(socket, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
    #elseif canImport(Musl)
      Musl.send(socket, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
    #else
      Darwin.send(socket, bytes.baseAddress, bytes.count, 0)
    #endif
  }

  private static func read(
    _ socket: Int32, _ buffer: inout [UInt8], _ number: Int
  ) -> Request? {
    guard let end = fill(socket, &buffer, until: { headEnd(in: $0) }) else { return nil }
    let head = String(decoding: buffer[..<end], as: UTF8.self)
    let lines = head.split(separator: "\r\n")
    let words = lines.first?.split(separator: " ") ?? []
    guard words.count == 3 else { return nil }
    var headers: [String: String] = [:]
    for line in lines.dropFirst() {
      let parts = line.split(separator: ":", maxSplits: 1)
      guard parts.count == 2 else { continue }
      headers[parts[0].lowercased()] = parts[1].trimmingSpaces()
    }
    let length = Int(headers["content-length"] ?? "0") ?? 0
    let total = end + length
    guard fill(socket, &buffer, until: { $0.count >= total ? total : nil }) != nil else {
      return nil
    }
    let body = Array(buffer[end..<total])
    buffer.removeFirst(total)
    return Request(
      method: String(words[0]), target: String(words[1]), headers: headers, body: body,
      connection: number)
  }

  private static func headEnd(in buffer: [UInt8]) -> Int? {
    buffer.firstRange(of: Array("\r\n\r\n".utf8)).map(\.upperBound)
  }

  private static func fill(
    _ socket: Int32, _ buffer: inout [UInt8], until isDone: ([UInt8]) -> Int?
  ) -> Int? {
    while true {
      if let end = isDone(buffer) { return end }
      var chunk = [UInt8](repeating: 0, count: 65536)
      let count = recv(socket, &chunk, chunk.count, 0)
      guard count > 0 else { return nil }
      buffer.append(contentsOf: chunk[..<count])
    }
  }
}

/// Types that tests use without discovery.
enum Types {
  static let configMap = ResourceType(
    group: "", version: "v1", kind: "ConfigMap", plural: "configmaps", isNamespaced: true)
  static let namespace = ResourceType(
    group: "", version: "v1", kind: "Namespace", plural: "namespaces", isNamespaced: false)
  static let deployment = ResourceType(
    group: "apps", version: "v1", kind: "Deployment", plural: "deployments",
    shortNames: ["deploy"], isNamespaced: true)
}
