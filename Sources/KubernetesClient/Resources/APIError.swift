// What a call to an API server failed with: place, object, status, reason and the way out.

import JSON

/// A call that failed. Its description is one line that names cluster, verb and object.
public struct APIError: Error, Sendable, CustomStringConvertible {
  /// One detail of a refusal.
  public struct Cause: Sendable, Hashable {
    /// The path of the field, such as `.spec.replicas`; empty when it is about no field.
    public let field: String
    /// What is wrong with it.
    public let message: String
    /// The server's word for it, such as `FieldManagerConflict`.
    public let reason: String

    /// Makes a cause.
    public init(field: String, message: String, reason: String) {
      self.field = field
      self.message = message
      self.reason = reason
    }
  }

  /// The cluster's name.
  public let cluster: String
  /// What was tried: get, list, create, apply, patch, delete, watch, discover…
  public let verb: String
  /// What it was tried on, such as `deployments.apps "x" in namespace "y"`.
  public let object: String
  /// The HTTP status, 0 when there was no answer.
  public let status: Int
  /// The server's reason (`NotFound`, `Conflict`…), or the client's: `Unreachable`, `Timeout`,
  /// `Certificate`, `Interrupted`, `NotKubernetes`, `UnknownResource`, `InvalidRequest`,
  /// `Credentials`, `Unavailable`.
  public let reason: String
  /// What went wrong, in words.
  public let message: String
  /// The details of a refusal.
  public let causes: [Cause]
  /// The `details` of the server's Status object.
  public let details: JSONValue?
  /// What exists instead of what was not found, for "did you mean".
  public let known: [String]

  /// Makes an error.
  public init(
    cluster: String, verb: String, object: String, status: Int, reason: String, message: String,
    causes: [Cause] = [], details: JSONValue? = nil, known: [String] = []
  ) {
    self.cluster = cluster
    self.verb = verb
    self.object = object
    self.status = status
    self.reason = reason
    self.message = message
    self.causes = causes
    self.details = details
    self.known = known
  }

  /// True when the cluster did not answer: name, connection, certificate or time.
  public var isUnreachable: Bool {
    status == 0 && ["Unreachable", "Timeout", "Certificate", "Interrupted"].contains(reason)
  }

  /// True for 404 and for a resource that the cluster does not serve.
  public var isNotFound: Bool { status == 404 || reason == "UnknownResource" }

  /// True for 409 with the reason `Conflict`.
  public var isConflict: Bool { status == 409 && reason == "Conflict" }

  /// `cluster1: apply deployments.apps "x" in namespace "y": 409 Conflict: …`.
  public var description: String {
    var line = cluster
    let subject = [verb, object].filter { !$0.isEmpty }.joined(separator: " ")
    if !subject.isEmpty { line += ": \(subject)" }
    let state = status == 0 ? reason : "\(status) \(reason)"
    line += ": \(state)"
    if !message.isEmpty { line += ": \(message)" }
    let untold = causes.filter { !message.contains($0.message) || !message.contains($0.field) }
    if !untold.isEmpty {
      let texts = untold.map { $0.field.isEmpty ? $0.message : "\($0.field): \($0.message)" }
      line += " (" + texts.joined(separator: "; ") + ")"
    }
    return line
  }
}

extension Duration {
  /// The duration as people write it, such as `5m`, `90s` or `1.5s`.
  var words: String {
    let (seconds, attoseconds) = components
    let milliseconds = attoseconds / 1_000_000_000_000_000
    if milliseconds != 0 { return "\(Double(seconds * 1000 + milliseconds) / 1000)s" }
    if seconds >= 60, seconds % 60 == 0 { return "\(seconds / 60)m" }
    return "\(seconds)s"
  }
}
