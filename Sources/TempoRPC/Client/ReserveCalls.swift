import EVM
import Tempo

/// Calldata and return data of the reads. Return data is decoded strictly; anything else is `.invalidAnswer`.
enum ReserveCalls {
  static func encode(_ body: () throws(TempoError) -> [UInt8]) throws(ChainError) -> [UInt8] {
    do { return try body() } catch { throw ChainError(.rejected, "the call cannot be encoded") }
  }

  static func decode<T>(_ name: String, _ body: () throws(TempoError) -> T) throws(ChainError) -> T {
    do { return try body() } catch { throw RPCAnswer.invalid(name) }
  }
}
