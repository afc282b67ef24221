// The loop: one switch over the opcode table, with the frame's state in locals.

extension Machine {
  /// Runs a fiber until it ends, fails, or waits.
  func execute(_ fiber: Fiber) -> Outcome {
    let state = heap.state
    var ticks = Self.tickCount
    let depthLimit = limits.callDepth &- fiber.outerDepth
    // Each turn of the outer loop loads the state of the innermost frame, after a call, a return or an
    // error. Nothing here may be captured by a closure: locals would move to memory and every access
    // be checked for exclusivity.
    frames: while true {
      var depth = fiber.frameCount
      var frame = fiber.frames[depth &- 1]
      var constants = frame.body.pointee.values
      var captures = frame.closure.captures
      var registers = fiber.stack + frame.base
      var pc = frame.next
      do throws(ScriptError) {
        while true {
          let i = pc.pointee
          pc += 1
          let a = Int(i.a)
          switch i.op {
          case .move: registers[a] = registers[Int(i.b)]
          case .loadConstant: registers[a] = constants[i.bx]
          case .loadNull: registers[a] = .null
          case .loadBool: registers[a] = Value(i.x != 0)
          case .loadInt: registers[a] = Value(i.bx)
          case .loadNative: registers[a] = Value(native: i.bx)
          case .loadLibraryConstant: registers[a] = libraryConstant(i.bx)
          case .getCapture: registers[a] = captures[Int(i.b)]
          case .getCaptureBox:
            let value = captures[Int(i.b)].asBox.pointee.value
            if value.tag == .undefined { throw .noValueYet(constants[Int(i.c)].string ?? "") }
            registers[a] = value
          case .setCaptureBox: captures[a].asBox.pointee.value = registers[Int(i.b)]
          case .newBox: registers[a] = heap.makeBox(registers[a])
          case .newEmptyBox: registers[a] = heap.makeBox(.undefined)
          case .getBox:
            let value = registers[Int(i.b)].asBox.pointee.value
            if value.tag == .undefined { throw .noValueYet(constants[Int(i.c)].string ?? "") }
            registers[a] = value
          case .setBox: registers[a].asBox.pointee.value = registers[Int(i.b)]
          case .getGlobal:
            registers[a] = try global(i.bx)
          case .setGlobal: setGlobal(i.bx, registers[a])
          case .closure:
            registers[a] = makeClosure(frame.body.pointee, i.bx, registers, captures)
          case .fillCapture:
            registers[a].asClosure.captures[Int(i.c)] = registers[Int(i.b)]

          case .add:
            let left = registers[Int(i.b)]
            let right = registers[Int(i.c)]
            if left.tag == .int, right.tag == .int {
              let (result, isOverflow) = left.asInt.addingReportingOverflow(right.asInt)
              if !isOverflow {
                registers[a] = Value(result)
                continue
              }
            } else if left.tag == .float, right.tag == .float {
              registers[a] = Value(left.asDouble + right.asDouble)
              continue
            }
            registers[a] = try operators.add(left, right)
          case .addInt:
            let left = registers[Int(i.b)]
            if left.tag == .int {
              let (sum, isOverflow) = left.asInt.addingReportingOverflow(Int64(i.signedC))
              if !isOverflow {
                registers[a] = Value(sum)
                continue
              }
            }
            registers[a] = try addImmediate(left, i.signedC)
          case .subtract:
            let left = registers[Int(i.b)]
            let right = registers[Int(i.c)]
            if left.tag == .int, right.tag == .int {
              let (result, isOverflow) = left.asInt.subtractingReportingOverflow(right.asInt)
              if !isOverflow {
                registers[a] = Value(result)
                continue
              }
            } else if left.tag == .float, right.tag == .float {
              registers[a] = Value(left.asDouble - right.asDouble)
              continue
            }
            registers[a] = try operators.subtract(left, right)
          case .multiply:
            let left = registers[Int(i.b)]
            let right = registers[Int(i.c)]
            if left.tag == .int, right.tag == .int {
              let (result, isOverflow) = left.asInt.multipliedReportingOverflow(by: right.asInt)
              if !isOverflow {
                registers[a] = Value(result)
                continue
              }
            } else if left.tag == .float, right.tag == .float {
              registers[a] = Value(left.asDouble * right.asDouble)
              continue
            }
            registers[a] = try operators.multiply(left, right)
          case .multiplyInt:
            let left = registers[Int(i.b)]
            if left.tag == .int {
              let (product, isOverflow) = left.asInt.multipliedReportingOverflow(
                by: Int64(i.signedC))
              if !isOverflow {
                registers[a] = Value(product)
                continue
              }
            }
            registers[a] = try operators.multiply(left, Value(i.signedC))
          case .divide:
            // A positive divisor can neither be zero nor overflow.
            let left = registers[Int(i.b)]
            let right = registers[Int(i.c)]
            if left.tag == .int, right.tag == .int, right.asInt > 0 {
              registers[a] = Value(left.asInt / right.asInt)
            } else {
              registers[a] = try operators.divide(left, right)
            }
          case .divideInt:
            let left = registers[Int(i.b)]
            if left.tag == .int, i.signedC > 0 {
              registers[a] = Value(left.asInt / Int64(i.signedC))
            } else {
              registers[a] = try operators.divide(left, Value(i.signedC))
            }
          case .remainder:
            let left = registers[Int(i.b)]
            let right = registers[Int(i.c)]
            if left.tag == .int, right.tag == .int, right.asInt > 0 {
              registers[a] = Value(left.asInt % right.asInt)
            } else {
              registers[a] = try operators.remainder(left, right)
            }
          case .remainderInt:
            let left = registers[Int(i.b)]
            if left.tag == .int, i.signedC > 0 {
              registers[a] = Value(left.asInt % Int64(i.signedC))
            } else {
              registers[a] = try operators.remainder(left, Value(i.signedC))
            }
          case .equal:
            registers[a] = Value(try isEqual(registers[Int(i.b)], registers[Int(i.c)]))
          case .equalInt:
            registers[a] = Value(try isEqual(registers[Int(i.b)], Value(i.signedC)))
          case .notEqual:
            registers[a] = Value(!(try isEqual(registers[Int(i.b)], registers[Int(i.c)])))
          case .less:
            registers[a] = Value(try isLess(registers[Int(i.b)], registers[Int(i.c)], i.x != 0))
          case .lessOrEqual:
            registers[a] = Value(
              try isLessOrEqual(registers[Int(i.b)], registers[Int(i.c)], i.x != 0))
          case .contains:
            let left = registers[Int(i.b)]
            let right = registers[Int(i.c)]
            if left.tag == .string, right.tag == .map {
              registers[a] = Value(right.asMap.get(left.asString) != nil)
            } else {
              registers[a] = Value(try operators.contains(left, right))
            }
          case .not:
            let value = registers[Int(i.b)]
            if value.tag != .bool { throw .notBool(value) }
            registers[a] = Value(!value.asBool)
          case .negate: registers[a] = try operators.negate(registers[Int(i.b)])

          case .jump: pc += i.bx
          case .loop:
            ticks &-= 1
            if ticks < 0 || state.pointee.bytes > state.pointee.threshold {
              ticks = try poll(ticks)
              if ticks < 0 { return paused(fiber, at: pc - 1) }
            }
            pc += i.bx
          case .jumpIf:
            let value = registers[a]
            if value.tag != .bool { throw .notBool(value) }
            if value.asBool { pc += i.bx }
          case .jumpIfNot:
            let value = registers[a]
            if value.tag != .bool { throw .notBool(value) }
            if !value.asBool { pc += i.bx }
          case .jumpIfNull: if registers[a].tag == .null { pc += i.bx }
          case .jumpIfNotNull: if registers[a].tag != .null { pc += i.bx }
          case .jumpIfDefined: if registers[a].tag != .undefined { pc += i.bx }
          case .jumpUnlessLess:
            let left = registers[a]
            let right = registers[Int(i.b)]
            if left.tag == .int, right.tag == .int {
              if !(left.asInt < right.asInt) { pc += i.signedC }
            } else if !(try isLess(left, right, i.x != 0)) {
              pc += i.signedC
            }
          case .jumpUnlessLessOrEqual:
            let left = registers[a]
            let right = registers[Int(i.b)]
            if left.tag == .int, right.tag == .int {
              if !(left.asInt <= right.asInt) { pc += i.signedC }
            } else if !(try isLessOrEqual(left, right, i.x != 0)) {
              pc += i.signedC
            }
          case .jumpUnlessEqual:
            if !(try isEqual(registers[a], registers[Int(i.b)])) { pc += i.signedC }
          case .jumpUnlessNotEqual:
            if try isEqual(registers[a], registers[Int(i.b)]) { pc += i.signedC }
          case .jumpUnlessLessInt:
            let left = registers[a]
            if left.tag == .int {
              if !(left.asInt < Int64(i.signedB)) { pc += i.signedC }
            } else if !(try isLess(left, Value(i.signedB), false)) {
              pc += i.signedC
            }
          case .jumpUnlessLessOrEqualInt:
            let left = registers[a]
            if left.tag == .int {
              if !(left.asInt <= Int64(i.signedB)) { pc += i.signedC }
            } else if !(try isLessOrEqual(left, Value(i.signedB), false)) {
              pc += i.signedC
            }
          case .jumpUnlessGreaterInt:
            let left = registers[a]
            if left.tag == .int {
              if !(left.asInt > Int64(i.signedB)) { pc += i.signedC }
            } else if !(try isLess(Value(i.signedB), left, true)) {
              pc += i.signedC
            }
          case .jumpUnlessGreaterOrEqualInt:
            let left = registers[a]
            if left.tag == .int {
              if !(left.asInt >= Int64(i.signedB)) { pc += i.signedC }
            } else if !(try isLessOrEqual(Value(i.signedB), left, true)) {
              pc += i.signedC
            }
          case .jumpUnlessEqualInt:
            if !(try isEqual(registers[a], Value(i.signedB))) { pc += i.signedC }
          case .jumpUnlessNotEqualInt:
            if try isEqual(registers[a], Value(i.signedB)) { pc += i.signedC }

          case .newList:
            registers[a] = makeList(registers + Int(i.b), Int(i.c))
          case .append:
            let list = registers[a].asList
            for index in 0..<Int(i.c) { list.append(registers[Int(i.b) + index], heap) }
            try heap.reserve(0)
          case .appendSpread: try appendSpread(registers[a].asList, registers[Int(i.b)])
          case .newMap: registers[a] = Value(heap.makeMap(capacity: min(i.bx, 1024)))
          case .mapOf:
            registers[a] = makeMap(registers + Int(i.b), frame.body.pointee.sites[Int(i.c)])
          case .mapPut: try mapPut(registers[a].asMap, registers[Int(i.b)], registers[Int(i.c)])
          case .mapSpread: try mapSpread(registers[a].asMap, registers[Int(i.b)])
          case .newRange:
            registers[a] = try operators.range(
              registers[Int(i.b)], registers[Int(i.c)], isClosed: i.x != 0)
          case .link:
            registers[a] = try makeLink(registers + Int(i.b), frame.body.pointee, Int(i.c))
          case .interpolate:
            registers[a] = try interpolate(registers + Int(i.b), Int(i.c))

          case .getMember:
            let object = registers[Int(i.b)]
            if object.tag == .map, let value = object.asMap.get(constants[Int(i.c)].asString) {
              registers[a] = value
            } else if case .value(let value) = try member(
              object, constants[Int(i.c)].asString, fiber)
            {
              registers[a] = value
            } else {
              fiber.frames[depth &- 1].next = pc
              fiber.resumeIndex = frame.base + a
              return suspended(ticks)
            }
          case .getMemberOptional:
            let object = registers[Int(i.b)]
            if object.tag == .map {
              registers[a] = object.asMap.get(constants[Int(i.c)].asString) ?? .null
            } else if object.tag == .error {
              let name = constants[Int(i.c)].asString.text
              registers[a] = knownMember(object.asError, name) ?? .null
            } else if case .value(let value) = try member(
              object, constants[Int(i.c)].asString, fiber)
            {
              registers[a] = value
            } else {
              fiber.frames[depth &- 1].next = pc
              fiber.resumeIndex = frame.base + a
              return suspended(ticks)
            }
          case .setMember:
            try setMember(registers[a], constants[Int(i.c)].asString, registers[Int(i.b)])
          case .getIndex:
            let object = registers[Int(i.b)]
            let index = registers[Int(i.c)]
            if object.tag == .list, index.tag == .int, index.asInt >= 0,
              index.asInt < Int64(object.asList.count)
            {
              registers[a] = object.asList[item: Int(index.asInt)]
            } else if object.tag == .map, index.tag == .string,
              let value = object.asMap.get(index.asString)
            {
              registers[a] = value
            } else {
              registers[a] = try element(object, index)
            }
          case .setIndex:
            let object = registers[a]
            let index = registers[Int(i.b)]
            if object.tag == .list, index.tag == .int, index.asInt >= 0,
              index.asInt < Int64(object.asList.count)
            {
              object.asList[item: Int(index.asInt)] = registers[Int(i.c)]
            } else {
              try setElement(object, index, registers[Int(i.c)])
            }

          case .call:
            fiber.frames[depth &- 1].next = pc
            ticks &-= 1
            if ticks < 0 || state.pointee.bytes > state.pointee.threshold {
              ticks = try poll(ticks)
              if ticks < 0 { return paused(fiber, at: pc - 1) }
            }
            let callee = registers[a]
            if callee.tag == .closure, i.c == 0 {
              let closure = callee.asClosure
              let body = closure.pointee.body
              if body.pointee.plainCount == Int(i.b) {
                if depth >= depthLimit { throw .callDepth(limits.callDepth) }
                let base = frame.base &+ a &+ 1
                fiber.reserve(base &+ body.pointee.registerCount)
                frame = Frame(body: body, closure: closure, base: base, result: base &- 1)
                fiber.push(frame)
                depth &+= 1
                constants = body.pointee.values
                captures = closure.captures
                registers = fiber.stack + base
                pc = body.pointee.code
                continue
              }
            } else if callee.tag == .native, i.c == 0 {
              let native = natives[Int(callee.bits)]
              if native.plainCount == Int(i.b) {
                registers[a] = try callPlain(native, registers + a + 1)
                continue
              }
            }
            if try call(fiber, callee, base: a, count: Int(i.b), shape: Int(i.c)) == .parked {
              return suspended(ticks)
            }
            continue frames
          case .invoke:
            fiber.frames[depth &- 1].next = pc
            ticks &-= 1
            if ticks < 0 || state.pointee.bytes > state.pointee.threshold {
              ticks = try poll(ticks)
              if ticks < 0 { return paused(fiber, at: pc - 1) }
            }
            let site = frame.body.pointee.sites + Int(i.c)
            let receiver = registers[a]
            let method =
              site.pointee.tag == receiver.tag
              ? site.pointee.method : plainMethod(receiver, site)
            if method.plainCount == Int(i.b) &+ 1 {
              if method.isAppend {
                receiver.asList.append(registers[a &+ 1], heap)
                if state.pointee.bytes > heap.limit { try heap.reserve(0) }
                continue
              } else if let native = method.native {
                registers[a] = try callPlain(native.takeUnretainedValue(), registers + a)
                continue
              } else if let closure = method.closure {
                if depth >= depthLimit { throw .callDepth(limits.callDepth) }
                let body = closure.pointee.body
                let base = frame.base &+ a
                fiber.reserve(base &+ body.pointee.registerCount)
                frame = Frame(body: body, closure: closure, base: base, result: base)
                fiber.push(frame)
                depth &+= 1
                constants = body.pointee.values
                captures = closure.captures
                registers = fiber.stack + base
                pc = body.pointee.code
                continue
              }
            }
            if try invoke(fiber, base: a, count: Int(i.b), shape: Int(i.c)) == .parked {
              return suspended(ticks)
            }
            continue frames
          case .returnValue:
            let value = registers[a]
            depth &-= 1
            fiber.frameCount = depth
            if depth == 0 { return finished(value, ticks) }
            fiber.stack[frame.result] = value
            frame = fiber.frames[depth - 1]
            constants = frame.body.pointee.values
            captures = frame.closure.captures
            registers = fiber.stack + frame.base
            pc = frame.next

          case .forPrepare: try prepareLoop(registers + a, variables: Int(i.x))
          case .forNext:
            let state = registers + a
            let sequence = state[0]
            if sequence.tag == .range, i.x == 1, state[1].asInt < state[2].asInt {
              state[3] = state[1]
              state[1] = Value(state[1].asInt &+ 1)
            } else if !(try nextTurn(state, variables: Int(i.x))) {
              pc += i.bx
            }
          case .forLoop:
            ticks &-= 1
            if ticks < 0 || state.pointee.bytes > state.pointee.threshold {
              ticks = try poll(ticks)
              if ticks < 0 { return paused(fiber, at: pc - 1) }
            }
            let state = registers + a
            let sequence = state[0]
            let position = state[1].asInt
            if sequence.tag == .range, i.x == 1 {
              if position < state[2].asInt {
                state[3] = Value(position)
                state[1] = Value(position &+ 1)
                pc += i.bx
              }
            } else if sequence.tag == .list, i.x == 1,
              sequence.asList.pointee.version == Int(state[2].asInt),
              position < Int64(sequence.asList.count)
            {
              state[3] = sequence.asList[item: Int(position)]
              state[1] = Value(position &+ 1)
              pc += i.bx
            } else if try nextTurn(state, variables: Int(i.x)) {
              pc += i.bx
            }
          case .rangeBegin:
            let window = registers + a
            let (low, high) = (window[0], window[1])
            if low.tag == .int, high.tag == .int, i.x == 0 || high.asInt < .max {
              let end = high.asInt &+ Int64(i.x)
              if low.asInt < end {
                window[0] = Value(low.asInt &+ 1)
                window[1] = Value(end)
                window[2] = low
              } else {
                pc += i.bx
              }
            } else {
              throw badRange(low, high, isClosed: i.x != 0)
            }
          case .rangeLoop:
            ticks &-= 1
            if ticks < 0 || state.pointee.bytes > state.pointee.threshold {
              ticks = try poll(ticks)
              if ticks < 0 { return paused(fiber, at: pc - 1) }
            }
            let window = registers + a
            let position = window[0].asInt
            if position < window[1].asInt {
              window[0].bits = UInt64(bitPattern: position &+ 1)
              window[2] = Value(position)
              pc += i.bx
            }
          case .throwError: throw try thrown(registers[a])
          case .rethrow: throw registers[a].asError
          case .parameter:
            try setParameter(
              &registers[a], constants[Int(i.b)].asString.text, constants[Int(i.c)].asString.text,
              mode: i.x)
          case .loadModule: registers[a] = module(i.bx)
          case .setModule:
            registers[a].asMap.pointee.header.isFrozen = true
            setModule(i.bx, registers[a])
          case .matchList:
            let value = registers[Int(i.b)]
            let count = Int(i.c)
            let fits =
              value.tag == .list
              && (i.x == 0 ? value.asList.count == count : value.asList.count >= count)
            registers[a] = Value(fits)
          case .matchKey:
            let value = registers[Int(i.b)]
            registers[a] = Value(
              value.tag == .map
                && (i.x != 0 || value.asMap.get(constants[Int(i.c)].asString) != nil))
          case .matchRange:
            let value = registers[Int(i.b)]
            let number = value.number
            registers[a] = Value(
              number.map { Operators.isWithin($0, value, registers[Int(i.c)]) } ?? false)
          case .listRest:
            let list = registers[Int(i.b)].asList
            registers[a] = try makeSlice(list, Int(i.c), list.count)
          case .noMatch:
            throw .noMatch(try shortText(registers[a]), isDeclaration: i.x != 0)
          case .parallelFor, .parallelBlock:
            fiber.frames[depth &- 1].next = pc
            fiber.resumeIndex = frame.base + a
            let base = registers + Int(i.b)
            let group =
              i.op == .parallelFor
              ? try parallelFor(fiber, base, variables: Int(i.x))
              : try parallelBlock(fiber, base, count: Int(i.c))
            fiber.waiting = group
            startItems(of: group)
            return suspended(ticks)
          }
        }
      } catch {
        // The frame that failed may be a callee's that never got its first instruction.
        if fiber.frameCount == depth { fiber.frames[depth &- 1].next = pc }
        if let error = unwind(fiber, error) { return .failed(error) }
      }
    }
  }

  /// Looks at the limits when the ticks are used up, and collects when that is due.
  ///
  /// - Returns: the ticks that are left; less than none when the slice is over.
  @inline(never)
  private func poll(_ ticks: Int) throws(ScriptError) -> Int {
    var left = ticks
    if left < 0 {
      left = Self.tickCount
      if try checkLimits() { return -1 }
    }
    if heap.isCollectionDue { try collect() }
    return left
  }

  /// The error of a loop over a range that is none, or that has no end.
  @inline(never)
  private func badRange(_ low: Value, _ high: Value, isClosed: Bool) -> ScriptError {
    guard low.tag == .int, high.tag == .int else {
      return .operands(isClosed ? "..." : "..<", low, high)
    }
    return .overflow("the end of the range")
  }

  // What stands in arrays of the machine is looked at out of line: an access there is checked, and the
  // checks would be made for every frame.

  @inline(never)
  private func libraryConstant(_ index: Int) -> Value { libraryConstants[index] }

  @inline(never)
  private func global(_ index: Int) throws(ScriptError) -> Value {
    let value = globals[index]
    if value.tag == .undefined { throw .noValueYet(globalName(index)) }
    return value
  }

  @inline(never)
  private func setGlobal(_ index: Int, _ value: Value) { globals[index] = value }

  @inline(never)
  private func module(_ index: Int) -> Value { modules[index] }

  @inline(never)
  private func setModule(_ index: Int, _ value: Value) { modules[index] = value }

  /// Counts the steps of a turn that ends before the limits were looked at.
  private func suspended(_ ticks: Int) -> Outcome {
    heap.steps += Self.tickCount - ticks
    return .suspended
  }

  /// Notes where a fiber goes on in its next slice.
  private func paused(_ fiber: Fiber, at pc: UnsafeMutablePointer<Instruction>) -> Outcome {
    fiber.frames[fiber.frameCount - 1].next = pc
    return .paused
  }

  /// Counts the steps of a fiber that ends.
  private func finished(_ value: Value, _ ticks: Int) -> Outcome {
    heap.steps += Self.tickCount - ticks
    return .finished(value)
  }

  // MARK: Comparison, with the common cases first

  @inline(__always)
  private func isEqual(_ left: Value, _ right: Value) throws(ScriptError) -> Bool {
    if left.tag == .int, right.tag == .int { return left.bits == right.bits }
    return try isEqualOther(left, right)
  }

  @inline(never)
  private func isEqualOther(_ left: Value, _ right: Value) throws(ScriptError) -> Bool {
    try left.isEqual(to: right, heap)
  }

  @inline(__always)
  private func isLess(
    _ left: Value, _ right: Value, _ isSwapped: Bool
  ) throws(ScriptError) -> Bool {
    if left.tag == .int, right.tag == .int { return left.asInt < right.asInt }
    return try isLessOther(left, right, isSwapped)
  }

  @inline(never)
  private func isLessOther(
    _ left: Value, _ right: Value, _ isSwapped: Bool
  ) throws(ScriptError) -> Bool {
    if isSwapped, !areOrdered(left, right) { throw .operands(">", right, left) }
    guard let order = try left.compare(right, "<") else { return false }
    return order < 0
  }

  @inline(__always)
  private func isLessOrEqual(
    _ left: Value, _ right: Value, _ isSwapped: Bool
  ) throws(ScriptError) -> Bool {
    if left.tag == .int, right.tag == .int { return left.asInt <= right.asInt }
    return try isLessOrEqualOther(left, right, isSwapped)
  }

  @inline(never)
  private func isLessOrEqualOther(
    _ left: Value, _ right: Value, _ isSwapped: Bool
  ) throws(ScriptError) -> Bool {
    if isSwapped, !areOrdered(left, right) { throw .operands(">=", right, left) }
    guard let order = try left.compare(right, "<=") else { return false }
    return order <= 0
  }

  private func areOrdered(_ left: Value, _ right: Value) -> Bool {
    if left.number != nil { return right.number != nil }
    if left.tag == .host { return right.tag == .host && left.asHost is any HostOrdered }
    return left.tag == right.tag && [.string, .bool, .duration].contains(left.tag)
  }

  @inline(never)
  private func addImmediate(_ left: Value, _ number: Int) throws(ScriptError) -> Value {
    if left.tag == .int { throw .overflow("the sum") }
    guard left.tag == .float else {
      // A negative operand was written as a subtraction.
      return number < 0
        ? try operators.host(.subtract, left, Value(-number))
        : try operators.host(.add, left, Value(number))
    }
    return Value(left.asDouble + Double(number))
  }

  func globalName(_ index: Int) -> String {
    index < globalNames.count ? globalNames[index] : "?"
  }
}
