// The contexts of the kubeconfig, for people who want to see what there is before they name it.

import Builtins
import KubernetesClient
import Lexer

extension Engine {
  /// The names of the kubeconfig's contexts; none when there is no kubeconfig that can be read.
  public func contextNames() -> [String] { (try? loadKubeconfig().contextNames) ?? [] }

  /// The kubeconfig's contexts with their servers; the one that is used by default has a `*`.
  ///
  /// - Throws: a `Diagnostic` when the kubeconfig cannot be read. A context that cannot be used is a
  ///   row that says why.
  public func contextTable() throws(Diagnostic) -> ValueTable {
    let kubeconfig: Kubeconfig
    do { kubeconfig = try loadKubeconfig() } catch {
      throw Diagnostic(code: MeshErrorCode.badKubeconfig.rawValue, error.description)
    }
    let current = options.context ?? kubeconfig.currentContext
    let rows = kubeconfig.contextNames.map { name in
      [name == current ? "*" : "", name, Self.server(of: name, in: kubeconfig)]
    }
    return ValueTable(columns: ["", "context", "server"], rows: rows)
  }

  private func loadKubeconfig() throws(KubeconfigError) -> Kubeconfig {
    try Kubeconfig.load(explicitPath: options.kubeconfig, environment: options.environment)
  }

  private static func server(of name: String, in kubeconfig: Kubeconfig) -> String {
    do {
      return try kubeconfig.settings(context: name).server.description
    } catch { return error.problems.joined(separator: "; ") }
  }
}
