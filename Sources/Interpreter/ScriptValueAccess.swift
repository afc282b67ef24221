// Looking into values from Swift: their type, plain data layer by layer, and typed access.

import JSON

extension ScriptValue {
  /// What `type(x)` gives for the value.
  public var typeName: String {
    switch self {
    case .null, .json(.null): "null"
    case .bool, .json(.bool): "bool"
    case .int, .json(.int): "int"
    case .float, .json(.double): "float"
    case .string, .json(.string): "string"
    case .duration: "duration"
    case .list, .json(.array): "list"
    case .map, .json(.object): "map"
    case .range: "range"
    case .link: "link"
    case .error: "error"
    case .host(let host): host.typeName
    case .function: "function"
    }
  }

  /// Plain data in its outermost layer as script values, so that callers match one form only.
  public var unwrapped: ScriptValue {
    guard case .json(let json) = self else { return self }
    switch json {
    case .null: return .null
    case .bool(let bool): return .bool(bool)
    case .int(let int): return .int(int)
    case .double(let double): return .float(double)
    case .string(let string): return .string(string)
    case .array(let elements): return .list(elements.map { .json($0) })
    case .object(let object): return .map(object.map { ($0, .json($1)) })
    }
  }
}
