package import EVM

/// Calls whose code comes along in `eth_call` without a target (`03` §9.5). Two programs are known by the hash of
/// their bytes and done natively; any other reverts.
package struct DeploylessPrograms: Sendable {
  package struct Program: Sendable {
    let count: Int
    let hash: Hash32

    package init(count: Int, hash: Hash32) {
      self.count = count
      self.hash = hash
    }

    func begins(_ bytes: [UInt8]) -> Bool {
      bytes.count >= count && Keccak256.hash(Array(bytes[..<count])) == hash
    }
  }

  /// Runs the multicall that follows as an argument.
  package var multicallWrapper: Program
  package var multicall: Program
  /// Checks a signature for any kind of account and returns one byte.
  package var signatureValidator: Program

  package static let standard = DeploylessPrograms(
    multicallWrapper: program(
      398, "0x22296fa8f815086ccadc3cb4a9fb337da50380b8231699362f2c541dc63d0249"),
    multicall: program(5_593, "0x0388a0d41a63e5bbe5b1005f52975ef622c77817a483f36849c5447365555071"),
    signatureValidator: program(
      1_684, "0x00f03afb646c45f698b5a1f540c482aebc9f5215003e4707d362a02526753936"))

  private static func program(_ count: Int, _ hash: String) -> Program {
    do { return Program(count: count, hash: try Hash32(hex: hash)) } catch {
      return Program(count: .max, hash: .zero)
    }
  }
}
