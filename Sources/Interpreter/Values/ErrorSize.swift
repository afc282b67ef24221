// How much an error holds, and how deep: errors hold values, values hold errors.

extension ScriptError {
  /// Errors in errors' details beyond this many levels are cut off: letting go of a chain of a million
  /// causes would take more stack than there is.
  static let deepest = 100

  /// Measures the details, and cuts off what is too deep.
  mutating func measureDetails() {
    var measure = DetailMeasure()
    for detail in details { measure.add(detail.value) }
    guard measure.nesting >= Self.deepest else {
      nesting = measure.nesting
      detailBytes = measure.bytes
      return
    }
    nesting = 0
    detailBytes = 0
    details = details.map { ($0.key, DetailMeasure.holdsError($0.value) ? .null : $0.value) }
  }

  /// Bytes that the error's texts and details take beside the struct itself.
  var footprint: Int {
    let texts = [kind, code, message, label] + notes
    let text = texts.reduce(0) { $0 + DetailMeasure.bytes(of: $1) }
    let arrays = notes.count * 16 + details.count * 32 + stack.count * 48 + 96
    return text + arrays + detailBytes
  }
}

/// Adds up the values in an error's details.
private struct DetailMeasure {
  var bytes = 0
  var nesting = 0

  mutating func add(_ value: ScriptValue) {
    bytes += 64
    switch value {
    case .string(let text): bytes += Self.bytes(of: text)
    case .list(let elements): for element in elements { add(element) }
    case .map(let pairs):
      for pair in pairs {
        bytes += Self.bytes(of: pair.key)
        add(pair.value)
      }
    case .link(let pairs):
      for pair in pairs {
        add(pair.from)
        add(pair.to)
      }
    case .error(let error):
      bytes += error.footprint
      nesting = max(nesting, error.nesting + 1)
    default: break
    }
  }

  static func holdsError(_ value: ScriptValue) -> Bool {
    var measure = DetailMeasure()
    measure.add(value)
    return measure.nesting > 0
  }

  /// What a Swift string allocates; up to 15 bytes stand in the string itself.
  static func bytes(of text: String) -> Int {
    text.utf8.count > 15 ? Heap.footprint(32 + text.utf8.count) : 0
  }
}
