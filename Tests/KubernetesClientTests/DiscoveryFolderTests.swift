// What clusters serve, on disk: where it lies, who may read it, and what is not believed.

import JSON
import Testing

@testable import KubernetesClient

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

@Suite("Discovery on disk")
struct DiscoveryFolderTests {
  private let settings = ConnectionSettings(
    contextName: "c1",
    server: ServerAddress(
      isSecure: true, host: "fd00::1", port: 6443, pathPrefix: "/k8s/clusters/c-1"))

  private var documents: DiscoveryDocuments {
    var documents = DiscoveryDocuments(saved: 1_795_426_231)
    documents.documents["/api"] = .init(
      etag: "\"E\"", isAggregated: true, content: ["items": [["é": 1]]])
    documents.documents["/apis"] = .init(etag: nil, isAggregated: true, content: ["items": []])
    return documents
  }

  /// A folder that does not exist yet, removed with what is in it afterwards.
  private func withFile(_ body: (DiscoveryFile, String) throws -> Void) throws {
    let place = try TestFolder()
    let file = DiscoveryFolder(path: "\(place.path)/a/b").file(for: settings)
    defer {
      unlink(file.path)
      rmdir("\(place.path)/a/b")
      rmdir("\(place.path)/a")
    }
    try body(file, place.path)
  }

  private func mode(_ path: String) -> mode_t {
    var status = stat()
    return stat(path, &status) == 0 ? status.st_mode & 0o777 : 0
  }

  private func overwrite(_ path: String, _ change: (inout [UInt8]) -> Void) throws {
    var bytes = try LocalFile.read(path)
    change(&bytes)
    let file = try #require(fopen(path, "w"))
    #expect(fwrite(bytes, 1, bytes.count, file) == bytes.count)
    fclose(file)
  }

  @Test("the folder is beside kubectl's own cache")
  func places() {
    func path(_ environment: [String: String]) -> String? {
      DiscoveryFolder.standard(environment: environment)?.path
    }
    #expect(path(["HOME": "/home/a"]) == "/home/a/.kube/cache/msh/discovery")
    #expect(path(["HOME": "/home/a", "KUBECACHEDIR": "/var/k"]) == "/var/k/msh/discovery")
    #expect(path(["HOME": "/home/a", "KUBECACHEDIR": ""]) == "/home/a/.kube/cache/msh/discovery")
    #expect(path([:]) == nil)
  }

  @Test("each cluster has a file of its own, one that was made anew too")
  func names() {
    func name(_ change: (inout ConnectionSettings) -> Void) -> String {
      var settings = settings
      change(&settings)
      return DiscoveryFolder(path: "/c").file(for: settings).name
    }
    let plain = name { _ in }
    #expect(plain.hasPrefix("fd00__1_6443-"))
    #expect(plain.hasSuffix(".json"))
    #expect(plain == name { $0.contextName = "other" })
    #expect(plain != name { $0.certificateAuthority = [1] })
    #expect(plain != name { $0.serverName = "x" })
    #expect(plain != name { $0.server = ServerAddress("https://[fd00::1]:6443")! })
  }

  @Test("what was written is read again, and is its owner's only")
  func roundTrip() throws {
    try withFile { file, place in
      #expect(file.read() == nil)
      file.write(documents)
      #expect(file.read() == documents)
      #expect(mode(file.path) == 0o600)
      #expect(mode("\(place)/a/b") == 0o700)
      #expect(mode("\(place)/a") == 0o700)
      var later = documents
      later.saved += 1
      file.write(later)
      #expect(file.read() == later)
    }
  }

  @Test("kubernetes#110753: a file that a crash has broken counts as none, so none is ever synced")
  func broken() throws {
    try withFile { file, _ in
      let changes: [(inout [UInt8]) -> Void] = [
        { $0.removeLast() }, { $0.removeAll() }, { $0[$0.count - 5] ^= 1 }, { $0[3] ^= 1 },
        { $0 += [0x20] }, { $0 = [UInt8](repeating: 0, count: $0.count) },
        { $0.removeFirst($0.firstIndex(of: 0x0A)! + 1) },
      ]
      for change in changes {
        file.write(documents)
        try overwrite(file.path, change)
        #expect(file.read() == nil)
      }
      file.write(documents)
      #expect(chmod(file.path, 0o622) == 0)
      #expect(file.read() == nil)
    }
  }

  @Test("a folder that cannot be written is no error")
  func unwritable() throws {
    let place = try TestFolder()
    let path = try place.write("file", "text")
    let file = DiscoveryFolder(path: "\(path)/below").file(for: settings)
    file.write(documents)
    #expect(file.read() == nil)
    // Nobody's home is made for this.
    let nowhere = DiscoveryFolder(path: "/msh-test-nonexistent/.kube").file(for: settings)
    nowhere.write(documents)
    #expect(mode("/msh-test-nonexistent") == 0)
  }

  @Test("six hours are believed, and no time that is still to come")
  func lifetime() {
    let documents = documents
    #expect(documents.isFresh(at: documents.saved))
    #expect(documents.isFresh(at: documents.saved + 6 * 3600 - 1))
    #expect(!documents.isFresh(at: documents.saved + 6 * 3600))
    #expect(!documents.isFresh(at: documents.saved - 1))
  }
}
