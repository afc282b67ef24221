// Calls every library function and method with values of every type and every number of arguments: each
// call succeeds, or fails with an error of the language at its place.

import Builtins
import Interpreter
import Lexer
import Synchronization
import Testing

@Suite("Every argument")
struct EveryArgumentTests {
  /// A value of each type, and those at the edges. Paths lead nowhere, so that nothing is written.
  private static let values = [
    "null", "true", "0", "-1", "3", "2.5", "1.0 / 0", "\"\"", "\"/dev/null/x\"", "1ms", "-1s",
    "[]", "[3, 1]", "[\"b\", null]", "[[1, 2], [3]]", "{}", "{a: 1}", "0..<3", "x => x",
    "() => true", "(a, b) => false", "str", "\"a\" -> \"b\"", "caught",
  ]
  private static let edges = [
    "9223372036854775807", "-9223372036854775807 - 1", "1e300", "0...9223372036854775807",
    "(-9223372036854775807 - 1)...9223372036854775807",
  ]

  private static let functions = StandardLibrary.make().functions.keys.sorted()
  private static let methods: [String] = {
    let library = StandardLibrary.make()
    let names =
      library.methods.values.flatMap(\.keys) + library.scriptMethods.values.flatMap(\.keys)
    return Set(names).sorted()
  }()

  @Test("every function takes any values, or says why not", arguments: functions)
  func function(_ name: String) async throws {
    try await check(
      """
      for a in values() { attempt(() => tools.f(a)) }
      for a in values() { for b in values() { attempt(() => tools.f(a, b)) } }
      for a in values() { attempt(() => tools.f(...[a, a, a])) }
      for n in [0, 4, 5] { attempt(() => tools.f(...values().slice(0, n))) }
      attempt(() => tools.f(...values()))
      attempt(() => tools.f(noSuchName: 1))
      """, calling: name)
  }

  @Test("every method takes any receiver and values, or says why not", arguments: methods)
  func method(_ name: String) async throws {
    try await check(
      """
      for r in values() { attempt(() => r.\(name)()) }
      for r in values() { for a in values() { attempt(() => r.\(name)(a)) } }
      for r in values() { for a in values() { attempt(() => r.\(name)(a, a)) } }
      for r in values() { for f in functions { attempt(() => r.\(name)(r, f)) } }
      for r in values() { attempt(() => r.\(name)(...values())) }
      for r in values() { attempt(() => r.\(name)(noSuchName: 1)) }
      """, calling: nil)
  }

  @Test("numbers and ranges at the edges crash nothing", arguments: functions + methods)
  func edge(_ name: String) async throws {
    let isFunction = Self.functions.contains(name)
    for edge in Self.edges {
      var calls = ["\(name)(edge)", "\(name)(edge, edge)", "\(name)([edge, edge])"]
      if !isFunction {
        calls = ["edge.\(name)()", "[edge, edge].\(name)()"]
        for receiver in ["[1]", "\"ab\"", "{a: 1}"] {
          calls += ["\(receiver).\(name)(edge)", "\(receiver).\(name)(edge, 1)"]
          calls.append("\(receiver).\(name)(0, edge)")
        }
      }
      // Each in a run of its own, since passing the memory cap ends the run.
      for call in calls where name != "sleep" {
        let source = Source(name: name, text: "let edge = \(edge)\nlet f = () => \(call)\nf()")
        for error in await errors(source) where error.code != "E0414" { examine(error, source) }
      }
    }
  }

  private func check(_ calls: String, calling function: String?) async throws {
    let text = """
      var caught = null
      try { fail "kept" } catch e { caught = e }
      fn values() => [\(Self.values.joined(separator: ", "))]
      let functions = [x => x, (a, b) => true]
      let tools = {f: \(function ?? "str")}
      let errors = []
      fn attempt(f) { try { f() } catch e { errors.append(e) } }
      \(calls)
      report(errors)
      """
    let source = Source(name: "every.msh", text: text)
    let found = await errors(source)
    #expect(!found.isEmpty)
    for error in found { examine(error, source) }
  }

  /// The errors that a script reports, and the one that it ends with.
  private func errors(_ source: Source) async -> [ScriptError] {
    let found = Mutex<[ScriptError]>([])
    var library = StandardLibrary.make()
    library.add(
      HostFunction(
        Signature("report", [.init("errors")]),
        .suspending { arguments in
          guard case .list(let list)? = arguments["errors"] else { return .null }
          for case .error(let error) in list { found.withLock { $0.append(error) } }
          return .null
        }))
    var limits = Limits()
    limits.memory = 64 << 20
    limits.instructions = 20_000_000
    limits.capabilities = ["files", "env", "clock"]
    let session = Session(library: library, limits: limits) { _ in }
    do {
      _ = try await session.run(source)
    } catch let error as ScriptError {
      found.withLock { $0.append(error) }
    } catch is Diagnostics {
      // A call that cannot work is refused before anything runs.
    } catch {
      Issue.record(error)
    }
    return found.withLock { $0 }
  }

  private func examine(_ error: ScriptError, _ source: Source) {
    let isOwn = error.code.hasPrefix("E03") || error.code.hasPrefix("E04")
    #expect(isOwn && error.code != "E0400", "\(error.code) \(error.message)")
    #expect(error.location?.source === source, "\(error.message)")
    // `fail ""` says nothing, and that is its own affair.
    #expect(error.kind == "fail" || !error.message.isEmpty)
    #expect(!error.message.contains("Optional("))
  }
}
