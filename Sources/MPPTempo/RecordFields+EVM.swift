package import EVM
package import MPPCore

extension RecordReader {
  package mutating func hash() throws(RecordError) -> Hash32 {
    let bytes = try fixed(32)
    do throws(EVMError) { return try Hash32(bytes) } catch { throw .range }
  }

  package mutating func address() throws(RecordError) -> Address {
    let bytes = try fixed(20)
    do throws(EVMError) { return try Address(bytes) } catch { throw .range }
  }
}

extension RecordWriter {
  package mutating func hash(_ value: Hash32) {
    for index in 0..<4 { integer(value.words[index]) }
  }

  package mutating func address(_ value: Address) {
    integer(value.high)
    integer(value.middle)
    integer(value.low)
  }
}
