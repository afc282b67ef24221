// A folder of files that lives as long as a test.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Made under the system's folder for temporary files, removed with everything in it.
final class TestFolder {
  let path: String
  private var files: [String] = []

  struct Failure: Error {}

  init() throws {
    var template = Array("/tmp/client-test-XXXXXX".utf8CString)
    let made = template.withUnsafeMutableBufferPointer { buffer -> String? in
      buffer.baseAddress.flatMap { mkdtemp($0) }.map { String(cString: $0) }
    }
    guard let made else { throw Failure() }
    path = made
  }

  deinit {
    for file in files { unlink(file) }
    rmdir(path)
  }

  /// Writes a file and returns its path.
  @discardableResult
  func write(_ name: String, _ text: String, isExecutable: Bool = false) throws -> String {
    let file = "\(path)/\(name)"
    let descriptor = open(
      file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, isExecutable ? 0o700 : 0o600)
    guard descriptor >= 0 else { throw Failure() }
    files.append(file)
    let bytes = Array(text.utf8)
    let count = writeAll(descriptor, bytes)
    close(descriptor)
    guard count == bytes.count else { throw Failure() }
    return file
  }

  /// Removes a file that something else made here.
  func adopt(_ name: String) { files.append("\(path)/\(name)") }

  private func writeAll(_ descriptor: Int32, _ bytes: [UInt8]) -> Int {
    #if canImport(Glibc)
      Glibc.write(descriptor, bytes, bytes.count)
    #elseif canImport(Musl)
      Musl.write(descriptor, bytes, bytes.count)
    #else
      Darwin.write(descriptor, bytes, bytes.count)
    #endif
  }
}
