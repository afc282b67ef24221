// What the loop does when streams fill every connection that a host may have.

extension TransportLoop {
  /// By HTTP/1.1, or where the server allows few streams on a connection, nothing else gets through for
  /// as long as they last. Those that found no room wait in the queue instead, and for a call one that
  /// can go on later gives up its place.
  mutating func makeRoom(at now: Instant) {
    let starving = transfers.values.filter {
      $0.isBegun && $0.connection == nil && now - $0.begun >= options.roomPatience
    }
    for host in Set(starving.map(\.target.host)) {
      let busy = transfers.values.filter {
        $0.isBegun && $0.connection != nil && $0.target.host == host
      }
      // Calls give their room back by themselves.
      guard busy.allSatisfy(\.isStream),
        Set(busy.map(\.connection)).count >= options.connectionsPerHost
      else { continue }
      let starving = starving.filter { $0.target.host == host }
      for lane in Set(busy.map(\.target.lane)) { queue.limitStreams(ofLane: lane) }
      for stream in starving where stream.isStream {
        release(stream)
        stream.putBack()
        queue.putBack(stream.id)
      }
      guard starving.contains(where: { !$0.isStream }),
        let oldest = busy.filter(\.isResumable).min(by: { $0.begun < $1.begun })
      else { continue }
      end(
        oldest,
        TransportError(
          kind: .broken, message: "another request needed its place", mayHaveBeenSeen: true))
    }
  }
}
