// Reads as much DER (X.690) as it takes to compare a certificate with a key and to see its end.

/// One element: its tag and what is in it.
struct DERElement {
  static let integer: UInt8 = 0x02
  static let bitString: UInt8 = 0x03
  static let octetString: UInt8 = 0x04
  static let utcTime: UInt8 = 0x17
  static let generalizedTime: UInt8 = 0x18
  static let sequence: UInt8 = 0x30
  /// The tag of `[number]` that wraps other elements.
  static func context(_ number: UInt8) -> UInt8 { 0xA0 | number }

  let tag: UInt8
  let content: ArraySlice<UInt8>

  /// Takes the first element off the bytes; nil when there is no whole one.
  init?(takenFrom bytes: inout ArraySlice<UInt8>) {
    var rest = bytes
    guard let tag = rest.popFirst(), let first = rest.popFirst() else { return nil }
    var length = Int(first)
    if first >= 0x80 {
      let count = Int(first & 0x7F)
      guard (1...4).contains(count), rest.count >= count else { return nil }
      length = rest.prefix(count).reduce(0) { $0 << 8 | Int($1) }
      rest = rest.dropFirst(count)
    }
    guard rest.count >= length else { return nil }
    self.tag = tag
    content = rest.prefix(length)
    bytes = rest.dropFirst(length)
  }

  /// The only element of the bytes.
  init?(whole bytes: some Collection<UInt8>) {
    var rest = Array(bytes)[...]
    self.init(takenFrom: &rest)
    guard rest.isEmpty else { return nil }
  }

  /// The elements in it, as far as they are whole.
  var children: [DERElement] {
    var rest = content
    var children: [DERElement] = []
    while let child = DERElement(takenFrom: &rest) { children.append(child) }
    return children
  }

  /// The bytes of a bit string, all of whose bits count.
  var bits: ArraySlice<UInt8>? {
    guard tag == Self.bitString, content.first == 0 else { return nil }
    return content.dropFirst()
  }
}
