// Requests as an HTTP archive (HAR 1.2, http://www.softwareishard.com/blog/har-12-spec/), which
// browsers and other tools can show. Headers are masked, bodies are never in it: only their sizes.

import JSON

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The archive's form.
public enum HTTPArchive {
  /// What stands before the entries.
  public static func opening(version: String) -> String {
    let creator: JSONValue = ["name": "msh", "version": .string(version)]
    let comment: JSONValue = "Credentials are masked, and no body is recorded."
    return "{\"log\":{\"version\":\"1.2\",\"creator\":\(creator.text()),"
      + "\"comment\":\(comment.text()),\"entries\":["
  }

  /// What stands after the entries.
  public static let closing = "\n]}}\n"

  /// The entry of a request. Fields that the format does not know begin with an underscore.
  public static func entry(_ trace: RequestTrace) -> JSONValue {
    let connection = trace.connection
    var entry: JSONValue = [
      "startedDateTime": .string(date(trace.started)),
      "time": milliseconds(trace.elapsed),
      "request": request(trace),
      "response": response(trace),
      "cache": [:],
      "timings": timings(trace),
      "_cluster": .string(trace.cluster),
      "_attempt": .int(Int64(trace.attempt)),
    ]
    if let connection {
      entry["serverIPAddress"] = .string(connection.address)
      entry["connection"] = .string(String(connection.number))
      entry["_reused"] = .bool(connection.isReused)
    }
    if let reason = trace.retryReason { entry["_retryReason"] = .string(reason) }
    return entry
  }

  private static func request(_ trace: RequestTrace) -> JSONValue {
    var request: JSONValue = [
      "method": .string(trace.method), "url": .string(trace.server + trace.path),
      "httpVersion": .string(trace.connection?.httpVersion ?? ""), "cookies": [],
      "headers": headers(trace.requestHeaders), "queryString": query(trace.path),
      "headersSize": -1, "bodySize": .int(Int64(trace.sentBytes)),
    ]
    if trace.sentBytes > 0 {
      let type = trace.requestHeaders.first { $0.name.lowercased() == "content-type" }?.value ?? ""
      request["postData"] = [
        "mimeType": .string(type), "params": [], "text": "", "comment": "not recorded",
      ]
    }
    return request
  }

  private static func response(_ trace: RequestTrace) -> JSONValue {
    let type = trace.responseHeaders.first { $0.name == "content-type" }?.value ?? ""
    var response: JSONValue = [
      "status": .int(Int64(trace.status)), "statusText": "",
      "httpVersion": .string(trace.connection?.httpVersion ?? ""), "cookies": [],
      "headers": headers(trace.responseHeaders),
      "content": [
        "size": .int(Int64(trace.receivedBytes)), "mimeType": .string(type),
        "comment": "not recorded",
      ],
      "redirectURL": "", "headersSize": .int(Int64(trace.connection?.headerBytes ?? -1)),
      "bodySize": .int(Int64(trace.connection?.wireBytes ?? -1)),
    ]
    if let failure = trace.failure { response["_error"] = .string(failure) }
    return response
  }

  private static func timings(_ trace: RequestTrace) -> JSONValue {
    let timings = trace.connection?.timings ?? RequestTrace.Timings()
    func known(_ duration: Duration?) -> JSONValue { duration.map(milliseconds) ?? -1 }
    // The format counts TLS in `connect` and once more in `ssl`.
    let connect = timings.connect.map { $0 + (timings.secure ?? .zero) }
    return [
      "blocked": milliseconds(timings.queued), "dns": known(timings.lookUp),
      "connect": known(connect), "ssl": known(timings.secure),
      "send": milliseconds(timings.send), "wait": milliseconds(timings.wait),
      "receive": milliseconds(timings.receive),
    ]
  }

  private static func headers(_ headers: [RequestTrace.Header]) -> JSONValue {
    .array(headers.map { ["name": .string($0.name), "value": .string($0.value)] })
  }

  private static func query(_ path: String) -> JSONValue {
    let pairs = path.split(separator: "?", maxSplits: 1).dropFirst().joined().split(separator: "&")
    return .array(
      pairs.map { pair in
        let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let value = parts.count > 1 ? String(parts[1]) : ""
        return ["name": .string(String(parts[0])), "value": .string(value)]
      })
  }

  private static func milliseconds(_ duration: Duration) -> JSONValue {
    .double((duration / .microseconds(1)).rounded() / 1000)
  }

  /// A point of time as ISO 8601 has it.
  static func date(_ microseconds: Int64) -> String {
    var seconds = time_t(microseconds / 1_000_000)
    var parts = tm()
    gmtime_r(&seconds, &parts)
    func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
    let milliseconds = microseconds / 1000 % 1000
    let fraction = String(1000 + milliseconds).dropFirst()
    return "\(parts.tm_year + 1900)-\(two(parts.tm_mon + 1))-\(two(parts.tm_mday))T"
      + "\(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec)).\(fraction)Z"
  }
}
