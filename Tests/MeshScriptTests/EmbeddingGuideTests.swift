// docs/embedding.md is true: its program is the one in Examples/Embed, and that prints what it shows.

import Testing

#if canImport(Glibc)
  import Glibc
#endif

@Suite("The guide to embedding")
struct EmbeddingGuideTests {
  @Test("shows the program of Examples/Embed, whole")
  func program() throws {
    let guide = try Folder.package.child("docs").child("embedding.md").text()
    let example = try Folder.package.child("Examples").child("Embed").child("main.swift").text()
    #expect(guide.contains("```swift\n\(example)```\n"))
  }

  @Test("shows what that program prints")
  func output() throws {
    let guide = try Folder.package.child("docs").child("embedding.md").text()
    let (printed, status) = try Self.runExample()
    #expect(status == 0)
    #expect(!printed.isEmpty)
    #expect(guide.contains("```text\n\(printed)```\n"), "it prints:\n\(printed)")
  }

  /// Runs the built example, which stands beside the test bundle.
  private static func runExample() throws -> (output: String, status: Int32) {
    var buffer = [CChar](repeating: 0, count: 4096)
    let count = readlink("/proc/self/exe", &buffer, buffer.count)
    let path = String(
      decoding: buffer.prefix(max(0, count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    let program = path.split(separator: "/").dropLast().reduce("") { "\($0)/\($1)" } + "/Embed"
    let pipe = try #require(popen("'\(program)' 2>&1", "r"))
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 4096)
    while case let read = fread(&chunk, 1, chunk.count, pipe), read > 0 { bytes += chunk[..<read] }
    return (String(decoding: bytes, as: UTF8.self), pclose(pipe))
  }
}
