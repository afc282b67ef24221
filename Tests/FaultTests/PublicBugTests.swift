// Bugs that other clients had, as far as they are about transport and decoding and have no place in
// another suite. Each test is named after the bug's reference.

import Foundation
import JSON
import Testing

@testable import KubernetesClient

@Suite("Bugs of other clients", .serialized, .timeLimit(.minutes(15)))
struct PublicBugTests {
  @Test(
    "kubernetes#112296: compression is asked for unless the kubeconfig disables it, never for watches"
  )
  func compression() async throws {
    try await withProxy { setting in
      setting.proxy.play { $0.isWatch ? .stream([]) : .none }
      _ = try await setting.client().serverVersion()
      _ = try await setting.client { $0.disablesCompression = true }.serverVersion()
      _ = try await setting.client().open(
        Call(
          verb: "watch", object: "x", path: "/api/v1/configmaps", query: [("watch", "true")],
          isStream: true))
      let accepted = setting.proxy.arrived.map { $0.headers["accept-encoding"] }
      #expect(accepted == ["gzip", nil, nil])
    }
  }

  @Test("swiftkube#30, swiftkube#40: a list of 64 MB comes whole")
  func bigList() async throws {
    let filling = String(repeating: "x", count: 1 << 20)
    let items = (0..<64).map { #"{"metadata":{"name":"m\#($0)"},"data":{"k":"\#(filling)"}}"# }
    let list =
      #"{"kind":"ConfigMapList","apiVersion":"v1","metadata":{"resourceVersion":"9"},"items":["#
      + items.joined(separator: ",") + "]}"
    #expect(list.utf8.count > 64 << 20)
    try await withProxy { setting in
      setting.proxy.play { _ in .answer(200, list, Fault.json) }
      let (items, version) = try await setting.client(requestTimeout: .seconds(110)).list(
        Things.configMap)
      #expect(version == "9")
      #expect(items.count == 64)
      #expect(items.allSatisfy { $0["data"]?["k"]?.string?.utf8.count == 1 << 20 })
      #expect(setting.proxy.arrived.count == 1)
    }
  }

  /// An object of some kilobytes.
  private var text: [UInt8] {
    let containers = (0..<20).map {
      #"{"name":"c\#($0)","image":"registry.example/app:\#($0)","env":[{"name":"A","value":"\#($0)"}]}"#
    }
    return Array(
      (#"{"kind":"Pod","apiVersion":"v1","metadata":{"name":"p"},"spec":{"containers":["#
        + containers.joined(separator: ",") + "]}}").utf8)
  }

  @Test("swiftkube#4: ten thousand decodings leave no memory behind")
  func decodingKeepsNothing() throws {
    let text = text
    // Kept, a thousand objects would be more than ten times this, in each round. Other tests of this
    // process take memory too, but not in every round.
    let bound = 1 << 20
    var growths: [Int] = []
    for _ in 0..<10 {
      let before = try residentBytes()
      for _ in 0..<1000 { _ = try JSONValue.parse(text) }
      growths.append(try residentBytes() - before)
    }
    #expect(text.count > 1500)
    #expect(growths.contains { $0 < bound }, "\(growths)")
  }

  private func residentBytes() throws -> Int {
    let text = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8)
    let pages = try #require(Int(text.split(separator: " ")[1]))
    return pages * Int(sysconf(Int32(_SC_PAGESIZE)))
  }

  @Test("swiftkube#24: many tasks decode at once")
  func parallelDecoding() async throws {
    let text = text
    let expected = try JSONValue.parse(text)
    try await withThrowingTaskGroup(of: Bool.self) { group in
      for _ in 0..<8 {
        group.addTask {
          for _ in 0..<100 where try JSONValue.parse(text) != expected { return false }
          return true
        }
      }
      for try await isEqual in group { #expect(isEqual) }
    }
  }
}
