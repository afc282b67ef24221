// Did you mean …? Finds the known name that a mistyped one most likely stands for.

/// The known names that a mistyped one most likely stands for: one, or several that are equally near.
///
/// Names that differ in case, `_` and `-` only are the same name. Otherwise the number of edits
/// (insert, delete, replace, swap two neighbours) decides: at most 1 in a name of up to 4 letters, 2
/// up to 8, else 3, and never more than a third of the longer name. Names of one letter are never
/// guessed. Of equally near names those of the earliest group win.
///
/// - Parameters:
///   - name: what was written.
///   - groups: the names that exist; preferred ones first, such as a scope's before the library's.
/// - Returns: up to three names, in their group's order; empty when none is near enough.
public func nearNames(_ name: String, among groups: [[String]]) -> [String] {
  let written = folded(name)
  guard written.count > 1 else { return [] }
  let limit = written.count <= 4 ? 1 : written.count <= 8 ? 2 : 3
  var nearest = limit + 1
  var found: [String] = []
  for group in groups {
    let before = nearest
    for candidate in group where candidate != name {
      let known = folded(candidate)
      guard known.count > 1, abs(known.count - written.count) <= min(limit, nearest) else {
        continue
      }
      let distance = known == written ? 0 : editDistance(written, known)
      guard distance <= limit, distance * 3 <= max(written.count, known.count) else { continue }
      if distance < nearest {
        nearest = distance
        found = [candidate]
      } else if distance == nearest, nearest < before, !found.contains(candidate) {
        found.append(candidate)
      }
    }
  }
  return Array(found.prefix(3))
}

/// The known name that a mistyped one most likely stands for: the first of `nearNames`.
///
/// - Parameters:
///   - name: what was written.
///   - candidates: the names that exist, in order of preference.
/// - Returns: one of the candidates, or nil when none is near enough.
public func didYouMean(_ name: String, among candidates: some Sequence<String>) -> String? {
  nearNames(name, among: [Array(candidates)]).first
}

/// The question `did you mean "network"?`, or with `or` between names that are equally near.
///
/// - Parameters:
///   - name: what was written.
///   - groups: the names that exist; preferred ones first.
/// - Returns: nil when none is near enough.
public func didYouMeanQuestion(_ name: String, among groups: [String]...) -> String? {
  let names = nearNames(name, among: groups).map { "\"\($0)\"" }
  guard let last = names.last else { return nil }
  guard names.count > 1 else { return "did you mean \(last)?" }
  return "did you mean \(names.dropLast().joined(separator: ", ")) or \(last)?"
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
