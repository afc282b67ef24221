// Logs of pods, line by line, over as many connections as it takes.
//
// A log that is followed is asked for with times, whether or not the caller wants them: when its
// connection breaks, the next one begins at the last line's time and leaves out what was there already
// (`LogPlace`). When it ends cleanly, the pod tells whether the container has ended or only the
// connection did, as a load balancer's patience or a kubelet's restart makes it.

import JSON

extension KubernetesClient {
  /// Reads a pod's log. Lines of several containers come as they are written, each container's in
  /// order. The stream ends with the log; one that is followed ends when the container does, or the
  /// pod has gone.
  ///
  /// - Throws: Through the stream: `APIError`; with the reason `InvalidRequest` for options that cannot
  ///   be meant, before anything is sent.
  public func logs(
    pod name: String, namespace: String, options: LogOptions = LogOptions()
  ) -> AsyncThrowingStream<LogLine, any Error> {
    .made { queue in
      let reader = LogReader(client: self, name: name, namespace: namespace, options: options)
      try await reader.run { line in
        // A reader that is slow slows the log down; events of watches have no such patience.
        try await queue.put(line, bytes: line.text.utf8.count)
      }
    }
  }
}

private struct LogReader: Sendable {
  typealias Emit = @Sendable (LogLine) async throws -> Void

  let client: KubernetesClient
  let name: String
  let namespace: String
  let options: LogOptions

  private static let pods = ResourceType(
    group: "", version: "v1", kind: "Pod", plural: "pods", isNamespaced: true)

  func run(_ emit: @escaping Emit) async throws {
    var call = try client.call(
      "log", Self.pods, name: name, namespace: namespace, subresource: "log")
    call.isStream = true
    call.accept = "text/plain, application/json, */*"
    if let problem = options.problem {
      throw client.purpose(of: call).invalid(problem)
    }
    guard options.follow || options.allContainers || options.container == nil else {
      return try await readOnce(call, options.container ?? "", emit)
    }
    let pod = try await client.get(Self.pods, name: name, namespace: namespace)
    let containers = chosen(in: pod)
    if containers.count == 1 { return try await read(call, containers[0], pod, emit) }
    let request = call
    try await withThrowingTaskGroup(of: Void.self) { tasks in
      for container in containers {
        tasks.addTask { try await self.read(request, container, pod, emit) }
      }
      try await tasks.waitForAll()
    }
  }

  /// The containers to read.
  private func chosen(in pod: JSONValue) -> [String] {
    func names(_ key: String) -> [String] {
      (pod[path: "spec", key]?.array ?? []).compactMap { $0["name"]?.string }
    }
    if options.allContainers {
      return names("initContainers") + names("containers") + names("ephemeralContainers")
    }
    if let container = options.container { return [container] }
    let containers = names("containers")
    let annotation = "kubectl.kubernetes.io/default-container"
    if let named = pod[path: "metadata", "annotations", annotation]?.string { return [named] }
    if containers.count > 1 {
      client.hooks.onWarning?(
        "pod \(name) has the containers \(containers.joined(separator: ", ")): "
          + "this is the log of \(containers[0])")
    }
    return [containers.first ?? ""]
  }

  private func read(
    _ call: Call, _ container: String, _ pod: JSONValue, _ emit: Emit
  ) async throws {
    guard options.follow, !options.previous else {
      return try await readOnce(call, container, emit)
    }
    let run = containerRun(container, in: pod)
    var place = LogPlace()
    var left = options.limitBytes
    var backoff = Backoff()
    while left ?? 1 > 0 {
      let started = ContinuousClock.now
      do {
        let bytes = try await follow(call, container, left, &place, emit)
        left = left.map { $0 - bytes }
        guard try await isRunning(container, run) else { return }
      } catch let error as APIError where place.lastText != nil && isPassing(error) {}
      backoff.rested(for: ContinuousClock.now - started)
      try await Pause.sleep(for: backoff.next(random: .random(in: 0...1)))
    }
  }

  private func isPassing(_ error: APIError) -> Bool {
    error.isUnreachable || error.status == 429
      || (error.status >= 500 && error.reason != "NotKubernetes")
  }

  /// One connection of a log that is followed; returns the bytes that were new.
  private func follow(
    _ call: Call, _ container: String, _ limit: Int?, _ place: inout LogPlace, _ emit: Emit
  ) async throws -> Int {
    var options = options
    options.limitBytes = limit
    if let last = place.lastText {
      (options.sinceTime, options.sinceSeconds, options.tailLines) = (last, nil, nil)
      // The bytes of lines that were there already would count.
      options.limitBytes = nil
    }
    place.resume()
    var call = call
    call.query = options.query(container: container.isEmpty ? nil : container, timestamps: true)
    var bytes = 0
    try await forEachLine(of: call) { line in
      let (time, text) = Self.split(line)
      guard place.takes(time) else { return true }
      bytes += line.count + 1
      try await emit(
        LogLine(container: container, time: self.options.timestamps ? time : nil, text: text))
      return limit.map { bytes < $0 } ?? true
    }
    return bytes
  }

  private func readOnce(_ call: Call, _ container: String, _ emit: Emit) async throws {
    var call = call
    call.query = options.query(
      container: container.isEmpty ? nil : container, timestamps: options.timestamps)
    try await forEachLine(of: call) { line in
      let (time, text) =
        options.timestamps ? Self.split(line) : (nil, String(decoding: line, as: UTF8.self))
      try await emit(LogLine(container: container, time: time, text: text))
      return true
    }
  }

  /// Hands on the lines of one connection until there are no more, or `body` wants none.
  private func forEachLine(
    of call: Call, _ body: ([UInt8]) async throws -> Bool
  ) async throws {
    var splitter = LogSplitter()
    do {
      for try await chunk in try await client.open(call).chunks {
        for line in splitter.append(chunk) {
          guard try await body(line) else { return }
        }
      }
    } catch let error as TransportError {
      // What came of a line that is not complete comes again on the next connection.
      throw client.purpose(of: call).error(error)
    }
    if let last = splitter.finish() { _ = try await body(last) }
  }

  private static func split(_ line: [UInt8]) -> (time: String?, text: String) {
    let word = line.prefix { $0 != UInt8(ascii: " ") }
    let time = String(decoding: word, as: UTF8.self)
    guard Timestamp.seconds(time) != nil else {
      return (nil, String(decoding: line, as: UTF8.self))
    }
    return (time, String(decoding: line.dropFirst(word.count + 1), as: UTF8.self))
  }

  // MARK: The container's end

  /// Which run of a container it is.
  private struct ContainerRun: Equatable {
    var id: String
    var hasEnded: Bool
  }

  private func containerRun(_ container: String, in pod: JSONValue) -> ContainerRun {
    let statuses = ["initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses"]
      .flatMap { pod[path: "status", $0]?.array ?? [] }
    let status = statuses.first { $0["name"]?.string == container }
    let phase = pod[path: "status", "phase"]?.string ?? ""
    return ContainerRun(
      id: status?["containerID"]?.string ?? "",
      hasEnded: status?[path: "state", "terminated"] != nil
        || ["Succeeded", "Failed"].contains(phase))
  }

  /// Whether the container that was followed still runs.
  private func isRunning(_ container: String, _ run: ContainerRun) async throws -> Bool {
    guard
      let pod = try await client.getIfPresent(Self.pods, name: name, namespace: namespace)
    else { return false }
    let now = containerRun(container, in: pod)
    return !now.hasEnded && (run.id.isEmpty || now.id == run.id)
  }
}
