// The client of one cluster: sends calls with credentials, tries again where that is safe, and
// turns every failure into an `APIError` that names cluster, verb and object.
//
// The calls themselves are in Resources/, what the cluster serves in Discovery/. Nothing connects
// before the first call.

import JSON
import Synchronization

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
  private let certificates: CertificateKeeper
  let discovery: DiscoveryCache
  private let target: Target

  private static let lanes = Atomic<Int>(0)

  /// Makes a client; connects to nothing yet. What the cluster serves is kept in `discoveryFolder`
  /// between runs, and only for this client's life without one.
  public init(
    cluster: String, settings: ConnectionSettings, transport: Transport = .shared,
    requestTimeout: Duration = .seconds(30), hooks: ClientHooks = ClientHooks(),
    discoveryFolder: DiscoveryFolder? = nil
  ) {
    self.cluster = cluster
    self.settings = settings
    self.transport = transport
    self.requestTimeout = requestTimeout
    self.hooks = hooks
    discovery = DiscoveryCache(file: discoveryFolder?.file(for: settings))
    credentials = CredentialProvider(settings: settings)
    certificates = CertificateKeeper(settings: settings)
    let lane = Self.lanes.add(1, ordering: .relaxed).newValue
    target = Target(lane: lane, settings: settings)
  }

  // MARK: Calls

  func purpose(_ verb: String, _ object: String) -> Purpose {
    Purpose(cluster: cluster, verb: verb, object: object, server: settings.server)
  }

  func purpose(of call: Call) -> Purpose {
    Purpose(
      cluster: cluster, verb: call.verb, object: call.object, server: settings.server,
      advice: call.isWrite ? call.advice ?? Call.safeAdvice : nil,
      hidesBodies: call.answersSecrets)
  }

  /// Sends a call until it is answered with success, or throws what it failed with.
  func send(_ call: Call) async throws -> HTTPResponse {
    let purpose = purpose(of: call)
    var policy = RetryPolicy(
      isReplayable: call.isReplayable, followsThrottling: call.followsThrottling,
      canRenewCredentials: credentials.canRenew)
    var attempt = Attempt()
    var deadline: ContinuousClock.Instant?
    while true {
      let credential = try await credential(for: purpose)
      // Asking a person for credentials may take long; from then on all tries share the time.
      let end = deadline ?? .now + (call.timeout ?? requestTimeout)
      deadline = end
      let outcome = try await exchange(call, credential, attempt, until: end)
      if outcome.isRefusal, attempt.mayReread, certificates.reread() {
        attempt.afterReread()
        continue
      }
      switch policy.decide(outcome.summary, random: .random(in: 0...1)) {
      case .retry(let pause) where .now + pause < end: try await Task.sleep(for: pause)
      case .renewCredentials: credentials.renew(after: credential)
      case .retry, .finish: return try result(of: outcome, purpose, credential)
      }
      attempt.after(outcome)
    }
  }

  private func result(
    of outcome: Result<HTTPResponse, TransportError>, _ purpose: Purpose, _ credential: Credential
  ) throws -> HTTPResponse {
    switch outcome {
    case .success(let response)
    where (200..<300).contains(response.status) || response.status == 304:
      return response
    case .success(let response):
      let error = purpose.error(response.head, body: response.body)
      throw noted(explained(error, response.head, credential))
    case .failure(let error): throw explained(purpose.error(error), nil, credential)
    }
  }

  private func exchange(
    _ call: Call, _ credential: Credential, _ attempt: Attempt,
    until deadline: ContinuousClock.Instant
  ) async throws -> Result<HTTPResponse, TransportError> {
    var request = request(for: call, credential)
    request.timeout = max(.milliseconds(1), deadline - .now)
    let tracer = tracer(request, credential, attempt)
    let result: Result<HTTPResponse, TransportError>
    do {
      let response = try await transport.send(request, to: target(with: credential))
      tracer?.tell(response.head, received: response.receivedCount, response.connection)
      result = .success(response)
      tellWarnings(of: response.head)
    } catch let error as TransportError {
      tracer?.tell(failure: error)
      result = .failure(error)
    } catch {
      tracer?.tellCancelled()
      throw error
    }
    return result
  }

  /// Opens a stream. An answer without success throws its error; nothing is tried again, except with
  /// new credentials after a 401.
  func open(_ call: Call) async throws -> HTTPStream {
    try await open(call, Attempt())
  }

  private func open(_ call: Call, _ attempt: Attempt) async throws -> HTTPStream {
    let purpose = purpose(of: call)
    let credential = try await credential(for: purpose)
    let request = request(for: call, credential)
    let tracer = tracer(request, credential, attempt)
    do {
      let stream = try await transport.open(request, to: target(with: credential))
      tracer?.tell(stream.head, received: 0, stream.connection)
      tellWarnings(of: stream.head)
      guard (200..<300).contains(stream.head.status) else {
        if stream.head.status == 401, credentials.canRenew {
          credentials.renew(after: credential)
          if attempt.number == 1 { return try await open(call, attempt.next("401")) }
        }
        var body: [UInt8] = []
        for try await chunk in stream.chunks where body.count < 1 << 20 { body += chunk }
        throw explained(purpose.error(stream.head, body: body), stream.head, credential)
      }
      return stream
    } catch let error as TransportError {
      tracer?.tell(failure: error)
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
    guard certificates.canChange else { return target }
    let current = certificates.current(for: credential)
    if current.isNew { transport.outdate(lane: target.lane, before: current.number) }
    var result = target
    result.certificateAuthority = current.material.authority
    result.clientCertificate = current.material.certificate
    result.clientKey = current.material.key
    result.certificates = current.number
    return result
  }

  /// An error about credentials with what this side can see about it.
  private func explained(
    _ error: APIError, _ head: HTTPHead?, _ credential: Credential
  ) -> APIError {
    guard error.status == 401 || error.reason == "Certificate" else { return error }
    let certificate = target(with: credential).clientCertificate
    return error.adding(
      RefusalHints.text(
        message: error.message, date: head?.header("date"),
        certificateEnd: certificate.flatMap { CertificateFacts(pem: $0)?.end }))
  }

  private func request(for call: Call, _ credential: Credential) -> HTTPRequest {
    var headers: [(name: String, value: String)] = [("Accept", call.accept)]
    if let type = call.contentType { headers.append(("Content-Type", type)) }
    headers += call.headers
    if let authorization = credential.authorization {
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
      timeout: call.isStream ? call.timeout : call.timeout ?? requestTimeout,
      isTraced: hooks.onRequest != nil, sink: call.makeSink?())
  }

  private func tracer(
    _ request: HTTPRequest, _ credential: Credential, _ attempt: Attempt
  ) -> RequestTracer? {
    hooks.onRequest.map { onRequest in
      RequestTracer(
        cluster: cluster, server: settings.server, request: request,
        redaction: Redaction(credential), attempt: attempt, onRequest: onRequest)
    }
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
  var headers: [(name: String, value: String)] = []
  var contentType: String?
  var body: [UInt8]?
  /// Makes what takes the answer's body instead of `HTTPResponse.body`, anew for each try.
  var makeSink: (@Sendable () -> any BodySink)?
  /// True when carrying it out twice does no more than once.
  var isReplayable = true
  var followsThrottling = true
  var isStream = false
  /// Overrides the client's request timeout.
  var timeout: Duration?
  /// What to do when nobody knows whether a write was carried out; nil means that doing it again is
  /// safe.
  var advice: String?

  static let safeAdvice = "doing it again is safe"

  /// True when it changes something in the cluster.
  var isWrite: Bool {
    method != "GET" && method != "HEAD" && !query.contains { $0.0 == "dryRun" && $0.1 != nil }
      && !encodedQuery.contains("dryRun=")
  }

  /// True when its answer may hold what nobody may see: Secrets and tokens.
  var answersSecrets: Bool {
    // Asked for each request: bytes are looked at from the end, and no part is made a string.
    let slash = UInt8(ascii: "/")
    var rest = path.utf8[...]
    for isLast in [true, false] {
      while rest.last == slash { rest.removeLast() }
      let part = rest.suffix(
        from: rest.lastIndex(of: slash).map(rest.index(after:)) ?? rest.startIndex)
      if part.elementsEqual("secrets".utf8) { return true }
      if isLast, part.elementsEqual("token".utf8) { return true }
      rest = rest[..<part.startIndex]
    }
    return false
  }
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

  /// True when the server or this side did not accept a certificate.
  fileprivate var isRefusal: Bool {
    switch self {
    case .success(let response): response.status == 401
    case .failure(let error): error.kind == .certificate
    }
  }
}
