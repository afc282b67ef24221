// A value of a Secret, as scripts see it: it prints as its size and a short hash, never as itself.

import Crypto
import Interpreter
import JSON

/// Bytes that only `.reveal()` shows.
public struct SecretValue: HostObject, CustomReflectable {
  /// The bytes themselves. For those who write them to a cluster, never for output.
  let bytes: [UInt8]

  /// Keeps bytes secret.
  init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// `secret`.
  public var typeName: String { "secret" }

  /// `secret(sha256:ab12…, 1.2 KB)`: enough to see whether two are equal, too little to guess one.
  public var description: String {
    let digest = SHA256.hash(data: bytes).prefix(2)
      .map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    return "secret(sha256:\(digest)…, \(SecretValue.size(bytes.count)))"
  }

  /// Shows the description only.
  public var customMirror: Mirror {
    Mirror(self, children: [(label: "secret", value: description as Any)])
  }

  /// True for a secret of the same bytes.
  public func isEqual(_ other: any HostObject) -> Bool {
    (other as? SecretValue)?.bytes == bytes
  }

  private static func size(_ count: Int) -> String {
    guard count >= 1000 else { return "\(count) B" }
    let tenths = (count + 50) / 100
    return "\(tenths / 10).\(tenths % 10) KB"
  }
}

/// Secrets of the API with their values hidden.
enum Redaction {
  /// The object as scripts get it: a Secret's data become `secret` values, everything else plain data.
  static func scriptValue(_ object: JSONValue) -> ScriptValue {
    guard isSecret(object), case .object(let fields) = object else { return .json(object) }
    return .map(
      fields.map { key, value in
        switch key {
        case "data": (key, secrets(value) { Base64.decode($0) })
        case "stringData": (key, secrets(value) { Array($0.utf8) })
        case "metadata": (key, metadata(value))
        default: (key, .json(value))
        }
      })
  }

  static func isSecret(_ object: JSONValue) -> Bool {
    object["kind"]?.string == "Secret" && object["apiVersion"]?.string == "v1"
  }

  private static func secrets(
    _ value: JSONValue, bytes: (String) -> [UInt8]?
  ) -> ScriptValue {
    guard case .object(let pairs) = value else { return .json(value) }
    return .map(
      pairs.map { key, value in
        guard let text = value.string else { return (key, .json(value)) }
        return (key, .host(SecretValue(bytes(text) ?? Array(text.utf8))))
      })
  }

  /// kubectl keeps a copy of what it applied, data included, in an annotation.
  private static func metadata(_ value: JSONValue) -> ScriptValue {
    guard let copy = value[path: "annotations", Names.lastAppliedAnnotation]?.string,
      case .object(let pairs) = value, case .object(let annotations)? = value["annotations"]
    else { return .json(value) }
    let hidden = ScriptValue.map(
      annotations.map { key, value in
        let isCopy = key == Names.lastAppliedAnnotation
        return (key, isCopy ? .host(SecretValue(Array(copy.utf8))) : .json(value))
      })
    return .map(pairs.map { key, value in (key, key == "annotations" ? hidden : .json(value)) })
  }
}
