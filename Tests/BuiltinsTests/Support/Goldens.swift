// Golden files: what renderers are expected to give, kept in Tests/Golden as YAML.
//
// With MSH_UPDATE_GOLDEN=1 in the environment the tests write the files instead of comparing them.

import JSON
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

enum TestFiles {
  /// The folder `Tests`.
  static let tests = parent(parent(parent(#filePath)))
  /// The repository.
  static let repository = parent(tests)

  static func environment(_ name: String) -> String? {
    getenv(name).map { String(cString: $0) }
  }

  /// A file beside the repository that not every machine has; nil when it is not there.
  static func shared(_ path: String) -> String? {
    let folder = environment("MSH_SHARED") ?? parent(repository) + "/shared"
    return read("\(folder)/\(path)")
  }

  static func read(_ path: String) -> String? {
    guard let file = fopen(path, "r") else { return nil }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65536)
    while true {
      let count = fread(&buffer, 1, buffer.count, file)
      guard count > 0 else { break }
      bytes += buffer[..<count]
    }
    return String(validating: bytes, as: UTF8.self)
  }

  static func write(_ text: String, to path: String) -> Bool {
    guard let file = fopen(path, "w") else { return false }
    defer { fclose(file) }
    let bytes = Array(text.utf8)
    return fwrite(bytes, 1, bytes.count, file) == bytes.count
  }

  private static func parent(_ path: String) -> String {
    String(path[..<(path.lastIndex(of: "/") ?? path.endIndex)])
  }
}

/// Compares manifests with a golden file, or writes it.
func expectGolden(
  _ manifests: [JSONValue], _ name: String, sourceLocation: SourceLocation = #_sourceLocation
) {
  let path = "\(TestFiles.tests)/Golden/\(name)"
  let text = YAML.format(documents: manifests)
  if TestFiles.environment("MSH_UPDATE_GOLDEN") == "1" {
    #expect(TestFiles.write(text, to: path), sourceLocation: sourceLocation)
    return
  }
  guard let golden = TestFiles.read(path) else {
    Issue.record(
      "\(path) is missing; make it with MSH_UPDATE_GOLDEN=1", sourceLocation: sourceLocation)
    return
  }
  #expect(text == golden, "\(name) differs", sourceLocation: sourceLocation)
}
