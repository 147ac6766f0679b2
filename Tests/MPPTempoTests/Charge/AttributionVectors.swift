import EVM
import MPPCore
import MPPTempo
import TestSupport
import Testing

@Suite struct AttributionVectors {
  @Test func attributionFile() throws {
    var tally = try Tally(.attribution)
    try tally.each("encode", encode)
    try tally.each("decode", decode)
    try tally.finish()
  }

  private func encode(_ vector: VectorCase) throws {
    try vector.expectMembers([
      "serverId", "clientId", "challengeId", "memo", "decoded", "bound", "boundToOther", "server",
      "serverOther",
    ])
    let serverID = try vector.string("serverId")
    let challengeID = try vector.string("challengeId")
    let attribution = AttributionMemo(
      serverID: serverID, clientID: vector["clientId"]?.stringValue, challengeID: challengeID)
    let memo = try Hash32(hex: try vector.string("memo"))
    try Tally.expect(attribution.memo, memo, "memo")
    let read = AttributionMemo(memo)
    try Tally.expect(read, attribution, "read")
    try expectFields(read, try vector.require("decoded"))
    try Tally.expect(read?.isBound(to: challengeID), try vector.bool("bound"), "bound")
    try Tally.expect(
      read?.isBound(to: challengeID + "x"), try vector.bool("boundToOther"), "bound to another")
    try Tally.expect(read?.isFor(serverID: serverID), try vector.bool("server"), "server")
    try Tally.expect(read?.isFor(serverID: serverID + "x"), try vector.bool("serverOther"), "other server")
  }

  private func decode(_ vector: VectorCase) throws {
    try vector.expectMembers(["memo", "isMppMemo", "decoded"])
    let bytes = try vector.bytes("memo")
    let memo = bytes.count == 32 ? AttributionMemo(try Hash32(bytes)) : nil
    try Tally.expect(memo != nil, try vector.bool("isMppMemo"), "is one")
    try expectFields(memo, try vector.require("decoded"))
    if let memo { try Tally.expect(memo.memo.bytes, bytes, "written again") }
  }

  private func expectFields(_ memo: AttributionMemo?, _ expected: JSONValue) throws {
    guard let memo else { return try Tally.expect(expected.isNull, true, "null") }
    try Tally.expect(1, expected["version"]?.intValue, "version")
    try Tally.expect(
      Hex.encode(memo.serverFingerprint), expected["serverFingerprint"]?.stringValue?.lowercased(), "server")
    try Tally.expect(
      memo.clientFingerprint.map { Hex.encode($0) },
      expected["clientFingerprint"]?.stringValue?.lowercased(), "client")
    try Tally.expect(Hex.encode(memo.nonce), expected["nonce"]?.stringValue?.lowercased(), "nonce")
  }
}
