// Files for one test, and small servers that are no Kubernetes.

import Glibc

/// A directory that goes away with the test.
final class Scratch {
  let path: String

  init() throws {
    var template = Array("/tmp/msh-tests-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else {
      throw Child.Failure(description: "mkdtemp: errno \(errno)")
    }
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  deinit { Self.remove(path) }

  /// The path of a file in it.
  func file(_ name: String) -> String { "\(path)/\(name)" }

  /// Writes a file; gives its path.
  @discardableResult
  func write(_ text: String, to name: String) throws -> String {
    guard let file = fopen(file(name), "w") else {
      throw Child.Failure(description: "cannot write \(name)")
    }
    defer { fclose(file) }
    fputs(text, file)
    return self.file(name)
  }

  /// The text of a file; nil when there is none.
  static func read(_ path: String) -> String? {
    guard let file = fopen(path, "r") else { return nil }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while case let count = fread(&buffer, 1, buffer.count, file), count > 0 {
      bytes.append(contentsOf: buffer[..<count])
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// The permission bits of a file.
  static func mode(_ path: String) -> UInt32? {
    var status = stat()
    return stat(path, &status) == 0 ? status.st_mode & 0o777 : nil
  }

  private static func remove(_ path: String) {
    if let directory = opendir(path) {
      while let entry = readdir(directory) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) {
          $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        if name != ".", name != ".." { remove("\(path)/\(name)") }
      }
      closedir(directory)
    }
    _ = Glibc.remove(path)
  }
}

/// The repository's `scripts/guide.msh`.
let guideScript: String = {
  let parts = #filePath.split(separator: "/").dropLast(3)
  return "/" + parts.joined(separator: "/") + "/scripts/guide.msh"
}()

/// A server on loopback that answers every request with a page, or never answers at all.
final class RawServer: Sendable {
  /// What it does with a connection.
  enum Manner { case answersHTML, keepsSilent }

  let port: Int
  private let listener: Int32
  private let thread: pthread_t

  init(_ manner: Manner) throws {
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isBound = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(listener, $0, length) == 0 && listen(listener, 16) == 0
          && getsockname(listener, $0, &length) == 0
      }
    }
    guard isBound else { throw Child.Failure(description: "no port: errno \(errno)") }
    self.listener = listener
    port = Int(UInt16(bigEndian: address.sin_port))
    thread = try Self.startThread { Self.serve(listener, manner) }
  }

  deinit {
    // Wakes `accept`; the descriptor is closed once nobody waits on it.
    shutdown(listener, Int32(SHUT_RDWR))
    pthread_join(thread, nil)
    close(listener)
  }

  /// A kubeconfig whose only cluster is this server.
  var kubeconfig: String {
    """
    apiVersion: v1
    kind: Config
    current-context: odd
    clusters: [{name: odd, cluster: {server: "http://127.0.0.1:\(port)"}}]
    users: [{name: odd, user: {}}]
    contexts: [{name: odd, context: {cluster: odd, user: odd}}]
    """
  }

  private static func serve(_ listener: Int32, _ manner: Manner) {
    var held: [Int32] = []
    defer { for connection in held { close(connection) } }
    while true {
      let connection = accept(listener, nil, nil)
      guard connection >= 0 else { return }
      guard manner == .answersHTML else {
        held.append(connection)
        continue
      }
      answer(connection)
      close(connection)
    }
  }

  private static func answer(_ connection: Int32) {
    var request: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    let end = Array("\r\n\r\n".utf8)
    while request.firstRange(of: end) == nil {
      let count = recv(connection, &buffer, buffer.count, 0)
      guard count > 0 else { return }
      request.append(contentsOf: buffer[..<count])
    }
    let page = "<html><body>Please log in</body></html>"
    let reply =
      "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: \(page.utf8.count)\r\n"
      + "Connection: close\r\n\r\n\(page)"
    _ = reply.withCString { send(connection, $0, strlen($0), Int32(MSG_NOSIGNAL)) }
  }

  private final class Work {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
  }

  private static func startThread(_ body: @escaping @Sendable () -> Void) throws -> pthread_t {
    var thread = pthread_t()
    let work = Unmanaged.passRetained(Work(body))
    let result = pthread_create(
      &thread, nil,
      { argument in
        guard let argument else { return nil }
        Unmanaged<Work>.fromOpaque(argument).takeRetainedValue().body()
        return nil
      }, work.toOpaque())
    guard result == 0 else {
      work.release()
      throw Child.Failure(description: "no thread: \(result)")
    }
    return thread
  }
}
