// The verifier's data flow: what every register may hold, on every path, before each instruction.
//
// A forward analysis over the lattice of `Contents`: at places where paths meet, a register may hold what
// it may hold on any of them. It ends because sets only grow.

/// What is known before an instruction.
private struct FlowState: Equatable {
  var registers: [Contents]
  /// Registers that say whether another one holds a list.
  var tests: [Int: Int] = [:]

  /// Takes in what is known on another path.
  ///
  /// - Returns: true when that added something.
  mutating func merge(_ other: FlowState) -> Bool {
    var isChanged = false
    for index in registers.indices where !other.registers[index].isSubset(of: registers[index]) {
      registers[index].formUnion(other.registers[index])
      isChanged = true
    }
    for (test, subject) in tests where other.tests[test] != subject {
      tests[test] = nil
      isChanged = true
    }
    return isChanged
  }

  mutating func write(_ register: Int, _ contents: Contents) {
    registers[register] = contents
    tests[register] = nil
    for (test, subject) in tests where subject == register { tests[test] = nil }
  }
}

/// Follows the contents of one function's registers.
struct ContentsFlow {
  let prototype: Prototype
  /// What the captured variables may hold; nil when that is not known.
  let captures: [Contents]?
  private(set) var complaints: [VerifierComplaint] = []
  /// For each child what its captured variables may hold; nil when no closure is made of it.
  private(set) var childCaptures: [[Contents]?]
  private var states: [FlowState?]
  private var work: [Int] = []

  init(_ prototype: Prototype, captures: [Contents]?) {
    self.prototype = prototype
    self.captures = captures
    childCaptures = Array(repeating: nil, count: prototype.children.count)
    states = Array(repeating: nil, count: prototype.code.count)
  }

  mutating func run() {
    reach(0, entryState())
    while let index = work.popLast() {
      guard let state = states[index] else { continue }
      step(index, state)
    }
    for index in states.indices {
      guard let state = states[index] else { continue }
      checkReads(index, state)
    }
  }

  private func entryState() -> FlowState {
    let count = prototype.registerCount
    var state = FlowState(registers: Array(repeating: .nothing, count: count))
    for (index, parameter) in prototype.parameters.enumerated() {
      state.registers[index] =
        parameter.isRest ? .list : parameter.hasDefault ? [.value, .absent] : .value
    }
    return state
  }

  private mutating func reach(_ index: Int, _ state: FlowState) {
    if states[index] == nil {
      states[index] = state
      work.append(index)
    } else if states[index]?.merge(state) == true {
      work.append(index)
    }
  }

  // MARK: Steps

  /// Carries what is known over one instruction, to all places where control may go from it.
  private mutating func step(_ index: Int, _ state: FlowState) {
    let i = prototype.code[index]
    reachHandler(index, i, state)
    var next = state
    for operand in i.op.operands { write(operand, i, state, &next) }
    // A loop's next turn writes its variables only where the loop goes on.
    let isTurn = i.op.operands.contains(where: \.isTurn)
    if let target = i.target(at: index) {
      var branch = isTurn && target > index ? state : next
      refine(&branch, i, isTaken: true)
      reach(target, branch)
      if isTurn, target <= index { next = state }
    }
    if i.op.goesOn {
      refine(&next, i, isTaken: false)
      reach(index + 1, next)
    }
  }

  /// An error leaves the instruction's results unwritten, and what a call used is lost.
  private mutating func reachHandler(_ index: Int, _ i: Instruction, _ state: FlowState) {
    guard let handler = prototype.handlers.first(where: { $0.range.contains(index) }) else {
      return
    }
    var state = state
    for case .window(let field, _, _, _) in i.op.operands {
      for register in i.number(field)..<state.registers.count { state.write(register, .nothing) }
    }
    state.write(handler.register, .error)
    reach(handler.target, state)
  }

  private func write(
    _ operand: Operand, _ i: Instruction, _ before: FlowState, _ state: inout FlowState
  ) {
    switch operand {
    case .writes(let field, let contents), .changes(let field, _, let contents):
      state.write(i.number(field), contents)
    case .copies(let target, let origin):
      state.write(i.number(target), before.registers[i.number(origin)])
    case .testsList(let target, let origin):
      state.write(i.number(target), .value)
      state.tests[i.number(target)] = i.number(origin)
    case .window(let field, _, _, _):
      let first = i.number(field)
      for register in first..<state.registers.count { state.write(register, .nothing) }
      state.write(first, .value)
    case .beginsLoop(let field):
      for offset in 0..<3 { state.write(i.number(field) + offset, .loopState) }
    case .beginsRange(let field):
      for offset in 0..<2 { state.write(i.number(field) + offset, .loopState) }
      state.write(i.number(field) + 2, .value)
    case .takesRangeTurn(let field): state.write(i.number(field) + 2, .value)
    case .takesTurn(let field, let count):
      for offset in 0..<i.number(count) { state.write(i.number(field) + 3 + offset, .value) }
    default:
      break
    }
  }

  /// What a conditional jump tells about the register that it looked at.
  private func refine(_ state: inout FlowState, _ i: Instruction, isTaken: Bool) {
    let register = Int(i.a)
    switch i.op {
    case .jumpIfDefined:
      if isTaken {
        state.registers[register].subtract(.absent)
      } else {
        state.registers[register].formIntersection([.absent, .nothing])
      }
    case .jumpIf, .jumpIfNot:
      guard isTaken == (i.op == .jumpIf), let subject = state.tests[register] else { return }
      state.registers[subject] = .list
    default:
      break
    }
  }

  // MARK: Reads

  private mutating func checkReads(_ index: Int, _ state: FlowState) {
    let i = prototype.code[index]
    for operand in i.op.operands {
      switch operand {
      case .reads(let field, let wanted), .changes(let field, let wanted, _):
        read(i.number(field), wanted, index, state)
      case .copies(_, let origin), .testsList(_, let origin):
        read(i.number(origin), .anyValue, index, state)
      case .beginsLoop(let field): read(i.number(field), .anyValue, index, state)
      case .readsRun(let field, let count, let plus):
        let total = (count.map { i.number($0) } ?? 0) + plus
        readRun(i.number(field), total, .anyValue, index, state)
      case .readsLinked(let field, let arrows):
        let total = prototype.arrows[i.number(arrows)].count + 1
        readRun(i.number(field), total, .anyValue, index, state)
      case .beginsRange(let field): readRun(i.number(field), 2, .anyValue, index, state)
      case .takesRangeTurn(let field): readRun(i.number(field), 2, .loopState, index, state)
      case .readsNamed(let field, let shape):
        let total = prototype.shapes[i.number(shape)].names.count
        readRun(i.number(field), total, .anyValue, index, state)
      case .takesTurn(let field, _): readRun(i.number(field), 3, .loopState, index, state)
      case .window(let field, let count, let shape, _):
        let shape = prototype.shapes[i.number(shape)]
        let total = 1 + i.number(count) + shape.names.count
        readRun(i.number(field), total, .anyValue, index, state)
        if shape.isSpread { read(i.number(field) + 1, .list, index, state) }
      case .capture(let field): capture(i.number(field), .anyValue, index)
      case .capturedBox(let field): capture(i.number(field), .box, index)
      case .child(let field): makesClosure(i.number(field), index, state)
      default: break
      }
    }
  }

  private mutating func readRun(
    _ first: Int, _ count: Int, _ wanted: Contents, _ index: Int, _ state: FlowState
  ) {
    for register in first..<first + count { read(register, wanted, index, state) }
  }

  private mutating func read(
    _ register: Int, _ wanted: Contents, _ index: Int, _ state: FlowState
  ) {
    let found = state.registers[register]
    guard found.isEmpty || !found.isSubset(of: wanted) else { return }
    complain(index, "r\(register) holds \(found.text) where \(wanted.text) is read")
  }

  private mutating func capture(_ number: Int, _ wanted: Contents, _ index: Int) {
    guard let found = captures?[number], !found.isSubset(of: wanted) else { return }
    complain(index, "u\(number) holds \(found.text) where \(wanted.text) is read")
  }

  private mutating func makesClosure(_ number: Int, _ index: Int, _ state: FlowState) {
    let child = prototype.children[number]
    var contents: [Contents] = []
    for (slot, capture) in child.captures.enumerated() {
      switch capture {
      case .register(let register):
        let found = state.registers[register]
        contents.append(found)
        if found != .box, !found.isSubset(of: .anyValue) || found.isEmpty {
          complain(index, "\(child.name) captures r\(register), which holds \(found.text)")
        }
      case .capture(let outer):
        contents.append(captures?[outer] ?? [])
      }
      contents[slot].formUnion(childCaptures[number]?[slot] ?? [])
    }
    childCaptures[number] = contents
  }

  private mutating func complain(_ index: Int, _ message: String) {
    complaints.append(
      VerifierComplaint(function: prototype.name, index: index, message: message))
  }
}

extension Operand {
  /// True for a loop's next turn, which writes its variables only when it goes on.
  fileprivate var isTurn: Bool {
    switch self {
    case .takesTurn, .beginsRange, .takesRangeTurn: true
    default: false
    }
  }
}

extension Contents {
  /// The contents in words.
  fileprivate var text: String {
    if self == .anyValue { return "a value" }
    let names: [(Contents, String)] = [
      (.nothing, "nothing"), (.absent, "a missing argument"), (.value, "a value"),
      (.list, "a list"), (.map, "a map"), (.error, "an error"), (.box, "a box"),
      (.loopState, "a loop's state"), (.closure, "a closure"),
    ]
    let found = names.filter { contains($0.0) }.map(\.1)
    return found.isEmpty ? "nothing known" : found.joined(separator: " or ")
  }
}
