// `parallel`: items run on fibers of their own, at most so many at once, and all of them are waited for.

extension Machine {
  /// Begins `parallel for`: base[0] the sequence, base[1] the body's closure, base[2] the limit or null.
  func parallelFor(
    _ fiber: Fiber, _ base: UnsafeMutablePointer<Value>, variables: Int
  ) throws(ScriptError) -> ParallelGroup {
    let items = heap.makeList()
    let keys = heap.makeList()
    let state = UnsafeMutablePointer<Value>.allocate(capacity: 5)
    defer { state.deallocate() }
    state.initialize(repeating: .null, count: 5)
    state[0] = base[0]
    try prepareLoop(state, variables: variables)
    while try nextItem(state, variables) {
      if variables == 2 { keys.append(state[3], heap) }
      items.append(state[variables + 2], heap)
      try heap.charge()
    }
    return group(
      fiber, items: Value(items), keys: variables == 2 ? Value(keys) : .null, body: base[1],
      limit: try limit(base[2]))
  }

  private func nextItem(
    _ state: UnsafeMutablePointer<Value>, _ variables: Int
  ) throws(ScriptError) -> Bool {
    guard state[0].tag == .range else { return try nextTurn(state, variables: variables) }
    guard state[1].asInt < state[2].asInt else { return false }
    state[3] = state[1]
    state[1] = Value(state[1].asInt + 1)
    return true
  }

  /// Begins `parallel { }`: base[0] the limit or null, then one closure for each statement.
  func parallelBlock(
    _ fiber: Fiber, _ base: UnsafeMutablePointer<Value>, count: Int
  ) throws(ScriptError) -> ParallelGroup {
    group(
      fiber, items: makeList(base + 1, count), keys: .null, body: .null, limit: try limit(base[0]))
  }

  private func limit(_ value: Value) throws(ScriptError) -> Int {
    if value.tag == .null { return limits.parallelism }
    let rule = "the limit of parallel must be a positive int"
    guard value.tag == .int else {
      throw .type("\(rule), not \(ScriptError.article(value.typeName))")
    }
    guard value.asInt > 0 else { throw .value("\(rule), not \(value.asInt)") }
    return Int(min(value.asInt, 1 << 20))
  }

  private func group(
    _ fiber: Fiber, items: Value, keys: Value, body: Value, limit: Int
  ) -> ParallelGroup {
    let results = heap.makeList(capacity: items.asList.count)
    for _ in 0..<items.asList.count { results.append(.null, heap) }
    return ParallelGroup(
      parent: fiber, items: items, keys: keys, body: body, results: results, limit: limit)
  }

  /// Starts items until the limit is reached; completes the group when there is nothing to run.
  func startItems(of group: ParallelGroup) {
    while group.running < group.limit, group.next < group.count {
      let item = group.next
      group.next += 1
      group.running += 1
      let fiber = makeFiber(group: group, item: item)
      let value = group.items.asList[item: item]
      if group.body.tag == .null {
        enter(fiber, value.asClosure, arguments: [])
      } else {
        let key = group.keys.tag == .null ? [] : [group.keys.asList[item: item]]
        enter(fiber, group.body.asClosure, arguments: key + [value])
      }
      ready.append(fiber)
    }
    if group.isDone { complete(group) }
  }

  /// Notes how an item ended and starts the next.
  func finish(_ fiber: Fiber, in group: ParallelGroup, _ result: Result<Value, ScriptError>) {
    fibers[fiber.id] = nil
    heap.resources.endOwner(fiber.id, handing: try? result.get(), to: group.parent.id)
    group.running -= 1
    switch result {
    case .success(let value): group.results[item: fiber.item] = value
    case .failure(let error): group.failures.append((fiber.item, error))
    }
    startItems(of: group)
  }

  private func complete(_ group: ParallelGroup) {
    let parent = group.parent
    parent.waiting = nil
    guard !group.failures.isEmpty else {
      parent.stack[parent.resumeIndex] = Value(group.results)
      ready.append(parent)
      return
    }
    raise(parallelError(group), in: parent)
  }

  private func parallelError(_ group: ParallelGroup) -> ScriptError {
    let failures = group.failures.sorted { $0.item < $1.item }
    let what = group.count == 1 ? "1 item" : "\(group.count) items"
    var error = ScriptError(
      kind: "parallel", .parallelFailed, "\(failures.count) of \(what) failed")
    error.notes = failures.prefix(10).map { failure in
      "\(itemText(group, failure.item)): \(failure.error.message)\(Self.at(failure.error))"
    }
    if failures.count > 10 { error.notes.append("and \(failures.count - 10) more") }
    let list = failures.map { failure -> ScriptValue in
      let value = group.items.asList[item: failure.item]
      let item =
        group.body.tag == .null ? .int(Int64(failure.item)) : (try? scriptValue(value)) ?? .null
      return .map([("item", item), ("error", .error(failure.error))])
    }
    error.details = [("errors", .list(list))]
    return error
  }

  func itemText(_ group: ParallelGroup, _ item: Int) -> String {
    if group.body.tag == .null { return "statement \(item + 1)" }
    return (try? shortText(group.items.asList[item: item])) ?? "item \(item)"
  }

  private static func at(_ error: ScriptError) -> String {
    error.location.map { " (\(place($0)))" } ?? ""
  }
}
