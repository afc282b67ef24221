// Reads the fields of a kubeconfig's entries; what has the wrong type is a problem, never left out.

import JSON

extension ContextResolver {
  /// A certificate or key, and the file that it comes from if it is not inline. Inline data wins.
  struct PEMField {
    var bytes: [UInt8]
    var file: String?
  }

  mutating func pem(
    _ field: String, of entry: Kubeconfig.Entry, _ kind: String, label: String
  ) -> PEMField? {
    let inline = field + "-data"
    if let data = text(inline, of: entry, kind) {
      guard let bytes = Base64.decode(data) else {
        add(inline, of: entry, kind, "is not base64; encode the PEM text with base64 -w0")
        return nil
      }
      return checked(PEMField(bytes: bytes, file: nil), inline, of: entry, kind, label: label)
    }
    guard let path = text(field, of: entry, kind) else { return nil }
    let absolute = LocalFile.resolve(path, against: LocalFile.folder(of: entry.file))
    do {
      let content = PEMField(bytes: try LocalFile.read(absolute), file: absolute)
      return checked(content, field, of: entry, kind, label: label)
    } catch {
      add(
        field, of: entry, kind,
        "\(absolute) cannot be read: \(error.reason); correct the path or its permissions")
      return nil
    }
  }

  private mutating func checked(
    _ content: PEMField, _ field: String, of entry: Kubeconfig.Entry, _ kind: String,
    label: String
  ) -> PEMField? {
    guard let problem = PEM.problem(in: content.bytes, label: label) else { return content }
    let place = content.file.map { "\($0) " } ?? ""
    add(field, of: entry, kind, "\(place)\(problem); put the right PEM text there")
    return nil
  }

  /// True when the field or its `-data` sister says something.
  func isGiven(_ field: String, in entry: Kubeconfig.Entry) -> Bool {
    [field, field + "-data"].contains { entry.value[$0]?.string?.isEmpty == false }
  }

  func isOfWrongType(_ field: String, in entry: Kubeconfig.Entry) -> Bool {
    !(entry.value[field]?.isTextOrMissing ?? true)
  }

  mutating func text(_ field: String, of entry: Kubeconfig.Entry, _ kind: String) -> String? {
    text(entry.value[field], field, of: entry, kind)
  }

  mutating func text(
    _ value: JSONValue?, _ field: String, of entry: Kubeconfig.Entry, _ kind: String
  ) -> String? {
    switch value {
    case nil, .null?: return nil
    case .string(let text)?: return text.isEmpty ? nil : text
    default:
      // A password or a token made of digits reads as a number; kubectl refuses it as well.
      add(field, of: entry, kind, "is not text; put it in quotes")
      return nil
    }
  }

  mutating func flag(_ field: String, of entry: Kubeconfig.Entry, _ kind: String) -> Bool {
    flag(entry.value[field], field, of: entry, kind)
  }

  mutating func flag(
    _ value: JSONValue?, _ field: String, of entry: Kubeconfig.Entry, _ kind: String
  ) -> Bool {
    switch value {
    case nil, .null?: return false
    case .bool(let value)?: return value
    default:
      add(field, of: entry, kind, "must be true or false, without quotes")
      return false
    }
  }

  mutating func list(
    _ value: JSONValue?, _ field: String, of entry: Kubeconfig.Entry
  ) -> [JSONValue] {
    switch value {
    case nil, .null?: return []
    case .array(let elements)?: return elements
    default:
      add(field, of: entry, "user", "is no list; begin each of its elements with \"- \"")
      return []
    }
  }

  /// A list of texts; an empty text stays one.
  mutating func texts(
    _ value: JSONValue?, _ field: String, of entry: Kubeconfig.Entry
  ) -> [String] {
    var texts: [String] = []
    for (index, element) in list(value, field, of: entry).enumerated() {
      guard let text = element.string else {
        add("\(field)[\(index)]", of: entry, "user", "is not text; put it in quotes")
        continue
      }
      texts.append(text)
    }
    return texts
  }

  mutating func add(
    _ field: String, of entry: Kubeconfig.Entry, _ kind: String, _ problem: String
  ) {
    problems.append("\(entry.file): \(kind) \"\(entry.name)\": \(field) \(problem)")
  }
}

extension JSONValue {
  /// False for values that stand where a text belongs.
  var isTextOrMissing: Bool { self == .null || string != nil }
}
