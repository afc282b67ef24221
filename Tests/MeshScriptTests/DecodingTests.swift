// Values of scripts as Swift's `Decodable` types, and by hand.

import MeshScript
import Testing

private struct Deployment: Decodable, Equatable {
  enum Strategy: String, Decodable { case rolling, recreate }
  struct Port: Decodable, Equatable {
    var name: String?
    var number: UInt16
  }

  var name: String
  var replicas: Int
  var weight: Double
  var timeout: Duration
  var strategy: Strategy
  var ports: [Port]
  var labels: [String: String]
  var extra: ScriptValue
}

@Suite("Results as Swift values")
struct DecodingTests {
  let engine = Engine()

  @Test("structs, enums, arrays, dictionaries, durations and optionals")
  func structs() async throws {
    let text = """
      {name: "web", replicas: 3, weight: 2, timeout: 1m30s, strategy: "rolling",
       ports: [{name: "http", number: 80}, {number: 443}], labels: {app: "web"}, extra: [1, null]}
      """
    let deployment = try await value(engine, "(\(text))").decode(as: Deployment.self)
    #expect(
      deployment
        == Deployment(
          name: "web", replicas: 3, weight: 2, timeout: .seconds(90), strategy: .rolling,
          ports: [.init(name: "http", number: 80), .init(name: nil, number: 443)],
          labels: ["app": "web"], extra: [1, .null]))
  }

  @Test("plain values and lists")
  func plain() async throws {
    #expect(try await value(engine, "[1, 2]").decode(as: [Int8].self) == [1, 2])
    #expect(try await value(engine, "[[1], []]").decode(as: [[Double]].self) == [[1], []])
    #expect(try await value(engine, "null").decode(as: String?.self) == nil)
    #expect(try await value(engine, "\"x\"").decode() == "x")
    #expect(
      try await value(engine, "json.parse(\"{\\\"a\\\": [true]}\")").decode() == ["a": [true]])
  }

  @Test("an error names the path to what does not fit")
  func errors() async throws {
    let result = try await value(engine, "({ports: [{number: 80}, {number: \"x\"}]})")
    struct Ports: Decodable { var ports: [Deployment.Port] }
    let error = #expect(throws: DecodingError.self) { try result.decode(as: Ports.self) }
    guard case .typeMismatch(_, let context)? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(context.codingPath.map(\.stringValue) == ["ports", "1", "number"])
    #expect(context.debugDescription == "expected an int, found a string")
    #expect(throws: DecodingError.self) { try ScriptValue.int(300).decode(as: UInt8.self) }
    #expect(throws: DecodingError.self) { try ScriptValue.map([]).decode(as: Ports.self) }
    #expect(throws: DecodingError.self) { try ScriptValue.null.decode(as: Int.self) }
  }

  @Test("members and elements by hand")
  func access() async throws {
    let result = try await value(engine, "({a: [1, 2.5, \"x\", true, 3s, null]})")
    let list = try #require(result["a"])
    #expect(list[0]?.int == 1 && list[1]?.float == 2.5 && list[2]?.string == "x")
    #expect(list[3]?.bool == true && list[4]?.duration == .seconds(3) && list[5]?.isNull == true)
    #expect(list[6] == nil && result["b"] == nil && list[0]?.string == nil)
    #expect(result.description == "{a: [1, 2.5, \"x\", true, 3s, null]}")
  }
}
