// What servers may send over HTTP/2 besides plain answers, and what they may not.

import Foundation
import JSON
import Synchronization
import Testing

@testable import KubernetesClient

@Suite("HTTP/2", .timeLimit(.minutes(5)))
struct HTTP2Tests {
  private static let body = Array(#"{"major":"1","minor":"32","gitVersion":"v1.32.0"}"#.utf8)
  /// The same through gzip.
  private static let compressed = Array(
    Data(
      base64Encoded: "H4sIAAAAAAACA6tWyk3Myi9SslIyVNJRys3MA7ONjYCc9MySsNSi4sz8PKBImaGesZGegVItALt3"
        + "+U4xAAAA") ?? Data())

  /// Runs a test with a client of a server that says this for the first request of each connection.
  private func withAnswers(
    _ answers: @escaping @Sendable (_ connection: Int) -> [UInt8],
    _ body: (KubernetesClient) async throws -> Void
  ) async throws {
    let answered = Once()
    try await withScript(
      { received, connection, turn in
        var reply = RawServer.Reply(bytes: turn == 1 ? RawFrame.settings : [])
        // The client goes on to speak: of the settings, and with a large request. It is answered once.
        if RawFrame.hasRequest(received), answered.isFirst(connection) {
          reply.bytes += answers(connection)
        }
        return reply
      }, body)
  }

  private func withScript(
    _ script: @escaping RawServer.Script, patience: Duration = .seconds(60),
    _ body: (KubernetesClient) async throws -> Void
  ) async throws {
    let server = try await RawServer.start(script)
    let transport = Transport()
    let client = KubernetesClient(
      cluster: "raw", settings: server.settings, transport: transport, requestTimeout: patience)
    let result: Result<Void, any Error>
    do { result = .success(try await body(client)) } catch { result = .failure(error) }
    transport.shutdown()
    await server.stop()
    try result.get()
  }

  @Test("interim answers come before the answer, trailers after it, and neither is taken for it")
  func interim() async throws {
    try await withAnswers { _ in
      RawFrame.headers(103, [("link", "x")])
        + RawFrame.headers(200, [("content-type", "application/json")])
        + RawFrame.data(Self.body) + RawFrame.headers(nil, [("x-status", "500")], ends: true)
    } _: { client in
      let version = try await client.serverVersion()
      #expect(version.major == 1)
    }
  }

  @Test("compressed answers are read however they are cut")
  func compressed() async throws {
    try await withAnswers { _ in
      RawFrame.headers(200, [("content-encoding", "gzip"), ("content-type", "application/json")])
        + Self.compressed.flatMap { RawFrame.data([$0]) } + RawFrame.data([], ends: true)
    } _: { client in
      let version = try await client.serverVersion()
      #expect(version.major == 1)
    }
  }

  @Test("an answer whose compression is broken or cut off is an error", arguments: [false, true])
  func brokenCompression(isCut: Bool) async throws {
    let sent = isCut ? Array(Self.compressed.dropLast(12)) : Self.body
    try await withAnswers { _ in
      RawFrame.headers(200, [("content-encoding", "gzip"), ("content-type", "application/json")])
        + RawFrame.data(sent, ends: true)
    } _: { client in
      let error = try await apiError { try await client.serverVersion() }
      #expect(error.message.contains("the answer's compression is broken"), "\(error)")
    }
  }

  @Test("a server may answer before it has read the request, and need not read the rest")
  func early() async throws {
    let status = #"{"kind":"Status","code":413,"reason":"RequestEntityTooLarge","message":"no"}"#
    try await withAnswers { _ in
      RawFrame.headers(413, [("content-type", "application/json")])
        + RawFrame.data(Array(status.utf8), ends: true)
    } _: { client in
      let large = JSONValue.string(String(repeating: "x", count: 1 << 20))
      let error = try await apiError {
        try await client.create(
          Things.configMap, ["metadata": ["name": "x"], "data": ["x": large]], namespace: "y")
      }
      #expect(error.status == 413)
    }
  }

  @Test("what the server refuses unseen is sent again, even a POST", arguments: [true, false])
  func refused(leaves: Bool) async throws {
    let connections = Counter()
    let answered = Once()
    let answer =
      RawFrame.headers(201, [("content-type", "application/json")])
      + RawFrame.data(Array(#"{"metadata":{"name":"x"}}"#.utf8), ends: true)
    try await withScript { received, connection, turn in
      var reply = RawServer.Reply(bytes: turn == 1 ? RawFrame.settings : [])
      if turn == 1 { connections.add() }
      let requests = RawFrame.count(1, in: received)
      guard requests > 0, answered.isFirst(10 * connection + requests) else { return reply }
      if leaves {
        // A farewell that says that stream 1 was not looked at.
        reply.bytes += connection == 1 ? RawFrame.goaway(last: 0, 0) : answer
      } else {
        reply.bytes += requests == 1 ? RawFrame.reset(7) : Self.onStream(3, answer)
      }
      return reply
    } _: { client in
      let made = try await client.create(
        Things.configMap, ["metadata": ["name": "x"]], namespace: "y")
      #expect(made["metadata"]?["name"] == "x")
    }
    #expect(connections.value == (leaves ? 2 : 1))
  }

  /// The same frames for another stream.
  private static func onStream(_ stream: UInt8, _ frames: [UInt8]) -> [UInt8] {
    var (result, place) = (frames, 0)
    while place + 9 <= result.count {
      result[place + 8] = stream
      place += 9 + (Int(result[place + 1]) << 8 | Int(result[place + 2]))
    }
    return result
  }

  @Test("a stream that the server ends says why")
  func reset() async throws {
    try await withAnswers { _ in
      RawFrame.headers(201, [("content-type", "application/json")]) + RawFrame.data([0x7B])
        + RawFrame.reset(2)
    } _: { client in
      let error = try await apiError {
        try await client.create(Things.configMap, ["metadata": ["name": "x"]], namespace: "y")
      }
      #expect(error.reason == "Interrupted")
      #expect(error.message.contains("the server ended the answer early: INTERNAL_ERROR"))
      #expect(error.message.contains("it may have been carried out"))
    }
  }

  @Test("a server that is angry is quoted")
  func calm() async throws {
    try await withScript { received, _, turn in
      var reply = RawServer.Reply(bytes: turn == 1 ? RawFrame.settings : [])
      guard RawFrame.hasRequest(received) else { return reply }
      reply.bytes += RawFrame.goaway(last: 1, 11)
      reply.closes = true
      return reply
    } _: { client in
      let error = try await apiError {
        try await client.create(Things.configMap, ["metadata": ["name": "x"]], namespace: "y")
      }
      #expect(error.message.contains("ENHANCE_YOUR_CALM"), "\(error)")
    }
  }

  @Test("more headers than a megabyte are not taken")
  func manyHeaders() async throws {
    let field = ("x", String(repeating: "y", count: 120))
    let many = RawFrame.headers(200, Array(repeating: field, count: 100))
    // One HEADERS frame and its CONTINUATION frames, the end of which never comes.
    var flood = many
    flood[4] = 0
    var more = many
    (more[3], more[4]) = (9, 0)
    let frames = flood + (0..<100).flatMap { _ in more }
    try await withAnswers { _ in
      frames
    } _: { client in
      let error = try await apiError {
        try await client.create(Things.configMap, ["metadata": ["name": "x"]], namespace: "y")
      }
      #expect(error.reason == "Interrupted", "\(error)")
    }
  }

  @Test("no bytes of a server do harm: each call ends with an answer or an error")
  func noise() async throws {
    var random = Noise(state: 7)
    let answer =
      RawFrame.headers(103) + RawFrame.headers(200, [("content-type", "application/json")])
      + RawFrame.data(Self.body) + RawFrame.headers(nil, [("x", "y")], ends: true)
    for _ in 0..<150 {
      var bytes = RawFrame.settings + answer
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        let place = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0..<3, using: &random) {
        case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
        case 1: bytes.insert(UInt8.random(in: 0...255, using: &random), at: place)
        default: bytes.remove(at: place)
        }
      }
      let sent = bytes
      let isOver = Counter()
      let script: RawServer.Script = { received, _, _ in
        guard RawFrame.hasRequest(received), isOver.value == 0 else {
          // What is tried again gets an end to it.
          return RawServer.Reply(closes: isOver.value > 0)
        }
        isOver.add()
        return RawServer.Reply(bytes: sent, closes: true)
      }
      try await withScript(script) { client in
        let result: Result<JSONValue, any Error>
        do {
          result = .success(
            try await client.create(
              Things.configMap, ["metadata": ["name": "x"]], namespace: "y"))
        } catch { result = .failure(error) }
        if case .failure(let error) = result { #expect(error is APIError, "\(sent)") }
      }
    }
  }
}

/// Which connections were answered.
private final class Once: Sendable {
  private let known = Mutex<Set<Int>>([])
  func isFirst(_ number: Int) -> Bool { known.withLock { $0.insert(number).inserted } }
}

/// Numbers that are the same in each run (xorshift64*).
private struct Noise: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state ^= state >> 12
    state ^= state << 25
    state ^= state >> 27
    return state &* 0x2545_F491_4F6C_DD1D
  }
}
