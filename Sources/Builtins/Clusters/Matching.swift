// Names by pattern, and the known name that a misspelt one may have meant.

/// Shell-like patterns: `*` any text, `?` any one character, everything else itself.
enum Glob {
  /// True when the whole text fits the pattern.
  static func matches(_ pattern: String, _ text: String) -> Bool {
    let pattern = Array(pattern)
    let text = Array(text)
    var position = 0
    var index = 0
    // Where the last star was, and up to where it has taken text: on a mismatch it takes one more.
    var star: (pattern: Int, text: Int)?
    while index < text.count {
      if position < pattern.count, pattern[position] == "*" {
        star = (position, index)
        position += 1
      } else if position < pattern.count,
        pattern[position] == "?" || pattern[position] == text[index]
      {
        position += 1
        index += 1
      } else if let last = star {
        star = (last.pattern, last.text + 1)
        position = last.pattern + 1
        index = last.text + 1
      } else {
        return false
      }
    }
    return pattern[position...].allSatisfy { $0 == "*" }
  }
}
