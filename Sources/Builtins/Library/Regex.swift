// Regular expressions over PCRE2, in UTF mode: the value that `regex("…")` gives, and searching with it.

import CRegex
import Interpreter
import Synchronization

/// A compiled pattern. Any number of machines may use one.
final class Regex: HostMembers {
  let pattern: String
  /// Names of groups, with the groups' numbers, in alphabetical order.
  let names: [(name: String, group: Int)]
  /// Number of groups, without the whole match.
  let groupCount: Int
  // PCRE2 never changes a compiled pattern, and it is freed with the last reference.
  nonisolated(unsafe) fileprivate let code: OpaquePointer

  var typeName: String { "regex" }
  var description: String { "regex(\(Notation.quoted(pattern)))" }
  var memberNames: [String] { ["pattern"] }

  func member(_ name: String) -> HostMember? {
    name == "pattern" ? .value(.string(pattern)) : nil
  }

  func isEqual(_ other: any HostObject) -> Bool { (other as? Regex)?.pattern == pattern }

  private init(pattern: String, code: OpaquePointer) {
    self.pattern = pattern
    self.code = code
    groupCount = Int(cregex_group_count(code))
    names = (0..<cregex_name_count(code)).compactMap { index in
      var group: UInt32 = 0
      guard let name = cregex_name(code, index, &group) else { return nil }
      return (String(cString: name), Int(group))
    }
  }

  deinit { cregex_free(code) }

  // MARK: Compiling

  /// The patterns that were compiled last; a loop that writes its pattern compiles it once.
  private static let cache = Mutex<[String: Regex]>([:])
  private static let cacheLimit = 128

  /// Compiles a pattern, or finds it among those that were compiled before.
  ///
  /// - Throws: a `ScriptError` that says what is wrong with the pattern, and where.
  static func of(_ pattern: StringReference) throws(ScriptError) -> Regex {
    guard pattern.utf8.count <= longestPattern else {
      throw ScriptError.value("a regular expression has at most 64 KiB")
    }
    return try of(pattern.text)
  }

  /// Bytes of a pattern, as the C side has it too; a longer one is not even copied.
  private static let longestPattern = 64 << 10

  private static func of(_ pattern: String) throws(ScriptError) -> Regex {
    if let known = cache.withLock({ $0[pattern] }) { return known }
    let regex = try compile(pattern)
    cache.withLock { cache in
      if cache.count >= cacheLimit { cache.removeAll() }
      cache[pattern] = regex
    }
    return regex
  }

  private static func compile(_ pattern: String) throws(ScriptError) -> Regex {
    if let problem = cregex_load() {
      throw ScriptError.value("regex is not available: \(String(cString: problem))")
    }
    var error: Int32 = 0
    var place = 0
    let bytes = Array(pattern.utf8)
    guard let code = cregex_compile(bytes, bytes.count, &error, &place) else {
      throw wrong(pattern, reason(error), bytes.prefix(place).count { $0 & 0xC0 != 0x80 })
    }
    return Regex(pattern: pattern, code: code)
  }

  private static func reason(_ error: Int32) -> String {
    let text = withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
      cregex_reason(error, buffer.baseAddress, buffer.count)
      return buffer.baseAddress.map { String(cString: $0) } ?? ""
    }
    return text.isEmpty ? "error \(error)" : text
  }

  private static func wrong(_ pattern: String, _ reason: String, _ index: Int) -> ScriptError {
    let isShown =
      pattern.unicodeScalars.count <= 60
      && pattern.unicodeScalars.allSatisfy { !$0.properties.isWhitespace || $0 == " " }
    let caret = String(repeating: " ", count: index) + "^"
    return ScriptError.value(
      "this is no regular expression: \(reason), at character \(index + 1)",
      notes: isShown ? [pattern, caret] : [])
  }
}

/// A search through one text.
final class RegexSearch {
  let regex: Regex
  private let text: UnsafeBufferPointer<UInt8>
  private let match: OpaquePointer
  private let host: Host

  /// What the matcher asks whether to go on; C holds a pointer to it.
  private final class Host {
    let call: NativeCall
    init(_ call: NativeCall) { self.call = call }
  }

  /// Prepares a search; the text must live as long as the search does.
  init(_ regex: Regex, in text: StringReference, _ call: NativeCall) throws(ScriptError) {
    self.regex = regex
    self.text = text.utf8
    host = Host(call)
    let match = cregex_match_new(
      regex.code,
      { context in
        guard let context else { return true }
        return !Unmanaged<Host>.fromOpaque(context).takeUnretainedValue().call.canGoOn
      }, Unmanaged.passUnretained(host).toOpaque())
    guard let match else { throw ScriptError.value("there is no memory for a search") }
    self.match = match
  }

  deinit { cregex_match_free(match) }

  /// Looks for the first match from a byte offset on.
  ///
  /// - Throws: when the run must stop, or the pattern takes too long or too much memory.
  func find(from start: Int = 0, isRetry: Bool = false) throws -> Bool {
    guard host.call.canGoOn else { throw host.call.interruption }
    switch cregex_find(match, text.baseAddress, text.count, start, isRetry) {
    case Int32(CREGEX_FOUND): return true
    case Int32(CREGEX_NOT_FOUND): return false
    case Int32(CREGEX_STOPPED): throw host.call.interruption
    case Int32(CREGEX_TOO_LONG):
      throw ScriptError.value(
        "the search for \(regex.description) takes too many steps",
        notes: ["nested repetitions such as (a+)+ try every way to split a text"])
    case Int32(CREGEX_TOO_LARGE):
      throw ScriptError.value("the search for \(regex.description) takes too much memory")
    default:
      throw ScriptError.value("the search for \(regex.description) failed")
    }
  }

  /// The bytes of a group of the match that was found last; nil when it took no part.
  func group(_ number: Int) -> Range<Int>? {
    var start = 0
    var end = 0
    guard cregex_group(match, UInt32(number), &start, &end) else { return nil }
    return start..<end
  }

  /// Calls `body` with every match in order; matches do not overlap, and may be empty.
  func each(_ body: (Range<Int>) throws -> Void) throws {
    var start = 0
    var isRetry = false
    while start <= text.count {
      if try find(from: start, isRetry: isRetry) {
        guard let whole = group(0) else {
          throw ScriptError.value("\\K gives a match that ends before it starts")
        }
        try body(whole)
        // After an empty match there may be another one at the same place, but no empty one.
        isRetry = whole.upperBound <= start || whole.isEmpty
        start = max(start, whole.upperBound)
      } else if isRetry {
        isRetry = false
        start += 1
        while start < text.count, text[start] & 0xC0 == 0x80 { start += 1 }
      } else {
        return
      }
    }
  }
}
