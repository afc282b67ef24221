// Finds, reads and merges kubeconfig files by client-go's rules.
//
// An explicit path is read alone and must exist. Otherwise KUBECONFIG lists files, parted by
// colons: the missing ones are skipped, the first file that names a context, cluster or user keeps
// it whole, and the first current-context that is not empty counts. Without KUBECONFIG it is
// ~/.kube/config. Without any context, a process inside a cluster uses its service account.
// Relative paths mean the folder of the file that has them.
//
// Whatever is wrong is gathered: a file with five mistakes gives one error with five lines.

import JSON

/// The merged kubeconfig of one run.
public struct Kubeconfig: Sendable {
  /// A named entry of a file.
  struct Entry: Sendable {
    let name: String
    let value: JSONValue
    let file: String
    /// True when the entry is no mapping, which has been told already.
    var isBroken = false
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
    let isExplicit = explicitPath?.isEmpty == false
    let paths = paths(explicitPath: explicitPath, environment: environment)
    var files: [KubeconfigFile] = []
    var unreadable: [String] = []
    for path in paths {
      do {
        files.append(KubeconfigFile(path: path, bytes: try LocalFile.read(path)))
      } catch {
        if error.isMissing, !isExplicit { continue }
        let remedy = isExplicit ? "--kubeconfig" : "KUBECONFIG"
        unreadable.append("\(path) cannot be read: \(error.reason); correct \(remedy)")
      }
    }
    return try merge(files, unreadable, paths: paths, environment: environment)
  }

  /// Reads a kubeconfig from text; `path` is the file that errors name and that relative paths
  /// mean.
  public static func parse(
    _ text: String, path: String = "kubeconfig", environment: [String: String] = [:]
  ) throws(KubeconfigError) -> Kubeconfig {
    let file = KubeconfigFile(path: path, bytes: Array(text.utf8))
    return try merge([file], [], paths: [path], environment: environment)
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
    _ files: [KubeconfigFile], _ unreadable: [String], paths: [String],
    environment: [String: String]
  ) throws(KubeconfigError) -> Kubeconfig {
    let merged = Kubeconfig(
      contexts: firstOfEach(files.flatMap(\.contexts)),
      clusters: firstOfEach(files.flatMap(\.clusters)),
      users: firstOfEach(files.flatMap(\.users)),
      environment: environment,
      files: paths,
      currentContext: files.lazy.compactMap(\.currentContext).first)
    var problems = unreadable + files.flatMap(\.problems)
    guard !problems.isEmpty else { return merged }
    // Only a whole text can say that something is missing in it.
    if unreadable.isEmpty, files.allSatisfy(\.isWhole) { problems += merged.contextProblems() }
    throw KubeconfigError(unreadable.isEmpty ? .malformed : .unreadable, problems: problems)
  }

  /// The problems of all contexts, each once.
  private func contextProblems() -> [String] {
    var seen: Set<String> = []
    return contexts.flatMap { context in
      var resolver = ContextResolver(self, context, KubeconfigOverrides())
      _ = resolver.resolve()
      return resolver.problems.filter { seen.insert($0).inserted }
    }
  }

  private static func firstOfEach(_ entries: [Entry]) -> [Entry] {
    var seen: Set<String> = []
    return entries.filter { seen.insert($0.name).inserted }
  }
}
