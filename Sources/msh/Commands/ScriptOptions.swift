// The options that every command shares that runs a script.

import ArgumentParser
import MeshScript

/// Which clusters, how, and in what form the answer comes.
struct ScriptOptions: ParsableArguments {
  @Option(
    name: .customLong("set"), parsing: .unconditionalSingleValue,
    help: ArgumentHelp(
      "Set a param of the script; may be repeated.", valueName: "name=value"))
  var assignments: [Setting] = []

  @Option(
    help: ArgumentHelp("Read clusters from this file, not from KUBECONFIG.", valueName: "file"))
  var kubeconfig: String?

  @Option(help: ArgumentHelp("Use this context where a script names none.", valueName: "name"))
  var context: String?

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp(
      "Use this namespace where a script names none, not the contexts' own.", valueName: "name"))
  var namespace: String?

  @OptionGroup var identity: IdentityOptions

  @Option(
    help: ArgumentHelp(
      "Run against this many simulated clusters, contexts cluster1, cluster2 and so on.",
      valueName: "n"))
  var sandbox: Int?

  @Option(name: [.customShort("o"), .long], help: "What the run's result looks like.")
  var output: OutputFormat = .text

  @OptionGroup var errors: DiagnosticOptions

  @Option(help: ArgumentHelp("Iterations of a parallel at once.", valueName: "n"))
  var parallelism: Int?

  @Option(
    help: ArgumentHelp("Longest wait for one thing, such as 30s or 5m.", valueName: "duration"))
  var timeout: TimeSpan?

  @Option(
    help: ArgumentHelp(
      "Longest time for one request, further tries included, such as 10s.", valueName: "duration"))
  var requestTimeout: TimeSpan?

  @Option(
    help: ArgumentHelp(
      "What an unreachable cluster means: fail, skip, or how long to wait for it.",
      valueName: "what"))
  var unreachable: UnreachableOption?

  @Flag(name: .shortAndLong, help: "Show each request with its time; twice: with its headers.")
  var verbose: Int

  @Option(
    help: ArgumentHelp(
      "Write the requests to this file as an HTTP archive, without credentials and bodies.",
      valueName: "file"))
  var trace: String?

  @Flag(help: "Let the script start programs with exec.")
  var allowExec = false

  func validate() throws {
    if let sandbox, !(1...64).contains(sandbox) {
      throw ValidationError("--sandbox takes a number from 1 to 64")
    }
    if sandbox != nil, kubeconfig != nil {
      throw ValidationError("--sandbox brings clusters of its own: leave out --kubeconfig")
    }
    if let parallelism, parallelism < 1 {
      throw ValidationError("--parallelism takes a number from 1")
    }
    if let requestTimeout, requestTimeout.duration <= .zero {
      throw ValidationError("--request-timeout takes a duration above 0s")
    }
    if namespace?.isEmpty == true { throw ValidationError("--namespace takes a name") }
    var names: Set<String> = []
    for setting in assignments where !names.insert(setting.name).inserted {
      throw ValidationError("--set \(setting.name) comes twice")
    }
  }

  /// The options as plain values.
  func settings(arguments: [String] = []) -> RunSettings {
    var result = RunSettings()
    result.parameters = Dictionary(assignments.map { ($0.name, $0.value) }) { _, last in last }
    result.arguments = arguments
    result.kubeconfig = kubeconfig
    result.context = context
    result.namespace = namespace
    result.impersonation = identity.impersonation
    result.requestTimeout = requestTimeout?.duration
    result.sandbox = sandbox
    result.output = output
    result.diagnostics = errors.style
    result.parallelism = parallelism
    result.timeout = timeout?.duration
    result.unreachable = unreachable?.policy
    result.verbosity = verbose
    result.tracePath = trace
    result.allowsExec = allowExec
    return result
  }
}

/// `name=value`.
struct Setting: ExpressibleByArgument, Equatable {
  var name: String
  var value: String

  init(name: String, value: String) {
    self.name = name
    self.value = value
  }

  init?(argument: String) {
    guard let equals = argument.firstIndex(of: "="), equals != argument.startIndex else {
      return nil
    }
    name = String(argument[..<equals])
    value = String(argument[argument.index(after: equals)...])
  }
}

/// `text` or `json`.
enum OutputFormat: String, ExpressibleByArgument, CaseIterable {
  case text
  case json
}

/// A duration as scripts write it: `250ms`, `30s`, `1h30m`.
struct TimeSpan: ExpressibleByArgument, Equatable {
  var duration: Duration

  init?(argument: String) {
    guard let duration = Duration(script: argument) else { return nil }
    self.duration = duration
  }
}

/// `fail`, `skip` or a duration.
struct UnreachableOption: ExpressibleByArgument, Equatable {
  var policy: UnreachablePolicy

  init?(argument: String) {
    switch argument {
    case "fail": policy = .fail
    case "skip": policy = .skip
    default:
      guard let duration = Duration(script: argument) else { return nil }
      policy = .wait(duration)
    }
  }
}

extension Duration {
  /// Reads the language's notation: units from large to small, each at most once.
  init?(script text: String) {
    guard let nanoseconds = Notation.nanoseconds(text) else { return nil }
    self = .nanoseconds(nanoseconds)
  }
}
