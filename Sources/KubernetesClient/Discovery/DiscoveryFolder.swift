// What clusters serve, kept on disk between runs: beside kubectl's own cache, in a folder of its own.
//
// One file a cluster, readable by its owner only, written beside its place and then renamed, so that
// a reader sees an old file or a new one. It is never synced to the disk: on busy machines that
// costs seconds (kubernetes#110753), and a file that a crash has broken is noticed by its digest
// and counts as none. Nothing in it is secret, and everything in it can be asked again.

import Crypto
import JSON

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A folder for what clusters serve.
public struct DiscoveryFolder: Sendable, Hashable {
  /// The folder's path. It is made when something is written.
  public let path: String

  /// A folder at a path.
  public init(path: String) { self.path = path }

  /// `msh/discovery` below `$KUBECACHEDIR`, or below `.kube/cache` of the user's home, where kubectl
  /// has its cache; nil without a home.
  public static func standard(environment: [String: String]) -> DiscoveryFolder? {
    if let folder = environment["KUBECACHEDIR"], folder.hasPrefix("/") {
      return DiscoveryFolder(path: folder + "/msh/discovery")
    }
    guard let home = environment["HOME"], home.hasPrefix("/") else { return nil }
    return DiscoveryFolder(path: home + "/.kube/cache/msh/discovery")
  }

  /// The file of one cluster.
  func file(for settings: ConnectionSettings) -> DiscoveryFile {
    let server = settings.server
    let host = "\(server.host)_\(server.port)".map { character in
      character.isASCII && (character.isLetter || character.isNumber || "._-".contains(character))
        ? character : "_"
    }
    // The authority is part of the name: a cluster that was made anew at an old address is another.
    var digest = SHA256()
    digest.update(data: Array(server.text.utf8))
    digest.update(data: settings.certificateAuthority ?? [])
    digest.update(data: Array((settings.serverName ?? "").utf8))
    let name = "\(String(host))-\(Hex.text(digest.finalize()).prefix(16)).json"
    return DiscoveryFile(folder: path, name: name)
  }
}

/// The documents of a cluster's discovery, by path.
struct DiscoveryDocuments: Sendable, Equatable {
  struct Document: Sendable, Equatable {
    /// What the server calls this state of the document; nil when it does not say.
    var etag: String?
    var isAggregated: Bool
    var content: JSONValue
  }

  /// Seconds since 1970.
  var saved: Int64
  var documents: [String: Document] = [:]

  /// For how long they are believed without asking, as kubectl does it.
  static let lifetime: Int64 = 6 * 3600

  /// A time in the future is as good as none: the clock was set back.
  func isFresh(at now: Int64) -> Bool { (0..<Self.lifetime).contains(now - saved) }

  var json: JSONValue {
    var all = JSONObject()
    for (path, document) in documents.sorted(by: { $0.key < $1.key }) {
      var entry: JSONValue = [
        "isAggregated": .bool(document.isAggregated), "content": document.content,
      ]
      if let etag = document.etag { entry["etag"] = .string(etag) }
      all.append(path, entry)
    }
    return ["saved": .int(saved), "documents": .object(all)]
  }

  init(saved: Int64) { self.saved = saved }

  init?(_ json: JSONValue) {
    guard let saved = json["saved"]?.int, let all = json["documents"]?.object else { return nil }
    self.saved = saved
    for (path, entry) in all {
      guard let isAggregated = entry["isAggregated"]?.bool, let content = entry["content"] else {
        return nil
      }
      documents[path] = Document(
        etag: entry["etag"]?.string, isAggregated: isAggregated, content: content)
    }
  }
}

/// One file: a line with a digest of the rest, then the documents. Whatever goes wrong with it means
/// that there is none.
struct DiscoveryFile: Sendable {
  let folder: String
  let name: String

  private static let title = "msh discovery 1 "
  private static let limit = 64 << 20

  var path: String { "\(folder)/\(name)" }

  func read() -> DiscoveryDocuments? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var status = stat()
    // A file that others could have written says nothing.
    guard fstat(descriptor, &status) == 0, status.st_uid == geteuid(), status.st_mode & 0o022 == 0,
      (1...Self.limit).contains(Int(status.st_size)),
      let bytes = Self.bytes(of: descriptor, count: Int(status.st_size)),
      let end = bytes.firstIndex(of: 0x0A)
    else { return nil }
    let content = bytes[(end + 1)...]
    guard Array(bytes[..<end]) == Self.head(of: content) else { return nil }
    return (try? JSONValue.parse(content)).flatMap(DiscoveryDocuments.init)
  }

  private static func bytes(of descriptor: Int32, count: Int) -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: count)
    var filled = 0
    while filled < count {
      let size = bytes.withUnsafeMutableBytes { buffer in
        readBytes(descriptor, UnsafeMutableRawBufferPointer(rebasing: buffer[filled...]))
      }
      if size < 0, errno == EINTR { continue }
      guard size > 0 else { return nil }
      filled += size
    }
    return bytes
  }

  private static func head(of content: some Sequence<UInt8>) -> [UInt8] {
    Array((title + Hex.text(SHA256.hash(data: Array(content)))).utf8)
  }

  /// Writes the documents; where that cannot be done, nothing is kept.
  func write(_ documents: DiscoveryDocuments) {
    let content = documents.json.bytes()
    guard Self.makeFolder(folder) else { return }
    let temporary = "\(folder)/.\(name).\(getpid()).\(UInt32.random(in: 0 ... .max))"
    let descriptor = open(
      temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard descriptor >= 0 else { return }
    let isWritten = Self.write(Self.head(of: content) + [0x0A] + content, to: descriptor)
    let isClosed = close(descriptor) == 0
    guard isWritten, isClosed, rename(temporary, path) == 0 else {
      unlink(temporary)
      return
    }
  }

  /// Removes the file.
  func remove() { unlink(path) }

  private static func write(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { writeBytes(descriptor, $0) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return false }
      rest = rest.dropFirst(count)
    }
    return true
  }

  /// Makes a folder and those above it, for their owner only; but none in the root folder, where a home
  /// that does not exist would lie.
  private static func makeFolder(_ path: String) -> Bool {
    var status = stat()
    if stat(path, &status) == 0 { return status.st_mode & S_IFMT == S_IFDIR }
    let above = LocalFile.folder(of: path)
    guard above != "/", !above.isEmpty, makeFolder(above) else { return false }
    return mkdir(path, 0o700) == 0 || errno == EEXIST
  }
}

/// Bytes as text.
enum Hex {
  static func text(_ bytes: some Sequence<UInt8>) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}

// The system calls, under names that the file's own methods do not hide.

private func readBytes(_ descriptor: Int32, _ buffer: UnsafeMutableRawBufferPointer) -> Int {
  read(descriptor, buffer.baseAddress, buffer.count)
}

private func writeBytes(_ descriptor: Int32, _ buffer: UnsafeRawBufferPointer) -> Int {
  write(descriptor, buffer.baseAddress, buffer.count)
}
