// Field sets, patches and quantities by themselves.

import JSON
import Testing

@testable import SimulatedCluster

struct FieldTests {
  @Test func aFieldSetSurvivesItsWrittenForm() {
    let fields: JSONValue = [
      "f:metadata": ["f:labels": [".": [:], "f:a": [:]]],
      "f:spec": [
        "f:ports": ["k:{\"port\":80,\"protocol\":\"TCP\"}": [".": [:], "f:port": [:]]],
        "f:finalizers": ["v:\"x\"": [:]],
      ],
    ]
    #expect(FieldSet(fieldsV1: fields).fieldsV1 == fields)
  }

  @Test func keysOfListElementsCompareWhateverTheirOrder() {
    let one = PathElement(encoded: "k:{\"protocol\":\"TCP\",\"port\":80}")
    let other = PathElement(encoded: "k:{\"port\":80,\"protocol\":\"TCP\"}")
    #expect(one == other)
    #expect(one?.text == "[port=80,protocol=\"TCP\"]")
  }

  @Test func aPortWithoutProtocolIsTheTCPPort() {
    let shape = KindShapes.shape("Service")
    let value: JSONValue = ["spec": ["ports": [["port": 80]]]]
    let paths = TypedValue(value: value, shape: shape).fields().paths.map(pathText)
    #expect(paths.contains(".spec.ports[port=80,protocol=\"TCP\"].port"))
  }

  @Test func mergingKeepsTheOrderOfWhatIsApplied() {
    let shape = Shape.list(.named("EnvVar"), .keyed(["name"]))
    func names(_ list: [String]) -> JSONValue { .array(list.map { ["name": .string($0)] }) }
    let live = TypedValue(value: names(["a", "b", "c"]), shape: shape)
    #expect(live.merging(names(["c", "a"])) == names(["b", "c", "a"]))
    #expect(live.merging(names(["d"])) == names(["d", "a", "b", "c"]))
  }

  @Test(arguments: [
    ("1024Mi", "1Gi"), ("2000m", "2"), ("100m", "100m"), ("0.5", "500m"), ("1.5Gi", "1536Mi"),
    ("1000", "1k"), ("128Mi", "128Mi"), ("0", "0"), ("1e3", "1e3"), ("500M", "500M"),
  ])
  func quantitiesHaveOneForm(written: String, canonical: String) {
    #expect(Quantity.canonical(written) == canonical)
  }

  @Test(arguments: ["", "abc", "1x", "1.2.3", "Mi"])
  func otherTextsAreNoQuantities(text: String) {
    #expect(Quantity.canonical(text) == nil)
  }

  @Test func aMergePatchRemovesWithNull() {
    let value: JSONValue = ["a": ["b": 1, "c": 2], "d": [1, 2]]
    let patch: JSONValue = ["a": ["b": .null, "e": 3], "d": [9]]
    #expect(MergePatch.apply(patch, to: value) == ["a": ["c": 2, "e": 3], "d": [9]])
  }

  @Test func aJSONPatchIsAppliedInOrder() throws {
    let value: JSONValue = ["a": ["x/y": 1], "list": [1, 2]]
    let patch: JSONValue = [
      ["op": "test", "path": "/a/x~1y", "value": 1],
      ["op": "replace", "path": "/a/x~1y", "value": 2],
      ["op": "add", "path": "/list/-", "value": 3], ["op": "remove", "path": "/list/0"],
      ["op": "copy", "from": "/list", "path": "/b"], ["op": "move", "from": "/a", "path": "/c"],
    ]
    #expect(
      try JSONPatch.apply(patch, to: value) == ["list": [2, 3], "b": [2, 3], "c": ["x/y": 2]])
  }

  @Test(
    arguments: [
      ["op": "test", "path": "/a", "value": 2], ["op": "remove", "path": "/b"],
      ["op": "replace", "path": "/b", "value": 1], ["op": "add", "path": "/b/c", "value": 1],
      ["op": "add", "path": "/list/9", "value": 1],
    ] as [JSONValue])
  func aJSONPatchThatDoesNotFitIsInvalid(operation: JSONValue) {
    let value: JSONValue = ["a": 1, "list": [1]]
    #expect(throws: APIError.self) { try JSONPatch.apply([operation], to: value) }
  }

  @Test func aStrategicPatchMergesListsByTheirKey() {
    let shape = KindShapes.shape("PodSpec")
    let value: JSONValue = [
      "containers": [["name": "a", "image": "1"], ["name": "b", "image": "1"]],
      "nodeSelector": ["x": "1"],
    ]
    let patch: JSONValue = [
      "containers": [["name": "b", "image": "2"], ["name": "a", "$patch": "delete"]],
      "nodeSelector": .null,
    ]
    #expect(
      StrategicPatch.apply(patch, to: value, shape: shape)
        == ["containers": [["name": "b", "image": "2"]]])
  }

  @Test func timesAreReadAsTheyAreWritten() {
    for seconds: Int64 in [0, 951_782_399, 951_782_400, 1_700_000_000, 4_102_444_799] {
      #expect(Clock.seconds(Clock.text(seconds)) == seconds)
    }
    #expect(Clock.text(951_782_400) == "2000-02-29T00:00:00Z")
  }
}
