// `link`: makes clusters' control planes read each other's services, for one pair or for many.
//
// In `a -> b`, workloads in `a` reach services in `b`: `b` is the source, whose reader token goes to the
// consumer `a` as the Secret `istio-remote-secret-b`. A source's token is read once, however many
// clusters consume it.

import Interpreter
import JSON

/// Creates the reader accounts and the remote Secrets.
enum LinkVerb: Verb {
  static let signature = Signature(
    "link",
    [
      Signature.Parameter(
        "clusters", "link or list", doc: "`a <-> b`, `a -> b`, or a list: every pair, both ways"),
      .named(
        "server", "string or map", default: "the kubeconfig's",
        "the source's API address as the others reach it; a map from cluster names for several"),
      .named(
        "tlsServerName", "string or map", default: "null",
        "the name in the API server's certificate, when it is not the address's"),
      .named(
        "allowLoopback", "bool", default: "false",
        "take an API address that only this machine can reach"),
      .named("namespace", "string", default: "\"istio-system\"", "the control planes' namespace"),
    ],
    doc:
      "gives each control plane the credentials to read the other clusters' services; gives a list "
      + "with a map for each pair: from, to, ok and, when it is not, error",
    example: "link c1 <-> c2", capability: "network")

  static func run(_ call: VerbCall) async throws -> ScriptValue {
    let request = try LinkRequest(call)
    let executor = call.mesh.executor
    // Source by source, so that one that is slow or dead holds up nobody but its own consumers.
    let results = await call.mesh.fanOut(request.sources) { source in
      await resultOf { try await tellConsumers(of: source, request, executor) }
    }
    var told: [String: ScriptValue] = [:]
    for result in results { told.merge(try result.get()) { $1 } }
    return .list(request.pairs.compactMap { told[key(of: $0)] })
  }

  private static func key(of pair: LinkRequest.Pair) -> String {
    "\(pair.consumer.name)/\(pair.source.name)"
  }

  /// Reads a source's credentials once and gives them to each of its consumers.
  private static func tellConsumers(
    of source: Cluster, _ request: LinkRequest, _ executor: Executor
  ) async throws -> [String: ScriptValue] {
    let credentials = try await credentials(of: source, request.namespace, executor)
    let pairs = request.pairs.filter { $0.source.name == source.name }
    let results = await executor.mesh.fanOut(pairs) { pair in
      await resultOf { try await tell(pair, credentials, request, executor) }
    }
    var told: [String: ScriptValue] = [:]
    for (pair, result) in zip(pairs, results) { told[key(of: pair)] = try result.get() }
    return told
  }

  /// Gives a consumer the credentials of a source, when there are any.
  private static func tell(
    _ pair: LinkRequest.Pair, _ credentials: ReaderCredentials?, _ request: LinkRequest,
    _ executor: Executor
  ) async throws -> ScriptValue {
    var error: String?
    if let credentials {
      let outcome = try await executor.declare([compile(pair, credentials, request)])[0]
      error = outcome.isSuccess ? nil : outcome.reason ?? outcome.result.rawValue
    } else {
      error = "no credentials from \(pair.source.name)"
      executor.skip(secretOperation(pair, manifest: nil, request), because: error ?? "")
    }
    var value: [(key: String, value: ScriptValue)] = [
      ("from", .string(pair.consumer.name)), ("to", .string(pair.source.name)),
      ("ok", .bool(error == nil)),
    ]
    if let error { value.append(("error", .string(error))) }
    return .map(value)
  }
}

// MARK: - What it compiles to

extension LinkVerb {
  /// The reader account of a source with its rights, each object only where it is missing.
  static func access(on source: Cluster, namespace: String) -> [Operation] {
    let access = ReaderAccess(namespace: namespace)
    return [
      .apply(access.systemNamespace, .onlyIfMissing, on: source, isPrerequisite: true),
      .apply(access.serviceAccount, .onlyIfMissing, on: source),
      .apply(access.clusterRole, .onlyIfMissing, on: source),
      .apply(access.clusterRoleBinding, .onlyIfMissing, on: source),
    ]
  }

  /// The remote Secret of a pair.
  static func compile(
    _ pair: LinkRequest.Pair, _ credentials: ReaderCredentials, _ request: LinkRequest
  ) -> Operation {
    let secret = RemoteSecret(
      name: pair.source.name, namespace: request.namespace,
      server: request.server(of: pair.source),
      tlsServerName: request.tlsServerName(of: pair.source),
      credentials: credentials)
    return secretOperation(pair, manifest: secret.manifest, request)
  }

  private static func secretOperation(
    _ pair: LinkRequest.Pair, manifest: JSONValue?, _ request: LinkRequest
  ) -> Operation {
    let object = ObjectReference(
      apiVersion: "v1", kind: "Secret", namespace: request.namespace,
      name: Names.remoteSecret(pair.source.name))
    return Operation(.apply(manifest.map { [$0] } ?? [], .merge), object, on: pair.consumer)
  }
}

// MARK: - A source's token

extension LinkVerb {
  /// The token of a source's reader account; nil when it could not be had, which is then in the report.
  private static func credentials(
    of source: Cluster, _ namespace: String, _ executor: Executor
  ) async throws -> ReaderCredentials? {
    let outcomes = try await executor.declare(access(on: source, namespace: namespace))
    guard outcomes.allSatisfy(\.isSuccess) else { return nil }
    let makesTokens = try await executor.isOlder(source, than: (1, 24))
    return makesTokens
      ? try await accountToken(of: source, namespace, executor)
      : try await requestedToken(of: source, namespace, executor)
  }

  /// From 1.24 on: the Secret that asks for a token, or another one of the same account.
  private static func requestedToken(
    of source: Cluster, _ namespace: String, _ executor: Executor
  ) async throws -> ReaderCredentials? {
    let conventional = secret(Names.readerTokenSecret, namespace)
    let read = try await executor.declare([Operation(.read, conventional, on: source)])[0]
    guard read.isSuccess else { return nil }
    var name = Names.readerTokenSecret
    if read.object == nil {
      let others = try await executor.declare([
        Operation(
          .list(.init(fields: "type=\(Names.tokenSecretType)")), secret(nil, namespace), on: source)
      ])[0]
      guard others.isSuccess else { return nil }
      if let other = tokenSecrets(others.object).first { name = other }
    }
    if name == Names.readerTokenSecret {
      let secret = ReaderAccess(namespace: namespace).tokenSecret
      let applied = try await executor.declare([.apply(secret, on: source)])[0]
      guard applied.isSuccess else { return nil }
    }
    return try await filledToken(secret(name, namespace), on: source, executor)
  }

  /// Names of the token Secrets of the reader account in a list, sorted.
  static func tokenSecrets(_ list: JSONValue?) -> [String] {
    (list?.array ?? [])
      .filter {
        $0[path: "metadata", "annotations", Names.serviceAccountAnnotation]?.string
          == Names.readerAccount
      }
      .compactMap { $0[path: "metadata", "name"]?.string }
      .sorted()
  }

  /// Before 1.24: the Secret that the ServiceAccount names. There may be others beside it, such as one
  /// for pulling images.
  private static func accountToken(
    of source: Cluster, _ namespace: String, _ executor: Executor
  ) async throws -> ReaderCredentials? {
    let account = ObjectReference(
      apiVersion: "v1", kind: "ServiceAccount", namespace: namespace, name: Names.readerAccount)
    let wait = Operation(
      .wait(.accountSecret, timeout: executor.mesh.timeout), account, on: source)
    let outcome = try await executor.declare([wait])[0]
    guard outcome.isSuccess else { return nil }
    let names = (outcome.object?["secrets"]?.array ?? []).compactMap { $0["name"]?.string }.sorted()
    for name in names {
      let read = Operation(.read, secret(name, namespace), on: source)
      let found = try await executor.declare([read])[0]
      guard found.isSuccess else { return nil }
      guard found.object?["type"]?.string == Names.tokenSecretType else { continue }
      return try await filledToken(secret(name, namespace), on: source, executor)
    }
    let problem = ScriptError.usage(
      .noCredentials, "none of the account's secrets is a token: \(names.joined(separator: ", "))",
      notes: ["delete the account, so that its cluster makes a token for the next one"])
    executor.refuse(wait, problem)
    return nil
  }

  private static func filledToken(
    _ secret: ObjectReference, on source: Cluster, _ executor: Executor
  ) async throws -> ReaderCredentials? {
    let wait = Operation(.wait(.token, timeout: executor.mesh.timeout), secret, on: source)
    let outcome = try await executor.declare([wait])[0]
    return outcome.object.flatMap(ReaderCredentials.init(tokenSecret:))
  }

  private static func secret(_ name: String?, _ namespace: String) -> ObjectReference {
    ObjectReference(apiVersion: "v1", kind: "Secret", namespace: namespace, name: name)
  }
}
