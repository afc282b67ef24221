// The client of one cluster: sends calls with credentials, tries again where that is safe, and
// turns every failure into an `APIError` that names cluster, verb and object.
//
// The calls themselves are in Resources/, what the cluster serves in Discovery/. Nothing connects
// before the first call.

import JSON
import Synchronization

/// A request that was sent, for `-v`.
public struct RequestTrace: Sendable {
  /// The cluster's name.
  public let cluster: String
  /// The HTTP method.
  public let method: String
  /// Path and query.
  public let path: String
  /// The HTTP status, 0 without an answer.
  public let status: Int
  /// From the request's start to its answer's end; for a stream, to its headers.
  public let elapsed: Duration
  /// Bytes of the request's body.
  public let sentBytes: Int
  /// Bytes of the answer's body after decompression, 0 for a stream.
  public let receivedBytes: Int
  /// 1 for the first try.
  public let attempt: Int
  /// Why there was no answer.
  public let failure: String?
}

/// What a client tells while it works. The closures are called from any thread.
public struct ClientHooks: Sendable {
  /// Gets the text of each warning that the API server sends (`Warning: 299`).
  public var onWarning: (@Sendable (String) -> Void)?
  /// Gets each request when it is over.
  public var onRequest: (@Sendable (RequestTrace) -> Void)?

  /// Makes hooks; nil ones are not called.
  public init(
    onWarning: (@Sendable (String) -> Void)? = nil,
    onRequest: (@Sendable (RequestTrace) -> Void)? = nil
  ) {
    self.onWarning = onWarning
    self.onRequest = onRequest
  }
}

/// The client of one cluster. Every call throws `APIError`, or `CancellationError` when its task is
/// cancelled.
public final class KubernetesClient: Sendable {
  /// The cluster's name, for errors.
  public let cluster: String
  /// How the cluster is reached.
  public let settings: ConnectionSettings
  /// How long one call may take, further tries included; watches are exempt.
  public let requestTimeout: Duration

  let transport: Transport
  let hooks: ClientHooks
  let credentials: CredentialProvider
  let discovery = DiscoveryCache()
  private let target: Target

  private static let lanes = Atomic<Int>(0)

  /// Makes a client; connects to nothing yet.
  public init(
    cluster: String, settings: ConnectionSettings, transport: Transport = .shared,
    requestTimeout: Duration = .seconds(30), hooks: ClientHooks = ClientHooks()
  ) {
    self.cluster = cluster
    self.settings = settings
    self.transport = transport
    self.requestTimeout = requestTimeout
    self.hooks = hooks
    credentials = CredentialProvider(settings: settings)
    let lane = Self.lanes.add(1, ordering: .relaxed).newValue
    target = Target(lane: lane, settings: settings)
  }

  // MARK: Calls

  func purpose(_ verb: String, _ object: String) -> Purpose {
    Purpose(cluster: cluster, verb: verb, object: object, server: settings.server)
  }

  /// Sends a call until it is answered with success, or throws what it failed with.
  func send(_ call: Call) async throws -> HTTPResponse {
    let purpose = purpose(call.verb, call.object)
    var policy = RetryPolicy(
      isReplayable: call.isReplayable, followsThrottling: call.followsThrottling,
      canRenewCredentials: credentials.canRenew)
    var attempt = 1
    var deadline: ContinuousClock.Instant?
    while true {
      let credential = try await credential(for: purpose)
      // Asking a person for credentials may take long; from then on all tries share the time.
      let end = deadline ?? .now + (call.timeout ?? requestTimeout)
      deadline = end
      let outcome = try await exchange(call, credential, attempt: attempt, until: end)
      switch policy.decide(outcome.summary, random: .random(in: 0...1)) {
      case .retry(let pause) where .now + pause < end: try await Task.sleep(for: pause)
      case .renewCredentials: credentials.renew(after: credential)
      case .retry, .finish: return try result(of: outcome, purpose)
      }
      attempt += 1
    }
  }

  private func result(
    of outcome: Result<HTTPResponse, TransportError>, _ purpose: Purpose
  ) throws -> HTTPResponse {
    switch outcome {
    case .success(let response) where (200..<300).contains(response.status): return response
    case .success(let response): throw error(response.head, body: response.body, purpose)
    case .failure(let error): throw purpose.error(error)
    }
  }

  /// The error of a refusal; where credentials are refused, a wrong clock may be why.
  private func error(_ head: HTTPHead, body: [UInt8], _ purpose: Purpose) -> APIError {
    let error = purpose.error(head, body: body)
    guard head.status == 401, let hint = HTTPDate.clockHint(head.header("date")) else {
      return error
    }
    return APIError(
      cluster: error.cluster, verb: error.verb, object: error.object, status: error.status,
      reason: error.reason, message: "\(error.message); \(hint)", causes: error.causes,
      details: error.details, known: error.known)
  }

  private func exchange(
    _ call: Call, _ credential: Credential, attempt: Int, until deadline: ContinuousClock.Instant
  ) async throws -> Result<HTTPResponse, TransportError> {
    var request = request(for: call, credential)
    request.timeout = max(.milliseconds(1), deadline - .now)
    let started = ContinuousClock.now
    let result: Result<HTTPResponse, TransportError>
    do {
      result = .success(try await transport.send(request, to: target(with: credential)))
    } catch let error as TransportError {
      result = .failure(error)
    }
    let response = try? result.get()
    trace(
      request, head: response?.head, received: response?.body.count ?? 0, since: started,
      attempt: attempt, failure: result.failure)
    if let response { tellWarnings(of: response.head) }
    return result
  }

  /// Opens a stream once. An answer without success throws its error; nothing is tried again.
  func open(_ call: Call) async throws -> HTTPStream {
    let purpose = purpose(call.verb, call.object)
    let credential = try await credential(for: purpose)
    let request = request(for: call, credential)
    let started = ContinuousClock.now
    do {
      let stream = try await transport.open(request, to: target(with: credential))
      trace(request, head: stream.head, received: 0, since: started, attempt: 1, failure: nil)
      tellWarnings(of: stream.head)
      guard (200..<300).contains(stream.head.status) else {
        if stream.head.status == 401 { credentials.renew(after: credential) }
        var body: [UInt8] = []
        for try await chunk in stream.chunks where body.count < 1 << 20 { body += chunk }
        throw error(stream.head, body: body, purpose)
      }
      return stream
    } catch let error as TransportError {
      trace(request, head: nil, received: 0, since: started, attempt: 1, failure: error)
      throw purpose.error(error)
    }
  }

  // MARK: Requests

  private func credential(for purpose: Purpose) async throws -> Credential {
    do {
      return try await credentials.current()
    } catch let error as CredentialError {
      throw APIError(
        cluster: cluster, verb: purpose.verb, object: purpose.object, status: 0,
        reason: "Credentials", message: error.message)
    }
  }

  private func target(with credential: Credential) -> Target {
    guard let certificate = credential.certificate, let key = credential.key else { return target }
    var result = target
    result.clientCertificate = certificate
    result.clientKey = key
    return result
  }

  private func request(for call: Call, _ credential: Credential) -> HTTPRequest {
    var headers: [(name: String, value: String)] = [("Accept", call.accept)]
    if let type = call.contentType { headers.append(("Content-Type", type)) }
    // Credentials go over encrypted connections only.
    if settings.server.isSecure, let authorization = credential.authorization {
      headers.append(("Authorization", authorization.reveal()))
    }
    if let impersonation = settings.impersonation { headers += impersonation.headers }
    return HTTPRequest(
      method: call.method, path: call.path,
      query: call.query.isEmpty
        ? call.encodedQuery
        : [call.encodedQuery, ResourcePath.query(call.query)].filter { !$0.isEmpty }
          .joined(separator: "&"),
      headers: headers, body: call.body, isReplayable: call.isReplayable,
      isResumable: call.verb == "watch",
      timeout: call.isStream ? call.timeout : call.timeout ?? requestTimeout)
  }

  private func trace(
    _ request: HTTPRequest, head: HTTPHead?, received: Int,
    since started: ContinuousClock.Instant, attempt: Int, failure: TransportError?
  ) {
    guard let onRequest = hooks.onRequest else { return }
    let query = request.query.isEmpty ? "" : "?" + request.query
    onRequest(
      RequestTrace(
        cluster: cluster, method: request.method, path: request.path + query,
        status: head?.status ?? 0, elapsed: ContinuousClock.now - started,
        sentBytes: request.body?.count ?? 0, receivedBytes: received, attempt: attempt,
        failure: failure?.message))
  }

  private func tellWarnings(of head: HTTPHead) {
    guard let onWarning = hooks.onWarning else { return }
    for header in head.headers(named: "warning") {
      for text in WarningHeader.texts(in: header) { onWarning(text) }
    }
  }
}

/// One call to the API, before credentials.
struct Call: Sendable {
  var verb: String
  var object: String
  var method = "GET"
  var path: String
  var query: [(String, String?)] = []
  /// A query that is encoded already; goes before the other.
  var encodedQuery = ""
  var accept = "application/json"
  var contentType: String?
  var body: [UInt8]?
  /// True when carrying it out twice does no more than once.
  var isReplayable = true
  var followsThrottling = true
  var isStream = false
  /// Overrides the client's request timeout.
  var timeout: Duration?
}

extension Result where Success == HTTPResponse, Failure == TransportError {
  fileprivate var summary: Outcome {
    switch self {
    case .success(let response):
      .answered(
        status: response.status,
        retryAfter: response.status >= 300 ? response.head.header("retry-after") : nil)
    case .failure(let error): .failed(error)
    }
  }

  fileprivate var failure: TransportError? {
    guard case .failure(let error) = self else { return nil }
    return error
  }
}

extension Impersonation {
  /// The `Impersonate-…` headers.
  var headers: [(name: String, value: String)] {
    var headers = [(name: "Impersonate-User", value: user)]
    if let uid { headers.append(("Impersonate-Uid", uid)) }
    headers += groups.map { ("Impersonate-Group", $0) }
    for key in extra.keys.sorted() {
      let name = "Impersonate-Extra-" + Self.headerName(key)
      headers += (extra[key] ?? []).map { (name, $0) }
    }
    return headers.map { ($0.name, $0.value.filter { !$0.isNewline }) }
  }

  /// Percent-encodes what no header name may hold.
  private static func headerName(_ key: String) -> String {
    var result = ""
    for byte in key.utf8 {
      let scalar = Unicode.Scalar(byte)
      let isToken =
        scalar.properties.isAlphabetic && byte < 128
        || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
        || "!#$&'*+-.^_`|~".utf8.contains(byte)
      if isToken {
        result.unicodeScalars.append(scalar)
      } else {
        result += byte < 16 ? "%0" : "%"
        result += String(byte, radix: 16, uppercase: true)
      }
    }
    return result
  }
}
