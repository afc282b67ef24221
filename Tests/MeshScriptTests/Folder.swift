// The package's own files, for tests that read them.

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A file or a folder of the package, found from where this file was compiled.
struct Folder {
  var path: String
  var name: String { String(path.split(separator: "/").last ?? "") }

  struct Unreadable: Error { var path: String }

  static var package: Folder {
    Folder(path: "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/"))
  }

  static var sources: Folder { package.child("Sources") }

  func child(_ name: String) -> Folder { Folder(path: "\(path)/\(name)") }

  func children() throws -> [Folder] {
    guard let directory = opendir(path) else { throw Unreadable(path: path) }
    defer { closedir(directory) }
    var children: [Folder] = []
    while let entry = readdir(directory) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if !name.hasPrefix(".") { children.append(child(name)) }
    }
    return children.sorted { $0.name < $1.name }
  }

  func text() throws -> String {
    guard let file = fopen(path, "r") else { throw Unreadable(path: path) }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while case let count = fread(&buffer, 1, buffer.count, file), count > 0 {
      bytes.append(contentsOf: buffer[..<count])
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  func write(_ text: String) throws {
    guard let file = fopen(path, "w") else { throw Unreadable(path: path) }
    defer { fclose(file) }
    fputs(text, file)
  }

  /// A new empty folder; `remove` it after use.
  static func temporary() throws -> Folder {
    var template = Array("/tmp/meshscript-test-XXXXXX".utf8CString)
    let path = template.withUnsafeMutableBufferPointer { buffer in
      buffer.baseAddress.flatMap { mkdtemp($0) }.map { String(cString: $0) }
    }
    guard let path else { throw Unreadable(path: "/tmp") }
    return Folder(path: path)
  }

  /// Deletes a folder and the files in it.
  func remove() {
    for child in (try? children()) ?? [] { unlink(child.path) }
    rmdir(path)
  }

  static func environment(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }
}
