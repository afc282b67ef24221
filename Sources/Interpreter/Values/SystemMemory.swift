// Memory straight from the system, in its large pages where it has them: taking and giving back a gigabyte
// in small ones takes tens of milliseconds.

#if canImport(Glibc)
  import Glibc
#endif

enum SystemMemory {
  /// A multiple of this is one page where the system can, and begins every piece.
  static let largePage = 2 << 20

  /// Zeroed memory, of which only what is written to counts.
  static func take(_ size: Int) -> UnsafeMutableRawPointer {
    let start = addresses(size)
    // Where the system has none, small ones serve as well.
    madvise(start, size, MADV_HUGEPAGE)
    return start
  }

  /// Gives memory that was taken another size, without a copy; nil when the system cannot.
  static func resize(
    _ memory: UnsafeMutableRawPointer, _ size: Int, to newSize: Int
  ) -> UnsafeMutableRawPointer? {
    let start = addresses(newSize)
    if CLibrary.movePages(memory, rounded(size), to: start, rounded(newSize)) { return start }
    munmap(start, newSize)
    return nil
  }

  /// Whole pages, as many as hold so many bytes.
  static func rounded(_ size: Int) -> Int { (size + 4095) & ~4095 }

  /// Memory that begins where a large page can.
  private static func addresses(_ size: Int) -> UnsafeMutableRawPointer {
    let memory = takeSmall(rounded(size) + largePage)
    let before = -Int(bitPattern: memory) & (largePage - 1)
    let start = memory + before
    if before > 0 { munmap(memory, before) }
    if before < largePage { munmap(start + rounded(size), largePage - before) }
    return start
  }

  /// The same in pages of the usual size, one of which it begins with.
  static func takeSmall(_ size: Int) -> UnsafeMutableRawPointer {
    let memory = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    guard let memory, memory != MAP_FAILED else {
      // What `malloc` of the Swift runtime does as well when the system has no memory left.
      preconditionFailure("the system has no memory left")
    }
    return memory
  }

  /// Gives back what was taken with that size.
  static func giveBack(_ memory: UnsafeMutableRawPointer, _ size: Int) { munmap(memory, size) }
}
