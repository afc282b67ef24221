// Every fault, at both servers and over both protocols, under a read, an apply and a create: what the
// caller sees, how often the server was asked, and that nothing was written twice.

import JSON
import TestClusters
import Testing

@testable import KubernetesClient

/// A fault, and what it comes to for each verb.
struct FaultCase: Sendable, CustomTestStringConvertible {
  struct Outcome: Sendable {
    /// `ok`, or the error's status and reason as they stand in its description.
    let sees: String
    /// How often the server was asked.
    let requests: Int
    /// How often it changed the object; for a read always 0.
    let writes: Int
  }

  let name: String
  let fault: Fault
  /// How many requests meet it.
  var count = 1
  /// The time that one call has.
  var patience = Duration.seconds(30)
  let get: Outcome
  let apply: Outcome
  let create: Outcome
  /// What the message of the create's or else the read's error tells.
  var tells: String?

  var testDescription: String { name }
}

extension FaultCase.Outcome {
  static func ok(_ requests: Int, writes: Int = 1) -> Self {
    Self(sees: "ok", requests: requests, writes: writes)
  }
  static func error(_ sees: String, _ requests: Int, writes: Int = 0) -> Self {
    Self(sees: sees, requests: requests, writes: writes)
  }
}

extension FaultCase {
  /// What all verbs see alike, without the server being asked.
  init(_ name: String, _ fault: Fault, all sees: String, tells: String? = nil) {
    self.init(
      name: name, fault: fault, count: .max, get: .error(sees, 0), apply: .error(sees, 0),
      create: .error(sees, 0), tells: tells)
  }

  /// The server has carried it out and the answer is lost.
  init(lost name: String, _ fault: Fault) {
    self.init(
      name: name, fault: fault, get: .ok(2, writes: 0), apply: .ok(2),
      create: .error("Interrupted", 1, writes: 1),
      tells: "it may have been carried out: get the object before creating it again")
  }

  /// Nothing is lost.
  init(harmless name: String, _ fault: Fault) {
    self.init(
      name: name, fault: fault, get: .ok(1, writes: 0), apply: .ok(1), create: .ok(1))
  }

  /// An answer in the server's place, once: followed where that is safe.
  init(once name: String, _ fault: Fault, create: Outcome, tells: String? = nil) {
    self.init(
      name: name, fault: fault, get: .ok(1, writes: 0), apply: .ok(1), create: create, tells: tells)
  }

  private static let page = "<html><head><title>Bad Gateway</title></head><body>nginx</body></html>"
  private static let early = [("Date", "Sun, 06 Nov 1994 08:49:37 GMT")] + Fault.json
  private static let refusal =
    #"{"kind":"Status","code":401,"reason":"Unauthorized","message":"Unauthorized"}"#

  static let all = [
    FaultCase(
      name: "reset before the server has it", fault: .resetUnsent, get: .ok(1, writes: 0),
      apply: .ok(1), create: .error("Interrupted", 0), tells: "may have been carried out"),
    FaultCase(lost: "reset before the answer", .endUnanswered(.reset)),
    FaultCase(lost: "FIN before the answer", .endUnanswered(.fin)),
    FaultCase(lost: "reset in the answer", .endInAnswer(.reset)),
    FaultCase(lost: "FIN in the answer", .endInAnswer(.fin)),
    FaultCase(lost: "reset of the stream", .streamReset),
    FaultCase(harmless: "reset after the answer", .resetAfterAnswer),
    FaultCase(
      name: "no answer to the request", fault: .silence, count: .max,
      patience: .milliseconds(400), get: .error("Timeout", 1),
      apply: .error("Timeout", 1, writes: 1), create: .error("Timeout", 1, writes: 1),
      tells: "the server took the request and did not answer"),
    FaultCase(
      name: "black hole", fault: .blackHole, count: .max, patience: .milliseconds(400),
      get: .error("Timeout", 1), apply: .error("Timeout", 1, writes: 1),
      create: .error("Timeout", 1, writes: 1)),
    FaultCase(harmless: "GOAWAY", .goAway),
    FaultCase(harmless: "GOAWAY after this stream", .goAwayAfterThis),
    // The server says which requests it has not looked at, so that even a create goes on elsewhere.
    FaultCase(harmless: "GOAWAY, abrupt", .goAwayAbruptly),
    FaultCase(harmless: "slow drip", .drip),
    FaultCase(
      once: "429 with Retry-After", .answer(429, "wait", [("Retry-After", "0")] + Fault.text),
      create: .ok(1)),
    FaultCase(
      once: "429 in plain text",
      .answer(429, "Too many requests, please try again later.", Fault.text),
      create: .error("429 TooManyRequests", 0), tells: "please try again later"),
    FaultCase(
      "500 in plain text", .answer(500, "oops", Fault.text), all: "500 InternalError", tells: "oops"
    ),
    FaultCase(
      "502 in HTML", .answer(502, page, Fault.html), all: "502 NotKubernetes",
      tells: "the API server's address or a proxy's?"),
    FaultCase(
      once: "503 in plain text", .answer(503, "shutting down", Fault.text),
      create: .error("503 ServiceUnavailable", 0), tells: "shutting down"),
    FaultCase(
      once: "504 in plain text", .answer(504, "late", Fault.text),
      create: .error("504 GatewayTimeout", 0), tells: "late"),
    FaultCase(
      "200 in HTML", .answer(200, page, Fault.html), all: "200 NotKubernetes", tells: "text/html"),
    FaultCase(
      name: "truncated JSON", fault: .truncated, count: .max, get: .error("200 NotKubernetes", 1),
      apply: .error("201 NotKubernetes", 1, writes: 1),
      create: .error("201 NotKubernetes", 1, writes: 1),
      tells: "it was probably carried out: get the object before creating it again"),
    FaultCase(
      "clock skew", .answer(401, refusal, early), all: "401 Unauthorized", tells: "check the clock"),
  ]
}

@Suite("Faults", .timeLimit(.minutes(15)))
struct FaultMatrixTests {
  @Test("HTTP/2", arguments: Backend.available, FaultCase.all)
  func http2(backend: Backend, fault: FaultCase) async throws {
    try await run(fault, backend, protocols: ["h2", "http/1.1"])
  }

  @Test("HTTP/1.1", arguments: Backend.available, FaultCase.all.filter { !$0.fault.needsHTTP2 })
  func http1(backend: Backend, fault: FaultCase) async throws {
    try await run(fault, backend, protocols: ["http/1.1"])
  }

  private func run(_ fault: FaultCase, _ backend: Backend, protocols: [String]) async throws {
    var options = FaultProxy.Options()
    options.protocols = protocols
    try await withProxy(backend, options) { setting in
      let trial = Trial(
        fault: fault, setting: setting, backend: backend, isHTTP1: protocols.count == 1)
      let read = Things.name("read")
      _ = try await setting.direct.create(
        Things.configMap, Things.configMap(read), namespace: Setting.namespace)
      try await trial.run("get", read, fault.get) { client in
        _ = try await client.get(Things.configMap, name: read, namespace: Setting.namespace)
      }
      let applied = Things.name("applied")
      try await trial.run("apply", applied, fault.apply) { client in
        _ = try await client.apply(
          Things.configMap, Things.configMap(applied), namespace: Setting.namespace)
      }
      let created = Things.name("created")
      try await trial.run("create", created, fault.create) { client in
        _ = try await client.create(
          Things.configMap, Things.configMap(created), namespace: Setting.namespace)
      }
    }
  }
}

/// One fault in one setting.
private struct Trial {
  let fault: FaultCase
  let setting: Setting
  let backend: Backend
  let isHTTP1: Bool

  func run(
    _ verb: String, _ name: String, _ expected: FaultCase.Outcome,
    _ call: (KubernetesClient) async throws -> Void
  ) async throws {
    let proxy = setting.proxy
    let client = setting.client(requestTimeout: fault.patience)
    proxy.play { _ in .none }
    // A connection that was used before is the hard case: libcurl would send again by itself.
    _ = try await setting.client().serverVersion()
    let version = try await resourceVersion()
    let before = asked
    let first = proxy.arrived.count
    let (count, effect) = (fault.count, fault.fault)
    proxy.play { $0.number - first <= count ? effect : .none }
    let (sees, message) = await outcome { try await call(client) }
    // What the caller has given up may still be on its way to the server.
    try await eventually {
      (sees != "Timeout" || asked - before >= expected.requests)
        && proxy.underWay == 0
    }
    let requests = asked - before
    let writes = try await writes(to: name, since: version)
    #expect(sees == expected.sees, "\(verb): \(message)")
    #expect(requests == expected.requests, "\(verb): requests")
    #expect(writes == expected.writes, "\(verb): writes")
    if sees != "ok" {
      #expect(message.hasPrefix("c1: \(verb) configmaps \"\(name)\" in namespace"), "\(message)")
      if let tells = fault.tells, verb == "create" || fault.create.sees == "ok" {
        #expect(message.contains(tells), "\(message)")
      }
    }
    FaultReport.add(
      FaultReport.Row(
        fault: fault.name + (isHTTP1 ? ", HTTP/1.1" : ""), backend: backend.rawValue, verb: verb,
        sees: sees, requests: requests, writes: writes))
  }

  /// What the server was asked, without what the transport asks by itself.
  private var asked: Int { setting.proxy.reached.filter { $0.path != "/version" }.count }

  private func outcome(_ call: () async throws -> Void) async -> (sees: String, message: String) {
    do {
      try await call()
      return ("ok", "")
    } catch let error as APIError {
      let sees = error.status == 0 ? error.reason : "\(error.status) \(error.reason)"
      return (sees, error.description)
    } catch {
      return ("\(type(of: error))", "\(error)")
    }
  }

  private func resourceVersion() async throws -> String {
    try await setting.direct.list(
      Things.configMap, namespace: Setting.namespace, fields: "metadata.name=none"
    ).resourceVersion
  }

  /// How often the object changed since a version: its events up to those of a marker.
  private func writes(to name: String, since version: String) async throws -> Int {
    let marker = Things.name("marker")
    _ = try await setting.direct.create(
      Things.configMap, Things.configMap(marker), namespace: Setting.namespace)
    var count = 0
    for try await event in setting.direct.watch(
      Things.configMap, namespace: Setting.namespace, resourceVersion: version)
    {
      let changed = event.object["metadata"]?["name"]?.string
      if changed == marker { break }
      if changed == name { count += 1 }
    }
    return count
  }
}
