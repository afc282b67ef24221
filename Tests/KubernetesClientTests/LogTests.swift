// Lines of logs and where a log goes on, without a server.

import JSON
import Testing

@testable import KubernetesClient

@Suite("Lines of logs")
struct LogTests {
  @Test("bytes are cut at line feeds only, however they come, and empty lines count")
  func splitting() {
    let text = "one\n\ntwo\u{2028}still\r\nthree"
    for size in 1...text.utf8.count {
      var splitter = LogSplitter()
      var lines: [[UInt8]] = []
      var rest = Array(text.utf8)[...]
      while !rest.isEmpty {
        lines += splitter.append(Array(rest.prefix(size)))
        rest = rest.dropFirst(size)
      }
      if let last = splitter.finish() { lines.append(last) }
      #expect(
        lines.map { String(decoding: $0, as: UTF8.self) }
          == ["one", "", "two\u{2028}still\r", "three"])
      let nothing = splitter.finish()
      #expect(nothing == nil)
    }
  }

  @Test("a line without an end comes in parts")
  func endless() {
    var splitter = LogSplitter()
    let block = [UInt8](repeating: 0x61, count: LogSplitter.limit / 4)
    let lines = (0..<8).flatMap { _ in splitter.append(block) }
    #expect(lines.map(\.count) == [LogSplitter.limit, LogSplitter.limit])
  }

  @Test("times compare by their digits, whatever zeros are left out")
  func times() throws {
    let ordered = [
      "2026-01-01T00:00:00Z", "2026-01-01T00:00:00.000000001Z", "2026-01-01T00:00:00.45Z",
      "2026-01-01T00:00:00.5Z", "2026-01-01T00:00:01Z", "2026-01-01T00:00:00.5-01:00",
    ]
    let times = try ordered.map { try #require(LogTime($0)) }
    #expect(times == times.sorted())
    #expect(LogTime("2026-01-01T00:00:00.50Z") == LogTime("2026-01-01T00:00:00.500Z"))
    #expect(LogTime("yesterday") == nil)
  }

  @Test("a second connection leaves out what was there already, and nothing else")
  func place() {
    func time(_ second: Int) -> String { "2026-01-01T00:00:0\(second)Z" }
    var place = LogPlace()
    func taken(_ times: [String?]) -> [Bool] { times.map { place.takes($0) } }
    let first = taken([time(1), time(2), time(2)])
    #expect(first == [true, true, true])
    #expect(place.lastText == time(2))
    place.resume()
    // The server begins with the second of the last line: two are old, a third of it is new.
    let second = taken([time(1), time(2), time(2), time(2), time(3)])
    #expect(second == [false, false, false, true, true])
    place.resume()
    let third = taken([time(3), time(3)])
    #expect(third == [false, true])
    // Lines without a time cannot be told apart: better twice than never.
    let untimed = taken([nil, "text"])
    #expect(untimed == [true, true])
  }

  @Test("what cannot be meant is said before anything is sent")
  func problems() {
    func problem(_ change: (inout LogOptions) -> Void) -> String? {
      var options = LogOptions()
      change(&options)
      return options.problem
    }
    #expect(problem { _ in } == nil)
    #expect(
      problem {
        $0.container = "a"
        $0.allContainers = true
      } != nil)
    #expect(
      problem {
        $0.sinceTime = "2026-01-01T00:00:00Z"
        $0.sinceSeconds = 5
      } != nil)
    #expect(problem { $0.sinceTime = "soon" }?.contains("soon") == true)
    #expect(problem { $0.sinceSeconds = 0 } != nil)
    #expect(problem { $0.tailLines = -1 } != nil)
    #expect(problem { $0.tailLines = 0 } == nil)
    #expect(problem { $0.limitBytes = 0 } != nil)
  }
}
