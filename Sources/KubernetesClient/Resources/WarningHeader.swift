// Reads the API server's `Warning` headers (RFC 7234 section 5.5, as Kubernetes uses it).

enum WarningHeader {
  /// The texts of the warnings with code 299 in one header, control characters removed. What is not
  /// well-formed is left out.
  static func texts(in header: String) -> [String] {
    var rest = header[...]
    var texts: [String] = []
    while let warning = next(in: &rest) {
      if warning.code == "299" { texts.append(warning.text) }
    }
    return texts
  }

  private static func next(in rest: inout Substring) -> (code: Substring, text: String)? {
    rest = rest.drop { $0 == " " || $0 == "," || $0 == "\t" }
    let code = takeWord(&rest)
    guard code.count == 3, code.allSatisfy({ $0.isASCII && $0.isNumber }) else { return nil }
    _ = takeWord(&rest)
    guard let text = takeQuoted(&rest) else { return nil }
    // A date in quotes may follow.
    rest = rest.drop { $0 == " " }
    if rest.first == "\"" { _ = takeQuoted(&rest) }
    return (code, text)
  }

  private static func takeWord(_ rest: inout Substring) -> Substring {
    let word = rest.prefix { $0 != " " }
    rest = rest.dropFirst(word.count).drop { $0 == " " }
    return word
  }

  private static func takeQuoted(_ rest: inout Substring) -> String? {
    guard rest.first == "\"" else { return nil }
    rest = rest.dropFirst()
    var text = ""
    var isEscaped = false
    while let character = rest.popFirst() {
      if isEscaped {
        text.append(character)
        isEscaped = false
      } else if character == "\\" {
        isEscaped = true
      } else if character == "\"" {
        return text.filter {
          !$0.unicodeScalars.contains { $0.properties.generalCategory == .control }
        }
      } else {
        text.append(character)
      }
    }
    return nil
  }
}
