import EVM
import HTTPTypes
import MPPClient
import MPPCore
import MPPTempoClient
import MarketplaceSupport
import Synchronization
import TempoDevnet
import TempoRPC

/// Somebody who asks again and again.
protocol CrowdMember: Sendable {
  var payer: Address { get }

  /// One request.
  /// - Returns: whether it was answered; an error that no server's death explains is thrown.
  func ask(_ url: String) async throws -> Bool
}

/// One paying client that keeps asking for the same thing, several times at once, whatever happens to the server.
final class Customer: CrowdMember {
  /// Requests by how they ended.
  struct Tally: Sendable {
    /// 200, with the whole body.
    var received = 0
    /// Presented a credential, and no whole answer came: charged or not.
    var lost = 0
    /// Made a credential that did not leave.
    var unsent = 0
    /// The highest amount a server has acknowledged, base units.
    var accepted = Amount.zero
  }

  let client: PaymentClient
  let payer: Address
  private let stored = Mutex(Tally())

  init(_ client: PaymentClient, payer: Address) {
    self.client = client
    self.payer = payer
  }

  var tally: Tally { stored.withLock { $0 } }

  func ask(_ url: String) async throws -> Bool {
    do {
      let response = try await client.execute(.get(url))
      // Accepted is accepted, also when the body is cut off.
      if let accepted = response.payment?.receipt?.accepted {
        count { $0.accepted = max($0.accepted, accepted) }
      }
      guard response.status.code == 200 else {
        throw TestFailure("\(response.status.code): \(try await response.body.text())")
      }
      do { _ = try await response.body.bytes() } catch {
        count { $0.lost += 1 }
        return false
      }
      count { $0.received += 1 }
      return true
    } catch let error as PaymentClientError where error.code == .transport {
      if !error.isRetryable {
        count { $0.lost += 1 }
      } else if error.exposure != .none {
        count { $0.unsent += 1 }
      }
      return false
    }
  }

  private func count(_ change: (inout Tally) -> Void) { stored.withLock { change(&$0) } }
}

/// Customers under way together.
final class Crowd<Member: CrowdMember>: Sendable {
  let customers: [Member]
  let inFlight: Int
  private let gate = Turnstile<String>()
  private let progress = Mutex<(answers: Int, waiter: (count: Int, end: Latch)?)>((0, nil))
  private let faults = Collector<String>()

  /// - Parameter inFlight: requests of one customer at once.
  init(_ customers: [Member], inFlight: Int) {
    self.customers = customers
    self.inFlight = inFlight
  }

  /// Errors that no server's death explains.
  var complaints: [String] { faults.all }

  /// Asks and asks until ``leave()``.
  func work() async {
    await withTaskGroup(of: Void.self) { group in
      for customer in customers {
        for _ in 0..<inFlight {
          group.addTask { [self] in
            while let url = await gate.pass() { await ask(customer, url) }
          }
        }
      }
    }
  }

  private func ask(_ customer: Member, _ url: String) async {
    do {
      if try await customer.ask(url) { answered() }
    } catch {
      faults.add("\(customer.payer.hex.prefix(10)): \(error)")
      leave()
    }
  }

  /// The server is there.
  func enter(_ url: String) { gate.open(url) }

  /// The server is gone: returns when every request under way has ended.
  func pause() async {
    gate.shut()
    await gate.untilWaiting(customers.count * inFlight)
  }

  /// No further requests.
  func leave() {
    gate.remove()
    progress.withLock { $0.waiter.take()?.end }?.open()
  }

  /// Returns after so many further answers, or when nobody asks any more.
  func answers(_ count: Int) async {
    let latch = Latch()
    let isReached = progress.withLock { progress in
      if count > 0 { progress.waiter = (progress.answers + count, latch) }
      return count == 0
    }
    guard !isReached, faults.all.isEmpty else { return }
    await latch.wait()
  }

  private func answered() {
    let reached = progress.withLock { progress -> Latch? in
      progress.answers += 1
      guard let waiter = progress.waiter, progress.answers >= waiter.count else { return nil }
      progress.waiter = nil
      return waiter.end
    }
    reached?.open()
  }
}

extension Crowd where Member == Customer {
  /// Accounts 1 to `count` of the market.
  convenience init(_ market: Marketplace, count: Int, inFlight: Int) throws {
    let customers = try (1...count).map { number in
      Customer(
        try market.client(account: number, journal: "payer\(number).db") { options in
          options.openingDeposit = Amount(units: 5_000 * Marketplace.price.units)
        }, payer: market.devnet.accounts[number].address)
    }
    self.init(customers, inFlight: inFlight)
  }
}
