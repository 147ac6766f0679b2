import MPPClient
import MPPCore
import MPPTempoClient

extension ChannelStatus {
  /// Whether the channel may still hold a deposit.
  var mayHoldMoney: Bool { phase != "closed" && phase != "abandoned" }
}

/// Channels for people and for programs.
enum SessionReport {
  static func table(_ channels: [ChannelStatus]) -> String {
    let header = ["CHANNEL", "STATE", "DEPOSIT", "DELIVERED", "REFUNDABLE", "SERVER"]
    let rows = channels.map { channel in
      [
        String(channel.id.prefix(14)) + "…", channel.phase, Money.text(channel.deposit),
        Money.text(channel.delivered), Money.text(channel.refundable),
        channel.origin.isEmpty ? "(unknown)" : channel.origin,
      ]
    }
    var lines = TextTable.lines([header] + rows, rightAligned: [2, 3, 4])
    for channel in channels {
      if channel.isDisputed {
        lines.append(
          "\(channel.id.prefix(14))…: captured on chain was more than this journal remembers signing")
      }
      if let note = channel.note { lines.append("\(channel.id.prefix(14))…: \(PlainText.text(note))") }
    }
    return lines.joined(separator: "\n")
  }

  /// One line for a channel that is closed now, with what is known of its end.
  static func closedLine(_ channel: ChannelStatus, refunded: Amount?) -> String {
    let name = "\(channel.id.prefix(14))…"
    guard channel.phase == "closed" else {
      return "channel \(name) was never opened; its deposit has not left"
    }
    guard let refunded else { return "channel \(name) is closed" }
    let text =
      "closed channel \(name): \(Money.text(channel.settled)) paid in all, \(Money.text(refunded)) returned"
    return channel.isDisputed ? text + "; DISPUTED: that is more than was delivered" : text
  }

  /// The same object with `captured` and `refunded`, which are `null` while the channel is not closed, or its end is not known.
  static func recoveredJSON(_ channel: ChannelStatus, refunded: Amount?) -> JSONValue {
    .object(
      (json(channel).objectValue ?? []) + [
        .init(key: "captured", value: refunded == nil ? .null : channel.settled.json),
        .init(key: "refunded", value: refunded?.json ?? .null),
      ])
  }

  static func line(_ charge: UnfinishedCharge) -> String {
    PlainText.text(
      "charge of \(Money.text(charge.amount)) without an answer (token \(charge.token), chain \(charge.chainID), transaction "
        + "\(charge.transaction)): paid, or may be; the same request presents it again")
  }

  static func json(_ charge: UnfinishedCharge) -> JSONValue {
    [
      "event": "charge", "amount": charge.amount.json, "token": .string(charge.token),
      "chainId": .integer(Int64(clamping: charge.chainID)), "transaction": .string(charge.transaction),
    ]
  }

  static func json(_ channel: ChannelStatus) -> JSONValue {
    [
      "event": "channel", "id": .string(channel.id), "phase": .string(channel.phase),
      "origin": .string(channel.origin), "resource": .string(channel.resource),
      "chainId": .integer(Int64(clamping: channel.chainID)), "payer": .string(channel.payer),
      "payee": .string(channel.payee), "token": .string(channel.token), "deposit": channel.deposit.json,
      "authorized": channel.authorized.json, "delivered": channel.delivered.json,
      "spent": channel.spent.json, "settled": channel.settled.json, "refundable": channel.refundable.json,
      "closeRequestedAt": channel.closeRequestedAt.map { .string($0.rfc3339) } ?? .null,
      "withdrawableAt": channel.withdrawableAt.map { .string($0.rfc3339) } ?? .null,
      "disputed": .bool(channel.isDisputed),
      "note": channel.note.map { .string(PlainText.text($0)) } ?? .null,
    ]
  }
}
