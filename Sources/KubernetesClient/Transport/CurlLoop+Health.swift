// What the loop does about connections that died without a word, and about those that are full.

extension CurlLoop {
  private func uses(of connection: Connection? = nil) -> [ConnectionWatch.Use] {
    transfers.values.compactMap { transfer in
      guard transfer.easy != nil, let use = transfer.use else { return nil }
      return connection == nil || use.connection == connection ? use : nil
    }
  }

  // MARK: Dead connections

  mutating func probeSilentConnections(at now: Instant) {
    for use in connections.suspects(among: uses(), at: now) { probe(use) }
  }

  /// Asks over the same connection where libcurl lets it: the one that it finds first and that has
  /// room. Which it was is told by the probe itself.
  private mutating func probe(_ use: ConnectionWatch.Use) {
    guard let target = transfers[use.id]?.target else { return }
    enqueue(
      Transfer(
        id: mailbox.newID(), target: target, suspect: use.connection,
        timeout: options.probeTimeout))
  }

  mutating func endProbe(_ probe: Transfer, isAnswered: Bool) {
    let now = Instant.now
    let over = probe.connection
    let begun = probe.begun
    end(probe, nil)
    guard let suspect = probe.suspect else { return }
    for use in uses() { connections.note(use) }
    let verdict = connections.probeEnded(
      suspect: suspect, over: over, isAnswered: isAnswered, begun: begun, at: now)
    for connection in verdict.dead { shutDown(connection) }
    if let connection = verdict.unproven { moveStreams(from: connection) }
  }

  mutating func react(toTimeoutOf transfer: Transfer) {
    guard let use = transfer.use else { return }
    let others = uses(of: use.connection).filter { $0.id != transfer.id }
    switch connections.timedOut(use, others: others, at: .now) {
    case .none: break
    case .probe: probe(use)
    case .shutDown: shutDown(use.connection)
    }
  }

  /// libcurl sees the end of the connection, and every stream on it ends.
  private mutating func shutDown(_ connection: Connection) {
    sockets.shutDown(connection)
    connections.forget(connection)
  }

  private mutating func moveStreams(from connection: Connection) {
    for transfer in transfers.values
    where transfer.connection == connection && transfer.isResumable {
      end(
        transfer,
        TransportError(
          kind: .broken, message: "its connection was silent for long", mayHaveBeenSeen: true))
    }
  }

  // MARK: Streams that were given up

  /// libcurl 7.88.1 keeps the end of a stream that was given up in a buffer until it sends something
  /// else over the connection; the server would go on with a watch that nobody reads. Where nothing
  /// else was sent meanwhile, something is.
  mutating func flushConnections(at now: Instant) {
    guard !unflushed.isEmpty else { return }
    let latest = Dictionary(uses().map { ($0.connection, $0.sent) }, uniquingKeysWith: max)
    let due = unflushed
    unflushed = [:]
    for (connection, given) in due where latest[connection].map({ $0 < given.since }) ?? true {
      // One that died has nobody to tell.
      guard sockets.contains(connection) else { continue }
      enqueue(
        Transfer(
          id: mailbox.newID(), target: given.target, suspect: connection,
          timeout: options.probeTimeout))
    }
  }

  // MARK: Full connections

  /// Streams may fill every connection that a host may have: by HTTP/1.1, or where the server allows
  /// few on one. Then nothing else gets through, for as long as they last. Those that found no room
  /// wait in the queue instead, and for a call one that can go on later gives up its place.
  mutating func makeRoom(at now: Instant) {
    let starving = transfers.values.filter {
      $0.easy != nil && $0.connection == nil && $0.kind != .probe
        && now - $0.begun >= options.roomPatience
    }
    for host in Set(starving.map(\.target.host)) {
      let busy = transfers.values.filter {
        $0.easy != nil && $0.connection != nil && $0.target.host == host
      }
      // Calls give their room back by themselves.
      guard busy.allSatisfy(\.isStream),
        Set(busy.map(\.connection)).count >= options.connectionsPerHost
      else { continue }
      let starving = starving.filter { $0.target.host == host }
      for lane in Set(busy.map(\.target.lane)) { queue.limitStreams(ofLane: lane) }
      for stream in starving where stream.isStream {
        release(stream)
        queue.putBack(stream.id)
      }
      // On a new connection libcurl may begin more streams than the server turns out to allow. So the
      // connection with the fewest is the one where the end of a single stream makes room.
      let loads = Dictionary(grouping: busy, by: \.connection)
      guard starving.contains(where: { !$0.isStream }),
        let lightest = loads.values.filter({ $0.contains(where: \.isResumable) })
          .min(by: { $0.count < $1.count }),
        let oldest = lightest.filter(\.isResumable).min(by: { $0.begun < $1.begun })
      else { continue }
      end(
        oldest,
        TransportError(
          kind: .broken, message: "another request needed its place", mayHaveBeenSeen: true))
    }
  }

  // MARK: Outdated connections

  mutating func noteOwner(of transfer: Transfer) {
    guard let certificates = transfer.target.certificates, let connection = transfer.connection
    else { return }
    owners.note(connection, lane: transfer.target.lane, certificates: certificates)
  }

  mutating func outdate(_ lane: Int, before certificates: Int) {
    for transfer in transfers.values where transfer.target.lane == lane {
      noteOwner(of: transfer)
      guard transfer.isStream, transfer.easy != nil, let made = transfer.target.certificates,
        made < certificates
      else { continue }
      end(
        transfer,
        TransportError(
          kind: .broken, message: "the certificates have changed", mayHaveBeenSeen: true))
    }
    owners.outdate(lane: lane, before: certificates)
    // What failed with the old certificates says nothing about the new ones.
    queue.forgetTrouble(ofLane: lane)
    closeOutdated()
  }

  mutating func closeOutdated() {
    guard owners.hasOutdated else { return }
    let used = Set(transfers.values.compactMap(\.connection))
    for connection in owners.takeUnused(used) { shutDown(connection) }
  }
}
