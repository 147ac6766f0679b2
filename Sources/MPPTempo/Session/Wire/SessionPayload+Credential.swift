import EVM
public import MPPCore
import Tempo

// What every paid request goes through: vouchers as clients normally write them are read off the text. The rules are those of
// `SessionPayload(parsing:)` for a tree, which reads everything else and says what is wrong.
extension SessionPayload {
  /// Reads the payload of a credential; see ``init(parsing:)-(JSONValue)``.
  public init(parsing credential: Credential) throws(SessionPayloadError) {
    try self.init(parsing: credential, known: nil)
  }

  /// - Parameter known: descriptors that came before.
  package init(parsing credential: Credential, known: KnownDescriptors?) throws(SessionPayloadError) {
    if let raw = credential.rawPayload, let voucher = Self.plainVoucher(raw, known) {
      self = .voucher(voucher)
    } else {
      try self.init(parsing: credential.payload)
    }
  }

  /// The action a payload names, whatever else is in it; nil when it names none.
  public static func action(of credential: Credential) -> SessionAction? {
    if let raw = credential.rawPayload, let action = plainAction(raw) { return action }
    return credential.payload["action"]?.nameValue.flatMap(SessionAction.init(rawValue:))
  }

  private static func plainAction(_ raw: RawJSON) -> SessionAction? {
    var scanner = PlainObjectScanner(raw)
    guard scanner.open() else { return nil }
    var isFirst = true
    while case .member(let key) = scanner.next(isFirst: isFirst) {
      isFirst = false
      guard scanner.matches(key, "action") else {
        guard scanner.skip() else { return nil }
        continue
      }
      guard let text = scanner.string() else { return nil }
      if scanner.matches(text, "voucher") { return .voucher }
      if scanner.matches(text, "open") { return .open }
      if scanner.matches(text, "topUp") { return .topUp }
      return scanner.matches(text, "close") ? .close : nil
    }
    return nil
  }

  private struct VoucherTexts {
    var isVoucher = false
    var channelID, cumulativeAmount, signature: Range<Int>?
    var descriptor: ChannelDescriptor?
  }

  private static func plainVoucher(_ raw: RawJSON, _ known: KnownDescriptors?) -> VoucherPayload? {
    var scanner = PlainObjectScanner(raw)
    var texts = VoucherTexts()
    guard scanner.open(), read(&texts, &scanner, known), texts.isVoucher, let channelID = texts.channelID,
      let amount = texts.cumulativeAmount, let signature = texts.signature, let descriptor = texts.descriptor
    else { return nil }
    let bytes = scanner.text.span.bytes
    guard let id = Hash32(hex: bytes.extracting(channelID)),
      let units = Amount(shortBaseUnits: bytes.extracting(amount)),
      let signed = Hex.decode(bytes.extracting(signature)), !signed.isEmpty
    else { return nil }
    return VoucherPayload(channelID: id, descriptor: descriptor, cumulativeAmount: units, signature: signed)
  }

  /// Members a voucher does not need are left to the other reader.
  private static func read(
    _ texts: inout VoucherTexts, _ scanner: inout PlainObjectScanner, _ known: KnownDescriptors?
  ) -> Bool {
    var isFirst = true
    while true {
      guard case .member(let key) = scanner.next(isFirst: isFirst) else { return scanner.hasClosed }
      isFirst = false
      // The length tells nearly all of them apart.
      switch key.count {
      case 10 where scanner.matches(key, "descriptor"):
        let descriptor =
          if let known { known.read(&scanner) { ChannelDescriptor(&$0) } } else {
            ChannelDescriptor(&scanner)
          }
        guard let descriptor else { return false }
        texts.descriptor = descriptor
      case 9 where scanner.matches(key, "channelId"): texts.channelID = scanner.string(count: 66)
      case 9 where scanner.matches(key, "signature"):
        texts.signature = scanner.string(count: 132) ?? scanner.string()
      case 16 where scanner.matches(key, "cumulativeAmount"): texts.cumulativeAmount = scanner.string()
      case 6 where scanner.matches(key, "action"):
        guard let text = scanner.string() else { return false }
        texts.isVoucher = scanner.matches(text, "voucher")
      default: return false
      }
    }
  }
}

extension ChannelDescriptor {
  /// The descriptor the scanner stands on, when it has its seven members and no others.
  fileprivate init?(_ scanner: inout PlainObjectScanner) {
    var payer: Address?
    var payee: Address?
    var operatorAddress: Address?
    var token: Address?
    var authorizedSigner: Address?
    var salt: Hash32?
    var expiringNonceHash: Hash32?
    guard scanner.open() else { return nil }
    var isFirst = true
    while case .member(let key) = scanner.next(isFirst: isFirst) {
      isFirst = false
      switch key.count {
      case 5 where scanner.matches(key, "payer"): payer = scanner.address()
      case 5 where scanner.matches(key, "payee"): payee = scanner.address()
      case 5 where scanner.matches(key, "token"): token = scanner.address()
      case 8 where scanner.matches(key, "operator"): operatorAddress = scanner.address()
      case 4 where scanner.matches(key, "salt"): salt = scanner.word()
      case 16 where scanner.matches(key, "authorizedSigner"): authorizedSigner = scanner.address()
      case 17 where scanner.matches(key, "expiringNonceHash"): expiringNonceHash = scanner.word()
      default: return nil
      }
    }
    guard scanner.hasClosed, let payer, let payee, let operatorAddress, let token, let salt,
      let authorizedSigner, let expiringNonceHash
    else { return nil }
    self.init(
      payer: payer, payee: payee, operator: operatorAddress, token: token, salt: salt,
      authorizedSigner: authorizedSigner, expiringNonceHash: expiringNonceHash)
  }
}

extension PlainObjectScanner {
  fileprivate mutating func address() -> Address? {
    string(count: 42).flatMap { Address(hex: text.span.bytes.extracting($0)) }
  }

  fileprivate mutating func word() -> Hash32? {
    string(count: 66).flatMap { Hash32(hex: text.span.bytes.extracting($0)) }
  }
}
