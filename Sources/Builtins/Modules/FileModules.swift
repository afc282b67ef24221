// Modules in files: relative to the importing file, told apart by their real paths.

import Interpreter
import Lexer

#if canImport(Glibc)
  import Glibc
#endif

/// Reads modules from files. Scripts need the capability `files`.
public struct FileModules: ModuleLoader {
  /// The folder that names of sources are relative to; nil: the process's current one.
  public let folder: String?

  /// Makes a loader. Sources whose names start with `<` (`<repl>`, `<command>`) import from `folder`.
  public init(folder: String? = nil) { self.folder = folder }

  /// `files`.
  public var capability: String? { "files" }

  /// The file that a source's name stands for, with symbolic links followed; nil for `<repl>` and the
  /// like, and for names without a file.
  public func identity(of source: String) -> String? {
    source.hasPrefix("<") ? nil : Self.realPath(inFolder(source))
  }

  /// Reads a file.
  ///
  /// - Throws: a `ModuleError` with the system's reason.
  public func load(_ path: String, from importer: String) throws -> ModuleText {
    if path.isEmpty { throw ModuleError("the path is empty") }
    if path.utf8.contains(0) { throw ModuleError("a path cannot hold a NUL byte") }
    let target = path.hasPrefix("/") ? path : Self.join(directory(of: importer), path)
    guard let identity = Self.realPath(target) else {
      throw ModuleError(Self.reason(errno), label: Self.suggestion(for: target))
    }
    return ModuleText(
      identity: identity, name: displayName(identity), bytes: try Self.read(identity))
  }

  // MARK: Paths

  private func inFolder(_ path: String) -> String {
    guard let folder, !path.hasPrefix("/") else { return path }
    return Self.join(folder, path)
  }

  /// The folder of the file that imports.
  private func directory(of importer: String) -> String {
    if importer.hasPrefix("<") { return folder ?? "." }
    let path = inFolder(importer)
    return Self.parent(of: Self.realPath(path) ?? path)
  }

  /// The path as a person would write it: without the folder that names are relative to.
  private func displayName(_ identity: String) -> String {
    guard let root = Self.realPath(folder ?? "."), identity.hasPrefix(root + "/") else {
      return identity
    }
    return String(identity.dropFirst(root.count + 1))
  }

  private static func join(_ folder: String, _ path: String) -> String {
    folder.hasSuffix("/") ? folder + path : folder + "/" + path
  }

  private static func parent(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  private static func realPath(_ path: String) -> String? {
    guard let resolved = realpath(path, nil) else { return nil }
    defer { free(resolved) }
    return String(cString: resolved)
  }

  /// A file of the folder that was meant, most likely.
  private static func suggestion(for path: String) -> String {
    let folder = parent(of: path)
    let name = String(path.split(separator: "/").last ?? "")
    let files = names(in: folder).filter { $0.hasSuffix(".msh") }.sorted()
    let wanted = name.hasSuffix(".msh") ? name : name + ".msh"
    let found = files.contains(wanted) ? wanted : didYouMean(wanted, among: files)
    return found.map { "did you mean \"\($0)\"?" } ?? "looked for \(path)"
  }

  private static func names(in folder: String) -> [String] {
    guard let stream = opendir(folder) else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while names.count < 10_000, let entry = readdir(stream) {
      names.append(
        withUnsafePointer(to: &entry.pointee.d_name) {
          $0.withMemoryRebound(to: CChar.self, capacity: 1) { String(cString: $0) }
        })
    }
    return names
  }

  // MARK: Reading

  /// Bytes that a module may have.
  private static let sizeLimit = 256 << 20

  private static func read(_ path: String) throws -> [UInt8] {
    // Opening a pipe or a device could wait for ever.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw ModuleError(reason(errno)) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw ModuleError(reason(errno)) }
    if status.st_mode & S_IFMT == S_IFDIR { throw ModuleError("it is a folder") }
    guard status.st_mode & S_IFMT == S_IFREG else { throw ModuleError("it is no file") }
    guard status.st_size <= sizeLimit else {
      throw ModuleError("it is larger than \(sizeLimit >> 20) MiB")
    }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(Int(status.st_size))
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = Glibc.read(descriptor, &buffer, buffer.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw ModuleError(reason(errno)) }
      if count == 0 { return bytes }
      bytes += buffer[..<count]
      guard bytes.count <= sizeLimit else { throw ModuleError("it grows while it is read") }
    }
  }

  private static func reason(_ code: Int32) -> String {
    String(cString: strerror(code)).lowercased()
  }
}
