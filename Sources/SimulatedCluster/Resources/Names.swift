// Which names and labels Kubernetes allows, and the sentences in which it refuses the others.

enum Names {
  /// Lower-case letters, digits, `-` and `.`: the names of most objects.
  static func subdomainProblem(_ name: String) -> String? {
    if name.utf8.count > 253 { return "must be no more than 253 characters" }
    let parts = name.split(separator: ".", omittingEmptySubsequences: false)
    if parts.allSatisfy({ isLabel($0) }) { return nil }
    return "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, "
      + "'-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', "
      + "regex used for validation is "
      + "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
  }

  /// Names of namespaces.
  static func labelProblem(_ name: String) -> String? {
    if name.utf8.count > 63 { return "must be no more than 63 characters" }
    if isLabel(name[...]) { return nil }
    return "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', "
      + "and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', "
      + "regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
  }

  /// Names of Services, which become host names.
  static func hostProblem(_ name: String) -> String? {
    if name.utf8.count > 63 { return "must be no more than 63 characters" }
    if isLabel(name[...]), let first = name.first, first.isLetter { return nil }
    return "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with "
      + "an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or "
      + "'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')"
  }

  /// Names that only have to fit into a path: roles and their bindings.
  static func pathProblem(_ name: String) -> String? {
    if name == "." || name == ".." { return "may not be '\(name)'" }
    if let character = name.first(where: { $0 == "/" || $0 == "%" }) {
      return "may not contain '\(character)'"
    }
    return nil
  }

  /// Keys of labels and annotations: an optional domain and a name.
  static func keyProblem(_ key: String) -> String? {
    let parts = key.split(separator: "/", omittingEmptySubsequences: false)
    let name = parts.last ?? ""
    if parts.count > 2 || name.isEmpty || name.utf8.count > 63 || !isQualified(name) {
      return "name part must consist of alphanumeric characters, '-', '_' or '.', and must start "
        + "and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', "
        + "regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
    }
    guard parts.count == 2 else { return nil }
    return subdomainProblem(String(parts[0])).map { "prefix part \($0)" }
  }

  /// Values of labels.
  static func valueProblem(_ value: String) -> String? {
    if value.utf8.count > 63 { return "must be no more than 63 characters" }
    if value.isEmpty || isQualified(value[...]) { return nil }
    return "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' "
      + "or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or "
      + "'my_value',  or '12345', regex used for validation is "
      + "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
  }

  private static func isLabel(_ text: Substring) -> Bool {
    guard let first = text.utf8.first, let last = text.utf8.last else { return false }
    return isLower(first) && isLower(last)
      && text.utf8.allSatisfy { isLower($0) || $0 == UInt8(ascii: "-") }
  }

  private static func isQualified(_ text: Substring) -> Bool {
    guard let first = text.utf8.first, let last = text.utf8.last else { return false }
    return isAlphanumeric(first) && isAlphanumeric(last)
      && text.utf8.allSatisfy { isAlphanumeric($0) || "-_.".utf8.contains($0) }
  }

  private static func isLower(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
      || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
  }

  private static func isAlphanumeric(_ byte: UInt8) -> Bool {
    isLower(byte) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
  }
}
