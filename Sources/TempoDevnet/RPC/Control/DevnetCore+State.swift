import EVM
import MPPCore

/// What is in the state, for people and for comparisons (`03` §11).
extension DevnetCore {
  /// Every cell, sorted: equal states give equal bytes.
  func state() -> JSONValue {
    let cells = chain.world.storage.cells.map { ($0.key.name, $0.value) }.sorted { $0.0 < $1.0 }
    return ChainJSON.object([
      ("block", Quantity.hex(chain.latest.number)), ("blockHash", Quantity.hash(chain.latest.hash)),
      ("cells", ChainJSON.object(cells.map { ($0.0, .string($0.1.hexQuantity)) })),
      ("pool", .array(chain.pool.map { Quantity.hash($0.transaction.hash) })),
      ("timestampMillis", Quantity.hex(chain.latest.timestampMilliseconds)),
    ])
  }

  /// What became of a transaction, with what its receipt does not say.
  func trace(_ hash: Hash32) -> JSONValue {
    guard let sealed = chain.transactions[hash] else { return .null }
    let outcome = sealed.outcome
    let intrinsic = GasSchedule.intrinsic(sealed.transaction.content, model: chain.parameters.gasModel).gas
    return [
      "duplicate": secondProcessing[hash].map { .string($0) } ?? .null,
      "status": outcome.succeeded ? "0x1" : "0x0",
      "failedCall": outcome.failedCall.map { .integer(Int64($0)) } ?? .null,
      "revertData": outcome.revert.map { .string(Quantity.data($0.data)) } ?? .null,
      "errorName": outcome.revert.map { .string($0.name) } ?? .null,
      "gasUsed": Quantity.hex(outcome.gasUsed),
      "gasBreakdown": [
        "intrinsic": Quantity.hex(min(intrinsic, outcome.gasUsed)),
        "execution": Quantity.hex(outcome.gasUsed - min(intrinsic, outcome.gasUsed)),
      ],
      "logs": .array(outcome.logs.indices.map { json.log(sealed, $0) }),
    ]
  }

  /// All channels of the reserve and of the v1 contracts.
  func channels() -> JSONValue {
    var found: [(String, JSONValue)] = []
    for (slot, value) in chain.world.storage.cells {
      switch slot {
      case .channel(let id):
        let channel = ReserveChannel(value)
        found.append(
          (
            id.hex,
            [
              "escrow": Quantity.json(Addresses.reserve), "channelId": Quantity.hash(id),
              "deposit": .string(String(channel.deposit)), "settled": .string(String(channel.settled)),
              "closeRequestedAt": .integer(Int64(clamping: channel.closeRequestedAt)),
            ]
          ))
      case .legacyChannel(let escrow, let id, word: 0):
        let channel = chain.world.legacyChannel(escrow, id)
        found.append(
          (
            escrow.hex + id.hex,
            [
              "escrow": Quantity.json(escrow), "channelId": Quantity.hash(id),
              "deposit": .string(String(channel.deposit)), "settled": .string(String(channel.settled)),
              "closeRequestedAt": .integer(Int64(clamping: channel.closeRequestedAt)),
              "finalized": .bool(channel.isFinalized),
            ]
          ))
      default: break
      }
    }
    return .array(found.sorted { $0.0 < $1.0 }.map(\.1))
  }

  /// The access keys of an account, with what is left to them.
  func keys(of account: Address) -> JSONValue {
    let world = chain.world
    var ids: [Address] = []
    var limits: [Address: [Address]] = [:]
    for slot in world.storage.cells.keys {
      switch slot {
      case .key(account, let id): ids.append(id)
      case .keyLimit(account, let id, let token), .keyPeriod(account, let id, let token):
        if limits[id]?.contains(token) != true { limits[id, default: []].append(token) }
      default: break
      }
    }
    let now = chain.latest.timestamp
    return .array(
      ids.sorted().map { id in
        let record = world.key(account, id)
        let allowances = (limits[id] ?? []).sorted().map { token -> JSONValue in
          let allowance = world.limit(account, id, token).renewed(at: now)
          return [
            "token": Quantity.json(token), "remaining": .string(String(allowance.remaining)),
            "limit": .string(String(allowance.maximum)),
            "period": .integer(Int64(clamping: allowance.period)),
            "periodEnd": .integer(Int64(clamping: allowance.periodEnd)),
          ]
        }
        return [
          "keyId": Quantity.json(id), "keyType": .string(KeyGrant.kind(record.type)),
          "expiry": Quantity.hex(record.expiry), "revoked": .bool(record.isRevoked),
          "isAdmin": .bool(record.isAdmin), "limits": record.enforcesLimits ? .array(allowances) : .null,
          "allowedCalls": world.scopes(account, id)?.json ?? .null,
        ]
      })
  }
}
