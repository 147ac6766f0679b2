import EVM
import MPPCore
import MPPTempo
import Tempo
import Testing

/// Reading of session payloads, stage A and stage B of `04` §7.2.
struct SessionPayloadTests {
  static let channel = "0x" + String(repeating: "11", count: 32)
  static let address = "0x" + String(repeating: "22", count: 20)
  static let word = "0x" + String(repeating: "33", count: 32)
  static let descriptor: JSONValue = [
    "payer": .string(address), "payee": .string(address), "operator": .string(address),
    "token": .string(address), "salt": .string(word), "authorizedSigner": .string(address),
    "expiringNonceHash": .string(word),
  ]

  static let good: [String: JSONValue] = [
    "open": [
      "action": "open", "type": "transaction", "channelId": .string(channel), "transaction": "0x76",
      "signature": "0x12", "descriptor": descriptor, "cumulativeAmount": "5",
      "authorizedSigner": .string(address),
    ],
    "topUp": [
      "action": "topUp", "type": "transaction", "channelId": .string(channel), "transaction": "0x76",
      "descriptor": descriptor, "additionalDeposit": "5",
    ],
    "voucher": [
      "action": "voucher", "channelId": .string(channel), "descriptor": descriptor,
      "cumulativeAmount": "5", "signature": "0x12",
    ],
    "close": [
      "action": "close", "channelId": .string(channel), "descriptor": descriptor, "cumulativeAmount": "5",
      "signature": "0x12", "refundSignature": "0x34",
    ],
  ]

  static func replacing(_ value: JSONValue, _ key: String, _ member: JSONValue?) -> JSONValue {
    var members = (value.objectValue ?? []).filter { $0.key != key }
    if let member { members.append(.init(key: key, value: member)) }
    return .object(members)
  }

  static func error(_ value: JSONValue) -> SessionPayloadError? {
    do throws(SessionPayloadError) {
      _ = try SessionPayload(parsing: value)
      return nil
    } catch {
      return error
    }
  }

  @Test(arguments: SessionAction.allCases) func roundTrip(_ action: SessionAction) throws {
    let value = try #require(Self.good[action.rawValue])
    let payload = try SessionPayload(parsing: value)
    #expect(payload.action == action)
    #expect(try SessionPayload(parsing: payload.jsonValue) == payload)
    #expect(try SessionPayload(parsing: Self.replacing(value, "unknown", 1)) == payload)
  }

  @Test(arguments: SessionAction.allCases) func missingMembersAreSchemaErrors(_ action: SessionAction) throws
  {
    let value = try #require(Self.good[action.rawValue])
    let optional = ["descriptor", "authorizedSigner", "refundSignature"]
    for member in value.objectValue ?? [] where !optional.contains(member.key) {
      #expect(Self.error(Self.replacing(value, member.key, nil)) == .schema, "\(member.key)")
      #expect(Self.error(Self.replacing(value, member.key, 5)) == .schema, "\(member.key)")
    }
    #expect(Self.error(Self.replacing(value, "channelId", "0x12")) == .schema)
    #expect(Self.error(Self.replacing(value, "action", "nope")) == .schema)
    #expect(SessionPayloadError.schema.problem.detail == "Credential payload is invalid.")
  }

  @Test(arguments: SessionAction.allCases) func descriptorIsRequired(_ action: SessionAction) throws {
    let value = try #require(Self.good[action.rawValue])
    let missing = Self.error(Self.replacing(value, "descriptor", nil))
    #expect(missing == .invalid(reason: "descriptor required for TIP-1034 session action"))
    for member in Self.descriptor.objectValue ?? [] {
      for bad in [nil, "0x12", 5] as [JSONValue?] {
        let changed = Self.replacing(value, "descriptor", Self.replacing(Self.descriptor, member.key, bad))
        let reason = "invalid session credential descriptor.\(member.key)"
        #expect(Self.error(changed) == .invalid(reason: reason))
      }
    }
  }

  @Test func amountsAreStrictBaseUnitsWithinUInt96() throws {
    let value = try #require(Self.good["voucher"])
    func error(_ text: String) -> SessionPayloadError? {
      Self.error(Self.replacing(value, "cumulativeAmount", .string(text)))
    }
    #expect(error("79228162514264337593543950335") == nil)
    #expect(error("79228162514264337593543950336") == .invalid(reason: "cumulativeAmount exceeds uint96"))
    let digits = String(repeating: "0", count: 29) + "1"
    #expect(error(digits) == .invalid(reason: "cumulativeAmount exceeds uint96"))
    #expect(error("1.5") == .invalid(reason: "invalid session credential cumulativeAmount"))
    for text in ["", "-5", "0x10", " 1", "1e3", "٣", "1.", ".5"] {
      #expect(error(text) == .schema, "\(text)")
    }
  }

  @Test func oddHexadecimalDigitsAreNoBytes() throws {
    let value = Self.replacing(try #require(Self.good["voucher"]), "signature", "0x123")
    guard case .voucher(let voucher) = try SessionPayload(parsing: value) else {
      Issue.record("not a voucher")
      return
    }
    #expect(voucher.signature.isEmpty)
    let schema = Self.error(Self.replacing(value, "signature", "0x"))
    #expect(schema == .schema)
    #expect(Self.error(Self.replacing(value, "signature", "12")) == .schema)
    #expect(Self.error(Self.replacing(value, "signature", "0xzz")) == .schema)
  }

  @Test func authorizedSignerIsAnAddress() throws {
    let value = Self.replacing(try #require(Self.good["open"]), "authorizedSigner", "0x12")
    #expect(Self.error(value) == .invalid(reason: "invalid session credential authorizedSigner"))
  }

  @Test func valuesThatAreNoObjectsAreSchemaErrors() {
    for value in [.null, 5, "open", .array([]), [:]] as [JSONValue] { #expect(Self.error(value) == .schema) }
  }
}
