// A request and its response as the API server's core sees them: no sockets, no HTTP library.

import JSON

/// One HTTP request.
struct APIRequest: Sendable {
  var method: String
  /// Path without the query; percent escapes are resolved per segment when it is taken apart.
  var path: String
  /// Query parameters in order, percent escapes resolved.
  var query: [(name: String, value: String)] = []
  /// Header fields by lower-case name.
  var headers: [String: String] = [:]
  var body: [UInt8] = []

  func parameter(_ name: String) -> String? { query.first { $0.name == name }?.value }

  /// True for `1`, `true` and a parameter without value.
  func flag(_ name: String) -> Bool {
    guard let value = parameter(name) else { return false }
    return ["", "1", "t", "true"].contains(value.lowercased())
  }

  /// Content type without its parameters.
  var contentType: String {
    let value = headers["content-type"] ?? ""
    return value.split(separator: ";").first.map { MediaType.trimmed($0).lowercased() } ?? ""
  }

  var accept: String { headers["accept"] ?? "" }

  /// The part of the user agent that names the program; the default field manager.
  var agent: String {
    let agent = headers["user-agent"] ?? ""
    return agent.split(separator: "/").first.map(String.init) ?? "unknown"
  }

  /// Takes a target such as `/api/v1/pods?limit=5` apart.
  init(
    _ method: String, _ target: String, headers: [String: String] = [:], body: [UInt8] = []
  ) {
    self.method = method
    self.headers = headers
    self.body = body
    let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    path = parts.first.map(String.init) ?? "/"
    guard parts.count == 2 else { return }
    query = parts[1].split(separator: "&").map { pair in
      let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      return (
        Self.unescaped(sides[0], plusIsSpace: true),
        sides.count == 2 ? Self.unescaped(sides[1], plusIsSpace: true) : ""
      )
    }
  }

  /// Segments of the path, unescaped.
  var segments: [String] {
    path.split(separator: "/").map { Self.unescaped($0, plusIsSpace: false) }
  }

  private static func unescaped(_ text: Substring, plusIsSpace: Bool) -> String {
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "+"), plusIsSpace {
        bytes.append(UInt8(ascii: " "))
      } else if byte == UInt8(ascii: "%"), rest.count >= 2,
        let escaped = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
      {
        bytes.append(escaped)
        rest = rest.dropFirst(2)
      } else {
        bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}

/// What the API server answers.
struct APIResponse: Sendable {
  enum Body: Sendable {
    case bytes([UInt8])
    /// A watch: events until the time is over or either side ends it.
    case stream(EventStream, watch: Int, seconds: Int)
  }

  var code: Int = 200
  var contentType = "application/json"
  var headers: [(String, String)] = []
  var body: Body

  /// An answer that is one JSON document.
  static func json(_ value: JSONValue, code: Int = 200) -> APIResponse {
    APIResponse(code: code, body: .bytes(value.bytes() + [UInt8(ascii: "\n")]))
  }

  static func text(_ text: String, code: Int = 200) -> APIResponse {
    APIResponse(
      code: code, contentType: "text/plain; charset=utf-8", body: .bytes(Array(text.utf8)))
  }

  static func failure(_ error: APIError) -> APIResponse {
    var response = json(error.status, code: error.code)
    if let seconds = error.details?["retryAfterSeconds"]?.int, seconds > 0 {
      response.headers.append(("Retry-After", String(seconds)))
    }
    return response
  }

  /// The document of an answer that is no stream.
  var bytes: [UInt8] {
    guard case .bytes(let bytes) = body else { return [] }
    return bytes
  }
}
