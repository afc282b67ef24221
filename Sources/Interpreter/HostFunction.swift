// Functions that Swift gives to scripts: a signature for checks and help, and a body.
//
// Three sorts of body: `immediate` ones work on the machine's heap and never wait (`print`, `str`, methods
// of lists); `suspending` ones wait for something outside (a cluster, a program): the machine hands them to
// its driver as a host call and goes on with other fibers meanwhile; `sleeping` ones wait for the time.

/// What a function takes. The compiler checks calls of known functions against it before anything runs.
public struct Signature: Sendable {
  /// One parameter of a host function.
  public struct Parameter: Sendable {
    /// Its name, for named arguments.
    public var name: String
    /// What it takes, in words for help and errors: `cluster`, `string`, `list or cluster`.
    public var type: String
    /// Text of its default for help; nil when the argument must be given.
    public var defaultText: String?
    /// Takes all further positional arguments as a list; at most one, which is last of the positional.
    public var isRest: Bool
    /// Can only be given by name.
    public var isNamedOnly: Bool
    /// One line for help.
    public var doc: String

    /// Makes a parameter.
    public init(
      _ name: String, _ type: String = "any", default defaultText: String? = nil,
      isRest: Bool = false, isNamedOnly: Bool = false, doc: String = ""
    ) {
      self.name = name
      self.type = type
      self.defaultText = defaultText
      self.isRest = isRest
      self.isNamedOnly = isNamedOnly
      self.doc = doc
    }
  }

  /// The function's name; `json.parse` for a member of a builtin namespace.
  public var name: String
  /// Its parameters in order.
  public var parameters: [Parameter]
  /// One sentence for help.
  public var doc: String
  /// A line of script that shows it.
  public var example: String
  /// What the host must have granted: `network`, `files`, `env`, `exec`, `clock`; nil for none.
  public var capability: String?

  /// Makes a signature.
  public init(
    _ name: String, _ parameters: [Parameter] = [], doc: String = "", example: String = "",
    capability: String? = nil
  ) {
    self.name = name
    self.parameters = parameters
    self.doc = doc
    self.example = example
    self.capability = capability
  }
}

/// A function that Swift gives to scripts.
public struct HostFunction: Sendable {
  /// What it takes.
  public var signature: Signature
  /// What it does.
  public var body: Body

  /// The three sorts of body.
  public enum Body: Sendable {
    /// Runs on the machine's thread and never waits.
    case immediate(@Sendable (inout NativeCall) throws -> Value)
    /// Only says for how many nanoseconds the fiber waits; the call's value is then null. Costs a few
    /// bytes where a `suspending` body costs a task.
    case sleeping(@Sendable (inout NativeCall) throws -> Int64)
    /// Runs outside; the fiber waits for it.
    case suspending(@Sendable (HostArguments) async throws -> ScriptValue)
  }

  /// Makes a function.
  public init(_ signature: Signature, _ body: Body) {
    self.signature = signature
    self.body = body
  }
}

/// The arguments of a suspending call, bound to the parameters of its signature.
public struct HostArguments: Sendable {
  /// The signature they were bound to.
  public let signature: Signature
  /// One value for each parameter; nil where the call left it out. A rest parameter is always a list.
  public let values: [ScriptValue?]
  /// What the session was made with for its functions; nil for a session that was given nothing.
  public let context: (any Sendable)?

  /// Makes bound arguments; `values` has one element for each parameter of `signature`.
  public init(signature: Signature, values: [ScriptValue?], context: (any Sendable)? = nil) {
    self.signature = signature
    self.values = values
    self.context = context
  }

  /// The argument for a parameter; nil when it was left out or there is no such parameter.
  public subscript(name: String) -> ScriptValue? {
    guard let index = signature.parameters.firstIndex(where: { $0.name == name }) else {
      return nil
    }
    return values[index]
  }
}
