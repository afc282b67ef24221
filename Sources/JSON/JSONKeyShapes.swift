// Objects of the same kind have the same keys in the same order. The parser follows each object's keys
// through a tree of the keys that it has met, so that such objects share one array of keys, and so that
// a key that comes as expected is recognised by comparing bytes: it is neither searched for its end nor
// made into a string.
//
//   the document ─start─▶ "kind" ─child─▶ "metadata" ─child─▶ "items"
//                                            └─inner─▶ start ─child─▶ "name" ─child─▶ "labels"
//
// A start node stands before the first key of the objects in one place; what follows a key in the same
// object is its child, and alternatives are siblings, the one that was met last in front. Objects whose
// keys differ each time (labels, data) soon reach a bound and are read without the tree.
//
// Unsafe memory: nodes and the keys' bytes are raw buffers that only this file frees. An index of a node
// comes from this file and is always in range.

/// The tree of the key sequences of one or more texts.
struct JSONKeyShapes: ~Copyable {
  typealias Index = Int32

  private struct Node {
    /// Where the key's bytes are, as they stood between the quotes.
    let keyStart: UInt32
    let keyCount: UInt32
    let parent: Index
    let depth: UInt16
    var childCount: UInt16 = 0
    /// The first of the nodes that have followed, 0 for none.
    var child: Index = 0
    var sibling: Index = 0
    /// The start node of the objects that are this key's values, 0 for none yet.
    var inner: Index = 0
  }

  /// The place of the document itself.
  static let document: Index = 1
  /// The place of everything inside of objects that are read without the tree.
  static let elsewhere: Index = 2

  private static let mostNodes = 8192
  private static let mostChildren = 24
  static let mostKeys = 64
  private static let longestKey = 256

  private var nodes: UnsafeMutablePointer<Node>
  private var nodeCount = 0
  private var nodeCapacity = 64
  private var bytes: UnsafeMutablePointer<UInt8>
  private var byteCount = 0
  private var byteCapacity = 1024
  /// The key of each node, as text.
  private var keys: [String] = []
  /// The keys up to each node, empty until they are needed.
  private var lists: [[String]] = []

  init() {
    nodes = .allocate(capacity: nodeCapacity)
    bytes = .allocate(capacity: byteCapacity)
    keys.reserveCapacity(nodeCapacity)
    lists.reserveCapacity(nodeCapacity)
    // Number 0 is nobody's.
    for _ in 0...Self.elsewhere { _ = makeNode(parent: 0, depth: 0, key: nil, text: "") }
  }

  deinit {
    nodes.deallocate()
    bytes.deallocate()
  }

  /// True when keeping the tree costs little.
  var isSmall: Bool { nodeCount <= 1024 }

  /// The node before the first key of an object at a place; nil when the tree is full.
  mutating func start(at place: Index) -> Index? {
    let inner = nodes[Int(place)].inner
    if inner != 0 { return inner }
    guard nodeCount < Self.mostNodes else { return nil }
    let node = makeNode(parent: 0, depth: 0, key: nil, text: "")
    nodes[Int(place)].inner = node
    return node
  }

  /// The node after `node` whose key begins at `text`, behind the opening quote, and is closed by a
  /// quote; nil when no such key has been met here. `count` is the number of bytes that follow.
  @inline(__always)
  mutating func next(
    after node: Index, at text: UnsafePointer<UInt8>, count: Int
  ) -> (node: Index, keyCount: Int)? {
    let first = nodes[Int(node)].child
    guard first != 0 else { return nil }
    let keyCount = Int(nodes[Int(first)].keyCount)
    if keyCount < count, isKey(of: first, at: text, keyCount) { return (first, keyCount) }
    return nextSibling(of: first, under: node, at: text, count: count)
  }

  @inline(never)
  private mutating func nextSibling(
    of first: Index, under parent: Index, at text: UnsafePointer<UInt8>, count: Int
  ) -> (node: Index, keyCount: Int)? {
    var previous = first
    while true {
      let node = nodes[Int(previous)].sibling
      guard node != 0 else { return nil }
      let keyCount = Int(nodes[Int(node)].keyCount)
      if keyCount < count, isKey(of: node, at: text, keyCount) {
        nodes[Int(previous)].sibling = nodes[Int(node)].sibling
        nodes[Int(node)].sibling = first
        nodes[Int(parent)].child = node
        return (node, keyCount)
      }
      previous = node
    }
  }

  @inline(__always)
  private func isKey(of node: Index, at text: UnsafePointer<UInt8>, _ count: Int) -> Bool {
    guard text[count] == UInt8(ascii: "\"") else { return false }
    return JSONBytes.areEqual(text, bytes + Int(nodes[Int(node)].keyStart), count)
  }

  /// Adds a key after a node; nil when it is there already in this object or a bound is reached.
  /// `raw` is what stood between the quotes.
  mutating func add(
    _ key: String, raw: UnsafeBufferPointer<UInt8>, after parent: Index
  ) -> Index? {
    let depth = nodes[Int(parent)].depth
    guard nodeCount < Self.mostNodes, nodes[Int(parent)].childCount < Self.mostChildren,
      depth < Self.mostKeys, raw.count <= Self.longestKey
    else { return nil }
    var ancestor = parent
    while nodes[Int(ancestor)].depth > 0 {
      if keys[Int(ancestor)] == key { return nil }
      ancestor = nodes[Int(ancestor)].parent
    }
    let node = makeNode(parent: parent, depth: depth + 1, key: raw, text: key)
    nodes[Int(node)].sibling = nodes[Int(parent)].child
    nodes[Int(parent)].child = node
    nodes[Int(parent)].childCount += 1
    return node
  }

  /// The keys from an object's start to a node.
  @inline(__always)
  mutating func keys(to node: Index) -> [String] {
    let list = lists[Int(node)]
    return list.isEmpty ? makeList(to: node) : list
  }

  @inline(never)
  private mutating func makeList(to node: Index) -> [String] {
    var list: [String] = []
    list.reserveCapacity(Int(nodes[Int(node)].depth))
    var ancestor = node
    while nodes[Int(ancestor)].depth > 0 {
      list.append(keys[Int(ancestor)])
      ancestor = nodes[Int(ancestor)].parent
    }
    list.reverse()
    lists[Int(node)] = list
    return list
  }

  // MARK: Memory

  private mutating func makeNode(
    parent: Index, depth: UInt16, key: UnsafeBufferPointer<UInt8>?, text: String
  ) -> Index {
    if nodeCount == nodeCapacity { growNodes() }
    let start = byteCount
    if let key, let base = key.baseAddress {
      reserveBytes(key.count)
      (bytes + start).initialize(from: base, count: key.count)
      byteCount += key.count
    }
    (nodes + nodeCount).initialize(
      to: Node(
        keyStart: UInt32(start), keyCount: UInt32(key?.count ?? 0), parent: parent, depth: depth))
    keys.append(text)
    lists.append([])
    nodeCount += 1
    return Index(nodeCount - 1)
  }

  private mutating func growNodes() {
    let larger = UnsafeMutablePointer<Node>.allocate(capacity: nodeCapacity * 2)
    larger.moveInitialize(from: nodes, count: nodeCount)
    nodes.deallocate()
    nodes = larger
    nodeCapacity *= 2
  }

  private mutating func reserveBytes(_ count: Int) {
    guard byteCount + count > byteCapacity else { return }
    byteCapacity = max(byteCapacity * 2, byteCount + count)
    let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: byteCapacity)
    larger.moveInitialize(from: bytes, count: byteCount)
    bytes.deallocate()
    bytes = larger
  }
}
