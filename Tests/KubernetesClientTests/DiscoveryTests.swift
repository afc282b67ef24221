// What discovery documents mean and how names are resolved in them.

import JSON
import Testing

@testable import KubernetesClient

@Suite("Discovery")
struct DiscoveryTests {
  private func aggregated() throws -> DiscoveredResources {
    var resources = DiscoveredResources()
    resources.add(
      aggregated: try YAML.parse(
        """
        items:
        - metadata: {name: ""}
          versions:
          - version: v1
            freshness: Current
            resources:
            - {resource: pods, responseKind: {version: v1, kind: Pod}, scope: Namespaced,
               singularResource: pod, shortNames: [po], categories: [all], verbs: [get, list],
               subresources: [{subresource: log, responseKind: {kind: Pod}}]}
            - {resource: services, responseKind: {kind: Service}, scope: Namespaced,
               singularResource: service, shortNames: [svc]}
        """))
    resources.add(
      aggregated: try YAML.parse(
        """
        items:
        - metadata: {name: apps}
          versions:
          - version: v1
            freshness: Current
            resources:
            - {resource: deployments, responseKind: {kind: Deployment}, scope: Namespaced,
               singularResource: deployment, shortNames: [deploy]}
            - {resource: parents, scope: Namespaced, subresources: [{subresource: x}]}
        - metadata: {name: networking.istio.io}
          versions:
          - version: v1beta1
            freshness: Stale
            resources:
            - {resource: gateways, responseKind: {kind: Gateway}, scope: Namespaced,
               singularResource: gateway, shortNames: [gw]}
          - version: v1alpha3
            freshness: Current
            resources:
            - {resource: gateways, responseKind: {kind: Gateway}, scope: Namespaced,
               singularResource: gateway, shortNames: [gw]}
          - version: v1
            freshness: Current
            resources:
            - {resource: gateways, responseKind: {kind: Gateway}, scope: Namespaced,
               singularResource: gateway, shortNames: [gw]}
        - metadata: {name: gateway.networking.k8s.io}
          versions:
          - version: v1
            resources:
            - {resource: gateways, responseKind: {kind: Gateway}, scope: Namespaced,
               singularResource: gateway, shortNames: [gtw]}
            - {resource: deploy, responseKind: {kind: Trap}, scope: Cluster, shortNames: [pods]}
        """))
    return resources
  }

  @Test(
    "names resolve as kubectl resolves them",
    arguments: [
      ("pods", "v1", "pods"), ("pod", "v1", "pods"), ("POD", "v1", "pods"), ("po", "v1", "pods"),
      ("pods.v1", "v1", "pods"), ("pods.v1.", "v1", "pods"),
      ("Deployment", "apps/v1", "deployments"), ("deployments.apps", "apps/v1", "deployments"),
      ("deployments.v1.apps", "apps/v1", "deployments"),
      ("deploy.apps", "apps/v1", "deployments"),
      ("gateways", "networking.istio.io/v1alpha3", "gateways"),
      ("gateways.networking.istio.io", "networking.istio.io/v1alpha3", "gateways"),
      ("gateways.v1.networking.istio.io", "networking.istio.io/v1", "gateways"),
      ("gateway.gateway", "gateway.networking.k8s.io/v1", "gateways"),
      ("gtw", "gateway.networking.k8s.io/v1", "gateways"),
      ("trap", "gateway.networking.k8s.io/v1", "deploy"),
    ])
  func names(name: String, apiVersion: String, plural: String) throws {
    let type = try #require(try aggregated().resource(named: name))
    #expect(type.apiVersion == apiVersion)
    #expect(type.plural == plural)
  }

  @Test("an exact plural wins over another's short name")
  func exactFirst() throws {
    #expect(try aggregated().resource(named: "deploy")?.kind == "Trap")
  }

  @Test("a short name of several resources is the first one's, and the others are told")
  func ambiguity() throws {
    var resources = try aggregated()
    resources.add(
      aggregated: try YAML.parse(
        """
        items:
        - metadata: {name: example.com}
          versions:
          - version: v1
            resources:
            - {resource: postboxes, responseKind: {kind: Postbox}, scope: Namespaced,
               singularResource: postbox, shortNames: [po, svc], categories: [all, post]}
          - version: v1beta1
            resources:
            - {resource: postboxes, responseKind: {kind: Postbox}, scope: Namespaced,
               singularResource: postbox, shortNames: [po], categories: [all, post]}
        """))
    let match = try #require(resources.match(named: "po"))
    #expect(match.type.kind == "Pod")
    #expect(match.others.map(\.qualifiedName) == ["postboxes.example.com"])
    #expect(resources.match(named: "pods")?.others.isEmpty == true)
    #expect(resources.match(named: "po.example.com")?.type.version == "v1")
    #expect(resources.match(named: "po.example.com")?.others.isEmpty == true)
  }

  @Test("a category means its members, each once and in its preferred version")
  func categories() throws {
    let resources = try aggregated()
    #expect(resources.resources(inCategory: "ALL").map(\.qualifiedName) == ["pods"])
    #expect(resources.resources(inCategory: "none").isEmpty)
  }

  @Test("unknown names resolve to nothing, with candidates at hand")
  func unknown() throws {
    let resources = try aggregated()
    for name in [
      "deploymnts", "pods.apps", "pods.v2", "", ".", "parents", "gateways.v2.networking.istio.io",
    ] {
      #expect(resources.resource(named: name) == nil, "\(name)")
    }
    #expect(resources.names.contains("deployments"))
    #expect(resources.kinds(apiVersion: "apps/v1") == ["Deployment"])
    #expect(resources.failed == ["networking.istio.io/v1beta1"])
  }

  @Test("a group that is all stale is left out and named")
  func stale() throws {
    var resources = DiscoveredResources()
    resources.add(
      aggregated: try YAML.parse(
        """
        items:
        - metadata: {name: metrics.k8s.io}
          versions:
          - version: v1beta1
            freshness: Stale
            resources:
            - {resource: pods, responseKind: {kind: PodMetrics}, scope: Namespaced,
               singularResource: pod}
        """))
    #expect(resources.resource(named: "pods") == nil)
    #expect(resources.versions(group: "metrics.k8s.io", kind: "PodMetrics").isEmpty)
    #expect(resources.failed == ["metrics.k8s.io/v1beta1"])
  }

  @Test("served versions come best first, without those that are stale")
  func versions() throws {
    let versions = try aggregated().versions(group: "networking.istio.io", kind: "Gateway")
    #expect(versions.map(\.version) == ["v1", "v1alpha3"])
    #expect(try aggregated().versions(group: "nobody", kind: "Gateway").isEmpty)
  }

  @Test("apiVersion and kind find a resource and its subresources")
  func byKind() throws {
    let pod = try #require(try aggregated().resource(apiVersion: "v1", kind: "Pod"))
    #expect(pod.isNamespaced)
    #expect(pod.subresources == ["log"])
    #expect(pod.categories == ["all"])
    #expect(try aggregated().resource(apiVersion: "apps/v1", kind: "Pod") == nil)
  }

  @Test("legacy documents give the same")
  func legacy() throws {
    let groups = DiscoveredResources.legacyGroups(
      try YAML.parse(
        """
        groups:
        - name: autoscaling
          versions: [{version: v1}, {version: v2beta2}]
          preferredVersion: {version: v2beta2}
        - versions: null
        """))
    #expect(groups.count == 1)
    #expect(groups[0].versions == ["v2beta2", "v1"])
    let resources = DiscoveredResources.legacyResources(
      try YAML.parse(
        """
        resources:
        - {name: deployments, singularName: "", namespaced: true, kind: Deployment, verbs: [get]}
        - {name: deployments/scale, singularName: "", namespaced: true, kind: Scale}
        """), group: "apps", version: "v1")
    #expect(resources.count == 1)
    #expect(resources[0].singular == "deployment")
    #expect(resources[0].subresources == ["scale"])
    #expect(
      DiscoveredResources.legacyResources(["resources": .null], group: "", version: "v1").isEmpty)
  }

  @Test("the content type tells aggregated documents, whatever the order of its parameters")
  func contentTypes() {
    let yes = [
      "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList",
      "application/json; as=APIGroupDiscoveryList; v=v2beta1; g=apidiscovery.k8s.io; charset=utf-8",
    ]
    let no = [
      "", "application/json",
      "application/json;g=apidiscovery.k8s.io;v=v3;as=APIGroupDiscoveryList",
      "application/json;v=v2;as=APIGroupDiscoveryList",
    ]
    for type in yes { #expect(KubernetesClient.isAggregated(type), "\(type)") }
    for type in no { #expect(!KubernetesClient.isAggregated(type), "\(type)") }
  }
}
