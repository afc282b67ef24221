// The transport's pure decisions: who may run, who may connect, when silence means death.

import Testing

@testable import KubernetesClient

private typealias Instant = ContinuousClock.Instant

private let refusal = TransportError(kind: .refused, code: 7, message: "refused")
private let cutOff = TransportError(kind: .broken, code: 35, message: "cut off")

@Suite("Transfer queue")
struct TransferQueueTests {
  private let now = Instant.now

  private func queue(_ limit: Int) -> TransferQueue {
    var options = TransportOptions()
    options.callsPerCluster = limit
    return TransferQueue(options: options)
  }

  /// A queue whose lanes have their connection already.
  private func connected(_ limit: Int, lanes: Int...) -> TransferQueue {
    var queue = queue(limit)
    for lane in lanes {
      let id = UInt64(1000 + lane)
      queue.enqueue(id, lane: lane, kind: .stream)
      _ = queue.takeStartable(at: now)
      queue.connected(id)
      queue.answered(id)
    }
    return queue
  }

  @Test("each lane has its own bound and keeps its order")
  func bound() {
    var queue = connected(2, lanes: 1, 2)
    for id in 1...4 { queue.enqueue(UInt64(id), lane: 1, kind: .call) }
    queue.enqueue(5, lane: 2, kind: .call)
    #expect(queue.takeStartable(at: now).ids == [1, 2, 5])
    #expect(queue.takeStartable(at: now).ids == [])
    queue.finish(2)
    #expect(queue.takeStartable(at: now).ids == [3])
    queue.finish(1)
    queue.finish(3)
    #expect(queue.takeStartable(at: now).ids == [4])
    for id in [4, 5, 1001, 1002] as [UInt64] { queue.finish(id) }
    #expect(queue.isEmpty)
  }

  @Test("a stream counts until its answer begins, and never fills the bound after that")
  func streams() {
    var queue = connected(2, lanes: 1)
    for id in 1...3 { queue.enqueue(UInt64(id), lane: 1, kind: .stream) }
    queue.enqueue(4, lane: 1, kind: .call)
    #expect(queue.takeStartable(at: now).ids == [4, 1])
    queue.answered(1)
    #expect(queue.takeStartable(at: now).ids == [2])
    queue.answered(2)
    queue.answered(2)
    #expect(queue.takeStartable(at: now).ids == [3])
  }

  @Test("a lane without room holds fewer streams and its calls go on")
  func room() {
    var queue = connected(8, lanes: 1)
    for id in 1...4 { queue.enqueue(UInt64(id), lane: 1, kind: .stream) }
    #expect(queue.takeStartable(at: now).ids == [1, 2, 3, 4])
    queue.answered(1)
    queue.answered(2)
    queue.limitStreams(ofLane: 1)
    queue.putBack(3)
    queue.putBack(4)
    queue.enqueue(9, lane: 1, kind: .call)
    #expect(queue.takeStartable(at: now).ids == [9])
    queue.finish(1)
    #expect(queue.takeStartable(at: now).ids == [])
    queue.finish(2)
    #expect(queue.takeStartable(at: now).ids == [4])
    #expect(queue.cancel(3) == .wasWaiting)
  }

  @Test("a cancelled transfer frees its place")
  func cancel() {
    var queue = connected(1, lanes: 1)
    for id in 1...3 { queue.enqueue(UInt64(id), lane: 1, kind: .call) }
    #expect(queue.takeStartable(at: now).ids == [1])
    #expect(queue.cancel(2) == .wasWaiting)
    #expect(queue.cancel(1) == .wasRunning)
    #expect(queue.cancel(1) == .isUnknown)
    #expect(queue.takeStartable(at: now).ids == [3])
  }

  @Test("one connects for all, in one time however often it is cancelled")
  func leader() {
    var queue = queue(8)
    for id in 1...4 { queue.enqueue(UInt64(id), lane: 1, kind: .call) }
    let first = queue.takeStartable(at: now)
    #expect(first.ids == [1])
    #expect(first.started[0].budget == .seconds(10))
    #expect(queue.cancel(1, at: now + .seconds(7)) == .wasRunning)
    // Time in which nobody tries does not count.
    let second = queue.takeStartable(at: now + .seconds(60))
    #expect(second.ids == [2])
    #expect(second.started[0].budget == .seconds(3))
    queue.connected(2)
    #expect(queue.takeStartable(at: now + .seconds(61)).ids == [3, 4])
    #expect(queue.leaders.isEmpty)
  }

  @Test("what cannot connect fails for all who wait, in one lane only")
  func sharedFailure() {
    var queue = queue(8)
    for id in 1...4 { queue.enqueue(UInt64(id), lane: id == 4 ? 2 : 1, kind: .call) }
    #expect(queue.takeStartable(at: now).ids == [1, 4])
    queue.connected(4)
    #expect(queue.connectFailed(1, refusal, at: now) == [2, 3])
    queue.finish(1)
    queue.enqueue(5, lane: 1, kind: .call)
    queue.enqueue(6, lane: 2, kind: .call)
    let decision = queue.takeStartable(at: now)
    #expect(decision.ids == [6])
    #expect(decision.refused.map(\.id) == [5])
  }
}

@Suite("Circuit")
struct CircuitTests {
  private let now = Instant.now

  private func isRefused(_ admission: Circuit.Admission) -> String? {
    guard case .refuse(let error) = admission else { return nil }
    return error.message
  }

  private func leads(_ admission: Circuit.Admission) -> Bool {
    if case .lead = admission { true } else { false }
  }

  @Test("after a failure it refuses with the reason and the time, then lets one try")
  func open() throws {
    var circuit = Circuit(options: TransportOptions())
    #expect(leads(circuit.admit(1, at: now)) == true)
    #expect(circuit.failed(1, refusal, at: now) == true)
    let message = try #require(isRefused(circuit.admit(2, at: now + .milliseconds(300))))
    #expect(message == "refused (found 0.3s ago, tried again in 0.7s)")
    #expect(leads(circuit.admit(3, at: now + .seconds(1))) == true)
    if case .wait = circuit.admit(4, at: now + .seconds(1)) {} else { Issue.record("no wait") }
    circuit.connected(3)
    #expect(circuit.state == .proven)
    #expect(circuit.isFresh)
  }

  @Test("pauses double up to their limit, and a success begins anew")
  func pauses() {
    var circuit = Circuit(options: TransportOptions())
    var time = now
    for pause in [1, 2, 4, 8, 16, 30, 30] {
      #expect(leads(circuit.admit(1, at: time)) == true)
      #expect(circuit.failed(1, refusal, at: time) == true)
      #expect(circuit.state == .open(until: time + .seconds(pause)))
      #expect(isRefused(circuit.admit(2, at: time + .seconds(pause) - .milliseconds(1))) != nil)
      time += .seconds(pause)
    }
    #expect(leads(circuit.admit(1, at: time)) == true)
    circuit.connected(1)
    circuit.doubt()
    #expect(leads(circuit.admit(2, at: time)) == true)
    #expect(circuit.failed(2, refusal, at: time) == true)
    #expect(circuit.state == .open(until: time + .seconds(1)))
  }

  @Test("a connection that is cut off while it is made opens it at the third time")
  func cutOffs() {
    var circuit = Circuit(options: TransportOptions())
    for id in 1...2 as ClosedRange<UInt64> {
      #expect(leads(circuit.admit(id, at: now)) == true)
      #expect(circuit.failed(id, cutOff, at: now) == false)
      #expect(circuit.state == .unproven)
    }
    #expect(leads(circuit.admit(3, at: now)) == true)
    #expect(circuit.failed(3, cutOff, at: now) == true)
    #expect(isRefused(circuit.admit(4, at: now)) != nil)
  }

  @Test("when the time for connecting is used up by leaders that left, it opens")
  func budget() {
    var circuit = Circuit(options: TransportOptions())
    #expect(leads(circuit.admit(1, at: now)) == true)
    circuit.left(1, othersWait: true, at: now + .seconds(10))
    #expect(isRefused(circuit.admit(2, at: now + .seconds(10))) == "no connection within 10s")
    // With nobody waiting, the next call has all the time.
    var other = Circuit(options: TransportOptions())
    #expect(leads(other.admit(1, at: now)) == true)
    other.left(1, othersWait: false, at: now + .seconds(10))
    guard case .lead(let budget) = other.admit(2, at: now + .seconds(60)) else {
      Issue.record("no leader")
      return
    }
    #expect(budget == .seconds(10))
  }
}

@Suite("Silence")
struct SilenceTests {
  private let now = Instant.now
  private let options = TransportOptions()

  private func at(_ seconds: Int) -> ContinuousClock.Instant { now + .seconds(seconds) }

  @Test("kubernetes#121793: how long silence lasts and how long a ping waits can be set")
  func configurable() {
    var options = TransportOptions()
    #expect(options.quietLimit == .seconds(30))
    #expect(options.probeTimeout == .seconds(15))
    (options.quietLimit, options.probeTimeout) = (.seconds(5), .seconds(2))
    var silence = Silence(since: now)
    #expect(silence.verdict(at: at(4), options) == .none)
    #expect(silence.verdict(at: at(5), options) == .ask)
    silence.asks(at: at(5))
    #expect(silence.verdict(at: at(6), options) == .none)
    #expect(silence.verdict(at: at(7), options) == .dead)
  }

  @Test("one ping at a time, and whatever is heard answers it")
  func pings() {
    var silence = Silence(since: now)
    silence.asks(at: at(30))
    #expect(silence.isAsked)
    #expect(silence.verdict(at: at(44), options) == .none)
    silence.ends(at: at(44))
    #expect(!silence.isAsked)
    #expect(silence.verdict(at: at(60), options) == .none)
    #expect(silence.verdict(at: at(74), options) == .ask)
  }

  @Test("a connection that was idle is silent only from the request on")
  func idle() {
    var silence = Silence(since: now)
    silence.begins(at: at(100))
    #expect(silence.verdict(at: at(129), options) == .none)
    #expect(silence.verdict(at: at(130), options) == .ask)
  }

  @Test("a ping that is not answered is not forgotten for a new request")
  func pinged() {
    var silence = Silence(since: now)
    silence.asks(at: at(30))
    silence.begins(at: at(40))
    #expect(silence.verdict(at: at(45), options) == .dead)
  }

  @Test("one impatient call does not end a connection that others use")
  func timeouts() {
    var silence = Silence(since: at(1))
    #expect(silence.verdict(ofTimeoutSince: at(10), others: true) == .ask)
    #expect(silence.verdict(ofTimeoutSince: at(10), others: false) == .dead)
    silence.asks(at: at(12))
    #expect(silence.verdict(ofTimeoutSince: at(10), others: true) == .none)
    // Something was heard, if not the answer: it may live.
    silence.ends(at: at(13))
    #expect(silence.verdict(ofTimeoutSince: at(10), others: false) == .ask)
  }
}

@Suite("Body chunks")
struct BodyChunksTests {
  @Test("what lies unread is bounded in bytes, and reading makes room")
  func bounded() async throws {
    let (chunks, sender) = BodySender.make(limit: 1000) {}
    let chunk = [UInt8](repeating: 7, count: 300)
    #expect(sender.send(chunk) == .taken)
    #expect(sender.send(chunk) == .taken)
    var reader = chunks.makeAsyncIterator()
    #expect(try await reader.next() == chunk)
    #expect(sender.send(chunk) == .taken)
    #expect(sender.send(chunk) == .overflow)
  }

  @Test("a drip of single bytes is bounded, too")
  func drip() {
    let (chunks, sender) = BodySender.make(limit: 6500) {}
    var count = 0
    while sender.send([1]) == .taken { count += 1 }
    #expect(count == 100)
    withExtendedLifetime(chunks) {}
  }

  @Test("dropping the chunks ends the request")
  func dropped() {
    let (ends, report) = AsyncStream<Void>.makeStream()
    var pair: (chunks: BodyChunks, sender: BodySender)? = BodySender.make(limit: 1000) {
      report.finish()
    }
    let sender = pair?.sender
    pair = nil
    #expect(sender?.send([1]) == .unwanted)
    withExtendedLifetime(ends) {}
  }
}

@Suite("Clock of the server")
struct HTTPDateTests {
  @Test("dates are read as RFC 9110 has them")
  func dates() {
    #expect(HTTPDate.seconds("Thu, 01 Jan 1970 00:00:00 GMT") == 0)
    #expect(HTTPDate.seconds("Sun, 06 Nov 1994 08:49:37 GMT") == 784_111_777)
    #expect(HTTPDate.seconds("Tue, 29 Feb 2000 23:59:59 GMT") == 951_868_799)
    for text in [
      "", "now", "Sun, 06 Nov 1994 08:49:37 UTC", "Sun, 32 Nov 1994 08:49:37 GMT",
      "Sun, 06 Xxx 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:49:37 GMT", "Sun, 06 Nov 1994 8:49 GMT",
    ] {
      #expect(HTTPDate.seconds(text) == nil, "\(text)")
    }
  }

  @Test("clocks that differ by more than a minute are named")
  func hint() {
    let date = "Sun, 06 Nov 1994 08:49:37 GMT"
    #expect(HTTPDate.clockHint(date, now: 784_111_777 + 60) == nil)
    #expect(
      HTTPDate.clockHint(date, now: 784_111_777 + 300)
        == "check the clock: the server's is 5m behind this machine's")
    #expect(
      HTTPDate.clockHint(date, now: 784_111_777 - 3723)
        == "check the clock: the server's is 3723s ahead of this machine's")
    #expect(HTTPDate.clockHint(nil) == nil)
  }
}
