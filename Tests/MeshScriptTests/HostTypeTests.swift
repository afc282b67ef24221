// Values of the embedder with members, operators, order, loops, indexes and methods.

import MeshScript
import Synchronization
import Testing

/// A vector: all that a host value can do at once.
private struct Vector: HostOperators, HostNegatable, HostOrdered, HostMembers, HostIndexable,
  HostIterable, HostContainer, ScriptConvertible, Equatable
{
  var x: Double
  var y: Double

  var typeName: String { "vector" }
  var description: String { "<\(x), \(y)>" }
  var length: Double { (x * x + y * y).squareRoot() }
  var memberNames: [String] { ["x", "y", "origin"] }

  func member(_ name: String) -> HostMember? {
    switch name {
    case "x": .value(.float(x))
    case "y": .value(.float(y))
    case "origin": .suspending { .host(Vector(x: 0, y: 0)) }
    default: nil
    }
  }

  func apply(_ op: HostOperator, _ other: ScriptValue, side: HostSide) throws -> ScriptValue? {
    if let vector = Vector.from(other) {
      switch op {
      case .add: return .host(Vector(x: x + vector.x, y: y + vector.y))
      case .subtract: return .host(Vector(x: x - vector.x, y: y - vector.y))
      default: return nil
      }
    }
    guard let factor = Double.from(other) else { return nil }
    switch (op, side) {
    case (.multiply, _): return .host(Vector(x: x * factor, y: y * factor))
    case (.divide, .left):
      if factor == 0 { throw ScriptError(kind: "zero", "a vector has no such part") }
      return .host(Vector(x: x / factor, y: y / factor))
    case (.add, .right): return .string("left \(factor)")
    case (.add, .left): return .string("right \(factor)")
    default: return nil
    }
  }

  func negated() -> ScriptValue { .host(Vector(x: -x, y: -y)) }
  func compare(_ other: any HostObject) -> Int? {
    guard let other = other as? Vector else { return nil }
    return length < other.length ? -1 : length > other.length ? 1 : 0
  }
  func element(at position: Int) -> ScriptValue? { position < 2 ? .float([x, y][position]) : nil }
  func element(_ index: ScriptValue) throws -> ScriptValue? {
    guard let index = index.int else { return nil }
    guard let element = element(at: Int(index)) else {
      throw ScriptError.index(index, count: 2, of: "vector")
    }
    return element
  }
  func contains(_ value: ScriptValue) -> Bool { value == .float(x) || value == .float(y) }
}

/// A value that scripts change.
private final class Box: HostMembers, HostIndexable, ScriptConvertible {
  private let content = Mutex<[String: ScriptValue]>([:])

  var typeName: String { "box" }
  var description: String { "box" }
  var memberNames: [String] { content.withLock { $0.keys.sorted() } }
  func member(_ name: String) -> HostMember? { content.withLock { $0[name] }.map { .value($0) } }
  func setMember(_ name: String, _ value: ScriptValue) throws -> Bool {
    if name == "locked" { throw ScriptError(kind: "locked", "it is locked") }
    content.withLock { $0[name] = value }
    return name != "never"
  }
  func element(_ index: ScriptValue) -> ScriptValue? {
    index.string.flatMap { name in content.withLock { $0[name] } }
  }
  func setElement(_ index: ScriptValue, _ value: ScriptValue) -> Bool {
    guard let name = index.string else { return false }
    content.withLock { $0[name] = value }
    return true
  }
  func isEqual(_ other: any HostObject) -> Bool { (other as? Box) === self }
}

/// A value that can do nothing.
private struct Plain: HostObject, Equatable {
  var typeName: String { "plain" }
  var description: String { "plain" }
}

@Suite("Host types")
struct HostTypeTests {
  let engine: Engine

  init() {
    engine = Engine()
    engine.register("vector", "x", "y") { (x: Double, y: Double) in Vector(x: x, y: y) }
    engine.register("box") { Box() }
    engine.register(constant: "plain", .host(Plain()))
    engine.registerMethod("length", of: "vector") { (vector: Vector) in vector.length }
    engine.registerMethod("scaled", of: "vector", .defaulted("by", 2)) {
      (vector: Vector, by: Double) async in Vector(x: vector.x * by, y: vector.y * by)
    }
  }

  @Test(
    "work like the language's own",
    arguments: [
      ("type(vector(1, 2))", "vector"), ("\"${vector(1, 2)}\"", "<1.0, 2.0>"),
    ])
  func text(text: String, expected: String) async throws {
    #expect(try await value(engine, text) == .string(expected))
  }

  @Test(
    "have operators from both sides, equality, order, loops, indexes, members and methods",
    arguments: [
      "vector(1, 2) + vector(3, 4) == vector(4, 6)", "vector(1, 2) - vector(1, 1) == vector(0, 1)",
      "vector(1, 2) * 2 == vector(2, 4)", "2.0 * vector(1, 2) == vector(2, 4)",
      "vector(2, 4) / 2 == vector(1, 2)", "-vector(1, 2) == vector(-1, -2)",
      "vector(1, 2) + 1 == \"right 1.0\"", "1 + vector(1, 2) == \"left 1.0\"",
      "vector(1, 2) != vector(1, 3)", "vector(1, 2) != 3", "vector(1, 1) < vector(2, 2)",
      "vector(3, 3) >= vector(3, 3)", "not (vector(1, 1) > vector(2, 2))",
      "[vector(3, 0), vector(1, 0)].sorted()[0] == vector(1, 0)",
      "vector(5, 6).x == 5.0", "vector(5, 6)[1] == 6.0", "6.0 in vector(5, 6)",
      "not (7.0 in vector(5, 6))", "vector(1, 1).origin == vector(0, 0)",
      "vector(3, 4).length() == 5.0", "vector(1, 2).scaled() == vector(2, 4)",
      "vector(1, 2).scaled(by: 3) == vector(3, 6)",
      "var s = 0.0\nfor c in vector(5, 6) { s += c }\ns == 11.0",
      "var s = \"\"\nfor i, c in vector(5, 6) { s += \"${i}:${c} \" }\ns == \"0:5.0 1:6.0 \"",
      "(parallel for c in vector(5, 6) { c * 2 }) == [10.0, 12.0]",
      "let b = box()\nb.a = [1, {k: 2}]\nb.a[1].k == 2 and b == b and b != box()",
      "let b = box()\nb[\"x\"] = 3\nb[\"x\"] += 1\nb.x == 4",
    ])
  func abilities(text: String) async throws {
    #expect(try await value(engine, text) == true, "\(text)")
  }

  @Test(
    "say what they cannot do, as the language's own do",
    arguments: [
      ("vector(1, 2) * vector(1, 2)", "cannot apply * to vector and vector"),
      ("vector(1, 2) + \"a\"", "cannot apply + to vector and string"),
      ("2 / vector(1, 2)", "cannot apply / to int and vector"),
      ("plain + plain", "cannot apply + to plain and plain"),
      ("plain - 1", "cannot apply - to plain and int"),
      ("-plain", "cannot apply - to plain"), ("plain < plain", "cannot apply < to plain and plain"),
      ("plain > plain", "cannot apply > to plain and plain"),
      ("vector(1, 2) < 3", "cannot apply < to vector and int"),
      ("1 in plain", "cannot apply in to int and plain"),
      ("for x in plain { }", "cannot loop over a plain"),
      ("plain[0]", "cannot index a plain with an int"),
      ("vector(1, 2)[\"a\"]", "cannot index a vector with a string"),
      ("vector(1, 2)[2]", "index 2 is out of range for a vector of 2"),
      ("vector(1, 2).z", "no key \"z\" in vector"), ("plain.z", "no key \"z\" in plain"),
      ("vector(1, 2).length", "\"length\" is a method of vector"),
      ("vector(1, 2).lenght()", "a vector has no method \"lenght\""),
      ("let v = vector(1, 2)\nv.x = 3", "cannot set a member of a vector"),
      ("let v = vector(1, 2)\nv[0] = 3", "cannot set an element of a vector with an int as index"),
      ("let b = box()\nb.locked = 3", "it is locked"),
      ("vector(1, 2) / 0", "a vector has no such part"),
      ("vector(1, 2).scaled(\"a\")", "scaled takes a number for \"by\", not a string"),
    ])
  func inabilities(text: String, message: String) async throws {
    let error = try await failure(engine, text)
    #expect(error.message == message)
    #expect(error.location != nil)
  }

  @Test("come out of a run as themselves")
  func out() async throws {
    let result = try await value(engine, "vector(1, 2) + vector(1, 1)")
    #expect(Vector.from(result) == Vector(x: 2, y: 3))
  }
}
