// Diagnostics as a reader sees them.

import Lexer
import Testing

@Suite struct RendererTests {
  private let plain = DiagnosticRenderer(color: false)

  /// A diagnostic at the first place where `marked` stands in the text.
  private func location(_ marked: String, _ text: String, name: String = "join.msh") -> Location {
    let source = Source(name: name, text: text)
    let bytes = Array(text.utf8)
    let needle = Array(marked.utf8)
    let start = (0...(bytes.count - needle.count)).first {
      bytes[$0..<($0 + needle.count)].elementsEqual(needle)
    }
    return Location(source, Span(start ?? 0, (start ?? 0) + needle.count))
  }

  @Test func anErrorShowsItsLineWithACaretSpan() {
    let text = "# one\n\n\nprint clusters[0].netwrok\n"
    let error = Diagnostic(
      code: "E0302", "no key \"netwrok\" in cluster", at: location("netwrok", text),
      label: "did you mean \"network\"?")
    #expect(
      plain.render(error) == """
        error[E0302]: no key "netwrok" in cluster
          --> join.msh:4:19
           |
         4 | print clusters[0].netwrok
           |                   ^^^^^^^ did you mean "network"?
        """)
  }

  @Test func labelsAndNotesFollow() {
    let text = "let a = [\n  1\n  2\n  3\n\n\n\n\n\n}\n"
    let closer = location("}", text)
    let error = Diagnostic(
      code: "E0202", "expected `]`", at: closer,
      labels: [.init(Location(closer.source, Span(8, 9)), "opened here")],
      notes: ["first", "second\nline"])
    #expect(
      plain.render(error) == """
        error[E0202]: expected `]`
           --> join.msh:10:1
            |
          1 | let a = [
            |         - opened here
        ...
         10 | }
            | ^
            = note: first
            = note: second
                    line
        """)
  }

  @Test func aLabelInAnotherSourceHasItsOwnHeader() {
    let error = Diagnostic(
      .warning, code: "E0310", "unused", at: location("b", "a b"),
      labels: [.init(location("y", "x\ny", name: "other.msh"), "declared here")])
    #expect(
      plain.render(error) == """
        warning[E0310]: unused
          --> join.msh:1:3
           |
         1 | a b
           |   ^
          ::: other.msh:2:1
           |
         2 | y
           | - declared here
        """)
  }

  @Test func anErrorWithoutAPlaceIsItsHeaderAndNotes() {
    let error = Diagnostic(code: "E0601", "cannot read x.msh", notes: ["no such file"])
    #expect(
      plain.render(error) == """
        error[E0601]: cannot read x.msh
           = note: no such file
        """)
  }

  @Test func aMessageWithAHugeNameIsShortened() {
    let name = String(repeating: "a", count: 1_000_000)
    let text = DiagnosticRenderer(color: false).render(
      Diagnostic(code: "E0301", "unknown name \"\(name)\""))
    #expect(text.utf8.count < 2000)
    #expect(text.hasPrefix("error[E0301]: unknown name \"aaa"))
    #expect(text.contains(" … "))
  }

  @Test func recursionIsFoldedInTheCallStack() {
    let place = location("f", "f()\ng()\n", name: "a.msh")
    let other = Location(place.source, Span(4, 5))
    let stack =
      [(function: "h", location: other)] + Array(repeating: ("f", place), count: 97)
      + [(function: "<script>", location: other)]
    let error = Diagnostic(code: "E0400", "boom", stack: stack)
    #expect(
      plain.render(error) == """
        error[E0400]: boom
           at h (a.msh:2:1)
           at f (a.msh:1:1)
           … 96 more calls of f
           at <script> (a.msh:2:1)
        """)
  }

  @Test func mutualRecursionIsFoldedAsAGroup() {
    let place = location("f", "f", name: "a.msh")
    let stack = (0..<100).map { (function: $0 % 2 == 0 ? "even" : "odd", location: place) }
    let lines = plain.render(Diagnostic(code: "E0400", "boom", stack: stack)).split(separator: "\n")
    #expect(
      lines.dropFirst() == [
        "   at even (a.msh:1:1)", "   at odd (a.msh:1:1)", "   … 98 more calls of even, odd",
      ])
  }

  @Test func aLongStackWithoutRecursionIsCut() {
    let place = location("f", "f", name: "a.msh")
    let stack = (0..<100).map { (function: "f\($0)", location: place) }
    let lines = plain.render(Diagnostic(code: "E0400", "boom", stack: stack)).split(separator: "\n")
    #expect(lines.count == 42)
    #expect(lines.last == "   … 60 more calls")
  }

  @Test func tabsAndWideCharactersKeepTheCaretInPlace() {
    let tabs = plain.render(Diagnostic(code: "E0", "m", at: location("x", "\ta\tx")))
    #expect(tabs.hasSuffix("\n 1 |     a   x\n   |         ^"))
    let wide = plain.render(Diagnostic(code: "E0", "m", at: location("x", "\"名e\u{301}\" x")))
    #expect(wide.hasSuffix("\n 1 | \"名e\u{301}\" x\n   |       ^"))
  }

  @Test func controlCharactersAreShownNotObeyed() {
    let text = "a\u{1B}[31m x\u{202E}"
    let error = Diagnostic(
      code: "E0", "bad \u{1B}]0;t\u{7}", at: location("x", text, name: "a\u{1B}.msh"),
      label: "\u{8}", notes: ["\u{9B}31m"])
    #expect(
      plain.render(error) == """
        error[E0]: bad ␛]0;t␇
          --> a␛.msh:1:8
           |
         1 | a␛[31m x\u{FFFD}
           |        ^ ␈
           = note: \u{FFFD}31m
        """)
  }

  @Test func longLinesAreCutAroundTheCaret() {
    let text = String(repeating: "a", count: 5000) + "X" + String(repeating: "b", count: 5000)
    let lines = plain.render(Diagnostic(code: "E0", "m", at: location("X", text)))
      .split(separator: "\n").map(Array.init)
    let shown = lines[3]
    let caret = lines[4].firstIndex(of: "^")
    #expect(shown.count <= 165)
    #expect(shown[5] == "…" && shown.last == "…")
    #expect(caret.map { shown[$0] } == "X")
  }

  @Test func aSpanOverSeveralLinesShowsItsFirstAndItsLast() {
    let error = Diagnostic(
      code: "E0", "m", at: location("f(\n  1\n)", "x = f(\n  1\n)"), label: "here")
    #expect(
      plain.render(error).hasSuffix(
        """

         1 | x = f(
           |     ^^
         2 |   1
           |   ^
         3 | )
           | ^ here
        """))
    let call = "link(\n  a,\n  b,\n  c)\n"
    let long = Diagnostic(code: "E0", "m", at: location(call, "\(call)print 1"), label: "all")
    #expect(
      plain.render(long).hasSuffix(
        """

         1 | link(
           | ^^^^^
        ...
         4 |   c)
           |   ^^ all
        """))
  }

  @Test func theShortFormIsOneLine() {
    let error = Diagnostic(
      code: "E0302", "no key \"x\" in\nmap", at: location("x", "a\n x"), label: "here",
      notes: ["n"])
    #expect(plain.renderShort(error) == "join.msh:2:2: error[E0302]: no key \"x\" in␊map")
    #expect(plain.renderShort(Diagnostic(.warning, code: "E0", "m")) == "warning[E0]: m")
  }

  @Test func oneRunReportsTwentyErrorsAndCountsTheRest() {
    let source = Source(name: "t", text: String(repeating: "ab\n", count: 30))
    let all = (0..<30).reversed().flatMap { line in
      [1, 0].map { column in
        Diagnostic(
          code: "E0", "m", at: Location(source, Span(3 * line + column, 3 * line + column + 1)))
      }
    }
    let reported = all.reported()
    #expect(reported.map { $0.location?.span.start } == (0..<20).map { UInt32(3 * $0) })
    #expect(reported.last?.notes == ["10 more errors are not shown"])
    #expect(reported.dropLast().allSatisfy { $0.notes.isEmpty })
    #expect(Array(all.prefix(2)).reported().count == 1)
  }

  @Test func anEmptySpanAtTheEndOfALineHasACaret() {
    let source = Source(name: "t", text: "ab\ncd")
    let error = Diagnostic(code: "E0", "m", at: Location(source, Span(2, 2)))
    #expect(plain.render(error).hasSuffix("\n 1 | ab\n   |   ^"))
    let empty = Diagnostic(code: "E0", "m", at: Location(Source(name: "t", text: ""), Span(0, 0)))
    #expect(plain.render(empty).hasSuffix("\n 1 |\n   | ^"))
  }

  @Test func colourIsAddedOnlyWhenAskedFor() {
    let error = Diagnostic(code: "E0", "m", at: location("a", "a"), label: "here", notes: ["n"])
    let colored = DiagnosticRenderer(color: true).render(error)
    #expect(!plain.render(error).contains("\u{1B}"))
    #expect(colored.hasPrefix("\u{1B}[1;31merror[E0]\u{1B}[0m"))
    #expect(colored.replacing(/\u{1B}\[[0-9;]*m/, with: "") == plain.render(error))
  }
}
