// Asks libcurl about a connection and its times.

import CCurl
import Synchronization

extension ConnectionTrace {
  /// What libcurl knows about a transfer that has ended, or whose headers have come, and the
  /// connection that carries it.
  init(
    _ easy: UnsafeMutableRawPointer, _ connection: Connection, queued: Duration, sent: Duration?
  ) {
    isReused = Self.number(easy, CURLINFO_NUM_CONNECTS) == 0
    number = ConnectionNumbers.shared.number(of: connection, isNew: !isReused)
    httpVersion =
      switch Self.number(easy, CURLINFO_HTTP_VERSION) {
      case Int(CURL_HTTP_VERSION_2_0): "HTTP/2"
      case Int(CURL_HTTP_VERSION_1_1): "HTTP/1.1"
      case Int(CURL_HTTP_VERSION_1_0): "HTTP/1.0"
      default: ""
      }
    address = ccurl_easy_get_string(easy, CURLINFO_PRIMARY_IP).map { String(cString: $0) } ?? ""
    wireBytes = Self.large(easy, CURLINFO_SIZE_DOWNLOAD_T)
    headerBytes = Self.number(easy, CURLINFO_HEADER_SIZE)
    timings = Self.timings(easy, isReused: isReused, sent: sent)
    timings.queued = queued
  }

  /// What libcurl knows about a connection that it has made and nothing else.
  init(made easy: UnsafeMutableRawPointer, _ connection: Connection) {
    number = ConnectionNumbers.shared.number(of: connection, isNew: true)
    httpVersion = "HTTP/2"
    address = ccurl_easy_get_string(easy, CURLINFO_PRIMARY_IP).map { String(cString: $0) } ?? ""
    timings = Self.timings(easy, isReused: false, sent: nil)
    (timings.send, timings.wait, timings.receive) = (.zero, .zero, .zero)
  }

  private static func timings(
    _ easy: UnsafeMutableRawPointer, isReused: Bool, sent: Duration?
  ) -> RequestTrace.Timings {
    func time(_ info: CURLINFO) -> Duration { .microseconds(large(easy, info)) }
    let (found, connected) = (time(CURLINFO_NAMELOOKUP_TIME_T), time(CURLINFO_CONNECT_TIME_T))
    let (secured, ready) = (time(CURLINFO_APPCONNECT_TIME_T), time(CURLINFO_PRETRANSFER_TIME_T))
    let (first, end) = (time(CURLINFO_STARTTRANSFER_TIME_T), time(CURLINFO_TOTAL_TIME_T))
    var timings = RequestTrace.Timings()
    if !isReused {
      timings.lookUp = found
      timings.connect = max(.zero, connected - found)
      if secured > .zero { timings.secure = max(.zero, secured - connected) }
    }
    let sentAt = min(max(sent ?? ready, ready), max(first, ready))
    timings.send = sentAt - ready
    timings.wait = max(.zero, first - sentAt)
    timings.receive = max(.zero, end - max(first, ready))
    return timings
  }

  private static func number(_ easy: UnsafeMutableRawPointer, _ info: CURLINFO) -> Int {
    var value = 0
    return ccurl_easy_get_long(easy, info, &value) == CURLE_OK ? value : 0
  }

  private static func large(_ easy: UnsafeMutableRawPointer, _ info: CURLINFO) -> Int {
    var value: curl_off_t = 0
    return ccurl_easy_get_large(easy, info, &value) == CURLE_OK ? Int(value) : 0
  }
}

/// The numbers by which connections are told apart in traces; libcurl gives some from 8.2 only.
private final class ConnectionNumbers: Sendable {
  static let shared = ConnectionNumbers()
  /// More than this are thinned to the newest half.
  private static let limit = 2048

  private struct State {
    var last = 0
    var numbers: [Connection: Int] = [:]
  }

  private let state = Mutex(State())

  func number(of connection: Connection, isNew: Bool) -> Int {
    state.withLock { state in
      if !isNew, let number = state.numbers[connection] { return number }
      state.last += 1
      state.numbers[connection] = state.last
      if state.numbers.count > Self.limit {
        let oldest = state.last - Self.limit / 2
        state.numbers = state.numbers.filter { $0.value > oldest }
      }
      return state.last
    }
  }
}
