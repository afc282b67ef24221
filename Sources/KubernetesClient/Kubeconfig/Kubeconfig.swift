// Finds, reads and merges kubeconfig files by client-go's rules.
//
// An explicit path is read alone and must exist. Otherwise KUBECONFIG lists files, parted by
// colons: the missing ones are skipped, the first file that names a context, cluster or user keeps
// it whole, and the first current-context that is not empty counts. Without KUBECONFIG it is
// ~/.kube/config. Without any context, a process inside a cluster uses its service account.
// Relative paths mean the folder of the file that has them.

import JSON

/// The merged kubeconfig of one run.
public struct Kubeconfig: Sendable {
  /// A named entry of a file.
  struct Entry: Sendable {
    let name: String
    let value: JSONValue
    let file: String
  }

  let contexts: [Entry]
  let clusters: [Entry]
  let users: [Entry]
  let environment: [String: String]
  /// The files that were looked for, in order.
  public let files: [String]
  /// The context that is used when none is named.
  public let currentContext: String?

  /// The names of all contexts, in the files' order.
  public var contextNames: [String] { contexts.map(\.name) }

  /// Reads the kubeconfig: the explicit path alone, else what the environment says (KUBECONFIG,
  /// HOME).
  public static func load(
    explicitPath: String? = nil, environment: [String: String]
  ) throws(KubeconfigError) -> Kubeconfig {
    let paths = paths(explicitPath: explicitPath, environment: environment)
    var files: [ParsedFile] = []
    for path in paths {
      do {
        files.append(try ParsedFile(path: path, bytes: LocalFile.read(path)))
      } catch let error as FileError {
        if error.isMissing, explicitPath == nil { continue }
        throw KubeconfigError(
          .unreadable, problems: ["\(path) cannot be read: \(error.reason)"])
      } catch let error as KubeconfigError {
        throw error
      } catch {
        throw KubeconfigError(.unreadable, problems: ["\(path) cannot be read"])
      }
    }
    return merge(files, paths: paths, environment: environment)
  }

  /// Reads a kubeconfig from text; `path` is the file that errors name and that relative paths
  /// mean.
  public static func parse(
    _ text: String, path: String = "kubeconfig", environment: [String: String] = [:]
  ) throws(KubeconfigError) -> Kubeconfig {
    let file = try ParsedFile(path: path, bytes: Array(text.utf8))
    return merge([file], paths: [path], environment: environment)
  }

  private static func paths(explicitPath: String?, environment: [String: String]) -> [String] {
    if let explicitPath, !explicitPath.isEmpty { return [explicitPath] }
    if let list = environment["KUBECONFIG"], !list.isEmpty {
      var seen: Set<String> = []
      return list.split(separator: ":").map(String.init).filter { seen.insert($0).inserted }
    }
    return environment["HOME"].map { ["\($0)/.kube/config"] } ?? []
  }

  private static func merge(
    _ files: [ParsedFile], paths: [String], environment: [String: String]
  ) -> Kubeconfig {
    Kubeconfig(
      contexts: firstOfEach(files.flatMap(\.contexts)),
      clusters: firstOfEach(files.flatMap(\.clusters)),
      users: firstOfEach(files.flatMap(\.users)),
      environment: environment,
      files: paths,
      currentContext: files.lazy.compactMap(\.currentContext).first)
  }

  private static func firstOfEach(_ entries: [Entry]) -> [Entry] {
    var seen: Set<String> = []
    return entries.filter { seen.insert($0.name).inserted }
  }
}

/// One kubeconfig file.
private struct ParsedFile {
  let contexts: [Kubeconfig.Entry]
  let clusters: [Kubeconfig.Entry]
  let users: [Kubeconfig.Entry]
  let currentContext: String?

  init(path: String, bytes: [UInt8]) throws(KubeconfigError) {
    let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]
    let content = bytes.starts(with: byteOrderMark) ? bytes.dropFirst(3) : bytes[...]
    guard let text = String(validating: content, as: UTF8.self) else {
      throw KubeconfigError(.malformed, problems: ["\(path) is not UTF-8 text"])
    }
    let value: JSONValue
    do {
      value = try YAML.parse(text)
    } catch {
      throw KubeconfigError(.malformed, problems: ["\(path) is no kubeconfig: \(error)"])
    }
    guard value == .null || value.object != nil else {
      throw KubeconfigError(.malformed, problems: ["\(path) is no kubeconfig: it is no mapping"])
    }
    if let kind = value["kind"]?.string, kind != "Config" {
      throw KubeconfigError(
        .malformed, problems: ["\(path) is no kubeconfig: its kind is \(kind), not Config"])
    }
    contexts = try Self.entries("contexts", member: "context", of: value, path: path)
    clusters = try Self.entries("clusters", member: "cluster", of: value, path: path)
    users = try Self.entries("users", member: "user", of: value, path: path)
    let current = value["current-context"]?.string ?? ""
    currentContext = current.isEmpty ? nil : current
  }

  private static func entries(
    _ section: String, member: String, of value: JSONValue, path: String
  ) throws(KubeconfigError) -> [Kubeconfig.Entry] {
    guard let list = value[section], list != .null else { return [] }
    guard let elements = list.array else {
      throw KubeconfigError(.malformed, problems: ["\(path): \(section) is no list"])
    }
    var entries: [Kubeconfig.Entry] = []
    var names: Set<String> = []
    for (index, element) in elements.enumerated() {
      guard let name = element["name"]?.string, !name.isEmpty else {
        // Among others, a plain `no` or `y` is a truth value in YAML.
        let isOther = element["name"].map { $0 != .null && $0 != "" } ?? false
        let problem = isOther ? ": name is not text; put it in quotes" : " has no name"
        throw KubeconfigError(
          .malformed, problems: ["\(path): \(section)[\(index)]\(problem)"])
      }
      guard names.insert(name).inserted else {
        throw KubeconfigError(
          .malformed, problems: ["\(path): \(section) has \"\(name)\" twice"])
      }
      let content = element[member] ?? .null
      guard content == .null || content.object != nil else {
        throw KubeconfigError(
          .malformed, problems: ["\(path): \(member) \"\(name)\" is no mapping"])
      }
      entries.append(Kubeconfig.Entry(name: name, value: content, file: path))
    }
    return entries
  }
}
