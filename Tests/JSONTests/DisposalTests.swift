// Large trees are freed whole, whether in steps or beside.

import Synchronization
import Testing

@testable import JSON

/// A tree with every sort of container that the dismantler treats in its own way.
private func makeTree() -> JSONValue {
  let small: JSONValue = ["a": 1, "b": ["x", "y"]]
  var large = JSONObject()
  for index in 0..<3000 { large.append("key \(index)", .array([.int(Int64(index)), small])) }
  var deep: JSONValue = "the innermost"
  for _ in 0..<400 { deep = .array([deep, 1, deep.isNull ? 2 : 3]) }
  let flat = JSONValue.array((0..<10_000).map { .string("a text of some length, number \($0)") })
  return .array([.object(large), deep, flat, small, .array([]), .object(JSONObject())])
}

/// Tells when it goes.
private final class Tracked: Sendable {
  static let living = Atomic<Int>(0)
  init() { Self.living.add(1, ordering: .relaxed) }
  deinit { Self.living.subtract(1, ordering: .relaxed) }
}

@Suite("Freeing large trees")
struct DisposalTests {
  @Test("a tree is freed in steps of bounded size, and the copy of a part stays whole")
  func steps() {
    let tree = makeTree()
    let part = tree.array?[2]
    let object = tree.array?[0]
    var steps = 0
    JSONValue.free(tree) { values in
      #expect(values <= 4096)
      steps += 1
      return true
    }
    // 10,000 texts, 3,000 keys and 3,000 small arrays at least.
    #expect(steps >= 5)
    #expect(part == makeTree().array?[2])
    #expect(object?.object?.keys.last == "key 2999")
    #expect(object == makeTree().array?[0])
  }

  @Test("whoever has no time gets back at once", arguments: [0, 1, 3])
  func stopped(after looks: Int) {
    var seen = 0
    JSONValue.free(makeTree()) { _ in
      defer { seen += 1 }
      return seen < looks
    }
    #expect(seen == looks + 1)
  }

  @Test("what goes beside is freed there", .timeLimit(.minutes(1)))
  func beside() async {
    Disposal.beside((0..<100).map { _ in Tracked() })
    while Tracked.living.load(ordering: .relaxed) > 0 { await Task.yield() }
  }

  @Test("a parser that is stopped anywhere frees what it has read and says so")
  func stoppedParser() {
    let members = (0..<200).map { "\"k\($0)\":[\($0),\"\(String(repeating: "x", count: 200))\"]" }
    let object = "{\(members.joined(separator: ","))}"
    let long = "\"\(String(repeating: "ä", count: 300_000))\\n\""
    let numbers = "[\((0..<40_000).map(String.init).joined(separator: ","))]"
    let text = Array("[\(object),\(long),\(numbers),\(object)]".utf8)
    stopEverywhere(text, looksNoMore: true) { bytes, look in
      do throws(JSONError) {
        _ = try JSONValue.parse(bytes, look: look)
        return nil
      } catch {
        return error.message
      }
    }
  }

  @Test("a reader of YAML that is stopped anywhere says so")
  func stoppedYAML() {
    let members = (0..<2000).map { "k\($0): [\($0), {a: text \($0)}]\n" }.joined()
    let text = Array((members + "long: \(String(repeating: "word ", count: 120_000))\n").utf8)
    stopEverywhere(text, looksNoMore: false) { bytes, look in
      do throws(YAMLError) {
        _ = try YAML.parse(bytes, look: look)
        return nil
      } catch {
        return error.message
      }
    }
  }

  /// Stops a reader of the text at many of its looks. `read` gives the message of its error, if there is
  /// one; `looksNoMore` says whether it ends at the look that stopped it.
  private func stopEverywhere(
    _ text: [UInt8], looksNoMore: Bool, _ read: (UnsafeBufferPointer<UInt8>, Look) -> String?
  ) {
    var looks = 0
    text.withUnsafeBufferPointer { bytes in
      let whole = Look { _, _ in
        looks += 1
        return true
      }
      #expect(read(bytes, whole) == nil)
      for last in Set(stride(from: 1, to: looks, by: 5)).union([looks - 1]) {
        var seen = 0
        let look = Look { _, _ in
          seen += 1
          return seen < last
        }
        #expect(read(bytes, look) == "stopped")
        if looksNoMore { #expect(seen == last) }
      }
    }
    #expect(looks > 30)
  }

  @Test("a long text with escapes and a long array are what a short one would be")
  func longTexts() throws {
    let text = String(repeating: "añb€\n\"", count: 120_000)
    #expect(try JSONValue.parse(text: JSONValue.string(text).text()) == .string(text))
    let plain = String(repeating: "plain ", count: 120_000)
    #expect(try JSONValue.parse(text: "\"\(plain)\"") == .string(plain))
    let numbers = JSONValue.array((0..<50_000).map { .int($0) })
    #expect(try JSONValue.parse(text: numbers.text()) == numbers)
    let error = #expect(throws: JSONError.self) {
      try JSONValue.parse(Array("[\n\"".utf8) + Array(plain.utf8) + [0xFF] + Array("\"]".utf8))
    }
    #expect(error?.description == "a string is not valid UTF-8 at line 2, column 2")
  }
}
