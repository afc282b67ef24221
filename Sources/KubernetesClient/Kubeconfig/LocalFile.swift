// Reads whole files by POSIX calls, so that no part of the client needs Foundation.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Why a file cannot be read, in the system's words.
struct FileError: Error, Sendable {
  let path: String
  let code: Int32

  var isMissing: Bool { code == ENOENT || code == ENOTDIR }
  var reason: String { String(cString: strerror(code)) }
}

enum LocalFile {
  /// The bytes of a file; a folder is an error.
  static func read(_ path: String) throws(FileError) -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw FileError(path: path, code: errno) }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65536)
    let size = buffer.count
    while true {
      let count = buffer.withUnsafeMutableBytes {
        SystemRead.call(descriptor, $0.baseAddress, size)
      }
      if count > 0 {
        bytes.append(contentsOf: buffer[..<count])
      } else if count == 0 {
        return bytes
      } else if errno != EINTR {
        throw FileError(path: path, code: errno)
      }
    }
  }

  /// What changes when a file is written anew or replaced; nil when it is not there.
  static func stamp(_ path: String) -> Stamp? {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    #if canImport(Darwin)
      let time = status.st_mtimespec
    #else
      let time = status.st_mtim
    #endif
    return Stamp(
      file: UInt64(status.st_ino), size: Int64(status.st_size), seconds: Int64(time.tv_sec),
      nanoseconds: Int64(time.tv_nsec))
  }

  /// Identity, size and time of a file.
  struct Stamp: Hashable, Sendable {
    var file: UInt64
    var size: Int64
    var seconds: Int64
    var nanoseconds: Int64
  }

  /// The path, made absolute against the folder that it was written in.
  static func resolve(_ path: String, against folder: String) -> String {
    path.hasPrefix("/") || folder.isEmpty ? path : "\(folder)/\(path)"
  }

  /// The folder of a file, absolute; the working folder for a bare name.
  static func folder(of path: String) -> String {
    let absolute = path.hasPrefix("/") ? path : resolve(path, against: workingFolder())
    guard let slash = absolute.lastIndex(of: "/") else { return "" }
    return slash == absolute.startIndex ? "/" : String(absolute[..<slash])
  }

  private static func workingFolder() -> String {
    guard let path = getcwd(nil, 0) else { return "" }
    defer { free(path) }
    return String(cString: path)
  }
}

extension UInt8 {
  /// Space, tab or the end of a line.
  var isSpace: Bool { self == 0x20 || (0x09...0x0D).contains(self) }
}

/// The system call `read`, whose name `LocalFile.read` hides.
private enum SystemRead {
  static func call(_ file: Int32, _ buffer: UnsafeMutableRawPointer?, _ count: Int) -> Int {
    read(file, buffer, count)
  }
}
