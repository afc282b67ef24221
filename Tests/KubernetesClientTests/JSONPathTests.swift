// JSONPath as kubectl reads it.

import JSON
import Testing

@testable import KubernetesClient

@Suite("Paths to fields")
struct JSONPathTests {
  private let pod: JSONValue = [
    "metadata": ["labels": ["a.b/c": "x"], "generation": 3],
    "status": [
      "items": [["ip": "1.2.3.4"], ["ip": "5"]],
      "conditions": [
        ["type": "Ready", "status": "False", "n": 1],
        ["type": "Scheduled", "status": "True", "n": 2.5],
      ],
    ],
  ]

  @Test(
    "a path finds its field, with or without braces",
    arguments: [
      "{.status.items[0].ip}", ".status.items[0].ip", "status.items[-2].ip", "$.status.items[0].ip",
      "{['status'].items[0]['ip']}", #"{["status"]["items"][0].ip}"#,
    ])
  func finds(text: String) throws {
    #expect(try #require(JSONPath(text)).value(in: pod) == "1.2.3.4")
  }

  @Test(
    "keys with dots are quoted or escaped",
    arguments: [#"{.metadata.labels.a\.b/c}"#, "{.metadata.labels['a.b/c']}"])
  func keys(text: String) throws {
    #expect(try #require(JSONPath(text)).value(in: pod) == "x")
  }

  @Test(
    "wildcards, slices, unions, filters and depth find several",
    arguments: [
      ("{.status.items[*].ip}", ["1.2.3.4", "5"]),
      ("{.status.items.*.ip}", ["1.2.3.4", "5"]),
      ("{.status.items[0:1].ip}", ["1.2.3.4"]),
      ("{.status.items[1:].ip}", ["5"]),
      ("{.status.items[:-1].ip}", ["1.2.3.4"]),
      ("{.status.items[::2].ip}", ["1.2.3.4"]),
      ("{.status.items[1,0].ip}", ["5", "1.2.3.4"]),
      ("{.status.conditions[0]['type','status']}", ["Ready", "False"]),
      (#"{.status.conditions[?(@.type=="Ready")].status}"#, ["False"]),
      ("{.status.conditions[?(@.type != 'Ready')].status}", ["True"]),
      ("{.status.conditions[?(@.n > 1)].type}", ["Scheduled"]),
      ("{.status.conditions[?(@.n<=1)].type}", ["Ready"]),
      ("{.status.conditions[?(@.n)].type}", ["Ready", "Scheduled"]),
      ("{.status.conditions[?(@.none)].type}", []),
      ("{.status.conditions[?(@.type==@.type)].status}", ["False", "True"]),
      ("{..ip}", ["1.2.3.4", "5"]),
      ("{.status..status}", ["False", "True"]),
    ] as [(String, [JSONValue])])
  func several(text: String, expected: [JSONValue]) throws {
    #expect(try #require(JSONPath(text), "\(text)").values(in: pod) == expected)
  }

  @Test("a missing field is nothing, not an error; several are no single value")
  func missing() throws {
    let path = try #require(JSONPath("{.a[3].b}"))
    #expect(path.value(in: ["a": [1]]) == nil)
    #expect(path.value(in: ["a": "text"]) == nil)
    #expect(try #require(JSONPath("{.status.items[*]}")).value(in: pod) == nil)
  }

  @Test(
    "what is no path is refused",
    arguments: [
      "", "{", "{.a", "{}", "{.a[}", "{.a[x]}", "..", "{.a}{.b}", "{.a b}", "{.a[?(@.b]}",
      "{.a[?(@.b==)]}", "{.a[?(b)]}", "{.a[::0]}", "{.a['']}", "{.a\\}", "{.a[0}",
    ])
  func refused(text: String) {
    #expect(JSONPath(text) == nil)
  }
}
