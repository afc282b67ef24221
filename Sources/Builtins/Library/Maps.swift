// Methods of maps.

import Interpreter

extension StandardLibrary {
  static func addMaps(to library: inout Library) {
    for function in mapMethods { library.addMethod(of: "map", function) }
    let scripts = [
      "map": """
      fn map(self, f) { let result = []
        for k, v in self { result.append(f(k, v)) }
        return result }
      """,
      "filter": """
      fn filter(self, f) { let result = {}
        for k, v in self { if f(k, v) { result[k] = v } }
        return result }
      """,
    ]
    for (name, script) in scripts { library.addMethod(of: "map", name: name, script: script) }
  }

  /// A list with one element for each pair of the receiver.
  private static func elements(
    _ call: NativeCall, _ element: (StringReference, Value) -> Value
  ) throws -> Value {
    let list = call.heap.makeList()
    try call.map(0).each { key, value in
      try call.charge()
      list.append(element(key, value), call.heap)
    }
    return Value(list)
  }

  private static var mapMethods: [HostFunction] {
    [
      method(of: "map", "count", "number of pairs") { Value(try $0.map(0).count) },
      method(of: "map", "isEmpty", "true when there is no pair") {
        Value(try $0.map(0).count == 0)
      },
      method(of: "map", "keys", "its keys in order") { call in
        try elements(call) { key, _ in Value(key) }
      },
      method(of: "map", "values", "its values in order") { call in
        try elements(call) { _, value in value }
      },
      method(of: "map", "entries", "its pairs as lists of two") { call in
        try elements(call) { key, value in
          let pair = call.heap.makeList(capacity: 2)
          pair.append(Value(key), call.heap)
          pair.append(value, call.heap)
          return Value(pair)
        }
      },
      method(of: "map", "has", [.init("key", "string")], "true when it has the key") { call in
        Value(try call.map(0).get(try call.string(1)) != nil)
      },
      method(
        of: "map", "get", [.init("key", "string"), .init("default", default: "null")],
        "the value of a key, or the default"
      ) { call in try call.map(0).get(try call.string(1)) ?? call[2] },
      method(of: "map", "set", [.init("key", "string"), .init("value")], "sets a key") { call in
        try call.changeableMap(0).set(try call.string(1), call[2], call.heap)
        return call[0]
      },
      method(of: "map", "remove", [.init("key", "string")], "removes a key and gives its value") {
        call in try call.changeableMap(0).remove(try call.string(1)) ?? .null
      },
      method(of: "map", "merge", [.init("other", "map")], "a new map; the other's values win") {
        call in
        let result = call.heap.makeMap()
        try result.merge(try call.map(0), call.heap)
        try result.merge(try call.map(1), call.heap)
        return Value(result)
      },
      method(of: "map", "copy", "a deep copy") { try $0.machine.deepCopy($0[0]) },
    ]
  }
}
