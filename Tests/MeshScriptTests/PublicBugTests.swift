// Holds the table of public bugs in docs/client.md to the tests that are named after them.

import Testing

@Suite("The table of public bugs")
struct PublicBugTests {
  private static let heading = "## What other clients got wrong"

  /// The references in the table, such as `kube-rs#1199`.
  private func listed() throws -> [String] {
    let manual = try Folder.package.child("docs").child("client.md").text()
    let section = try #require(manual.firstRange(of: Self.heading))
    let rows = manual[section.upperBound...].split(separator: "\n").filter { $0.contains("#") }
    return rows.flatMap { row in
      row.split(separator: "|").first.map { references(in: String($0)) } ?? []
    }
  }

  /// The references in the display names of all tests: lines that begin a name, or go on with one.
  private func named() throws -> [String] {
    try sources(in: Folder.package.child("Tests")).flatMap { file in
      try file.text().split(separator: "\n").flatMap { line -> [String] in
        let trimmed = line.drop { $0 == " " }
        let word = String(trimmed.prefix { $0 != " " })
        guard
          trimmed.hasPrefix("@Test(") || trimmed.hasPrefix("\"") || !references(in: word).isEmpty
        else { return [] }
        return references(in: String(trimmed))
      }
    }
  }

  private func sources(in folder: Folder) throws -> [Folder] {
    try folder.children().flatMap { child -> [Folder] in
      if child.name.hasSuffix(".swift") { return [child] }
      return child.name.contains(".") ? [] : (try? sources(in: child)) ?? []
    }
  }

  private func references(in text: String) -> [String] {
    text.split { " ,:\"(`|;".contains($0) }.flatMap { word -> [String] in
      // `a#1/#2` has one project for both, `a#1/b#2` two.
      let parts = word.split(separator: "#")
      guard parts.count >= 2, let number = parts.last, number.allSatisfy(\.isNumber) else {
        return []
      }
      var project = String(parts[0])
      var found: [String] = []
      for part in parts.dropFirst() {
        let digits = part.prefix { $0.isNumber }
        found.append("\(project)#\(digits)")
        let next = part.dropFirst(digits.count).drop { $0 == "/" }
        if !next.isEmpty { project = String(next) }
      }
      return found
    }
  }

  @Test("every bug of the table has a test that is named after it, and the other way round")
  func table() throws {
    let listed = Set(try listed())
    let named = Set(try named())
    try #require(listed.count > 40)
    #expect(listed.subtracting(named).sorted() == [])
    let known = Set(listed.map { $0.prefix { $0 != "#" } })
    let unlisted = named.filter { name in
      known.contains(name.prefix { $0 != "#" }) && !listed.contains(name)
    }
    #expect(unlisted.sorted() == [])
  }

  @Test("references are read in every form that names have")
  func forms() {
    #expect(references(in: "a#1/#2, b-c#3") == ["a#1", "a#2", "b-c#3"])
    #expect(references(in: "@Test(\"kr8s#478/lightkube#108") == ["kr8s#478", "lightkube#108"])
    #expect(references(in: "golang/go#39750") == ["golang/go#39750"])
    #expect(references(in: "#expect(x == 1)").isEmpty)
  }
}
