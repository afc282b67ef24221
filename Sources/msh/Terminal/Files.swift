// Reading and writing whole files, with the system's own words when it fails.

import Glibc

/// Files by path. Written on the C library, because Foundation would double the start-up time.
enum Files {
  /// Why a file could not be read or written.
  struct Failure: Error {
    /// The system's words, in lower case.
    let reason: String

    /// Takes the reason from `errno`.
    init(_ number: Int32 = errno) {
      let text = String(cString: strerror(number))
      reason = text.prefix(1).lowercased() + text.dropFirst()
    }
  }

  /// All bytes of a file.
  static func read(_ path: String) -> Result<[UInt8], Failure> {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return .failure(Failure()) }
    defer { close(descriptor) }
    return read(descriptor: descriptor)
  }

  /// All bytes up to the end of a descriptor.
  static func read(descriptor: Int32) -> Result<[UInt8], Failure> {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = Glibc.read(descriptor, &buffer, buffer.count)
      if count > 0 {
        bytes.append(contentsOf: buffer[..<count])
      } else if count == 0 {
        return .success(bytes)
      } else if errno != EINTR {
        return .failure(Failure())
      }
    }
  }

  /// Writes bytes to a file that only its owner may read; made when it is missing.
  static func write(_ bytes: [UInt8], to path: String, flags: Int32) -> Result<Void, Failure> {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0o600)
    guard descriptor >= 0 else { return .failure(Failure()) }
    defer { close(descriptor) }
    // A file that was there keeps its mode, and may have been open to others.
    guard fchmod(descriptor, 0o600) == 0 else { return .failure(Failure()) }
    return write(bytes, descriptor: descriptor)
  }

  /// Writes bytes to a new file in the temporary directory, readable by its owner only; gives its path.
  static func writeTemporary(_ bytes: [UInt8]) -> Result<String, Failure> {
    let directory = Terminal.environment("TMPDIR") ?? "/tmp"
    var template = Array("\(directory)/msh-XXXXXX".utf8CString)
    let descriptor = mkstemp(&template)
    guard descriptor >= 0 else { return .failure(Failure()) }
    defer { close(descriptor) }
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    return write(bytes, descriptor: descriptor).map { path }
  }

  /// Makes the directories that a file needs; what fails here fails again, with its reason, on opening.
  static func makeParentDirectories(of path: String) {
    for (offset, byte) in path.utf8.enumerated() where byte == UInt8(ascii: "/") && offset > 0 {
      mkdir(String(decoding: path.utf8.prefix(offset), as: UTF8.self), 0o700)
    }
  }

  private static func write(_ bytes: [UInt8], descriptor: Int32) -> Result<Void, Failure> {
    var offset = 0
    while offset < bytes.count {
      let count = bytes.withUnsafeBytes {
        Glibc.write(descriptor, $0.baseAddress?.advanced(by: offset), $0.count - offset)
      }
      if count >= 0 {
        offset += count
      } else if errno != EINTR {
        return .failure(Failure())
      }
    }
    return .success(())
  }
}
