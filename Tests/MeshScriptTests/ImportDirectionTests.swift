// Pins which target may import which: the layers of the house stay layers.

import Testing

/// What one target may import, apart from the C library and Synchronization.
private struct Rule {
  /// Targets of this package.
  var own: Set<String> = []
  /// Modules of other packages and of the toolchain.
  var other: Set<String> = []
}

private let lower: Set = ["Lexer", "JSON", "Interpreter", "KubernetesClient"]

private let rules: [String: Rule] = [
  "Lexer": Rule(),
  "JSON": Rule(own: ["Processes"], other: ["CYAML"]),
  "Interpreter": Rule(own: ["Lexer", "JSON"]),
  "Processes": Rule(),
  "KubernetesClient": Rule(own: ["JSON", "CCurl", "CHTTP", "Processes"], other: ["Crypto"]),
  "Builtins": Rule(own: lower.union(["CRegex", "Processes"]), other: ["Crypto"]),
  "SimulatedCluster": Rule(
    own: ["JSON"],
    other: [
      "Crypto", "NIOCore", "NIOConcurrencyHelpers", "NIOHPACK", "NIOHTTP1", "NIOHTTP2", "NIOPosix",
      "NIOSSL", "NIOTLS", "SwiftASN1", "X509",
    ]),
  "MeshScript": Rule(own: lower.union(["Builtins"])),
  "msh": Rule(
    own: lower.union(["Builtins", "MeshScript", "Processes", "SimulatedCluster", "CReadline"]),
    other: ["ArgumentParser"]),
]

/// Modules that every target may import. FoundationEssentials is the small part of Foundation; all of
/// it would more than double the start-up time of `msh`.
private let everywhere: Set = [
  "Darwin", "FoundationEssentials", "Glibc", "Musl", "Synchronization",
]

@Suite("Imports go one way")
struct ImportDirectionTests {
  @Test("every Swift target has a rule, and every rule a target")
  func targetsAndRules() throws {
    let targets = try Folder.sources.children().filter { !swiftFiles(in: $0).isEmpty }
    #expect(Set(targets.map(\.name)) == Set(rules.keys))
  }

  @Test("no target imports what it must not know", arguments: rules.keys.sorted())
  func imports(of target: String) throws {
    let rule = try #require(rules[target])
    let allowed = rule.own.union(rule.other).union(everywhere)
    let files = swiftFiles(in: Folder.sources.child(target))
    try #require(!files.isEmpty)
    for file in files {
      for module in importedModules(try file.text()) where module != target {
        #expect(allowed.contains(module), "\(target)/\(file.name) imports \(module)")
      }
    }
  }

  @Test("every sort of import is seen")
  func sortsOfImport() {
    let text = """
      // import Commented
      import Plain
      @_exported import Exported
        internal import Indented
      @preconcurrency public import Both // why
      import struct Foundation.Data
      #if canImport(FoundationEssentials)
        import FoundationEssentials
      #else
        import Substitute
      #endif
      #if os(Linux)
        import Here
      #else
        import Elsewhere
      #endif
      let text = "import Quoted"
      """
    #expect(
      importedModules(text) == [
        "Plain", "Exported", "Indented", "Both", "Foundation", "FoundationEssentials", "Here",
        "Elsewhere",
      ])
  }
}

/// The modules that a file imports, in order. What stands in for the small Foundation on systems that
/// lack it does not count.
private func importedModules(_ text: String) -> [String] {
  let sorts: Set<Substring> = [
    "struct", "class", "enum", "protocol", "func", "var", "let", "typealias",
  ]
  var hasSmallFoundation = false
  var isSubstitute = false
  return text.split(separator: "\n").compactMap { line in
    let words = line.split(separator: " ")
    if words.first == "#if" {
      hasSmallFoundation = line.contains("canImport(FoundationEssentials)")
    }
    if words.first == "#else" { isSubstitute = hasSmallFoundation }
    if words.first == "#endif" { isSubstitute = false }
    guard !isSubstitute else { return nil }
    guard let index = words.firstIndex(of: "import") else { return nil }
    let modifiers: Set<Substring> = ["public", "package", "internal", "fileprivate", "private"]
    let isImport = words[..<index].allSatisfy { $0.hasPrefix("@") || modifiers.contains($0) }
    guard isImport else { return nil }
    let rest = words[(index + 1)...].drop { sorts.contains($0) }
    return rest.first.map { String($0.prefix { $0 != "." }) }
  }
}

private func swiftFiles(in folder: Folder) -> [Folder] {
  guard let children = try? folder.children() else { return [] }
  return children.flatMap { $0.name.hasSuffix(".swift") ? [$0] : swiftFiles(in: $0) }
}
