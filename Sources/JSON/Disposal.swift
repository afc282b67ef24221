// Frees what takes long to free: step by step while its owner looks at its limits, or beside it.
//
// A tree of a million values is freed value by value, which takes as long as some ten milliseconds. Whoever
// was told to stop has no time for that: what is left goes to a thread of its own.

import Processes

/// What large things go to when nobody needs them any more.
public enum Disposal {
  /// What takes fewer bytes is freed where it is, which is soon done.
  public static let leastBytes = 512 << 10

  /// Frees something on a thread of its own; here, when the system gives none. The caller keeps no
  /// reference to it: whoever lets go of the last one frees.
  public static func beside<Load: ~Copyable>(_ load: consuming Load) {
    let box = Box(load)
    // The box outlives neither: whichever thread lets go of it last finds it empty.
    if !NativeThread.start({ box.empty() }) { box.empty() }
  }

  /// `@unchecked Sendable`: the thread that empties it has it alone.
  private final class Box<Load: ~Copyable>: @unchecked Sendable {
    private var load: Load?
    init(_ load: consuming Load) { self.load = consume load }
    func empty() { load = nil }
  }
}

extension JSONValue {
  /// Frees a tree of any size.
  ///
  /// - Parameter canGoOn: told now and then how many values were freed since it was asked last; when it
  ///   says no, the rest is freed beside.
  public static func free(_ tree: consuming JSONValue, canGoOn: (Int) -> Bool) {
    var dismantler = JSONDismantler(tree)
    while dismantler.freeSome() {
      if !canGoOn(JSONDismantler.valuesPerStep) { return Disposal.beside(dismantler) }
    }
  }
}

/// Takes a tree apart from its leaves.
private struct JSONDismantler {
  /// Values between two looks.
  static let valuesPerStep = 2048
  /// A container of no more values, none of which is a container, is freed with them.
  private static let mostLeaves = 32

  /// The containers that are being emptied, each out of the one before it.
  private var containers: [[JSONValue]]
  /// Keys of objects that are being emptied.
  private var keys: [[String]] = []

  init(_ tree: consuming JSONValue) { containers = [[tree]] }

  /// Frees some values; false when there are none.
  mutating func freeSome() -> Bool {
    var left = Self.valuesPerStep
    while left > 0 {
      if freeKeys(&left) { continue }
      guard let last = containers.indices.last else { return false }
      let leaves = containers[last].suffix(left).reversed().prefix { Self.isLeaf($0) }.count
      containers[last].removeLast(leaves)
      left -= leaves + 1
      guard let next = containers[last].last, !Self.isLeaf(next) else {
        if containers[last].isEmpty { containers.removeLast() }
        continue
      }
      containers[last].removeLast()
      open(next)
    }
    return true
  }

  private mutating func open(_ value: consuming JSONValue) {
    switch value {
    case .array(let elements): containers.append(elements)
    case .object(let object):
      // Fewer keys may be shared by many objects: they are not taken apart.
      if object.count > JSONKeyShapes.mostKeys { keys.append(object.keys) }
      containers.append(object.values)
    default: break
    }
  }

  private mutating func freeKeys(_ left: inout Int) -> Bool {
    guard let last = keys.indices.last else { return false }
    let count = min(left, keys[last].count)
    keys[last].removeLast(count)
    left -= count
    if keys[last].isEmpty { keys.removeLast() }
    return true
  }

  private static func isLeaf(_ value: borrowing JSONValue) -> Bool {
    switch value {
    case .array(let elements): elements.count <= mostLeaves && elements.allSatisfy(isScalar)
    case .object(let object):
      object.count <= mostLeaves && object.values.allSatisfy(isScalar)
    default: true
    }
  }

  private static func isScalar(_ value: JSONValue) -> Bool {
    switch value {
    case .array, .object: false
    default: true
    }
  }
}
