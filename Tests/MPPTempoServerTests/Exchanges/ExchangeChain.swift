import EVM
import MPPCore
import Tempo
import TempoDevnet
import TestSupport

/// The chain of a recorded exchange, whose accounts are whoever pays or is paid in it. All of them have funds, as on
/// the chain it was recorded with. The key of the payee is not recorded: an access key sends its transactions.
struct ExchangeChain {
  let devnet: Devnet
  let payee: any Signer

  init(_ vector: VectorCase, chainID: UInt64, recipient: Address, currency: Address, start: Timestamp) throws
  {
    var configuration = DevnetConfiguration()
    configuration.chainID = chainID
    configuration.clock = .manual(start)
    let known = try Devnet(configuration: configuration).tokens.map(\.address)
    if !known.contains(currency) {
      configuration.extraTokens = [DevnetToken(address: currency, name: "Recorded", symbol: "REC")]
    }
    let key = try Secp256k1PrivateKey([UInt8](repeating: 0x51, count: 32))
    devnet = try Devnet(
      configuration: configuration,
      restoring: try Self.authorizing(
        key.address, of: recipient, in: try Devnet(configuration: configuration).savedState()))
    payee = AccessKeySigner(signer: TempoSigner.secp256k1(key).asAccessKey(of: recipient))
    for account in try Self.accounts(vector) + [recipient] {
      for token in devnet.tokens {
        devnet.setBalance(configuration.initialBalance, of: account, token: token.address)
      }
    }
  }

  /// Whoever could pay for something: the recorded key, and whom the credentials name or are sent by.
  private static func accounts(_ vector: VectorCase) throws -> [Address] {
    var accounts: [Address] = []
    if let key = vector["config"]?["payerPrivateKey"]?.stringValue {
      accounts.append(try Secp256k1PrivateKey(hex: key).address)
    }
    for credential in ExchangeStep.all(vector).compactMap(\.credential) {
      if let source = credential.source?.text.split(separator: ":").last {
        accounts += address(String(source))
      }
      let payload = credential.payload
      accounts += payload["descriptor"]?["payer"]?.stringValue.map(address) ?? []
      for bytes in [payload["transaction"], payload["signature"]].compactMap({ $0?.stringValue }) {
        guard let raw = try? Hex.decode(bytes), let signed = try? SignedTempoTransaction(parsing: raw),
          let sender = try? signed.recoverSender()
        else { continue }
        accounts.append(sender)
      }
    }
    return accounts
  }

  private static func address(_ text: String) -> [Address] { (try? Address(hex: text)).map { [$0] } ?? [] }

  /// The state of a chain with one more access key, which may do everything and never expires.
  private static func authorizing(_ key: Address, of account: Address, in state: [UInt8]) throws -> [UInt8] {
    let limits = JSONLimits(
      maximumBytes: 1 << 24, maximumDepth: 16, maximumMembers: 1 << 16, maximumElements: 1 << 16)
    let members = try JSONValue(parsing: state, limits: limits).objectValue ?? []
    let cell = JSONValue.Member(
      key: "key/\(account.hex)/\(key.hex)", value: .string("0x" + String(UInt64.max, radix: 16)))
    return Array(
      JSONValue.object(
        members.map { member in
          member.key == "cells"
            ? .init(key: "cells", value: .object((member.value.objectValue ?? []) + [cell])) : member
        }
      ).serialized().utf8)
  }

  /// Signs as an access key wherever a signer of the account's own is asked for.
  private struct AccessKeySigner: Signer {
    let signer: TempoSigner
    var address: Address { signer.account }
    func sign(_ digest: Hash32) async throws -> [UInt8] { try await signer.signForAccount(digest).serialized }
  }
}
