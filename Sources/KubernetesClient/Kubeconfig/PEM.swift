// Looks at PEM texts (RFC 7468) closely enough to find broken certificates and keys before a
// connection is tried, where the error would name neither file nor field.

import JSON

enum PEM {
  /// Why the bytes hold no usable block with this label, nil when they do. `PRIVATE KEY` stands for
  /// every kind of private key.
  static func problem(in bytes: [UInt8], label: String) -> String? {
    guard let text = String(validating: bytes, as: UTF8.self) else { return "is no PEM text" }
    let blocks = blocks(in: text)
    let wanted = blocks.filter { $0.label == label || $0.label.hasSuffix(" " + label) }
    guard !wanted.isEmpty else {
      return "is no PEM text with BEGIN \(label)"
    }
    for block in wanted {
      guard let end = block.end else { return "lacks END \(block.label)" }
      guard end == block.label else { return "ends BEGIN \(block.label) with END \(end)" }
      // An encrypted key of the old kind has headers before its data.
      if block.body.contains("Proc-Type:") || block.label.hasPrefix("ENCRYPTED ") {
        return "is a key with a password, which is not supported"
      }
      guard let data = Base64.decode(block.body.filter { $0 != " " && $0 != "\t" }) else {
        return "has broken base64 in BEGIN \(block.label)"
      }
      guard isWholeSequence(data) else { return "has a broken or cut BEGIN \(block.label)" }
    }
    return nil
  }

  /// The data of every block with this label, which `problem` has found good.
  static func data(in bytes: [UInt8], label: String) -> [[UInt8]] {
    guard let text = String(validating: bytes, as: UTF8.self) else { return [] }
    return blocks(in: text).filter { $0.label == label || $0.label.hasSuffix(" " + label) }
      .compactMap { Base64.decode($0.body.filter { $0 != " " && $0 != "\t" }) }
  }

  private struct Block {
    var label: String
    var body = ""
    var end: String?
  }

  private static func blocks(in text: String) -> [Block] {
    var blocks: [Block] = []
    var isInside = false
    for line in text.split(whereSeparator: \.isNewline) {
      let line = line.drop { $0 == " " }
      if line.hasPrefix("-----BEGIN ") {
        blocks.append(Block(label: name(in: line.dropFirst(11))))
        isInside = true
      } else if line.hasPrefix("-----END "), isInside {
        blocks[blocks.count - 1].end = name(in: line.dropFirst(9))
        isInside = false
      } else if isInside {
        blocks[blocks.count - 1].body += line + "\n"
      }
    }
    return blocks
  }

  private static func name(in rest: Substring) -> String {
    guard let end = rest.firstRange(of: "-----") else { return String(rest) }
    return String(rest[..<end.lowerBound])
  }

  /// True when the data is one DER SEQUENCE of exactly its own length.
  private static func isWholeSequence(_ data: [UInt8]) -> Bool {
    DERElement(whole: data).map { $0.tag == DERElement.sequence && !$0.content.isEmpty } ?? false
  }
}
