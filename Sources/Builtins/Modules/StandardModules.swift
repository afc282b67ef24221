// Modules that ship with msh, written in the language: `import "std/mesh"`.

import Interpreter

/// The modules of the library.
enum StandardModules {
  /// Adds the modules that need the verbs.
  static func add(to library: inout Library) {
    library.add(module: "std/mesh", text: mesh)
  }

  private static let mesh = #"""
    ## Helpers for meshes of several clusters: the verbs do the work, these say what to do to which.

    ## The network that a cluster is in: its own, or one that is named after it.
    fn networkOf(cluster) => cluster.network ?? "network-${cluster.name}"

    ## Gives a cluster its gateway and exposes its services on it; gives the gateway's address.
    fn open(cluster, mesh = "mesh1", revision = null, wait = 5m) {
      let address = gateway(
        cluster, mesh: mesh, network: networkOf(cluster), revision: revision, wait: wait)
      expose cluster
      return address
    }

    ## Makes one mesh of the clusters: opens each, then links each with each.
    fn join(clusters, mesh = "mesh1", revision = null, wait = 5m, allowLoopback = false) {
      parallel for c in clusters { open(c, mesh, revision, wait) }
      return link(clusters, allowLoopback: allowLoopback)
    }

    ## Joins one more cluster to those that are a mesh already.
    fn add(newcomer, clusters, mesh = "mesh1", revision = null, wait = 5m, allowLoopback = false) {
      open(newcomer, mesh, revision, wait)
      return link(newcomer <-> clusters, allowLoopback: allowLoopback)
    }

    ## The clusters whose API servers answer, in the order given.
    fn reachable(clusters) {
      let answers = parallel for c in clusters { c.reachable }
      return clusters.zip(answers).filter(pair => pair[1]).map(pair => pair[0])
    }

    ## The names of the clusters that a cluster's control plane reads services from.
    fn remotes(cluster, namespace = "istio-system") {
      let secrets = cluster.list(
        "secrets", namespace: namespace, labels: "istio/multiCluster=true")
      return secrets.map(s => s.metadata.name.replace("istio-remote-secret-", "")).sorted()
    }

    """#
}
