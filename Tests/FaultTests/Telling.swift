// Listens to what libcurl says about a connection that is set up as the transport sets it up.

import CCurl
import Foundation

@testable import KubernetesClient

/// Connects on the calling thread and returns libcurl's own account of it. `folder` is a
/// folder of authorities that is put back, for comparison.
func whatLibcurlTells(_ target: Target, folder: String? = nil) throws -> String {
  guard ccurl_load() == nil, let multi = ccurl_multi_init(), let handle = CurlHandle()
  else { throw Missing() }
  var text: UnsafeMutablePointer<CChar>?
  var size = 0
  guard let stream = open_memstream(&text, &size) else { throw Missing() }
  let easy = handle.easy
  handle.prepareToConnect(to: target, timeout: .seconds(30))
  if let folder { _ = ccurl_easy_set_string(easy, CURLOPT_CAPATH, folder) }
  _ = ccurl_easy_set_pointer(easy, CURLOPT_STDERR, stream)
  _ = ccurl_easy_set_long(easy, CURLOPT_VERBOSE, 1)
  _ = ccurl_multi_add(multi, easy)
  var done: UnsafeMutableRawPointer?
  var code = CURLE_OK
  repeat {
    _ = ccurl_multi_perform(multi)
    _ = ccurl_multi_poll(multi, nil, 0, 100)
  } while !ccurl_multi_next_done(multi, &done, &code)
  _ = ccurl_multi_remove(multi, easy)
  _ = ccurl_multi_cleanup(multi)
  fclose(stream)
  defer { free(text) }
  return text.map { String(cString: $0) } ?? ""
}
