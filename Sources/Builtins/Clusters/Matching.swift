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

/// Finds what a misspelt name may have meant.
enum Suggestion {
  /// The known name that is nearest, if one is near: at most a third of the letters differ.
  static func nearest(to name: String, in known: [String]) -> String? {
    let best = known.map { ($0, distance(name.lowercased(), $0.lowercased())) }
      .min { $0.1 < $1.1 }
    guard let best, best.1 <= max(1, name.count / 3) else { return nil }
    return best.0
  }

  /// Levenshtein's distance: insertions, removals and replacements that make one text the other.
  private static func distance(_ left: String, _ right: String) -> Int {
    let right = Array(right)
    var row = Array(0...right.count)
    for (index, character) in left.enumerated() {
      var diagonal = row[0]
      row[0] = index + 1
      for (column, other) in right.enumerated() {
        let replaced = diagonal + (character == other ? 0 : 1)
        diagonal = row[column + 1]
        row[column + 1] = min(replaced, row[column] + 1, row[column + 1] + 1)
      }
    }
    return row[right.count]
  }
}
