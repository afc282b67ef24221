// Who to act as, as the API server wants to be told.

extension Impersonation {
  /// The `Impersonate-…` headers.
  var headers: [(name: String, value: String)] {
    var headers = [(name: "Impersonate-User", value: user)]
    if let uid { headers.append(("Impersonate-Uid", uid)) }
    headers += groups.map { ("Impersonate-Group", $0) }
    for key in extra.keys.sorted() {
      let name = "Impersonate-Extra-" + Self.headerName(key)
      headers += (extra[key] ?? []).map { (name, $0) }
    }
    return headers.map { ($0.name, $0.value.filter { !$0.isNewline }) }
  }

  /// Percent-encodes what no header name may hold.
  private static func headerName(_ key: String) -> String {
    var result = ""
    for byte in key.utf8 {
      let scalar = Unicode.Scalar(byte)
      let isToken =
        scalar.properties.isAlphabetic && byte < 128
        || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
        || "!#$&'*+-.^_`|~".utf8.contains(byte)
      if isToken {
        result.unicodeScalars.append(scalar)
      } else {
        result += byte < 16 ? "%0" : "%"
        result += String(byte, radix: 16, uppercase: true)
      }
    }
    return result
  }
}
