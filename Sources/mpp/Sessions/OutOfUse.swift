import MPPClient
import MPPCore

/// Channels that hold a deposit and can neither pay nor be closed together with their servers: only the chain gives it back.
enum OutOfUse {
  static func contains(_ channel: ChannelStatus) -> Bool {
    channel.phase == "orphaned" || channel.phase == "closeRequested"
  }

  /// Every one of them with its amount, and the command for all.
  static func lines(_ channels: [ChannelStatus], recover command: String) -> [String] {
    let left = channels.filter(contains)
    guard !left.isEmpty else { return [] }
    return left.map(line) + ["get it back: \(command)"]
  }

  private static func line(_ channel: ChannelStatus) -> String {
    let text =
      "out of use: channel \(channel.id.prefix(14))… with a deposit of \(Money.text(channel.deposit))"
    guard channel.phase == "closeRequested" else { return text }
    guard let date = channel.withdrawableAt else { return text + ", which is being closed on chain" }
    return text + ", which can be withdrawn from \(date.rfc3339)"
  }

  static func json(_ channels: [ChannelStatus], recover command: String) -> [JSONValue] {
    channels.filter(contains).map { channel in
      [
        "event": "out-of-use", "channel": .string(channel.id), "phase": .string(channel.phase),
        "deposit": channel.deposit.json, "refundable": channel.refundable.json,
        "withdrawableAt": channel.withdrawableAt.map { .string($0.rfc3339) } ?? .null,
        "command": .string(command),
      ]
    }
  }
}
