// Did you mean …? Finds the known name that a mistyped one most likely stands for.

/// The candidate that a mistyped name most likely stands for.
///
/// Names that differ in case, `_` and `-` only are the same name. Otherwise the number of edits
/// (insert, delete, replace, swap two neighbours) decides: at most 1 in a name of up to 4 letters, 2
/// up to 8, else 3, and never more than a third of the longer name. The nearest wins, then the first.
///
/// - Parameters:
///   - name: what was written.
///   - candidates: the names that exist, in order of preference.
/// - Returns: one of the candidates, or nil when none is near enough.
public func didYouMean(_ name: String, among candidates: some Sequence<String>) -> String? {
  let written = folded(name)
  guard !written.isEmpty else { return nil }
  let limit = written.count <= 4 ? 1 : written.count <= 8 ? 2 : 3
  var best: (name: String, distance: Int)?
  for candidate in candidates where candidate != name {
    let known = folded(candidate)
    if known == written { return candidate }
    guard abs(known.count - written.count) <= limit else { continue }
    let distance = editDistance(written, known)
    guard distance <= limit, distance * 3 <= max(written.count, known.count) else { continue }
    if distance < best?.distance ?? .max { best = (candidate, distance) }
  }
  return best?.name
}

private func folded(_ name: String) -> [Unicode.Scalar] {
  name.lowercased().unicodeScalars.filter { $0 != "_" && $0 != "-" }
}

/// Damerau-Levenshtein distance in its restricted form: no part is edited twice.
private func editDistance(_ first: [Unicode.Scalar], _ second: [Unicode.Scalar]) -> Int {
  var beforeLast: [Int] = []
  var last = Array(0...second.count)
  for row in first.indices {
    var current = [row + 1]
    for column in second.indices {
      let replaced = last[column] + (first[row] == second[column] ? 0 : 1)
      var best = min(replaced, last[column + 1] + 1, current[column] + 1)
      if row > 0, column > 0, first[row] == second[column - 1], first[row - 1] == second[column] {
        best = min(best, beforeLast[column - 1] + 1)
      }
      current.append(best)
    }
    (beforeLast, last) = (last, current)
  }
  return last[second.count]
}
