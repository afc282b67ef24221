// The arguments of `link`, checked: who reads whom, and by which address.

import Interpreter
import JSON
import Lexer

/// What one call of `link` asks for.
struct LinkRequest: Sendable {
  /// Workloads in the consumer reach services in the source.
  struct Pair: Sendable {
    var consumer: Cluster
    var source: Cluster
  }

  let pairs: [Pair]
  let namespace: String
  private let servers: [String: String]
  private let serverNames: [String: String]

  /// Every source once, in the order of the pairs.
  var sources: [Cluster] {
    var seen: Set<String> = []
    return pairs.map(\.source).filter { seen.insert($0.name).inserted }
  }

  /// The API address of a source, as consumers are told.
  func server(of source: Cluster) -> String { servers[source.name] ?? source.connection.server }

  /// The name in the certificate of a source's API server, when consumers must be told.
  func tlsServerName(of source: Cluster) -> String? { serverNames[source.name] }

  /// Reads and checks the arguments.
  init(_ call: VerbCall) throws(ScriptError) {
    let pairs = try LinkRequest.pairs(call)
    namespace = try call.string("namespace", default: Names.systemNamespace)
    guard Validation.isDNSLabel(namespace) else {
      throw call.bad("namespace", "\"\(namespace)\" cannot be a namespace's name")
    }
    try LinkRequest.checkNames(pairs)
    self.pairs = pairs
    let sources = Set(pairs.map(\.source.name))
    servers = try LinkRequest.perSource(call, "server", sources)
    serverNames = try LinkRequest.perSource(call, "tlsServerName", sources)
    let isLoopbackAllowed = try call.bool("allowLoopback")
    try checkServers(
      call, allowLoopback: isLoopbackAllowed || call.mesh.options.allowsLoopback)
  }

  private static func pairs(_ call: VerbCall) throws(ScriptError) -> [Pair] {
    var pairs: [Pair] = []
    switch call["clusters"] {
    case .link(let links):
      for (from, to) in links {
        pairs.append(Pair(consumer: try cluster(from, call), source: try cluster(to, call)))
      }
    case .list(let elements):
      var clusters: [Cluster] = []
      for element in elements {
        let cluster = try cluster(element, call)
        if let twin = clusters.first(where: { $0.isEqual(cluster) }) {
          throw selfLink(twin, cluster)
        }
        clusters.append(cluster)
      }
      for consumer in clusters {
        for source in clusters where source !== consumer {
          pairs.append(Pair(consumer: consumer, source: source))
        }
      }
    case nil: throw call.bad("clusters", "is missing")
    case let other?:
      throw call.bad(
        "clusters",
        "must be a link such as c1 <-> c2, or a list of clusters, found \(other.typeName)")
    }
    for pair in pairs {
      guard !pair.consumer.isEqual(pair.source) else { throw selfLink(pair.consumer, pair.source) }
      try call.mesh.admit(pair.consumer)
      try call.mesh.admit(pair.source)
    }
    return pairs
  }

  private static func cluster(
    _ value: ScriptValue, _ call: VerbCall
  ) throws(ScriptError) -> Cluster {
    if case .host(let host) = value, let cluster = host as? Cluster { return cluster }
    throw call.bad("clusters", "must link clusters, found \(value.typeName)")
  }

  private static func selfLink(_ left: Cluster, _ right: Cluster) -> ScriptError {
    let names = left.name == right.name ? left.name : "\(left.name) and \(right.name)"
    return .usage(
      .selfLink, "link: \(names) would be linked to itself",
      notes: ["both are the context \"\(left.context)\" at \(left.connection.server)"])
  }

  /// A cluster's name becomes its ID, part of a Secret's name and a key in it.
  private static func checkNames(_ pairs: [Pair]) throws(ScriptError) {
    var known: [String: Cluster] = [:]
    for cluster in pairs.flatMap({ [$0.consumer, $0.source] }) {
      guard Validation.isDNSLabel(cluster.name) else {
        throw .usage(
          .badClusterName, "link: \"\(cluster.name)\" cannot be a cluster ID",
          notes: [
            "it must be at most 63 lower-case letters, digits and -; name it with "
              + "cluster(\"name\", context: \"\(cluster.context)\")"
          ])
      }
      guard let other = known[cluster.name] else {
        known[cluster.name] = cluster
        continue
      }
      guard other.isEqual(cluster) else {
        throw .usage(
          .doubleName, "link: two clusters are named \(cluster.name)",
          notes: [
            "contexts \"\(other.context)\" and \"\(cluster.context)\"; cluster IDs must differ"
          ])
      }
    }
  }

  private static func perSource(
    _ call: VerbCall, _ name: String, _ sources: Set<String>
  ) throws(ScriptError) -> [String: String] {
    switch call[name] {
    case nil: return [:]
    case .string(let text):
      guard sources.count == 1, let source = sources.first else {
        throw .usage(
          .unclearServer, "link: \(name) is one for \(sources.count) clusters",
          notes: ["give a map, such as \(name): {\(sources.sorted().first ?? "c1"): \"\(text)\"}"])
      }
      return [source: text]
    case .map:
      var texts: [String: String] = [:]
      for (key, value) in try call.texts(name) ?? [] {
        guard sources.contains(key) else {
          throw call.bad(
            name, "names \"\(key)\", which is no source of this link",
            notes: didYouMeanQuestion(key, among: sources.sorted()).map { [$0] } ?? [])
        }
        texts[key] = value
      }
      return texts
    case let other?: throw call.bad(name, "must be a string or a map, found \(other.typeName)")
    }
  }

  private func checkServers(_ call: VerbCall, allowLoopback: Bool) throws(ScriptError) {
    for source in sources {
      let server = server(of: source)
      guard server.hasPrefix("https://") || server.hasPrefix("http://"),
        let host = Validation.host(ofURL: server)
      else {
        throw call.bad("server", "\"\(server)\" is no URL such as https://10.0.0.1:6443")
      }
      guard !allowLoopback, Validation.isLoopback(host: host) else { continue }
      throw .usage(
        .loopbackServer,
        "link: the API address of \(source.name), \(server), is not reachable from other clusters",
        notes: [
          "give the address that they can reach: server: {\(source.name): \"https://…\"}",
          "or allowLoopback: true when all clusters run on this machine",
        ])
    }
  }
}
