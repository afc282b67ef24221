// A small shop that lets its users write pricing rules in MeshScript.

import MeshScript

// A type of the shop, as a value of scripts: members, `+` and `<`.
struct Price: HostMembers, HostOperators, HostOrdered, ScriptConvertible, Equatable {
  var cents: Int
  let typeName = "price"
  var description: String { "\(cents / 100).\(cents % 100 < 10 ? "0" : "")\(cents % 100) EUR" }
  let memberNames = ["cents"]

  func member(_ name: String) -> HostMember? { name == "cents" ? .value(.int(Int64(cents))) : nil }

  func apply(_ op: HostOperator, _ other: ScriptValue, side: HostSide) -> ScriptValue? {
    if op == .add, let price = Price.from(other) { return .host(Price(cents: cents + price.cents)) }
    guard op == .multiply, let factor = Double.from(other) else { return nil }
    return .host(Price(cents: Int((Double(cents) * factor).rounded())))
  }

  func compare(_ other: any HostObject) -> Int? { (other as? Price).map { cents - $0.cents } }
}

// An error of the shop; scripts catch it by its kind.
struct UnknownItem: HostError {
  var item: String
  let kind = "item"
  var message: String { "the shop has no \"\(item)\"" }
}

// What a rule gives, as a Swift type.
struct Receipt: Decodable {
  var items: [String]
  var discount: Double?
}

// Everything the engine may use is said here. No file, program, cluster or clock can be reached.
var options = EngineOptions()
options.capabilities = []
options.limits.instructions = 1_000_000
options.output = { text in print("| \(text)", terminator: "") }

let engine = Engine(options)
engine.register(constant: "shop", "Corner Shop")
engine.register("price", "cents", doc: "a price") { (cents: Int) in Price(cents: cents) }
engine.register("lookUp", "item", .named("wait", default: .duration(0)), doc: "an item's price") {
  (item: String, wait: Duration) async throws -> Price in
  try await Task.sleep(for: wait)
  guard let cents = ["tea": 250, "milk": 120][item] else { throw UnknownItem(item: item) }
  return Price(cents: cents)
}
engine.registerMethod("rounded", of: "price", .defaulted("to", 10)) { (price: Price, to: Int) in
  Price(cents: (price.cents + to / 2) / to * to)
}

// Compiled once, run for every customer.
let rule = try engine.compile(
  """
  param basket: list
  let prices = parallel for item in basket { lookUp item, wait: 1ms }
  var total = price(0)
  for p in prices { total += p }
  print "${shop}: ${total}"
  let discount = if total > price(300) { 0.1 } else { null }
  ({items: basket, discount: discount})
  """, name: "rule.msh")

for basket: ScriptValue in [["tea"], ["tea", "milk"]] {
  let receipt = try await engine.run(rule, parameters: ["basket": basket]).get()
    .decode(as: Receipt.self)
  print(receipt.items, receipt.discount ?? 0)
}

// A script that fails is a result: what happened, where, and how to show it.
let outcome = await engine.run(rule, parameters: ["basket": ["tea", "gold"]])
for error in outcome.errors { print(DiagnosticRenderer(color: false).render(error)) }
if case .failed(let error)? = outcome.failure { print("kind: \(error.kind)") }

// Names and arguments are checked before anything runs.
do {
  _ = try engine.compile("lookup \"tea\"")
} catch let error as Diagnostics {
  print(error.all[0].code, error.all[0].message, "-", error.all[0].label)
}

// A conversation keeps what a script declared; Swift calls its functions.
let conversation = engine.conversation()
let vat = try engine.compile("fn gross(p, rate = 0.19) { p * (1 + rate) }", keepsNames: true)
_ = try await conversation.run(vat).get()
let ten = ScriptValue(Price(cents: 1000))
print(try await conversation.call("gross", [ten]).get())
print(try await conversation.call("gross", [ten], named: ["rate": 0.07]).get())

// A script that never ends is stopped by its limit, and the engine goes on.
print(await engine.run(try engine.compile("while true { }")).errors[0].message)
print(try await engine.run(try engine.compile("price(1234).rounded(to: 50)")).get())
