// What the proxy can do to a request, and what it remembers of one.

import NIOCore

/// A request as it came to the proxy.
struct Asked: Sendable {
  let method: String
  /// Path and query.
  let target: String
  let headers: [String: String]
  /// `HTTP/2` or `HTTP/1.1`.
  let protocolName: String
  /// Counts the proxy's connections from 1.
  let connection: Int
  /// Counts the proxy's requests from 1.
  let number: Int

  var path: String { String(target.prefix { $0 != "?" }) }
  var isWatch: Bool { target.contains("watch=true") }
  /// What is being changed or read, such as `PATCH configmaps/x`.
  var line: String { "\(method) \(path)" }
}

/// What happens to one request.
enum Fault: Sendable {
  /// It goes to the server and its answer comes back.
  case none
  /// The connection is reset; the server never hears of the request.
  case resetUnsent
  /// The server carries it out, then the connection ends without a byte of the answer.
  case endUnanswered(End)
  /// The connection ends in the middle of the answer's body.
  case endInAnswer(End)
  /// The connection is reset after the whole answer.
  case resetAfterAnswer
  /// The server carries it out, then the HTTP/2 stream is reset; over HTTP/1.1 the connection.
  case streamReset
  /// The server carries it out, and nothing is ever answered.
  case silence
  /// The same, and the whole connection is silent from then on in both directions.
  case blackHole
  /// The client is told to go away and gets the answer; the connection ends a second later, as that
  /// of an API server with `--goaway-chance` does.
  case goAway
  /// The same with the number of this very stream as the last one that is served.
  case goAwayAfterThis
  /// The client is told to go away because of an error, and the connection is reset at once; the
  /// server never hears of the request.
  case goAwayAbruptly
  /// Every byte of the answer is a write of its own.
  case drip
  /// Half of the body, as if that was all.
  case truncated
  /// The proxy answers itself; the server never hears of the request.
  case answer(Int, String, [(String, String)] = [])
  /// The proxy answers with these chunks; then the answer ends or stays open.
  case stream([[UInt8]], staysOpen: Bool = false)
  /// The request waits at the proxy until the gate opens, then goes to the server.
  case held(Gate)
  /// The proxy answers a watch with these chunks when the gate opens; the headers come at once.
  case streamHeld(Gate, [[UInt8]])

  /// How a TCP connection ends.
  enum End: Sendable {
    case reset
    case fin
  }

  /// True when there is nothing like it in HTTP/1.1.
  var needsHTTP2: Bool {
    switch self {
    case .goAway, .goAwayAfterThis, .goAwayAbruptly, .streamReset: true
    default: false
    }
  }

  /// True when the server carries out what its client has given up.
  var outlivesClient: Bool {
    switch self {
    case .silence, .blackHole: true
    default: false
    }
  }

  /// True when the answer goes to the client as it comes from the server; else when it is complete.
  var relaysAtOnce: Bool {
    switch self {
    case .none, .held: true
    default: false
    }
  }

  static let text = [("Content-Type", "text/plain")]
  static let html = [("Content-Type", "text/html; charset=utf-8")]
  static let json = [("Content-Type", "application/json")]
}
