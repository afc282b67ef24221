// Methods of lists. Those that call back into the script are written in the language itself, so that
// a callback may wait for a cluster like any other code.

import Interpreter

extension StandardLibrary {
  static func addLists(to library: inout Library) {
    for function in readingLists + changingLists + shapingLists {
      library.addMethod(of: "list", function)
    }
    for (name, script) in listScripts { library.addMethod(of: "list", name: name, script: script) }
  }

  private static var readingLists: [HostFunction] {
    [
      method(of: "list", "count", "number of elements") { Value(try $0.list(0).count) },
      method(of: "list", "isEmpty", "true when there is no element") {
        Value(try $0.list(0).count == 0)
      },
      method(of: "list", "first", "the first element, or null") { call in
        let list = try call.list(0)
        return list.count == 0 ? .null : list[item: 0]
      },
      method(of: "list", "last", "the last element, or null") { call in
        let list = try call.list(0)
        return list.count == 0 ? .null : list[item: list.count - 1]
      },
      method(of: "list", "contains", [.init("value")], "true when an element equals the value") {
        Value(try $0.list(0).index(of: $0[1], $0.heap) != nil)
      },
      method(of: "list", "indexOf", [.init("value")], "where the value first is, or null") { call in
        try call.list(0).index(of: call[1], call.heap).map { Value($0) } ?? .null
      },
      method(
        of: "list", "join", [.init("separator", "string", default: "\"\"")],
        "its texts in one string"
      ) { try join(&$0) },
    ]
  }

  private static var changingLists: [HostFunction] {
    [
      method(of: "list", "append", [.init("value")], "adds an element at the end") { call in
        let list = try call.list(0)
        list.append(call[1], call.heap)
        try call.heap.reserve(0)
        return call[0]
      },
      method(of: "list", "insert", [.init("index", "int"), .init("value")], "adds before an index")
      {
        call in
        let list = try call.list(0)
        let position = try call.position(1, count: list.count, of: "list", isEndAllowed: true)
        try list.insert(call[2], at: position, call.heap)
        return call[0]
      },
      method(of: "list", "removeAt", [.init("index", "int")], "removes an element and gives it") {
        call in
        let list = try call.list(0)
        let position = try call.position(1, count: list.count, of: "list", isEndAllowed: false)
        return try list.remove(at: position, call.heap)
      },
    ]
  }

  private static var shapingLists: [HostFunction] {
    [
      method(of: "list", "reversed", "a new list, last first") { call in
        let list = try call.list(0)
        let result = call.heap.makeList(capacity: list.count)
        for index in stride(from: list.count - 1, through: 0, by: -1) {
          try call.charge()
          result.append(list[item: index], call.heap)
        }
        return Value(result)
      },
      method(of: "list", "flatten", "a new list, inner lists opened one level") { call in
        let list = try call.list(0)
        let result = call.heap.makeList()
        for index in 0..<list.count {
          let value = list[item: index]
          try call.charge()
          guard value.tag == .list else {
            result.append(value, call.heap)
            continue
          }
          try result.append(value.asList, to: value.asList.count, call.heap)
        }
        return Value(result)
      },
      method(of: "list", "unique", "a new list without repeats") { try unique(&$0) },
      method(of: "list", "zip", [.init("other", "list")], "pairs of elements of both lists") {
        call in
        let (left, right) = (try call.list(0), try call.list(1))
        let result = call.heap.makeList()
        for index in 0..<min(left.count, right.count) {
          try call.charge()
          result.append(pair(left[item: index], right[item: index], call.heap), call.heap)
        }
        return Value(result)
      },
      method(of: "list", "enumerate", "pairs of index and element") { call in
        let list = try call.list(0)
        let result = call.heap.makeList(capacity: list.count)
        for index in 0..<list.count {
          try call.charge()
          result.append(pair(Value(index), list[item: index], call.heap), call.heap)
        }
        return Value(result)
      },
      method(of: "list", "pairs", "every unordered pair of elements") { call in
        let list = try call.list(0)
        let result = call.heap.makeList()
        for first in 0..<list.count {
          for second in first + 1..<max(first + 1, list.count) {
            try call.charge()
            result.append(pair(list[item: first], list[item: second], call.heap), call.heap)
          }
        }
        return Value(result)
      },
      method(of: "list", "chunks", [.init("size", "int")], "lists of so many elements each") {
        call in
        let (list, size) = (try call.list(0), try call.int(1))
        guard size > 0 else { throw ScriptError.value("chunks takes a size of at least 1") }
        let result = call.heap.makeList()
        for start in stride(from: 0, to: list.count, by: size) {
          let end = min(list.count, start + size)
          result.append(try slice(list, start, end, call.heap), call.heap)
        }
        return Value(result)
      },
      method(
        of: "list", "slice", [.init("from", "int"), .init("to", "int", default: "the end")],
        "from one position up to another"
      ) { call in
        let list = try call.list(0)
        let start = try call.position(1, count: list.count, of: "list", isEndAllowed: true)
        let end =
          call.has(2)
          ? try call.position(2, count: list.count, of: "list", isEndAllowed: true) : list.count
        return try slice(list, start, max(start, end), call.heap)
      },
      method(of: "list", "copy", "a deep copy") { try $0.machine.deepCopy($0[0]) },
    ]
  }

  /// Methods with a callback. `sorted` is a merge sort, which is stable.
  private static let listScripts = [
    "map": """
    fn map(self, f) { let result = []
      for x in self { result.append(f(x)) }
      return result }
    """,
    "filter": """
    fn filter(self, f) { let result = []
      for x in self { if f(x) { result.append(x) } }
      return result }
    """,
    "reduce": """
    fn reduce(self, start, f) { var result = start
      for x in self { result = f(result, x) }
      return result }
    """,
    "each": "fn each(self, f) { for x in self { f(x) } }",
    "any": "fn any(self, f) { for x in self { if f(x) { return true } }; return false }",
    "all": "fn all(self, f) { for x in self { if not f(x) { return false } }; return true }",
    "find": "fn find(self, f) { for x in self { if f(x) { return x } }; return null }",
    "groupBy": """
    fn groupBy(self, f) { let result = {}
      for x in self { let k = f(x)
        if k in result { result[k].append(x) } else { result[k] = [x] } }
      return result }
    """,
    "sortedBy": """
    fn sortedBy(self, f) {
      let keyed = self.map(x => [f(x), x])
      return keyed.sorted((a, b) => a[0] < b[0]).map(p => p[1]) }
    """,
    "sorted": """
    fn sorted(self, isBefore = (a, b) => a < b) {
      var from = self.slice(0)
      var to = self.slice(0)
      let count = from.count()
      var width = 1
      while width < count {
        var start = 0
        var k = 0
        while start < count {
          let middle = if start + width < count { start + width } else { count }
          let end = if middle + width < count { middle + width } else { count }
          var i = start
          var j = middle
          if j < end {
            var left = from[i]
            var right = from[j]
            while true {
              if isBefore(right, left) {
                to[k] = right; j += 1; k += 1
                if j == end { break }
                right = from[j]
              } else {
                to[k] = left; i += 1; k += 1
                if i == middle { break }
                left = from[i]
              }
            }
          }
          while i < middle { to[k] = from[i]; i += 1; k += 1 }
          while j < end { to[k] = from[j]; j += 1; k += 1 }
          start = end
        }
        let other = from
        from = to
        to = other
        width *= 2
      }
      return from }
    """,
  ]

  private static func pair(_ left: Value, _ right: Value, _ heap: Heap) -> Value {
    let pair = heap.makeList(capacity: 2)
    pair.append(left, heap)
    pair.append(right, heap)
    return Value(pair)
  }

  private static func slice(
    _ list: ListReference, _ start: Int, _ end: Int, _ heap: Heap
  ) throws -> Value {
    try heap.reserve((end - start) * MemoryLayout<Value>.stride)
    let result = heap.makeList(capacity: end - start)
    try result.append(list, from: start, to: end, heap)
    return Value(result)
  }

  private static func join(_ call: inout NativeCall) throws -> Value {
    let list = try call.list(0)
    return Value(try list.join(call.has(1) ? try call.string(1) : nil, call.heap))
  }

  /// Strings are looked up in a table; other values are compared with those kept so far.
  private static func unique(_ call: inout NativeCall) throws -> Value {
    let list = try call.list(0)
    let result = call.heap.makeList()
    let seen = call.heap.makeMap()
    for index in 0..<list.count {
      let value = list[item: index]
      try call.charge()
      if value.tag == .string {
        guard seen.get(value.asString) == nil else { continue }
        seen.set(value.asString, .null, call.heap)
      } else if try result.index(of: value, call.heap) != nil {
        continue
      }
      result.append(value, call.heap)
    }
    return Value(result)
  }
}
