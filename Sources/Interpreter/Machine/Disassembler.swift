// Prints bytecode with its source lines, from the opcode table.

import Lexer

/// Writes a prototype, and those inside it, as text.
struct Disassembler {
  func text(_ prototype: Prototype) -> String {
    var lines = ["fn \(prototype.name): \(prototype.body.pointee.registerCount) registers"]
    var lastLine = 0
    for index in 0..<prototype.codeCount {
      let position = prototype.source.position(of: prototype.spans[index].start)
      if position.line != lastLine {
        lastLine = position.line
        let text = String(decoding: prototype.source.line(lastLine), as: UTF8.self)
        lines.append("  ; \(lastLine): \(text)")
      }
      lines.append("  \(row(index, prototype))")
    }
    for handler in prototype.handlers {
      lines.append("  ; errors in \(handler.range) go to \(handler.target)")
    }
    let children = prototype.children.map { text($0) }
    return ([lines.joined(separator: "\n")] + children).joined(separator: "\n\n")
  }

  private func row(_ index: Int, _ prototype: Prototype) -> String {
    let instruction = prototype.code[index]
    let name = "\(instruction.op)"
    let padded = name + String(repeating: " ", count: max(1, 22 - name.count))
    return "\(pad(index))  \(padded)\(operands(instruction, index, prototype))"
  }

  private func pad(_ number: Int) -> String {
    let text = String(number)
    return String(repeating: " ", count: max(0, 5 - text.count)) + text
  }

  private func operands(_ i: Instruction, _ index: Int, _ prototype: Prototype) -> String {
    switch i.op {
    case .loadConstant: return "r\(i.a) \(constant(i.bx, prototype))"
    case .loadInt, .loadNative, .loadLibraryConstant, .getGlobal, .setGlobal, .newMap:
      return "r\(i.a) \(i.bx)"
    case .closure: return "r\(i.a) \(prototype.children[i.bx].name)"
    case .jump, .loop: return "-> \(index + 1 + i.bx)"
    case .jumpIf, .jumpIfNot, .jumpIfNull, .jumpIfNotNull, .jumpIfDefined, .forNext:
      return "r\(i.a) -> \(index + 1 + i.bx)"
    case .jumpUnlessLess, .jumpUnlessLessOrEqual, .jumpUnlessEqual, .jumpUnlessNotEqual:
      return "r\(i.a) r\(i.b) -> \(index + 1 + i.signedC)"
    case .addInt: return "r\(i.a) r\(i.b) \(i.signedC)"
    case .getMember, .getMemberOptional, .setMember, .matchKey:
      return "r\(i.a) r\(i.b) \(constant(Int(i.c), prototype))"
    case .call, .invoke:
      let shape = prototype.shapes[Int(i.c)]
      let method = shape.method.map { " .\($0)" } ?? ""
      let named = shape.names.isEmpty ? "" : " " + shape.names.joined(separator: " ")
      return "r\(i.a)\(method) \(i.b) arguments\(named)\(shape.isSpread ? " spread" : "")"
    case .loadBool: return "r\(i.a) \(i.x != 0)"
    case .loadNull, .newBox, .newEmptyBox, .returnValue, .throwError, .rethrow, .noMatch,
      .forPrepare:
      return "r\(i.a)"
    case .move, .getBox, .setBox, .not, .negate, .appendSpread, .mapSpread: return "r\(i.a) r\(i.b)"
    case .getCapture, .getCaptureBox: return "r\(i.a) u\(i.b)"
    case .setCaptureBox: return "u\(i.a) r\(i.b)"
    default: return "r\(i.a) r\(i.b) \(i.c)"
    }
  }

  private func constant(_ index: Int, _ prototype: Prototype) -> String {
    switch prototype.constants[index] {
    case .int(let value): "\(value)"
    case .float(let bits): "\(Double(bitPattern: bits))"
    case .duration(let value): Notation.text(nanoseconds: value)
    case .string(let text): Notation.quoted(text)
    }
  }
}
