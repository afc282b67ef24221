// Values that must never be printed, and where a cluster's credentials come from.

/// A text that shows itself as stars wherever it is printed, logged or dumped.
public struct Secret: Sendable, Hashable, CustomStringConvertible, CustomDebugStringConvertible,
  CustomReflectable
{
  private let value: String

  /// Wraps a text.
  public init(_ value: String) { self.value = value }

  /// The text itself: for the wire, never for people.
  public func reveal() -> String { value }

  /// Stars.
  public var description: String { "***" }
  /// Stars.
  public var debugDescription: String { "***" }
  /// Nothing to see.
  public var customMirror: Mirror { Mirror(self, children: []) }
}

/// Where the credentials of a kubeconfig's user come from, client certificates aside.
public enum CredentialSource: Sendable, CustomStringConvertible, CustomReflectable {
  /// No credentials, or a client certificate only.
  case none
  /// A bearer token.
  case token(Secret)
  /// A file with a bearer token that is read again every minute; the token is used when the file
  /// cannot be read.
  case tokenFile(path: String, fallback: Secret?)
  /// A user name and a password.
  case basic(user: String, password: Secret)
  /// A program that prints credentials.
  case exec(ExecPlugin)

  /// The kind, without any secret.
  public var description: String {
    switch self {
    case .none: "none"
    case .token: "token ***"
    case .tokenFile(let path, _): "token file \(path)"
    case .basic(let user, _): "basic \(user):***"
    case .exec(let plugin): "\(plugin)"
    }
  }

  /// The description only.
  public var customMirror: Mirror { Mirror(self, children: ["source": description]) }
}

/// A credential program of a kubeconfig (`exec:`), client.authentication.k8s.io v1 or v1beta1. Its
/// arguments and variables may hold secrets, so printing it shows neither.
public struct ExecPlugin: Sendable, CustomStringConvertible, CustomReflectable {
  /// When the program may ask its user.
  public enum InteractiveMode: String, Sendable {
    /// It gets no standard input.
    case never = "Never"
    /// It gets standard input when that is a terminal.
    case ifAvailable = "IfAvailable"
    /// It needs a terminal.
    case always = "Always"
  }

  /// The program: a path, or a name to look for in PATH.
  public var command: String
  /// Its arguments.
  public var arguments: [String]
  /// Variables added to the environment.
  public var environment: [String: Secret]
  /// The version of the protocol, such as `client.authentication.k8s.io/v1`.
  public var apiVersion: String
  /// What to tell when the program is missing.
  public var installHint: String?
  /// Whether the program is told about the cluster.
  public var provideClusterInfo: Bool
  /// Whether the program may ask its user.
  public var interactiveMode: InteractiveMode
  /// The context that names this program, for errors.
  public var contextName: String

  /// Describes a credential program.
  public init(
    command: String, arguments: [String] = [], environment: [String: Secret] = [:],
    apiVersion: String = "client.authentication.k8s.io/v1", installHint: String? = nil,
    provideClusterInfo: Bool = false, interactiveMode: InteractiveMode = .ifAvailable,
    contextName: String = ""
  ) {
    self.command = command
    self.arguments = arguments
    self.environment = environment
    self.apiVersion = apiVersion
    self.installHint = installHint
    self.provideClusterInfo = provideClusterInfo
    self.interactiveMode = interactiveMode
    self.contextName = contextName
  }

  /// The program's name.
  public var description: String { "exec \(command)" }
  /// The description only.
  public var customMirror: Mirror { Mirror(self, children: ["program": description]) }
}
