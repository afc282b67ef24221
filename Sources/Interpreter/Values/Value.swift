// A value of the machine: 16 trivial bytes, a payload and a tag.
//
//      0                       8    9            16
//      +-----------------------+----+-------------+
//      | bits: int, double,    |tag |  padding    |
//      | duration or pointer   |    |             |
//      +-----------------------+----+-------------+
//
// Copying one costs no reference counting: objects are owned by the `Heap`, which traces them
// (a counted payload was measured at twice the time for calls and loops). So a `Value` must never be
// kept outside the heap's roots across a collection; `ScriptValue` is the form that leaves the machine.

/// A value of a running script. Valid only while its machine lives, and only on its thread.
public struct Value: BitwiseCopyable {
  /// What a value is. From `string` on, the payload points to an object of the heap.
  public enum Tag: UInt8, BitwiseCopyable {
    /// No value yet: a missing argument, or a name whose declaration has not run.
    case undefined
    case null
    case bool
    case int
    case float
    /// Nanoseconds.
    case duration
    /// A function of the library, by its index.
    case native
    case string
    case list
    case map
    case range
    case closure
    case link
    case error
    case host
    /// A captured variable's cell; scripts never see one.
    case box
  }

  /// The payload.
  public var bits: UInt64
  /// What the payload is.
  public var tag: Tag

  @inline(__always)
  init(bits: UInt64, tag: Tag) {
    self.bits = bits
    self.tag = tag
  }

  /// `null`.
  public static var null: Value { Value(bits: 0, tag: .null) }
  /// No value.
  static var undefined: Value { Value(bits: 0, tag: .undefined) }

  /// A truth value.
  @inline(__always)
  public init(_ value: Bool) { self.init(bits: value ? 1 : 0, tag: .bool) }
  /// An integer.
  @inline(__always)
  public init(_ value: Int64) { self.init(bits: UInt64(bitPattern: value), tag: .int) }
  /// An integer.
  @inline(__always)
  public init(_ value: Int) { self.init(Int64(value)) }
  /// A floating-point number.
  @inline(__always)
  public init(_ value: Double) { self.init(bits: value.bitPattern, tag: .float) }
  /// A duration in nanoseconds.
  @inline(__always)
  public init(nanoseconds: Int64) {
    self.init(bits: UInt64(bitPattern: nanoseconds), tag: .duration)
  }
  /// A library function by its index in the machine's table.
  @inline(__always)
  init(native index: Int) { self.init(bits: UInt64(index), tag: .native) }

  @inline(__always)
  init(_ pointer: UnsafeMutableRawPointer, _ tag: Tag) {
    self.init(bits: UInt64(UInt(bitPattern: pointer)), tag: tag)
  }

  /// A string object.
  @inline(__always)
  public init(_ string: StringReference) { self.init(UnsafeMutableRawPointer(string), .string) }
  /// A list object.
  @inline(__always)
  public init(_ list: ListReference) { self.init(UnsafeMutableRawPointer(list), .list) }
  /// A map object.
  @inline(__always)
  public init(_ map: MapReference) { self.init(UnsafeMutableRawPointer(map), .map) }

  /// True when the payload points to an object of the heap.
  @inline(__always)
  var isObject: Bool { tag.rawValue >= Tag.string.rawValue }

  /// The object's address; only for tags from `string` on.
  @inline(__always)
  var pointer: UnsafeMutableRawPointer {
    // An object's tag is only ever set together with its address, so this is never nil.
    UnsafeMutableRawPointer(bitPattern: UInt(bits)).unsafelyUnwrapped
  }

  /// The payload as a truth value; only for `bool`.
  @inline(__always)
  public var asBool: Bool { bits != 0 }
  /// The payload as an integer; only for `int` and `duration`.
  @inline(__always)
  public var asInt: Int64 { Int64(bitPattern: bits) }
  /// The payload as a double; only for `float`.
  @inline(__always)
  public var asDouble: Double { Double(bitPattern: bits) }
  /// The string object; only for `string`.
  @inline(__always)
  public var asString: StringReference { pointer.assumingMemoryBound(to: StringObject.self) }
  /// The list object; only for `list`.
  @inline(__always)
  public var asList: ListReference { pointer.assumingMemoryBound(to: ListObject.self) }
  /// The map object; only for `map`.
  @inline(__always)
  public var asMap: MapReference { pointer.assumingMemoryBound(to: MapObject.self) }
  @inline(__always)
  var asRange: UnsafeMutablePointer<RangeObject> {
    pointer.assumingMemoryBound(to: RangeObject.self)
  }
  @inline(__always)
  var asClosure: UnsafeMutablePointer<ClosureObject> {
    pointer.assumingMemoryBound(to: ClosureObject.self)
  }
  @inline(__always)
  var asLink: UnsafeMutablePointer<LinkObject> { pointer.assumingMemoryBound(to: LinkObject.self) }
  @inline(__always)
  var asBox: UnsafeMutablePointer<BoxObject> { pointer.assumingMemoryBound(to: BoxObject.self) }

  /// The error that an error object holds; only for `error`.
  public var asError: ScriptError {
    pointer.assumingMemoryBound(to: ReferenceObject.self).pointee.error
  }
  /// The embedder's object; only for `host`.
  public var asHost: any HostObject {
    pointer.assumingMemoryBound(to: ReferenceObject.self).pointee.host
  }

  /// First and last of a range, and whether the last belongs to it; only for `range`.
  public var rangeBounds: (start: Int64, end: Int64, isClosed: Bool) {
    let range = asRange.pointee
    return (range.start, range.end, range.isClosed)
  }

  /// What `type(x)` gives.
  public var typeName: String {
    switch tag {
    case .undefined: "undefined"
    case .null: "null"
    case .bool: "bool"
    case .int: "int"
    case .float: "float"
    case .duration: "duration"
    case .native, .closure: "function"
    case .string: "string"
    case .list: "list"
    case .map: "map"
    case .range: "range"
    case .link: "link"
    case .error: "error"
    case .host: asHost.typeName
    case .box: "box"
    }
  }

  /// The number as a double, for `int` and `float`; nil for everything else.
  @inline(__always)
  public var number: Double? {
    switch tag {
    case .int: Double(asInt)
    case .float: asDouble
    default: nil
    }
  }

  /// Whether it can be called.
  var isFunction: Bool { tag == .closure || tag == .native }

  /// The text of a string value as Swift sees it; nil for everything else.
  public var string: String? { tag == .string ? asString.text : nil }
}
