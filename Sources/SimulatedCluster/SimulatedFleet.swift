// Several simulated clusters with one kubeconfig: the sandbox of the command line, and test set-ups.

import JSON

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Clusters named `cluster1` to `clusterN`.
public struct SimulatedFleet: Sendable {
  /// The clusters in order.
  public let clusters: [SimulatedCluster]

  /// Starts clusters one after the other; when one cannot start, those before it are stopped.
  ///
  /// - Parameters:
  ///   - count: Number of clusters.
  ///   - configure: Changes the options of a cluster before it starts; it gets the index from 1.
  public static func start(
    _ count: Int,
    configure: @Sendable (_ index: Int, _ options: inout SimulatedCluster.Options) -> Void = {
      _, _ in
    }
  ) async throws -> SimulatedFleet {
    var clusters: [SimulatedCluster] = []
    do {
      for index in 1...max(1, count) {
        var options = SimulatedCluster.Options(name: "cluster\(index)")
        options.index = index
        configure(index, &options)
        clusters.append(try await SimulatedCluster.start(options))
      }
    } catch {
      for cluster in clusters { await cluster.stop() }
      throw error
    }
    return SimulatedFleet(clusters: clusters)
  }

  /// A kubeconfig with a context, a cluster and a user of the same name for each cluster; the first
  /// one is current. It holds the administrators' tokens.
  public var kubeconfig: String {
    func entries(_ key: String, _ value: (SimulatedCluster) -> JSONValue) -> JSONValue {
      .array(clusters.map { ["name": .string($0.options.name), key: value($0)] })
    }
    return YAML.format([
      "apiVersion": "v1", "kind": "Config",
      "current-context": .string(clusters.first?.options.name ?? ""),
      "clusters": entries("cluster") { cluster in
        [
          "certificate-authority-data": .string(Base64.encode(cluster.caPEM.utf8)),
          "server": .string(cluster.server),
        ]
      },
      "contexts": entries("context") { cluster in
        ["cluster": .string(cluster.options.name), "user": .string(cluster.options.name)]
      },
      "users": entries("user") { ["token": .string($0.adminToken)] },
    ])
  }

  /// Writes the kubeconfig, readable by its owner only, in one step: a reader sees the old file or
  /// the new one.
  ///
  /// - Throws: `KubeconfigError` when the file cannot be written.
  public func writeKubeconfig(to path: String) throws {
    let temporary = "\(path).\(getpid()).new"
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw KubeconfigError(path: path, code: errno) }
    do {
      try Self.write(Array(kubeconfig.utf8), to: descriptor, path)
      guard rename(temporary, path) == 0 else { throw KubeconfigError(path: path, code: errno) }
    } catch {
      unlink(temporary)
      throw error
    }
  }

  /// Writes everything and closes the file.
  private static func write(_ bytes: [UInt8], to descriptor: Int32, _ path: String) throws {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { systemWrite(descriptor, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else {
        let code = errno
        close(descriptor)
        throw KubeconfigError(path: path, code: code)
      }
      rest = rest.dropFirst(count)
    }
    guard close(descriptor) == 0 else { throw KubeconfigError(path: path, code: errno) }
  }

  /// Stops all clusters.
  public func stop() async {
    for cluster in clusters { await cluster.stop() }
  }
}

/// A kubeconfig that could not be written.
public struct KubeconfigError: Error, CustomStringConvertible {
  /// Where it was to go.
  public let path: String
  /// The system's `errno`.
  public let code: Int32

  /// Path and the system's words.
  public var description: String { "cannot write \(path): \(String(cString: strerror(code)))" }
}

/// The system call, under a name that the type's own method does not hide.
private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
  write(descriptor, bytes, count)
}
