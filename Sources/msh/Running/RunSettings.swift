// How scripts are run, as plain values: what the command line's options come to.

import KubernetesClient
import MeshScript

/// The choices of one invocation. The defaults are those of a command line without options.
struct RunSettings: Sendable {
  /// Params as text, by name.
  var parameters: [String: String] = [:]
  /// What `args` gives the script.
  var arguments: [String] = []
  var kubeconfig: String?
  var context: String?
  var namespace: String?
  var impersonation: Impersonation?
  var requestTimeout: Duration?
  /// How many simulated clusters to start; nil for real ones.
  var sandbox: Int?
  /// What the run's result looks like.
  var output = OutputFormat.text
  /// What errors look like.
  var diagnostics = DiagnosticStyle()
  var parallelism: Int?
  var timeout: Duration?
  var unreachable: UnreachablePolicy?
  /// 1 shows each request, 2 its headers, too.
  var verbosity = 0
  /// Where to write the requests as an HTTP archive; nil for nowhere.
  var tracePath: String?
  /// The open archive of `tracePath`.
  var trace: TraceFile?
  /// Whether scripts may start programs.
  var allowsExec = false
}
