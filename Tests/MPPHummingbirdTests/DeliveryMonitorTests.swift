import HTTPTypes
import MPPCore
import MPPServer
import ServerTestSupport
import Testing

@testable import MPPHummingbird

struct DeliveryMonitorTests {
  private let fixture: ServerFixture
  private let monitor = DeliveryMonitor()

  init() async throws { fixture = try await ServerFixture() }

  private func delivery() async throws -> PendingDelivery {
    let payment = try #require(try await fixture.pay(try fixture.route(), ["do": "pay"]).payment)
    return PendingDelivery(payment: payment)
  }

  private func head(_ status: Int = 200, of delivery: PendingDelivery? = nil) -> HTTPResponse {
    var head = HTTPResponse(status: .init(code: status))
    if let delivery { head.headerFields[ProtocolHeaders.paymentReceipt] = delivery.payment.receipt }
    return head
  }

  @Test func nothingIsAnnouncedBeforeTheHandlerIsThereOrWhenItIsGone() async throws {
    let delivery = try await delivery()
    #expect(!monitor.expect(delivery, monitor.begin()))
    monitor.watch()
    #expect(monitor.expect(delivery, monitor.begin()))
    #expect(monitor.close().map { ObjectIdentifier($0) } == [ObjectIdentifier(delivery.payment)])
    #expect(!monitor.expect(delivery, monitor.begin()))
    monitor.watch()
    #expect(!monitor.expect(delivery, monitor.begin()))
  }

  @Test func responsesAreFoundByTheirNumber() async throws {
    monitor.watch()
    let (first, second) = (try await delivery(), try await delivery())
    // Number 0 is the request in which the monitor was made, 2 an unpaid one.
    #expect(monitor.expect(first, monitor.begin()))
    _ = monitor.begin()
    #expect(monitor.expect(second, monitor.begin()))
    #expect(monitor.passes(head(of: first)).delivering == nil, "number 0")
    #expect(monitor.passes(head(of: first)).delivering?.payment === first.payment)
    let unpaid = monitor.passes(head())
    #expect(unpaid.delivering == nil && unpaid.discarded.isEmpty)
    #expect(monitor.passes(head(of: second)).delivering?.payment === second.payment)
    #expect(monitor.close().isEmpty)
  }

  @Test(arguments: [(200, false), (404, false), (500, true), (502, false)])
  func anotherResponseInItsPlaceDiscardsIt(_ status: Int, _ hasReceipt: Bool) async throws {
    monitor.watch()
    let delivery = try await delivery()
    #expect(monitor.expect(delivery, monitor.begin()))
    _ = monitor.passes(head())
    let passing = monitor.passes(head(status, of: hasReceipt ? delivery : nil))
    #expect(passing.delivering == nil)
    #expect(passing.discarded.count == 1 && passing.discarded.first === delivery.payment)
    #expect(monitor.close().isEmpty)
  }
}
