// Every function and method of the library that a script can make work long: it counts what it does, looks at
// the limits while it does it, and stops where it is told to, not when it is done.
//
// Nothing here measures time. `Limits.onLook` sees every look of a run; the test compares the steps that were
// counted with the work that the arguments ask for, the steps between two looks with a bound, and where a
// cancelled call ends with where it was cancelled. Benchmarks/interrupt has the milliseconds.

import Builtins
import Foundation
import JSON
import Lexer
import Synchronization
import Testing

@testable import Interpreter

/// What makes a function of the library work long.
private enum Work: Sendable {
  /// A call that does at least so many steps of work; `xs`, `t` and the like are made before.
  case long(String, steps: Int)
  /// Does no more for a large argument than for a small one, and why.
  case bounded(String)
}

/// What the calls below have to work on, each after what it is made of.
private let arguments = [
  (name: "t", text: "\"abc de, \".repeat(60000)"),
  (name: "u", text: "\"äöü €, \".repeat(30000)"),
  (name: "xs", text: "[...0..<20000]"),
  (name: "texts", text: "t.split(\" \")"),
  (name: "m", text: "json.parse(\"{${xs.map(i => \"\\\"key${i}\\\":1\").join(\",\")}}\")"),
  (name: "lists", text: "xs.chunks(1)"),
  (name: "encoded", text: "base64.encode(t)"),
  (name: "document", text: "json.format(xs)"),
  (name: "lines", text: "yaml.format(texts.slice(0, 20000))"),
]

/// The declarations that a call needs.
private func declarations(for call: String) -> String {
  var needed = Set(call.split { !$0.isLetter }.map(String.init))
  var found: [String] = []
  for argument in arguments.reversed() where needed.contains(argument.name) {
    found.append("let \(argument.name) = \(argument.text)")
    needed.formUnion(argument.text.split { !$0.isLetter }.map(String.init))
  }
  return found.reversed().joined(separator: "\n")
}

/// One entry for each function; a row of the library without one fails the test, and so does an entry
/// without a row.
private let functions: [String: Work] = [
  "print": .long("print(t)", steps: 7000),
  "log.debug": .long("log.debug(t)", steps: 7000), "log.info": .long("log.info(xs)", steps: 20000),
  "log.warn": .long("log.warn(t)", steps: 7000), "log.error": .long("log.error(t)", steps: 7000),
  "type": .bounded("a name"), "str": .long("str(xs)", steps: 20000),
  "int": .bounded("at most 4 KB are read"), "float": .bounded("at most 4 KB are read"),
  "bool": .bounded("at most 4 KB are read"),
  "min": .long("min(xs)", steps: 19000), "max": .long("max(xs)", steps: 19000),
  "sum": .long("sum(xs)", steps: 19000), "abs": .bounded("a number"), "round": .bounded("a number"),
  "regex": .bounded("a pattern has at most 64 KiB"),
  "json.parse": .long("json.parse(document)", steps: 20000),
  "json.format": .long("json.format(xs)", steps: 20000),
  "yaml.parse": .long("yaml.parse(lines)", steps: 20000),
  "yaml.parseAll": .long("yaml.parseAll(lines)", steps: 20000),
  "yaml.format": .long("yaml.format(xs)", steps: 20000),
  "base64.encode": .long("base64.encode(t)", steps: 7000),
  "base64.decode": .long("base64.decode(encoded)", steps: 7000),
  "sha256": .long("sha256(t)", steps: 7000), "uuid": .bounded("sixteen bytes"),
  "env": .bounded("a variable"), "now": .bounded("a number"),
  "sleep": .bounded("it waits in the driver"), "exec": .bounded("it waits in the driver"),
  "readFile": .long("readFile(\"FOLDER/text\")", steps: 7000),
  "writeFile": .long("writeFile(\"FOLDER/copy\", t)", steps: 7000),
  "glob": .bounded("what a folder holds is not the script's to decide"),
  "assert": .long("assert(false, t)", steps: 7000), "fail": .long("fail(t)", steps: 7000),
]

private let methods: [String: Work] = [
  "string.count": .bounded("it is known"), "string.isEmpty": .bounded("it is known"),
  "string.upper": .long("u.upper()", steps: 40000),
  "string.lower": .long("u.lower()", steps: 40000),
  "string.trim": .long("(\" \".repeat(100000) + t).trim()", steps: 100_000),
  "string.lines": .long("\"a\\n\".repeat(20000).lines()", steps: 20000),
  "string.contains": .long("t.contains(\"nowhere\")", steps: 7000),
  "string.startsWith": .long("(t + t + t).startsWith(t + t)", steps: 900),
  "string.endsWith": .long("(t + t + t).endsWith(t + t)", steps: 900),
  "string.indexOf": .long("(u + \"x\").indexOf(\"x\")", steps: 4000),
  "string.split": .long("t.split(\" \")", steps: 120_000),
  "string.replace": .long("t.replace(\",\", \";\")", steps: 60000),
  "string.repeat": .long("t.repeat(3)", steps: 20000),
  "string.padLeft": .long("\"\".padLeft(50000)", steps: 50000),
  "string.padRight": .long("\"\".padRight(50000)", steps: 50000),
  "string.slice": .long("u.slice(150000)", steps: 400),
  "string.copy": .bounded("strings never change"),
  "string.matches": .long("t.matches(\"[a-c]+[x-z]\")", steps: 7000),
  "string.capture": .long("t.capture(\"([a-c]+)[x-z]\")", steps: 7000),
  "list.count": .bounded("it is known"), "list.isEmpty": .bounded("it is known"),
  "list.first": .bounded("one element"), "list.last": .bounded("one element"),
  "list.append": .bounded("one element"), "list.contains": .long("xs.contains(-1)", steps: 20000),
  "list.indexOf": .long("xs.indexOf(-1)", steps: 20000),
  "list.join": .long("xs.join(\", \")", steps: 20000),
  "list.insert": .long("(xs + xs + xs + xs + xs).insert(0, 1)", steps: 6000),
  "list.removeAt": .long("(xs + xs + xs + xs + xs).removeAt(0)", steps: 6000),
  "list.reversed": .long("xs.reversed()", steps: 20000),
  "list.flatten": .long("lists.flatten()", steps: 20000),
  "list.unique": .long("texts.unique()", steps: 100_000),
  "list.zip": .long("xs.zip(xs)", steps: 20000),
  "list.enumerate": .long("xs.enumerate()", steps: 20000),
  "list.pairs": .long("xs.slice(0, 300).pairs()", steps: 44000),
  "list.chunks": .long("xs.chunks(2)", steps: 20000),
  "list.slice": .long("xs.slice(1)", steps: 19000), "list.copy": .long("xs.copy()", steps: 20000),
  "list.min": .long("xs.min()", steps: 19000), "list.max": .long("xs.max()", steps: 19000),
  "list.sum": .long("xs.sum()", steps: 19000),
  "list.map": .long("xs.map(x => x)", steps: 39000),
  "list.filter": .long("xs.filter(x => true)", steps: 39000),
  "list.reduce": .long("xs.reduce(0, (a, b) => a)", steps: 39000),
  "list.each": .long("xs.each(x => x)", steps: 39000),
  "list.any": .long("xs.any(x => false)", steps: 39000),
  "list.all": .long("xs.all(x => true)", steps: 39000),
  "list.find": .long("xs.find(x => false)", steps: 39000),
  "list.groupBy": .long("xs.groupBy(x => \"k\")", steps: 39000),
  "list.sorted": .long("xs.slice(0, 5000).sorted()", steps: 30000),
  "list.sortedBy": .long("xs.slice(0, 5000).sortedBy(x => x)", steps: 40000),
  "map.count": .bounded("it is known"), "map.isEmpty": .bounded("it is known"),
  "map.keys": .long("m.keys()", steps: 20000), "map.values": .long("m.values()", steps: 20000),
  "map.entries": .long("m.entries()", steps: 20000), "map.has": .bounded("one key"),
  "map.get": .bounded("one key"), "map.set": .bounded("one key"),
  "map.remove": .bounded("one key"), "map.merge": .long("m.merge(m)", steps: 40000),
  "map.copy": .long("m.copy()", steps: 20000),
  "map.map": .long("m.map((k, v) => v)", steps: 39000),
  "map.filter": .long("m.filter((k, v) => true)", steps: 39000),
]

/// Operators and the like, which are no rows of a table.
private let others: [String: Work] = [
  "string + string": .long("t + t", steps: 7000),
  "list + list": .long("xs + xs", steps: 2400), "map + map": .long("m + m", steps: 40000),
  "==": .long("xs == [...0..<20000]", steps: 20000),
  "== of texts": .long("(t + t) + \"\" == t + t", steps: 15000),
  "in": .long("-1 in xs", steps: 20000), "in a text": .long("\"nowhere\" in t", steps: 7000),
  "interpolation": .long("\"${xs}\"", steps: 20000),
  "interpolation of texts": .long("\"${t}${t}\"", steps: 14000),
  "spread": .long("[...xs]", steps: 20000), "slice": .long("xs[0..<20000]", steps: 1200),
  "map spread": .long("let all = {...m}", steps: 20000),
]

@Suite("Interruption")
struct InterruptionTableTests {
  @Test("the table has every function and method of the library, and no other")
  func complete() {
    let library = StandardLibrary.make()
    var names = Set<String>()
    for (type, rows) in library.methods { names.formUnion(rows.keys.map { "\(type).\($0)" }) }
    for (type, rows) in library.scriptMethods { names.formUnion(rows.keys.map { "\(type).\($0)" }) }
    #expect(Set(methods.keys).symmetricDifference(names) == [])
    #expect(Set(functions.keys).symmetricDifference(library.functions.keys) == [])
  }

  private static let long: [String] = functions.merging(methods) { $1 }.merging(others) { $1 }
    .filter { if case .long = $0.value { true } else { false } }.keys.sorted()

  /// Steps between two looks at most: those of a piece of text with a value for every other byte.
  private static let longestGap = Look.interval / 4 + Heap.lookInterval

  @Test(
    "counts its work, looks at the limits meanwhile, and ends where it is cancelled",
    arguments: long)
  func interruption(_ name: String) async throws {
    guard case .long(let call, let steps)? = functions[name] ?? methods[name] ?? others[name] else {
      return
    }
    let folder = try Scratch()
    let text = call.replacing("FOLDER", with: folder.path)
    let whole = await Watched.run(text)
    #expect(whole.isFinished)
    let looks = whole.looks
    let counted = whole.end - whole.begin
    #expect(counted >= steps, "\(counted) steps are counted for \(steps)")
    let places = [whole.begin] + looks + [whole.end]
    let gap = zip(places, places.dropFirst()).map { $1 - $0 }.max() ?? 0
    #expect(gap <= Self.longestGap, "\(gap) steps between two looks")
    guard !looks.isEmpty else {
      Issue.record("\(name) never looks at the limits")
      return
    }
    // Early, in the middle and late; at a look of its own, so that every run ends at the same place.
    for part in [0, looks.count / 2, looks.count - 1] {
      let cut = await Watched.run(text, cancelledAt: part)
      #expect(cut.isCancelled, "look \(part) of \(looks.count)")
      #expect(!cut.isFinished)
      #expect(cut.looks.count <= part + 2, "\(cut.looks.count) looks, cancelled at \(part)")
    }
  }
}

/// A folder with a long text, gone with this object.
private final class Scratch {
  let path: String

  init() throws {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("msh-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    path = folder.path
    let text = String(repeating: "abc de, ", count: 60000)
    try Data(text.utf8).write(to: folder.appendingPathComponent("text"))
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }
}

/// What a run saw of its looks while the call under test worked.
private struct Watched {
  /// The steps when the call began and when it had ended.
  var begin = 0
  var end = 0
  /// The steps at each look.
  var looks: [Int] = []
  var isFinished = false
  var isCancelled = false

  /// What the run, its looks and the thread that cancels it share.
  private final class State: Sendable {
    let watched = Mutex(Watched())
    let isWatching = Atomic<Bool>(false)
    let task = Mutex<Task<ScriptValue, any Error>?>(nil)
  }

  /// Runs a call on the arguments above.
  ///
  /// - Parameter cancelledAt: the look of the call at which another thread cancels the run.
  static func run(_ call: String, cancelledAt: Int? = nil) async -> Watched {
    let state = State()
    var library = StandardLibrary.make()
    library.add(
      HostFunction(
        Signature("watch", [.init("on")]),
        .immediate { call in
          let (isBegin, steps) = (call[0].asBool, call.heap.steps)
          state.watched.withLock { watched in
            if isBegin { watched.begin = steps } else { watched.end = steps }
          }
          state.isWatching.store(isBegin, ordering: .relaxed)
          return .null
        }))
    var limits = Limits()
    limits.capabilities = nil
    limits.onLook = { steps in
      guard state.isWatching.load(ordering: .relaxed) else { return }
      let index = state.watched.withLock { watched in
        watched.looks.append(steps)
        return watched.looks.count - 1
      }
      if index == cancelledAt { cancel(state) }
    }
    // The call fails where it is meant to: what it does before counts.
    let text = """
      \(declarations(for: call))
      watch(true)
      try { \(call) } catch e { null }
      watch(false)
      "finished"
      """
    let task = Task { [library, limits] in
      let session = Session(library: library, limits: limits) { _ in }
      return try await session.run(Source(name: "t", text: text)).value
    }
    state.task.withLock { $0 = task }
    let result = await task.result
    return state.watched.withLock { watched in
      switch result {
      case .success(.string("finished")): watched.isFinished = true
      case .failure(is CancellationError): watched.isCancelled = true
      default: Issue.record("\(call): \(result)")
      }
      return watched
    }
  }

  /// Cancels the run from a thread that is none of the pool's, and goes on when that is done.
  private static func cancel(_ state: State) {
    let done = DispatchSemaphore(value: 0)
    Thread.detachNewThread {
      while true {
        if let task = state.task.withLock({ $0 }) {
          task.cancel()
          break
        }
      }
      done.signal()
    }
    done.wait()
  }
}
