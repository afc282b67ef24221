// Functions of the C library that its Swift module leaves out, since they are no part of POSIX.

#if canImport(Glibc)
  @preconcurrency import Glibc
#endif

enum CLibrary {
  private typealias Search =
    @convention(c) (
      UnsafeRawPointer, Int, UnsafeRawPointer, Int
    ) -> UnsafeMutableRawPointer?
  private typealias Trim = @convention(c) (Int) -> Int32

  private typealias Move =
    @convention(c) (
      UnsafeMutableRawPointer, Int, Int, Int32, UnsafeMutableRawPointer
    ) -> UnsafeMutableRawPointer?

  private static let search: Search? = symbol("memmem")
  private static let trim: Trim? = symbol("malloc_trim")
  private static let move: Move? = symbol("mremap")

  private static func symbol<Function>(_ name: String) -> Function? {
    dlsym(nil, name).map { unsafeBitCast($0, to: Function.self) }
  }

  /// The first place of one block of bytes in another, in linear time where the library has `memmem`.
  static func find(
    _ needle: UnsafeBufferPointer<UInt8>, in bytes: UnsafeBufferPointer<UInt8>
  ) -> Int? {
    guard let base = bytes.baseAddress, let start = needle.baseAddress else { return nil }
    if let search {
      return search(base, bytes.count, start, needle.count).map {
        UnsafeRawPointer($0) - UnsafeRawPointer(base)
      }
    }
    guard bytes.count >= needle.count else { return nil }
    return (0...bytes.count - needle.count).first { memcmp(base + $0, start, needle.count) == 0 }
  }

  /// Moves whole pages to an address where others may be, and gives them another size. False when the
  /// system cannot: both places are as they were.
  static func movePages(
    _ start: UnsafeMutableRawPointer, _ size: Int, to target: UnsafeMutableRawPointer,
    _ newSize: Int
  ) -> Bool {
    // MREMAP_MAYMOVE and MREMAP_FIXED.
    move?(start, size, newSize, 1 | 2, target) == target
  }

  /// Gives freed memory back to the system, where the library can.
  static func giveBackMemory() { _ = trim?(0) }
}
