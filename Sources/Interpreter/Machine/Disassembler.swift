// Prints bytecode with its source lines, from the table of opcodes and their operands.

import Lexer

/// Writes a prototype, and those inside it, as text.
struct Disassembler {
  /// Names of the library's functions by index, where they are known.
  var natives: [String] = []

  func text(_ prototype: Prototype) -> String {
    var lines = ["fn \(prototype.name): \(prototype.registerCount) registers"]
    var lastLine = 0
    for index in prototype.code.indices {
      let position = prototype.source.position(of: prototype.spans[index].start)
      if position.line != lastLine {
        lastLine = position.line
        let text = String(decoding: prototype.source.line(lastLine), as: UTF8.self)
        lines.append("  ; \(lastLine): \(text)")
      }
      lines.append("  \(row(index, prototype))")
    }
    for handler in prototype.handlers {
      lines.append(
        "  ; errors in \(handler.range) go to \(handler.target) in r\(handler.register)")
    }
    let children = prototype.children.map { text($0) }
    return ([lines.joined(separator: "\n")] + children).joined(separator: "\n\n")
  }

  private func row(_ index: Int, _ prototype: Prototype) -> String {
    let instruction = prototype.code[index]
    let name = "\(instruction.op)"
    let padded = name + String(repeating: " ", count: max(1, 22 - name.count))
    let operands = instruction.op.operands.compactMap {
      text($0, instruction, index, prototype)
    }
    return "\(pad(index))  \(padded)\(operands.joined(separator: " "))"
  }

  private func pad(_ number: Int) -> String {
    let text = String(number)
    return String(repeating: " ", count: max(0, 5 - text.count)) + text
  }

  /// One operand; nil for a flag that is not set.
  private func text(
    _ operand: Operand, _ i: Instruction, _ index: Int, _ prototype: Prototype
  ) -> String? {
    switch operand {
    case .reads(let field, _), .writes(let field, _), .changes(let field, _, _),
      .beginsLoop(let field):
      return "r\(i.number(field))"
    case .copies(let target, let origin), .testsList(let target, let origin):
      return "r\(i.number(target)) r\(i.number(origin))"
    case .readsRun(let field, let count, let plus):
      return run(i.number(field), (count.map { i.number($0) } ?? 0) + plus)
    case .readsLinked(let field, let arrows):
      let list = prototype.arrows[i.number(arrows)]
      let signs = list.map { $0 ? "<->" : "->" }.joined(separator: " ")
      return "\(run(i.number(field), list.count + 1)) \(signs)"
    case .window(let field, let count, let shape, _):
      return window(i.number(field), i.number(count), prototype.shapes[i.number(shape)])
    case .takesTurn(let field, let count):
      return "r\(i.number(field)) \(run(i.number(field) + 3, i.number(count)))"
    case .beginsRange(let field), .takesRangeTurn(let field):
      return "\(run(i.number(field), 2)) r\(i.number(field) + 2)"
    case .readsNamed(let field, let shape):
      let names = prototype.shapes[i.number(shape)].names
      return "\(run(i.number(field), names.count)) \(names.joined(separator: " "))"
    case .constant(let field), .name(let field):
      return constant(i.number(field), prototype)
    case .capture(let field), .capturedBox(let field), .capturedOf(let field, _):
      return "u\(i.number(field))"
    case .child(let field): return prototype.children[i.number(field)].name
    case .native(let field):
      let number = i.number(field)
      return number < natives.count ? natives[number] : "\(number)"
    case .libraryConstant(let field), .global(let field), .module(let field), .number(let field),
      .count(let field):
      return "\(i.number(field))"
    case .truth(let field): return "\(i.number(field) != 0)"
    case .flag(let field, let meaning): return i.number(field) == 0 ? nil : meaning
    case .goes, .goesBack: return i.target(at: index).map { "-> \($0)" }
    }
  }

  /// `r3…r5`, `r3`, or `none`.
  private func run(_ first: Int, _ count: Int) -> String {
    if count == 0 { return "none" }
    return count == 1 ? "r\(first)" : "r\(first)…r\(first + count - 1)"
  }

  private func window(_ first: Int, _ count: Int, _ shape: CallShape) -> String {
    let method = shape.method.map { " .\($0)" } ?? ""
    let named = shape.names.isEmpty ? "" : " " + shape.names.joined(separator: " ")
    let arguments = count == 1 ? "1 argument" : "\(count) arguments"
    return "r\(first)\(method) \(arguments)\(named)\(shape.isSpread ? " spread" : "")"
  }

  private func constant(_ index: Int, _ prototype: Prototype) -> String {
    switch prototype.constants[index] {
    case .int(let value): "\(value)"
    case .float(let bits): "\(Double(bitPattern: bits))"
    case .duration(let value): Notation.text(nanoseconds: value)
    case .string(let exact): Notation.quoted(exact.text)
    }
  }
}
