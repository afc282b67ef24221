// One kubeconfig file: its entries by section, and everything that is wrong with its outer form.

import JSON

/// What one file says. Entries that cannot be used are left out, with a problem each.
struct KubeconfigFile {
  private(set) var contexts: [Kubeconfig.Entry] = []
  private(set) var clusters: [Kubeconfig.Entry] = []
  private(set) var users: [Kubeconfig.Entry] = []
  private(set) var currentContext: String?
  private(set) var problems: [String] = []
  /// False when the text could not be taken apart at all.
  private(set) var isWhole = false
  private let path: String

  init(path: String, bytes: [UInt8]) {
    self.path = path
    guard let value = parse(bytes) else { return }
    isWhole = true
    if let kind = value["kind"]?.string, kind != "Config" {
      add("is no kubeconfig: its kind is \(kind), not Config; name another file")
    }
    contexts = entries("contexts", member: "context", of: value)
    clusters = entries("clusters", member: "cluster", of: value)
    users = entries("users", member: "user", of: value)
    switch value["current-context"] {
    case nil, .null?: break
    case .string(let name)?: currentContext = name.isEmpty ? nil : name
    default: problems.append("\(path): current-context is not text; put it in quotes")
    }
  }

  private mutating func add(_ problem: String) { problems.append("\(path) \(problem)") }

  /// The mapping in the text, or nil after telling why there is none.
  private mutating func parse(_ bytes: [UInt8]) -> JSONValue? {
    guard let text = Self.text(of: bytes) else {
      add("is neither UTF-8 nor UTF-16 text; save it as UTF-8")
      return nil
    }
    let value: JSONValue
    do { value = try YAML.parse(text) } catch {
      add("is no kubeconfig: \(error)")
      return nil
    }
    guard value == .null || value.object != nil else {
      add("is no kubeconfig: it is no mapping; name another file")
      return nil
    }
    return value
  }

  /// The text without its byte order mark; nil when it has no encoding that is known. Editors on
  /// Windows write UTF-16, always with a mark.
  private static func text(of bytes: [UInt8]) -> String? {
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) {
      return String(validating: bytes.dropFirst(3), as: UTF8.self)
    }
    let isLittleEndian = bytes.starts(with: [0xFF, 0xFE])
    guard isLittleEndian || bytes.starts(with: [0xFE, 0xFF]) else {
      return String(validating: bytes, as: UTF8.self)
    }
    guard bytes.count.isMultiple(of: 2) else { return nil }
    let units = stride(from: 2, to: bytes.count, by: 2).map { index in
      let (first, second) = (UInt16(bytes[index]), UInt16(bytes[index + 1]))
      return isLittleEndian ? second << 8 | first : first << 8 | second
    }
    return String(validating: units, as: UTF16.self)
  }

  private mutating func entries(
    _ section: String, member: String, of value: JSONValue
  ) -> [Kubeconfig.Entry] {
    guard let list = value[section], list != .null else { return [] }
    guard let elements = list.array else {
      problems.append("\(path): \(section) is no list; begin each of its entries with \"- \"")
      return []
    }
    var entries: [Kubeconfig.Entry] = []
    var names: Set<String> = []
    for (index, element) in elements.enumerated() {
      guard let name = element["name"]?.string, !name.isEmpty else {
        // Among others, a plain `no` or `y` is a truth value in YAML.
        let isOther = element["name"].map { $0 != .null && $0 != "" } ?? false
        let problem =
          isOther ? ": name is not text; put it in quotes" : " has no name; give it one"
        problems.append("\(path): \(section)[\(index)]\(problem)")
        continue
      }
      guard names.insert(name).inserted else {
        problems.append(
          "\(path): \(section) has \"\(name)\" twice; rename one of them or remove it")
        continue
      }
      let content = element[member] ?? .null
      let isBroken = content != .null && content.object == nil
      if isBroken {
        problems.append("\(path): \(member) \"\(name)\" is no mapping; indent its fields below it")
      }
      entries.append(
        Kubeconfig.Entry(name: name, value: content, file: path, isBroken: isBroken))
    }
    return entries
  }
}
