// How the reader of lists finds its way without reading values: strings are skipped, brackets counted.

/// Finds the end of one value.
struct JSONTextState {
  private var depth = 0
  private var isInString = false
  private var isAfterBackslash = false

  /// Takes the value's first byte; true when the value has brackets.
  mutating func begins(with byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "{"), UInt8(ascii: "["):
      depth = 1
      return true
    case UInt8(ascii: "\""):
      isInString = true
      return false
    default: return false
    }
  }

  /// Goes on in a value with brackets; true when `index` is behind its last one.
  mutating func finds(_ bytes: UnsafeBufferPointer<UInt8>, _ index: inout Int) -> Bool {
    while index < bytes.count {
      if isInString {
        skipString(bytes, &index)
        continue
      }
      switch bytes[index] {
      case UInt8(ascii: "\""): isInString = true
      case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
      case UInt8(ascii: "}"), UInt8(ascii: "]"):
        depth -= 1
        if depth == 0 {
          index += 1
          return true
        }
      default: break
      }
      index += 1
    }
    return false
  }

  /// Goes on in a value without brackets; true when `index` is at what follows it.
  mutating func findsScalar(_ bytes: UnsafeBufferPointer<UInt8>, _ index: inout Int) -> Bool {
    while index < bytes.count {
      if isInString {
        skipString(bytes, &index)
        if !isInString { return true }
        continue
      }
      switch bytes[index] {
      case UInt8(ascii: ","), UInt8(ascii: "]"), 0x20, 0x0A, 0x0D, 0x09: return true
      default: index += 1
      }
    }
    return false
  }

  private mutating func skipString(_ bytes: UnsafeBufferPointer<UInt8>, _ index: inout Int) {
    guard let start = bytes.baseAddress else { return }
    if isAfterBackslash {
      isAfterBackslash = false
      index += 1
    }
    while index < bytes.count {
      if index &+ 8 <= bytes.count {
        let stops = JSONBytes.stops(in: JSONBytes.load(start + index))
        guard stops != 0 else {
          index &+= 8
          continue
        }
        index &+= stops.trailingZeroBitCount &>> 3
      }
      let byte = bytes[index]
      index += 1
      if byte == UInt8(ascii: "\"") {
        isInString = false
        return
      }
      guard byte == UInt8(ascii: "\\") else { continue }
      guard index < bytes.count else {
        isAfterBackslash = true
        return
      }
      index += 1
    }
  }
}

/// Watches the bytes around the items for the array that they are in: the value of the key `items` of
/// the outermost object.
struct JSONMemberFinder {
  static let name = "items"
  private static let quoted = Array("\"items\"".utf8)

  private enum Step {
    case none
    /// The key's first bytes were seen.
    case key(Int)
    case keyEnded
    case colon
  }

  /// True when a string of the outermost object, maybe a key, has escapes.
  private(set) var hasEscapes = false
  private var depth = 0
  private var isObject = false
  private var isInString = false
  private var isAfterBackslash = false
  private var step = Step.none

  /// Takes the next byte; true when it begins the array of the items.
  mutating func sees(_ byte: UInt8) -> Bool {
    if isInString {
      goOnInString(byte)
      return false
    }
    switch byte {
    case 0x20, 0x0A, 0x0D, 0x09: return false
    case UInt8(ascii: "\""):
      isInString = true
      step = depth == 1 && isObject ? .key(1) : .none
      return false
    case UInt8(ascii: ":"):
      if case .keyEnded = step { step = .colon } else { step = .none }
      return false
    case UInt8(ascii: "["):
      depth += 1
      if case .colon = step { return true }
    case UInt8(ascii: "{"):
      if depth == 0 { isObject = true }
      depth += 1
    case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
    default: break
    }
    step = .none
    return false
  }

  /// The array's end is the next byte.
  mutating func endItems() { step = .none }

  private mutating func goOnInString(_ byte: UInt8) {
    if case .key(let count) = step {
      if count < Self.quoted.count, byte == Self.quoted[count] {
        step = count + 1 == Self.quoted.count ? .keyEnded : .key(count + 1)
      } else {
        step = .none
      }
    }
    if isAfterBackslash {
      isAfterBackslash = false
    } else if byte == UInt8(ascii: "\\") {
      isAfterBackslash = true
      if depth == 1 { hasEscapes = true }
    } else if byte == UInt8(ascii: "\"") {
      isInString = false
    }
  }
}
