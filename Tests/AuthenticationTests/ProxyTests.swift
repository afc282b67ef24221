// Proxies: those of the kubeconfig, and those of the environment by Go's rules.

import JSON
import Testing

@testable import KubernetesClient

@Suite("Proxies", .timeLimit(.minutes(2)))
struct ProxyTests {
  /// The name of a server that only the proxies of these tests know.
  private static let host = "api.cluster.example"

  /// One request through a proxy to `https://api.cluster.example:6443`.
  private func request(
    _ kind: TestProxy.Kind, scheme: String, identity: TestAuthority.Identity? = nil,
    userInfo: String = "", host: String = ProxyTests.host, fromEnvironment variable: String? = nil,
    serverName: String? = nil, environment: [String: String] = [:]
  ) async throws -> (
    error: APIError?, proxied: [TestProxy.Request], requests: [TLSServer.Request]
  ) {
    let authority = try TestAuthority()
    let name = serverName ?? host
    let server = try await TLSServer.start(try authority.issue(names: [name]))
    let proxy = try await TestProxy.start(kind, identity: identity, to: server.port)
    let url = "\(scheme)://\(userInfo)127.0.0.1:\(proxy.port)"
    var cluster: JSONValue = ["certificate-authority-data": Setting.data(authority.pem)]
    var environment = environment
    if let variable { environment[variable] = url } else { cluster["proxy-url"] = .string(url) }
    if let serverName { cluster["tls-server-name"] = .string(serverName) }
    let settings = try Setting.settings(
      "https://\(host):6443", cluster: cluster, user: ["token": "s3cr3t-token"],
      environment: environment)
    var error: APIError?
    try await Setting.withTransport { error = try await Setting.failure(settings, $0) }
    await proxy.stop()
    await server.stop()
    return (error, proxy.requests, server.requests)
  }

  @Test("an http proxy is asked for a tunnel and sees no token")
  func http() async throws {
    let (error, proxied, requests) = try await request(.http, scheme: "http")
    #expect(error == nil, "\(error?.description ?? "")")
    #expect(
      proxied == [
        TestProxy.Request(
          target: "api.cluster.example:6443",
          line: "CONNECT api.cluster.example:6443 HTTP/1.1")
      ])
    #expect(requests.map(\.token) == ["Bearer s3cr3t-token"])
    #expect(requests.map(\.serverName) == [Self.host])
  }

  @Test("the proxy's user goes to the proxy, and to nobody else")
  func password() async throws {
    let (error, proxied, requests) = try await request(.http, scheme: "http", userInfo: "bob:pw@")
    #expect(error == nil)
    #expect(proxied.map(\.authorization) == ["Basic Ym9iOnB3"])
    #expect(requests.first?.headers.contains(name: "Proxy-Authorization") == false)
  }

  @Test("socks5 leaves names to the proxy")
  func socks() async throws {
    for scheme in ["socks5", "SOCKS5"] {
      let (error, proxied, requests) = try await request(.socks5, scheme: scheme)
      #expect(error == nil, "\(error?.description ?? "")")
      #expect(proxied.map(\.target) == ["api.cluster.example:6443"])
      #expect(requests.count == 1)
    }
  }

  @Test("an https proxy is checked by the system's authorities, not by the cluster's")
  func https() async throws {
    let system = try TestAuthority("system")
    let folder = try Folder()
    let file = try folder.write("system.pem", system.pem)
    let (error, proxied, requests) = try await request(
      .http, scheme: "https", identity: try system.issue(),
      environment: ["SSL_CERT_FILE": file])
    #expect(error == nil, "\(error?.description ?? "")")
    #expect(proxied.map(\.target) == ["api.cluster.example:6443"])
    #expect(requests.count == 1)
    let (refused, asked, none) = try await request(
      .http, scheme: "https", identity: try TestAuthority("stranger").issue(),
      environment: ["SSL_CERT_FILE": file])
    #expect(refused?.reason == "Certificate", "\(refused?.description ?? "no error")")
    #expect(asked.isEmpty && none.isEmpty)
  }

  @Test("a proxy that refuses, or that is not there, is named as what is wrong")
  func refusing() async throws {
    let proxy = try await TestProxy.start(
      .http, answer: "407 Proxy Authentication Required", to: 1)
    let urls = ["http://127.0.0.1:\(proxy.port)", "http://no-such-proxy.invalid:3128"]
    for url in urls {
      let settings = try Setting.settings(
        "https://\(Self.host):6443", cluster: ["proxy-url": .string(url)])
      try await Setting.withTransport { transport in
        let error = try await Setting.failure(settings, transport)
        #expect(error?.reason == "Unreachable", "\(error?.description ?? "no error")")
        #expect(error?.message.contains("; is the proxy right") == true)
      }
    }
    #expect(proxy.requests.count == 1)
    await proxy.stop()
  }

  @Test("tls-server-name goes into TLS only: the proxy is asked for the address")
  func serverName() async throws {
    let (error, proxied, requests) = try await request(
      .http, scheme: "http", serverName: "kubernetes.internal")
    #expect(error == nil, "\(error?.description ?? "")")
    #expect(proxied.map(\.target) == ["api.cluster.example:6443"])
    #expect(requests.map(\.serverName) == ["kubernetes.internal"])
  }

  @Test("the kubeconfig's proxy counts for loopback and whatever NO_PROXY says")
  func explicit() async throws {
    let (error, proxied, _) = try await request(
      .http, scheme: "http", host: "127.0.0.1", serverName: "localhost",
      environment: ["NO_PROXY": "*"])
    #expect(error == nil, "\(error?.description ?? "")")
    #expect(proxied.map(\.target) == ["127.0.0.1:6443"])
  }

  @Test("the environment's proxy counts otherwise", arguments: ["HTTPS_PROXY", "https_proxy"])
  func environment(variable: String) async throws {
    let (error, proxied, requests) = try await request(
      .http, scheme: "http", fromEnvironment: variable)
    #expect(error == nil, "\(error?.description ?? "")")
    #expect(proxied.map(\.target) == ["api.cluster.example:6443"])
    #expect(requests.count == 1)
  }

  @Test("loopback never goes through the environment's proxy")
  func loopback() async throws {
    let authority = try TestAuthority()
    let server = try await TLSServer.start(try authority.issue())
    let proxy = try await TestProxy.start(.http, to: server.port)
    let settings = try Setting.settings(
      "https://127.0.0.1:\(server.port)",
      cluster: ["certificate-authority-data": Setting.data(authority.pem)],
      environment: ["HTTPS_PROXY": "http://127.0.0.1:\(proxy.port)"])
    try await Setting.withTransport { transport in
      let error = try await Setting.failure(settings, transport)
      #expect(error == nil)
    }
    #expect(proxy.requests.isEmpty)
    #expect(server.requests.count == 1)
    await proxy.stop()
    await server.stop()
  }

  private func proxy(_ server: String, _ environment: [String: String]) throws -> String? {
    ProxyRules(environment).proxy(for: try #require(ServerAddress(server)))
  }

  @Test("https and http servers have a variable each; ALL_PROXY is none, upper case wins")
  func variables() throws {
    let both = ["HTTPS_PROXY": "http://s", "HTTP_PROXY": "http://p"]
    #expect(try proxy("https://h", both) == "http://s")
    #expect(try proxy("http://h", both) == "http://p")
    #expect(try proxy("https://h", ["HTTP_PROXY": "http://p"]) == nil)
    #expect(try proxy("https://h", ["ALL_PROXY": "http://a", "all_proxy": "http://a"]) == nil)
    #expect(try proxy("https://h", ["https_proxy": "http://l"]) == "http://l")
    #expect(
      try proxy("https://h", ["https_proxy": "http://l", "HTTPS_PROXY": "http://u"]) == "http://u")
    #expect(
      try proxy("https://h", ["HTTPS_PROXY": "", "https_proxy": "proxy:3128"])
        == "http://proxy:3128")
    #expect(try proxy("https://h", ["HTTPS_PROXY": "socks5://p:1080"]) == "socks5://p:1080")
    // A header of a stranger's request would be the variable.
    #expect(try proxy("http://h", ["HTTP_PROXY": "http://p", "REQUEST_METHOD": "GET"]) == nil)
  }

  @Test(
    "NO_PROXY knows names, domains, addresses, networks and ports",
    arguments: [
      ("https://h.example", "h.example", false), ("https://a.h.example", "h.example", false),
      ("https://ah.example", "h.example", true), ("https://h.example", ".h.example", true),
      ("https://a.h.example", ".h.example", false), ("https://a.h.example", "*.h.example", false),
      ("https://h.example", "*.h.example", true), ("https://H.EXAMPLE", "h.Example", false),
      ("https://h.example:6443", "h.example:6443", false),
      ("https://h.example:6443", "h.example:443", true), ("https://h.example", "*", false),
      ("https://10.1.2.3", "10.0.0.0/8", false), ("https://11.1.2.3", "10.0.0.0/8", true),
      ("https://10.1.2.3", "10.1.2.3", false), ("https://10.1.2.3:6443", "10.1.2.3:443", true),
      ("https://10.1.2.3:6443", "10.1.2.3:6443", false), ("https://10.1.2.3", "10.1.2.0/31", true),
      ("https://10.1.2.3", "10.1.2.2/31", false), ("https://[fd00::1]:6443", "fd00::/8", false),
      ("https://[fe00::1]:6443", "fd00::/8", true), ("https://[fd00::1]", "[fd00::1]:443", false),
      ("https://h.example", " a.example , h.example ", false), ("https://h.example", ",,", true),
      ("https://10.1.2.3", "10.0.0.0/99", true), ("https://localhost:1", "", false),
      ("https://127.4.5.6", "", false), ("https://[::1]", "", false),
    ])
  func exceptions(server: String, list: String, isProxied: Bool) throws {
    for name in ["NO_PROXY", "no_proxy"] {
      let found = try proxy(server, ["HTTPS_PROXY": "http://p", name: list])
      #expect((found != nil) == isProxied, "\(server) with \(name)=\(list)")
    }
  }
}
