// Custom resource definitions: the row a definition adds, and the definitions that Istio and the
// Gateway API bring into a mesh's clusters.

import JSON

extension ResourceType {
  /// The row that a CustomResourceDefinition describes; nil when it serves no version.
  init?(definition: JSONValue) {
    guard let spec = definition["spec"], let group = spec["group"]?.string,
      let names = spec["names"], let plural = names["plural"]?.string,
      let kind = names["kind"]?.string
    else { return nil }
    let versions = (spec["versions"]?.array ?? []).filter { $0["served"]?.bool ?? false }
    guard !versions.isEmpty else { return nil }
    self.init(
      group, plural, kind, short: Self.texts(names["shortNames"]),
      categories: Self.texts(names["categories"]),
      namespaced: spec["scope"]?.string == "Namespaced",
      versions: versions.compactMap { $0["name"]?.string }.sorted(by: Self.isNewer)
        .map { Version($0) },
      generation: true)
    isCustom = true
    singular = names["singular"]?.string ?? kind.lowercased()
    listKind = names["listKind"]?.string ?? kind + "List"
    let preferred = versions.first { $0["name"]?.string == storageVersion }
    if preferred?.at(["subresources", "status"]) != nil { subresources.append("status") }
    printerColumns = preferred?["additionalPrinterColumns"]?.array ?? []
    shape = Self.shape(of: preferred)
    for version in versions {
      guard let name = version["name"]?.string, name != storageVersion else { continue }
      versionShapes[name] = Self.shape(of: version)
    }
  }

  private static func texts(_ value: JSONValue?) -> [String] {
    (value?.array ?? []).compactMap(\.string)
  }

  private static func shape(of version: JSONValue?) -> Shape {
    guard let schema = version?.at(["schema", "openAPIV3Schema"]) else { return .any }
    guard case .object(var object) = Shape(schema: schema) else { return .any }
    object.fields["apiVersion"] = .string
    object.fields["kind"] = .string
    object.fields["metadata"] = .named("ObjectMeta")
    return .object(object)
  }

  /// Kubernetes' order of versions: v2 before v1 before v1beta2 before v1alpha1.
  static func isNewer(_ left: String, _ right: String) -> Bool {
    let (first, second) = (rank(left), rank(right))
    return first == second ? left < right : first.lexicographicallyPrecedes(second)
  }

  private static func rank(_ version: String) -> [Int] {
    let numbers = version.split { !$0.isNumber }.compactMap { Int($0) }
    let stage = version.contains("alpha") ? 2 : version.contains("beta") ? 1 : 0
    return [stage] + numbers.map { -$0 }
  }
}

extension Shape {
  /// The shape that an OpenAPI schema of a custom resource describes.
  init(schema: JSONValue) {
    let keepsUnknown = schema["x-kubernetes-preserve-unknown-fields"]?.bool ?? false
    if schema["x-kubernetes-int-or-string"]?.bool ?? false {
      self = .intOrString
      return
    }
    switch schema["type"]?.string {
    case "object": self = Self.object(schema, keepsUnknown: keepsUnknown)
    case "array": self = .list(Shape(schema: schema["items"] ?? [:]), Self.listKind(schema))
    case "string": self = .string
    case "integer": self = .int(dropsZero: false)
    case "number": self = .number
    case "boolean": self = .bool(dropsFalse: false)
    default: self = .any
    }
  }

  private static func object(_ schema: JSONValue, keepsUnknown: Bool) -> Shape {
    let isAtomic = schema["x-kubernetes-map-type"]?.string == "atomic"
    if let properties = schema["properties"]?.object {
      var fields: [String: Shape] = [:]
      for (name, property) in properties { fields[name] = Shape(schema: property) }
      return .object(
        ObjectShape(fields: fields, isAtomic: isAtomic, keepsUnknown: keepsUnknown))
    }
    if let element = schema["additionalProperties"], element.object != nil {
      return .map(Shape(schema: element))
    }
    return keepsUnknown ? .any : .object(ObjectShape(fields: [:], isAtomic: isAtomic))
  }

  private static func listKind(_ schema: JSONValue) -> ListKind {
    switch schema["x-kubernetes-list-type"]?.string {
    case "set": .set
    case "map":
      .keyed((schema["x-kubernetes-list-map-keys"]?.array ?? []).compactMap(\.string))
    default: .atomic
    }
  }
}

/// The custom resource definitions that a cluster of a mesh has.
enum MeshDefinitions {
  private struct Row {
    var group: String
    var kind: String
    var plural: String
    var short: [String] = []
    var versions: [String]
    var shape = "IstioCustomResource"
    var namespaced = true
    var category = "istio-io"
  }

  /// The definitions as objects, for the versions of Istio's networking API that are served.
  static func definitions(istioVersions: [String]) -> [JSONValue] {
    rows(istioVersions).map(definition)
  }

  private static func rows(_ istio: [String]) -> [Row] {
    let networking = "networking.istio.io"
    let stable = istio.filter { $0 != "v1alpha3" }
    let gatewayAPI = "gateway.networking.k8s.io"
    return [
      Row(
        group: networking, kind: "Gateway", plural: "gateways", short: ["gw"], versions: istio,
        shape: "IstioGateway"),
      Row(
        group: networking, kind: "VirtualService", plural: "virtualservices", short: ["vs"],
        versions: istio),
      Row(
        group: networking, kind: "DestinationRule", plural: "destinationrules", short: ["dr"],
        versions: istio),
      Row(
        group: networking, kind: "ServiceEntry", plural: "serviceentries", short: ["se"],
        versions: istio),
      Row(group: networking, kind: "Sidecar", plural: "sidecars", versions: istio),
      Row(
        group: networking, kind: "WorkloadEntry", plural: "workloadentries", short: ["we"],
        versions: istio),
      Row(
        group: networking, kind: "EnvoyFilter", plural: "envoyfilters", versions: ["v1alpha3"]),
      Row(
        group: "security.istio.io", kind: "PeerAuthentication", plural: "peerauthentications",
        short: ["pa"], versions: stable),
      Row(
        group: "security.istio.io", kind: "AuthorizationPolicy", plural: "authorizationpolicies",
        short: ["ap"], versions: stable),
      Row(
        group: gatewayAPI, kind: "GatewayClass", plural: "gatewayclasses", short: ["gc"],
        versions: ["v1", "v1beta1"], namespaced: false, category: "gateway-api"),
      Row(
        group: gatewayAPI, kind: "Gateway", plural: "gateways", short: ["gtw"],
        versions: ["v1", "v1beta1"], category: "gateway-api"),
    ].filter { !$0.versions.isEmpty }
  }

  private static func definition(_ row: Row) -> JSONValue {
    let schema = Shape.named(row.shape).schema
    let versions = row.versions.enumerated().map { index, name -> JSONValue in
      [
        "name": .string(name), "served": true, "storage": .bool(index == 0),
        "subresources": ["status": [:]], "schema": ["openAPIV3Schema": schema],
        "additionalPrinterColumns": .array(columns(row)),
      ]
    }
    return [
      "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
      "metadata": ["name": .string("\(row.plural).\(row.group)")],
      "spec": [
        "group": .string(row.group), "scope": row.namespaced ? "Namespaced" : "Cluster",
        "names": [
          "kind": .string(row.kind), "listKind": .string(row.kind + "List"),
          "plural": .string(row.plural), "singular": .string(row.kind.lowercased()),
          "shortNames": .array(row.short.map { .string($0) }),
          "categories": [.string(row.category)],
        ],
        "conversion": ["strategy": "None"], "versions": .array(versions),
      ],
    ]
  }

  private static func columns(_ row: Row) -> [JSONValue] {
    guard row.group == "gateway.networking.k8s.io", row.kind == "Gateway" else { return [] }
    return [
      ["name": "Class", "type": "string", "jsonPath": ".spec.gatewayClassName"],
      ["name": "Address", "type": "string", "jsonPath": ".status.addresses[*].value"],
      [
        "name": "Programmed", "type": "string",
        "jsonPath": ".status.conditions[?(@.type==\"Programmed\")].status",
      ],
      ["name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"],
    ]
  }
}
