// The machine's instructions: this table is the manual, and names them for the disassembler.
// OpcodeOperands.swift says of every operand what it is, for the disassembler and the verifier.
//
// An instruction is 8 bytes:
//
//     | op: 8 | x: 8 | a: 16 | b: 16 | c: 16 |        bx = b and c as one signed 32-bit number
//
// R[n] is register n of the running frame, K[n] constant n of its prototype, U[n] captured variable n.
// A frame's registers are a window of its fiber's stack: the arguments of a call are already where the
// called function's first registers will be.
//
//     caller: … | R[a] callee | R[a+1] argument 0 | R[a+2] argument 1 | …
//     callee:                 | R[0]              | R[1]              | …

/// What an instruction does. `a`, `b`, `c`, `x` and `bx` are its operands.
public enum Opcode: UInt8, CaseIterable, BitwiseCopyable, Sendable {
  /// R[a] = R[b]
  case move
  /// R[a] = K[bx]
  case loadConstant
  /// R[a] = null
  case loadNull
  /// R[a] = x != 0
  case loadBool
  /// R[a] = bx, an integer
  case loadInt
  /// R[a] = library function bx
  case loadNative
  /// R[a] = library constant bx
  case loadLibraryConstant
  /// R[a] = U[b], a variable that never changes
  case getCapture
  /// R[a] = the value in box U[b]; an error when it has none yet (its name is K[c])
  case getCaptureBox
  /// The value in box U[a] = R[b]
  case setCaptureBox
  /// R[a] = a new box that holds R[a]
  case newBox
  /// R[a] = a new box without a value
  case newEmptyBox
  /// R[a] = the value in box R[b]; an error when it has none yet (its name is K[c])
  case getBox
  /// The value in box R[a] = R[b]
  case setBox
  /// R[a] = global bx; an error when it has no value yet
  case getGlobal
  /// Global bx = R[a]
  case setGlobal
  /// R[a] = a closure of child prototype bx, capturing what the prototype lists
  case closure
  /// Captured variable c of closure R[a] = R[b]: a `fn` that its block makes later, or itself
  case fillCapture
  /// R[a] = R[b] + R[c], and so on for the other operators
  case add
  case subtract
  case multiply
  case divide
  case remainder
  case equal
  case notEqual
  case less
  case lessOrEqual
  /// R[a] = whether R[b] is in R[c]
  case contains
  /// R[a] = R[b] + c, c a signed 16-bit integer; likewise for the others
  case addInt
  case multiplyInt
  case divideInt
  case remainderInt
  case equalInt
  /// R[a] = not R[b]
  case not
  /// R[a] = -R[b]
  case negate
  /// Go bx instructions on
  case jump
  /// Go bx instructions back: a loop's end, where limits, cancellation and collection are looked at
  case loop
  /// Go bx on if R[a], which must be a bool
  case jumpIf
  /// Go bx on if not R[a], which must be a bool; x != 0 says that the bool is an operand of and/or/not
  case jumpIfNot
  /// Go bx on if R[a] is null
  case jumpIfNull
  /// Go bx on if R[a] is not null
  case jumpIfNotNull
  /// Go bx on if R[a] has a value: the caller gave this argument
  case jumpIfDefined
  /// Go c on (signed) unless R[a] < R[b]; likewise for the others
  case jumpUnlessLess
  case jumpUnlessLessOrEqual
  case jumpUnlessEqual
  case jumpUnlessNotEqual
  /// Go c on (signed) unless R[a] < b, b a signed 16-bit integer; likewise for the others
  case jumpUnlessLessInt
  case jumpUnlessLessOrEqualInt
  case jumpUnlessGreaterInt
  case jumpUnlessGreaterOrEqualInt
  case jumpUnlessEqualInt
  case jumpUnlessNotEqualInt
  /// R[a] = a list of R[b] … R[b+c-1]
  case newList
  /// Append R[b] … R[b+c-1] to list R[a]
  case append
  /// Append the elements of R[b] to list R[a]
  case appendSpread
  /// R[a] = an empty map with room for bx pairs
  case newMap
  /// R[a] = a map of the names of call shape c, which differ, with R[b] … as their values
  case mapOf
  /// Map R[a] gets R[b] (a string): R[c]
  case mapPut
  /// Map R[a] gets the pairs of R[b]
  case mapSpread
  /// R[a] = the range from R[b] to R[c]; x != 0: closed
  case newRange
  /// R[a] = the link of operands R[b] … by arrow list c
  case link
  /// R[a] = the texts of R[b] … R[b+c-1] joined
  case interpolate
  /// R[a] = R[b].K[c]
  case getMember
  /// R[a] = R[b]?.K[c], null when the map lacks the key; R[b] is not null
  case getMemberOptional
  /// R[a].K[c] = R[b]
  case setMember
  /// R[a] = R[b][R[c]]
  case getIndex
  /// R[a][R[b]] = R[c]
  case setIndex
  /// R[a] = R[a](R[a+1] …), b positional arguments, call shape c (0: positional only)
  case call
  /// R[a] = R[a].name(R[a+1] …), b positional arguments, call shape c, which has the name
  case invoke
  /// Leave the function with R[a]
  case returnValue
  /// Begin a loop over R[a]: R[a+1], R[a+2] are its state
  case forPrepare
  /// Next turn: x variables from R[a+3] on, or go bx on when there is none
  case forNext
  /// Next turn like forNext, at the loop's end: go bx (back) when there is one; also what loop does
  case forLoop
  /// Begin a loop over the integers from R[a] to R[a+1], which become its state; x != 0: closed. The
  /// first is R[a+2], or go bx on when there is none
  case rangeBegin
  /// R[a+2] = the next integer, at the loop's end: go bx (back) when there is one; also what loop does
  case rangeLoop
  /// Throw R[a]
  case throwError
  /// Throw the caught error in R[a] again, as it was
  case rethrow
  /// R[a] = the script parameter K[b] as its type K[c]; R[a] stays when it was not set. x is 1 when it
  /// must be set, 2 in a module, where R[a] is what the importer gave and is only checked, 3 when a
  /// module needs it and the importer gave nothing: an error
  case parameter
  /// R[a] = whether R[b] is a list of c elements; x != 0: at least c
  case matchList
  /// R[a] = whether R[b] is a map with key K[c]
  case matchKey
  /// R[a] = whether R[b] is a number in range R[c]
  case matchRange
  /// R[a] = the elements of list R[b] from index c on
  case listRest
  /// Error: nothing matched R[a]; x != 0: in a declaration
  case noMatch
  /// R[a] = run closure R[b+1] for each item of R[b], at most R[b+2] at once; x variables
  case parallelFor
  /// R[a] = run closures R[b+1] … R[b+c], at most R[b] at once
  case parallelBlock
  /// R[a] = module bx; without a value when it has not run yet
  case loadModule
  /// Module bx = R[a], a map, which cannot change any more
  case setModule
}

/// One instruction: one word, so that a look at it is one load.
struct Instruction: BitwiseCopyable {
  private(set) var word: UInt64

  init(_ op: Opcode, a: Int = 0, b: Int = 0, c: Int = 0, x: Int = 0) {
    word =
      UInt64(op.rawValue) | UInt64(UInt8(truncatingIfNeeded: x)) << 8
      | UInt64(UInt16(truncatingIfNeeded: a)) << 16 | UInt64(UInt16(truncatingIfNeeded: b)) << 32
      | UInt64(UInt16(truncatingIfNeeded: c)) << 48
  }

  init(_ op: Opcode, a: Int = 0, bx: Int, x: Int = 0) {
    self.init(op, a: a, x: x)
    self.bx = bx
  }

  /// What it does. The byte always comes from an opcode, see `init`.
  @inline(__always)
  var op: Opcode {
    get { unsafeBitCast(UInt8(truncatingIfNeeded: word), to: Opcode.self) }
    set { put(UInt64(newValue.rawValue), at: 0, 0xFF) }
  }

  @inline(__always)
  var x: UInt8 {
    get { UInt8(truncatingIfNeeded: word &>> 8) }
    set { put(UInt64(newValue), at: 8, 0xFF) }
  }

  @inline(__always)
  var a: UInt16 {
    get { UInt16(truncatingIfNeeded: word &>> 16) }
    set { put(UInt64(newValue), at: 16, 0xFFFF) }
  }

  @inline(__always)
  var b: UInt16 {
    get { UInt16(truncatingIfNeeded: word &>> 32) }
    set { put(UInt64(newValue), at: 32, 0xFFFF) }
  }

  @inline(__always)
  var c: UInt16 {
    get { UInt16(truncatingIfNeeded: word &>> 48) }
    set { put(UInt64(newValue), at: 48, 0xFFFF) }
  }

  private mutating func put(_ value: UInt64, at shift: UInt64, _ mask: UInt64) {
    word = word & ~(mask &<< shift) | value &<< shift
  }

  /// b and c as one signed number.
  @inline(__always)
  var bx: Int {
    get { Int(truncatingIfNeeded: Int64(bitPattern: word) &>> 32) }
    set { word = word & 0xFFFF_FFFF | UInt64(UInt32(truncatingIfNeeded: newValue)) << 32 }
  }

  /// b as a signed number.
  @inline(__always)
  var signedB: Int { Int(Int16(bitPattern: b)) }

  /// c as a signed number.
  @inline(__always)
  var signedC: Int { Int(truncatingIfNeeded: Int64(bitPattern: word) &>> 48) }
}
