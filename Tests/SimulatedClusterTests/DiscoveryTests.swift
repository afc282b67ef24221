// Discovery: what is served by which version of Kubernetes, in both forms.

import JSON
import Testing

@testable import SimulatedCluster

struct DiscoveryTests {
  private static let aggregated =
    "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,"
    + "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json"

  @Test(arguments: [
    ("1.20.2", "application/json"),
    ("1.27.0", "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList"),
    ("1.32.0", "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"),
  ])
  func theAggregatedFormDependsOnTheVersion(version: String, type: String) {
    let plane = TestPlane(version: version)
    for path in ["/api", "/apis"] {
      #expect(plane.send("GET", path, accept: Self.aggregated).response.contentType == type)
    }
  }

  @Test func bothFormsNameTheSameResources() {
    let plane = TestPlane()
    let document = plane.send("GET", "/apis", accept: Self.aggregated).json
    for group in document["items"]?.array ?? [] {
      for version in group["versions"]?.array ?? [] {
        let path = "/apis/\(group.name)/\(version["version"]?.string ?? "")"
        let listed = (plane.get(path).json["resources"]?.array ?? [])
          .compactMap { $0["name"]?.string }.filter { !$0.contains("/") }
        let aggregated = (version["resources"]?.array ?? []).compactMap { $0["resource"]?.string }
        #expect(listed == aggregated)
      }
    }
  }

  @Test(arguments: [
    ("1.20.2", ["v1", "v2beta2"]), ("1.23.0", ["v2", "v1", "v2beta2"]), ("1.32.0", ["v2", "v1"]),
  ])
  func autoscalingFollowsTheVersion(version: String, expected: [String]) {
    let group = TestPlane(version: version).get("/apis/autoscaling").json
    let versions = (group["versions"]?.array ?? []).compactMap { $0["version"]?.string }
    #expect(versions == expected)
    #expect(group.at(["preferredVersion", "version"])?.string == expected.first)
  }

  @Test func everyBuiltInKindHasAKnownShape() {
    for type in ResourceTable.builtIn where type.verbs != ["create"] {
      #expect(KindShapes.types[type.kind] != nil, "\(type.kind)")
    }
  }

  @Test func everyNamedTypeOfAShapeExists() {
    func names(_ shape: Shape) -> [String] {
      switch shape {
      case .named(let name): [name]
      case .list(let element, _), .map(let element): names(element)
      default: []
      }
    }
    for (name, type) in KindShapes.types {
      for used in type.fields.values.flatMap(names) {
        #expect(KindShapes.types[used] != nil, "\(name) names \(used)")
      }
    }
  }

  @Test func theOpenAPIDocumentSaysThatFieldsAreValidated() throws {
    let plane = TestPlane()
    let paths = try #require(plane.get("/openapi/v3").json["paths"]?.object)
    #expect(paths["api/v1"] != nil)
    let document = plane.get("/openapi/v3/apis/apps/v1").json
    let path = "/apis/apps/v1/namespaces/{namespace}/deployments/{name}"
    let parameters = document.at(["paths", path, "patch", "parameters"])?.array ?? []
    #expect(parameters.contains { $0["name"] == "fieldValidation" })
    let schemas = try #require(document.at(["components", "schemas"])?.object)
    #expect(
      schemas["PodSpec"]?.at(["properties", "containers", "x-kubernetes-patch-merge-key"])
        == "name")
  }

  @Test func theVersionIsTold() {
    let json = TestPlane(version: "1.28.3").get("/version").json
    #expect(json["gitVersion"] == "v1.28.3")
    #expect(json["minor"] == "28")
  }
}
