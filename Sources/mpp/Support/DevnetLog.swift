import EVM
import MPPCore
import TempoDevnet

/// The chain's events as lines, for `mpp devnet --log`.
enum DevnetLog {
  static func print(_ events: AsyncStream<DevnetEvent>) async {
    for await event in events { Output.line(line(event)) }
  }

  private static func line(_ event: DevnetEvent) -> String {
    switch event {
    case .request(let request):
      let fault = request.wasFaulted ? ", fault" : ""
      switch request.answer {
      case .result: return "rpc    \(request.method)\(fault)"
      case .error(let code, let message): return "rpc    \(request.method): \(code) \(message)\(fault)"
      case .suppressed: return "rpc    \(request.method): not executed\(fault)"
      }
    case .transaction(let receipt):
      let status = receipt.succeeded ? "ok" : "reverted \(receipt.revertName ?? "")"
      return "block  \(receipt.blockNumber): \(receipt.hash.hex) \(status), fee \(receipt.fee.units)"
    }
  }
}
