// Numbers and durations: `1_000`, `0xFF`, `2e-3`, `1h30m`.

extension Lexer {
  /// Reads a number or a duration; the current byte is a digit.
  mutating func number() {
    let start = offset
    if bytes[offset] == Ascii.zero, let radix = radixOfPrefix() { return prefixed(radix, start) }
    skipDigits()
    let isFloat = fraction()
    let isExponent = exponent()
    if isFloat || isExponent { return float(start) }
    if bytes[offset].isUnitByte || bytes[offset] >= 0x80 && scalar(at: offset).isLetter {
      return duration(start)
    }
    int(bytes[start..<offset], radix: 10, start)
  }

  // MARK: Integers

  private func radixOfPrefix() -> Int? {
    switch bytes[offset + 1] | 0x20 {
    case UInt8(ascii: "x"): 16
    case UInt8(ascii: "o"): 8
    case UInt8(ascii: "b"): 2
    default: nil
    }
  }

  private mutating func prefixed(_ radix: Int, _ start: Int) {
    offset += 2
    skipWord()
    int(bytes[(start + 2)..<offset], radix: radix, start)
  }

  /// Emits an int. A magnitude of 2^63 passes: the parser allows it behind a minus only.
  private mutating func int(_ digits: ArraySlice<UInt8>, radix: Int, _ start: Int) {
    var value: UInt64 = 0
    var previous = Ascii.underscore
    var isOverflow = false
    for byte in digits {
      if byte == Ascii.underscore, previous != Ascii.underscore {
        previous = byte
        continue
      }
      guard let digit = byte.digitValue, digit < radix else {
        return malformedInt(start, radix, "a digit that base \(radix) does not have")
      }
      previous = byte
      let product = value.multipliedReportingOverflow(by: UInt64(radix))
      let sum = product.partialValue.addingReportingOverflow(UInt64(digit))
      isOverflow = isOverflow || product.overflow || sum.overflow
      value = sum.partialValue
    }
    if previous == Ascii.underscore {
      return malformedInt(start, radix, "`_` must stand between two digits")
    }
    if isOverflow || value > 1 << 63 {
      report(
        .numberOutOfRange, "the integer does not fit in 64 bits", start, offset,
        notes: ["the largest integer is 9223372036854775807"])
      value = 0
    }
    emit(.int, from: start, payload: value)
  }

  private mutating func malformedInt(_ start: Int, _ radix: Int, _ label: String) {
    let isEmpty = radix != 10 && offset - start == 2
    report(
      .malformedNumber, "malformed number", start, offset,
      label: isEmpty ? "digits are missing" : label)
    emit(.int, from: start)
  }

  // MARK: Floats

  private mutating func skipDigits() {
    while bytes[offset].isDigit || bytes[offset] == Ascii.underscore { offset += 1 }
  }

  /// Reads `.5`; a dot without a digit behind it is a member or a range.
  private mutating func fraction() -> Bool {
    guard bytes[offset] == Ascii.dot, bytes[offset + 1].isDigit else { return false }
    offset += 1
    skipDigits()
    return true
  }

  /// Reads `e-3`.
  private mutating func exponent() -> Bool {
    guard bytes[offset] | 0x20 == UInt8(ascii: "e") else { return false }
    let isSigned = bytes[offset + 1] == Ascii.minus || bytes[offset + 1] == Ascii.plus
    guard bytes[offset + (isSigned ? 2 : 1)].isDigit else { return false }
    offset += isSigned ? 2 : 1
    skipDigits()
    return true
  }

  private mutating func float(_ start: Int) {
    let last = offset
    let text = bytes[start..<last]
    if bytes[offset].isUnitByte {
      skipWord()
      report(
        .malformedDuration, "malformed duration", start, offset,
        label: "durations are made of whole numbers", notes: ["one and a half hours are `1h30m`"])
      return emit(.float, from: start)
    }
    guard Self.hasProperSeparators(text) else {
      report(
        .malformedNumber, "malformed number", start, last,
        label: "`_` must stand between two digits")
      return emit(.float, from: start)
    }
    let digits = String(decoding: text.filter { $0 != Ascii.underscore }, as: UTF8.self)
    let value = Double(digits) ?? .infinity
    if value.isInfinite {
      report(.numberOutOfRange, "the float does not fit in 64 bits", start, last)
    }
    emit(.float, from: start, payload: value.bitPattern)
  }

  private static func hasProperSeparators(_ text: ArraySlice<UInt8>) -> Bool {
    var previous: UInt8 = 0
    for byte in text {
      if byte == Ascii.underscore, !previous.isDigit { return false }
      if previous == Ascii.underscore, !byte.isDigit { return false }
      previous = byte
    }
    return previous.isDigit
  }

  // MARK: Durations

  /// Reads `1h30m`: the first number is read already, a letter follows it.
  private mutating func duration(_ start: Int) {
    var total: Int64 = 0
    var isOverflow = false
    var largest = Int64.max
    var digits = bytes[start..<offset]
    while true {
      let unitStart = offset
      while bytes[offset].isUnitByte || bytes[offset] >= 0x80 && scalar(at: offset).isLetter {
        offset += scalar(at: offset).length
      }
      guard let unit = Self.nanoseconds(bytes[unitStart..<offset]), digits.last?.isDigit == true
      else { return unknownUnit(start, unitStart) }
      guard unit < largest else { return unitOrder(start) }
      largest = unit
      let count = Int64(String(decoding: digits.filter(\.isDigit), as: UTF8.self))
      let part = (count ?? .max).multipliedReportingOverflow(by: unit)
      let sum = total.addingReportingOverflow(part.partialValue)
      isOverflow = isOverflow || count == nil || part.overflow || sum.overflow
      total = sum.partialValue
      guard bytes[offset].isDigit else { break }
      let next = offset
      skipDigits()
      digits = bytes[next..<offset]
    }
    if isOverflow {
      report(
        .numberOutOfRange, "the duration does not fit in 64 bits of nanoseconds", start, offset,
        notes: ["the longest duration is about 292 years"])
      total = 0
    }
    emit(.duration, from: start, payload: UInt64(bitPattern: total))
  }

  private static func nanoseconds(_ unit: ArraySlice<UInt8>) -> Int64? {
    switch String(decoding: unit, as: UTF8.self) {
    case "ms": 1_000_000
    case "s": 1_000_000_000
    case "m": 60_000_000_000
    case "h": 3_600_000_000_000
    case "d": 86_400_000_000_000
    default: nil
    }
  }

  private mutating func unknownUnit(_ start: Int, _ unitStart: Int) {
    let unit = String(decoding: bytes[unitStart..<offset], as: UTF8.self)
    skipWord()
    let code: ErrorCode = unit.isEmpty ? .malformedNumber : .malformedDuration
    report(
      code, "malformed number or duration", start, offset,
      label: unit.isEmpty ? "a unit is missing" : "unknown unit `\(unit)`",
      notes: ["durations are written with d, h, m, s and ms, such as `1h30m`"])
    emit(.duration, from: start)
  }

  private mutating func unitOrder(_ start: Int) {
    skipWord()
    report(
      .malformedDuration, "malformed duration", start, offset,
      label: "units must go from large to small, each once",
      notes: ["the order is d, h, m, s, ms"])
    emit(.duration, from: start)
  }
}

extension UInt8 {
  /// Whether it can be part of a unit.
  fileprivate var isUnitByte: Bool { (self | 0x20) >= Ascii.a && (self | 0x20) <= Ascii.z }
}
