// Examples of the errors of verbs and clusters, and of those around a script.

import Builtins

extension ErrorExample {
  /// E05xx: what the script asks of clusters.
  static let ofVerbs: [ErrorExample] = [
    .outside(
      MeshErrorCode.unknownContext, "cluster \"c1\", context: \"prd\"",
      prints: "the kubeconfig has no context \"prd\"",
      "Use a context that the kubeconfig has; the note lists them."),
    .outside(
      MeshErrorCode.badKubeconfig, "msh run join.msh --kubeconfig missing.yaml",
      prints: "missing.yaml: no such file",
      "Set KUBECONFIG or `--kubeconfig` to a file that kubectl can use."),
    .outside(
      MeshErrorCode.badArgument, "list contexts(\"*\")[0], \"pods\", timeout: \"soon\"",
      prints: "list: timeout must be a duration, found string",
      "Give a value of the type that `msh help VERB` shows."),
    .outside(
      MeshErrorCode.unknownKind, "list c, \"podz\"",
      prints: "cluster1: discover podz: the cluster serves no such resource",
      "Write a kind, plural or short name that the cluster serves, with its group if it is unclear."
    ),
    .outside(
      MeshErrorCode.outsideFence, "fence [\"onprem-*\"]\nlist cluster(\"prod\"), \"pods\"",
      prints: "cluster prod is outside the fence",
      "Leave the cluster alone, or widen the `fence` at the top of the script."),
    .outside(
      MeshErrorCode.badManifest, "apply c, {kind: \"ConfigMap\"}",
      prints: "apply: an object needs apiVersion, kind and metadata.name",
      "Give a whole Kubernetes object, a list of them, or YAML text."),
  ]

  /// E051x and E052x: what a cluster answers.
  static let ofClusters: [ErrorExample] = [
    .outside(
      MeshErrorCode.unreachable, "print contexts(\"*\")[0].version",
      prints: "cluster1: the API server cannot be reached: connection refused",
      "Check the address, VPN and firewall. `settings unreachable: \"skip\"` leaves the cluster out."
    ),
    .outside(
      MeshErrorCode.unauthorized, "list c, \"pods\"",
      prints: "cluster1: list pods in namespace \"default\": 401 Unauthorized",
      "Renew the kubeconfig's credentials, and see that they are of this cluster."),
    .outside(
      MeshErrorCode.forbidden, "list c, \"secrets\"",
      prints: "cluster1: list secrets in namespace \"default\": 403 Forbidden",
      "Ask for the right that the message names; `kubectl auth can-i` tells what there is."),
    .outside(
      MeshErrorCode.notFound, "get c, \"deploy/istiod\", namespace: \"istio-system\"",
      prints:
        "cluster1: get deployments.apps \"istiod\" in namespace \"istio-system\": 404 NotFound",
      "Correct the name or namespace, or give `default: null` where it may be missing."),
    .outside(
      MeshErrorCode.conflict, "apply c, deployment",
      prints:
        "cluster1: apply deployments.apps \"web\": 409 Conflict: kubectl owns .spec.replicas",
      "Leave the field to its manager, or give it the value that it has."),
    .outside(
      MeshErrorCode.rejected,
      "apply c, {apiVersion: \"v1\", kind: \"Pod\", metadata: {name: \"A_B\"}}",
      prints: "cluster1: apply pods \"A_B\": 422 Invalid: metadata.name",
      "Correct the fields that the server names."),
    .outside(
      MeshErrorCode.refused, "list c, \"pods\"",
      prints: "cluster1: list pods: 500 InternalError",
      "The server's words say why; look at its logs when they do not."),
    .outside(
      MeshErrorCode.notKubernetes, "print c.version",
      prints: "cluster1: get version: the answer is not one of a Kubernetes API server",
      "Check the server's address: a proxy or a login page may have answered."),
    .outside(
      MeshErrorCode.severalFailed, "list contexts(\"*\"), \"pods\"",
      prints: "list failed on 2 clusters",
      "The notes have each cluster's error, `e.errors` has them as data."),
    .outside(
      MeshErrorCode.timedOut,
      "wait c, \"deploy/istiod\", for: \"condition=Available\", timeout: 5s",
      prints: "cluster1: deployments.apps \"istiod\" did not become Available within 5s",
      "The message says what it was still waiting for; allow more time with `timeout:`."),
    .outside(
      MeshErrorCode.cannotHappen, "wait c, \"pod/job\", for: \"condition=Ready\"",
      prints: "cluster1: pods \"job\" has ended",
      "What is waited for cannot come about any more: look at the object."),
  ]

  /// E053x to E055x: what stands in the way of a mesh.
  static let ofMeshes: [ErrorExample] = [
    .outside(
      MeshErrorCode.noIstio, "expose c",
      prints: "cluster1: apply gateways.networking.istio.io: the cluster serves no such resource",
      "Install Istio's control plane in the cluster first."),
    .outside(
      MeshErrorCode.immutableSelector, "gateway c, network: \"network1\"",
      prints: "cluster1: the Deployment selects other pods",
      "Delete the old Deployment, or give the gateway another `name:`."),
    .outside(
      MeshErrorCode.selfLink, "link [c1, c1]", prints: "link: c1 would be linked to itself",
      "Name different clusters."),
    .outside(
      MeshErrorCode.doubleName, "link [cluster(\"c1\"), cluster(\"c1\", context: \"other\")]",
      prints: "link: two clusters are named c1",
      "Give each cluster a name of its own: it is its cluster ID in Istio."),
    .outside(
      MeshErrorCode.badClusterName, "link [cluster(\"My Cluster\", context: \"a\"), c2]",
      prints: "link: \"My Cluster\" cannot be a cluster ID",
      "Use a name of lower-case letters, digits, `-` and `.`."),
    .outside(
      MeshErrorCode.loopbackServer, "link [c1, c2]",
      prints: "link: the API address of c1 is a loopback address",
      "Give an address that the other clusters reach: `server:`. For clusters on one machine there is"
        + " `allowLoopback: true`."),
    .outside(
      MeshErrorCode.noCredentials, "link [c1, c2]",
      prints: "c1: none of the account's secrets is a token",
      "See that the cluster's token controller runs."),
    .outside(
      MeshErrorCode.unclearServer, "link [c1, c2], server: \"https://10.0.0.1\"",
      prints: "link: server is one for 2 clusters",
      "Give a map with an address for each cluster's name."),
    .outside(
      MeshErrorCode.secretMisplaced, "apply c, {kind: \"ConfigMap\", data: {key: secret}}",
      prints: "a secret's value would be written where it can be read",
      "Put it in the data of a Secret, or say `.reveal()` when that is what you want."),
  ]

  /// E06xx: around the script.
  static let aroundScripts: [ErrorExample] = [
    .outside(
      EngineFault.unreadableScript, "msh run missing.msh",
      prints: "missing.msh: no such file or directory", "Give the path of a script, or `-`."),
    .outside(
      EngineFault.busy, "two inputs of one conversation at the same time",
      prints: "another input of this conversation is still running",
      "Wait for the first input, or start another conversation."),
    .outside(
      EngineFault.unexpected, "anything", prints: "an error that nothing else explains",
      "Please report it, with the script."),
    .outside(
      EngineFault.sandboxFailed, "msh run join.msh --sandbox 2",
      prints: "the simulated clusters cannot be started",
      "The message says why; they need a free port on loopback and a temporary folder."),
    .outside(
      EngineFault.unwritableFile, "msh sandbox --kubeconfig /missing/config",
      prints: "/missing/config: no such file or directory",
      "Give a path in a folder that exists and can be written to."),
  ]
}
