import EVM
import MPPCore
import MPPTempo
import Testing

struct ChargeRequestTests {
  private static let token = "0x20c0000000000000000000000000000000000000"
  private static let payee = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"

  private func input(_ change: (inout ChargeRequestInput) -> Void = { _ in }) -> ChargeRequestInput {
    var input = ChargeRequestInput(
      amount: .decimal("1.5"), currency: Self.token, recipient: Self.payee, chainID: 42_431)
    change(&input)
    return input
  }

  private func field(_ body: () throws(ChargeRequestError) -> Void) -> String? {
    do throws(ChargeRequestError) {
      try body()
      return nil
    } catch {
      return error.field
    }
  }

  @Test func aPriceIsNeverRounded() throws {
    for text in ["0.0000004", "1.0000005", "0.0000005"] {
      #expect(
        field { () throws(ChargeRequestError) in _ = try input { $0.amount = .decimal(text) }.wireRequest() }
          == "amount")
    }
    #expect(try input { $0.amount = .decimal("1.5000000") }.wireRequest().amount == Amount(units: 1_500_000))
  }

  @Test func amountsOnTheWireHaveOneSpelling() throws {
    for text in ["01", "00", "", "+1", "1.0", " 1", "0x1"] {
      let value: JSONValue = ["amount": .string(text), "currency": .string(Self.token)]
      #expect(field { () throws(ChargeRequestError) in _ = try ChargeRequest(parsing: value) } == "amount")
    }
    #expect(try ChargeRequest(parsing: ["amount": "0", "currency": "x"]).amount == .zero)
  }

  @Test func splitsLeaveSomethingForThePayee() throws {
    func splits(_ amounts: String...) -> [ChargeRequestInput.Split] {
      amounts.map { ChargeRequestInput.Split(amount: $0, recipient: Self.token) }
    }
    for bad in [splits("1.5"), splits("0"), splits("0.5", "1"), []] {
      #expect(
        field { () throws(ChargeRequestError) in _ = try input { $0.splits = bad }.wireRequest() } == "splits"
      )
    }
    let request = try input { $0.splits = splits("0.5", "0.25") }.wireRequest()
    #expect(try request.transfers().map(\.amount.units) == [750_000, 500_000, 250_000])
    #expect(try input { $0.amount = .decimal("0") }.wireRequest().transfers().isEmpty)
    var greedy = request
    greedy.amount = Amount(units: 750_000)
    #expect(field { () throws(ChargeRequestError) in _ = try greedy.transfers() } == "splits")
  }

  @Test func payloadsAreReadByTheirType() throws {
    let hash = Hash32.zero.hex
    #expect(try ChargePayload(parsing: ["type": "hash", "hash": .string(hash)]) == .hash(.zero))
    #expect(
      try ChargePayload(parsing: ["type": "transaction", "signature": "0x7601"]) == .transaction([0x76, 1]))
    for payload in [ChargePayload.hash(.zero), .transaction([1]), .proof([2])] {
      #expect(try ChargePayload(parsing: payload.jsonValue) == payload)
    }
    for bad: JSONValue in [
      ["type": "hash", "signature": "0x12"], ["type": "proof", "hash": .string(hash)], .null, [],
      ["type": "transaction", "signature": "0x"], ["type": "proof", "signature": "0x123"],
      ["type": "transaction", "signature": 5],
    ] {
      #expect(throws: ChargePayloadError.self) { try ChargePayload(parsing: bad) }
    }
  }
}
