// Byte offsets as lines and columns.

import Lexer
import Testing

@Suite struct SourceTests {
  @Test func columnsCountScalars() {
    let source = Source(name: "t", text: "aé\n名x\n")
    #expect(source.position(of: 3) == Position(line: 1, column: 3))
    #expect(source.position(of: 4) == Position(line: 2, column: 1))
    #expect(source.position(of: 7) == Position(line: 2, column: 2))
    #expect(source.position(of: 999) == Position(line: 3, column: 1))
    #expect(source.lineNumber(of: 7) == 2)
    #expect(source.lineCount == 3)
  }

  @Test func linesComeWithoutTheirBreaks() {
    let source = Source(name: "t", text: "a\r\nb")
    #expect(Array(source.line(1)) == [0x61])
    #expect(Array(source.line(2)) == [0x62])
    #expect(source.line(3).isEmpty && source.line(0).isEmpty)
  }
}
