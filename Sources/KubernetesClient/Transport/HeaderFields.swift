// The header fields of a request over HTTP/2 (RFC 9113, section 8.3.1).

import CHTTP

/// All fields in one block of bytes, names in lower case.
struct HeaderFields {
  private var bytes: [UInt8] = []
  /// Where each name and each value ends.
  private var ends: [(name: Int, value: Int)] = []
  private var isValid = true

  init(_ transfer: Transfer) {
    let (request, target) = (transfer.request, transfer.target)
    bytes.reserveCapacity(512)
    ends.reserveCapacity(12)
    add(":method", request.method)
    add(":scheme", target.address.isSecure ? "https" : "http")
    add(":authority", target.address.authority)
    add(":path", target.address.pathPrefix, request.path, request.query)
    for header in request.headers { add(header.name, header.value) }
    add("user-agent", CurlOptions.userAgent)
    if transfer.compresses { add("accept-encoding", "gzip") }
    if let body = request.body { add("content-length", String(body.count)) }
  }

  private static let upperCase = UInt8(ascii: "A")...UInt8(ascii: "Z")

  /// A value that another server than the one meant might take for more than one.
  static let lineBreak = TransportError(
    kind: .other, message: "a header of the request has a line break or a zero byte")

  private mutating func add(
    _ name: String, _ value: String, _ more: String = "", _ query: String = ""
  ) {
    let first = bytes.count
    bytes.append(contentsOf: name.utf8)
    let start = bytes.count
    for place in first..<start where Self.upperCase.contains(bytes[place]) {
      bytes[place] |= 0x20
    }
    bytes.append(contentsOf: value.utf8)
    bytes.append(contentsOf: more.utf8)
    if !query.isEmpty {
      bytes.append(UInt8(ascii: "?"))
      bytes.append(contentsOf: query.utf8)
    }
    for place in start..<bytes.count where bytes[place] < 0x20 {
      if [0x0D, 0x0A, 0].contains(bytes[place]) { isValid = false }
    }
    ends.append((start, bytes.count))
  }

  /// The fields as libnghttp2 takes them, for the time of the call; nil when one of them may not be sent.
  func withUnsafeFields<Result>(
    _ body: (UnsafeBufferPointer<nghttp2_nv>) -> Result
  ) -> Result? {
    guard isValid else { return nil }
    return bytes.withUnsafeBufferPointer { bytes in
      guard let start = bytes.baseAddress.map({ UnsafeMutablePointer(mutating: $0) }) else {
        return nil
      }
      return withUnsafeTemporaryAllocation(of: nghttp2_nv.self, capacity: ends.count) { fields in
        var last = 0
        for (index, end) in ends.enumerated() {
          fields.initializeElement(
            at: index,
            to: nghttp2_nv(
              name: start + last, value: start + end.name, namelen: end.name - last,
              valuelen: end.value - end.name, flags: 0))
          last = end.value
        }
        return body(UnsafeBufferPointer(fields))
      }
    }
  }
}
