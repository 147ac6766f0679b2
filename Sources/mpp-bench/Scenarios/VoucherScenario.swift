import BenchSupport
import EVM
import MPPTempo
import Tempo

/// The most expensive step of a paid request, beside the least a signature check can cost.
struct VoucherScenario: Scenario {
  let name = "voucher"
  let title = "checking a voucher, beside a bare libsecp256k1 verification"

  func run(_ bench: Bench) async throws -> ScenarioReport {
    let service = try await PaidService(.memory, file: "", channels: 1)
    let channel = service.channels[0]
    let count = bench.count(4_000)
    let bare = try BareSecp256k1(channel.key.publicKey)
    var vouchers: [Voucher] = []
    var signatures: [[UInt8]] = []
    var signed: [BareSecp256k1.Signed] = []
    for index in 1...count {
      let voucher = try Voucher(channelID: channel.id, cumulativeAmount: UInt128(index) * 100)
      let digest = voucher.digest(domain: channel.domain)
      let signature = channel.key.sign(digest).bytes65
      vouchers.append(voucher)
      signatures.append(signature)
      signed.append(try bare.parse(digest, signature))
    }
    let signer = channel.descriptor.effectiveSigner
    let key = channel.key.publicKey
    var samples = [Samples](repeating: Samples(), count: 3)
    for round in 0..<bench.rounds {
      bench.note(name, round: round)
      for index in 0..<count {
        var start = Ticks.now()
        let isValid = bare.verify(signed[index])
        samples[0].add(nanoseconds: Ticks.since(start))
        start = Ticks.now()
        try VoucherVerifier.verify(
          signature: signatures[index], digest: vouchers[index].digest(domain: channel.domain),
          signer: signer, cachedKey: key)
        samples[1].add(nanoseconds: Ticks.since(start))
        start = Ticks.now()
        let isRecovered = bare.recover(signed[index])
        samples[2].add(nanoseconds: Ticks.since(start))
        guard isValid, isRecovered else { throw BenchFailure("libsecp256k1 refused a signature") }
      }
    }
    var report = bench.report(self)
    report.measurements = zip(["bare verify", "voucher check", "bare recover"], samples).map {
      Measurement($0, $1)
    }
    let ratio = samples[1].median / samples[0].median
    report.figures = [
      Figure("voucher check / bare verify", ratio, "x"),
      Figure("bare recover / bare verify", samples[2].median / samples[0].median, "x"),
    ]
    report.verdicts = [.atMost(1.2, "x", "voucher check / bare verify", ratio)]
    return report
  }
}
