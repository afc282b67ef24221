// Names, addresses, patterns and paths.

import Testing

@testable import Builtins

@Suite("Checks before anything is sent")
struct ValidationTests {
  @Test(
    "Loopback addresses are recognised",
    arguments: [
      "127.0.0.1", "127.255.0.3", "localhost", "LOCALHOST", "a.localhost", "localhost.", "::1",
      "0.0.0.0", "::", "::ffff:127.0.0.1",
    ])
  func loopback(host: String) {
    #expect(Validation.isLoopback(host: host))
  }

  @Test(
    "Other addresses are none",
    arguments: [
      "10.0.0.1", "128.0.0.1", "localhost.example.com", "::2", "2001:db8::1", "my-localhost",
      "::ffff:10.0.0.1", "127.example.com",
    ])
  func notLoopback(host: String) {
    #expect(!Validation.isLoopback(host: host))
  }

  @Test("The host of a URL is found whatever stands around it")
  func hosts() {
    #expect(Validation.host(ofURL: "https://10.0.0.1:6443/x") == "10.0.0.1")
    #expect(Validation.host(ofURL: "https://[::1]:6443") == "::1")
    #expect(Validation.host(ofURL: "https://user@host") == "host")
    #expect(Validation.host(ofURL: "host:443") == nil)
    #expect(Validation.host(ofURL: "https://") == nil)
    #expect(Validation.host(ofURL: "https://[::1") == nil)
  }

  @Test("Cluster IDs are DNS labels")
  func labels() {
    #expect(Validation.isDNSLabel("cluster-1"))
    #expect(Validation.isDNSLabel(String(repeating: "a", count: 63)))
    for bad in ["", "-a", "a-", "A", "a.b", "a_b", "ä", String(repeating: "a", count: 64)] {
      #expect(!Validation.isDNSLabel(bad), "\(bad)")
    }
    #expect(!Validation.isServiceName("1a"))
  }

  @Test("Networks are label values")
  func labelValues() {
    #expect(Validation.isLabelValue("proj_net.1-a"))
    for bad in ["-a", "a-", "a b", "a/b", String(repeating: "a", count: 64)] {
      #expect(!Validation.isLabelValue(bad), "\(bad)")
    }
  }

  @Test("CIDRs need an address and a length that fits")
  func ranges() {
    for good in ["10.0.0.0/8", "0.0.0.0/0", "2001:db8::/32", "::/0"] {
      #expect(Validation.isCIDR(good), "\(good)")
    }
    for bad in ["10.0.0.0", "10.0.0.0/33", "10.0.0/8", "::/129", "x/8", "10.0.0.0/-1", "/8", ""] {
      #expect(!Validation.isCIDR(bad), "\(bad)")
    }
  }

  @Test("Patterns match as in a shell")
  func globs() {
    #expect(Glob.matches("onprem-*", "onprem-1"))
    #expect(Glob.matches("*", ""))
    #expect(Glob.matches("a*b*c", "axxbyyc"))
    #expect(Glob.matches("gke_*_c?", "gke_proj_zone_c1"))
    #expect(!Glob.matches("onprem-*", "prod"))
    #expect(!Glob.matches("a?", "a"))
    #expect(!Glob.matches("a*b", "axc"))
    #expect(!Glob.matches("", "a"))
  }

  @Test("Durations are written as scripts write them")
  func durations() {
    #expect(Duration.seconds(5400).scriptText == "1h30m")
    #expect(Duration.zero.scriptText == "0s")
    #expect(Duration.milliseconds(1250).scriptText == "1s250ms")
    #expect(Duration.seconds(86_400 * 7).scriptText == "7d")
  }
}
