import EVM

/// Runs ABI work and turns its errors into those of this module.
enum ABIReader {
  static func encode(_ function: ABIFunction, _ arguments: [ABIValue]) throws(TempoError) -> [UInt8] {
    do { return try function.encode(arguments) } catch { throw fault(error, function.name) }
  }

  /// The arguments of calldata that is exactly what `function.encode` writes.
  static func decode(_ function: ABIFunction, _ calldata: [UInt8]) throws(TempoError) -> Arguments {
    do {
      return Arguments(try function.decode(calldata, form: .canonical), function.name)
    } catch {
      throw fault(error, function.name)
    }
  }

  static func encodeReturn(_ function: ABIFunction, _ values: [ABIValue]) throws(TempoError) -> [UInt8] {
    do { return try function.encodeReturn(values) } catch { throw fault(error, function.name) }
  }

  /// The values of return data; bytes that a later version of the contract appends are not looked at.
  static func decodeReturn(_ function: ABIFunction, _ data: [UInt8]) throws(TempoError) -> Arguments {
    do {
      return Arguments(try function.decodeReturn(data), function.name)
    } catch {
      throw fault(error, function.name)
    }
  }

  static func decode(_ event: ABIEvent, _ log: Log) throws(TempoError) -> Arguments {
    do {
      return Arguments(try event.decode(topics: log.topics, data: log.data), event.name)
    } catch {
      throw fault(error, event.name)
    }
  }

  static func log(_ event: ABIEvent, address: Address, _ values: [ABIValue]) throws(TempoError) -> Log {
    do {
      let encoded = try event.encode(values)
      return Log(address: address, topics: encoded.topics, data: encoded.data)
    } catch {
      throw fault(error, event.name)
    }
  }

  static func fault(_ error: ABIError, _ name: String) -> TempoError {
    error == .outOfRange ? .amountOutOfRange : .abi("\(name): \(error)")
  }

  /// Decoded values, read from the first to the last.
  struct Arguments {
    private var rest: ArraySlice<ABIValue>
    private let name: String

    init(_ values: [ABIValue], _ name: String) {
      rest = values[...]
      self.name = name
    }

    var isEmpty: Bool { rest.isEmpty }

    private mutating func next<T>(_ read: (ABIValue) throws(ABIError) -> T) throws(TempoError) -> T {
      guard let value = rest.popFirst() else { throw .abi(name) }
      do { return try read(value) } catch { throw ABIReader.fault(error, name) }
    }

    mutating func address() throws(TempoError) -> Address {
      try next { value throws(ABIError) in try value.address() }
    }
    mutating func hash() throws(TempoError) -> Hash32 {
      try next { value throws(ABIError) in try value.hash32() }
    }
    mutating func uint256() throws(TempoError) -> UInt256 {
      try next { value throws(ABIError) in try value.uint256() }
    }
    mutating func uint128() throws(TempoError) -> UInt128 {
      try next { value throws(ABIError) in try value.uint128() }
    }
    mutating func uint64() throws(TempoError) -> UInt64 {
      try next { value throws(ABIError) in try value.uint64() }
    }
    mutating func bool() throws(TempoError) -> Bool {
      try next { value throws(ABIError) in try value.bool() }
    }
    mutating func bytes() throws(TempoError) -> [UInt8] {
      try next { value throws(ABIError) in try value.bytes() }
    }
    mutating func string() throws(TempoError) -> String {
      try next { value throws(ABIError) in try value.string() }
    }
    mutating func members() throws(TempoError) -> [ABIValue] {
      try next { value throws(ABIError) in try value.members() }
    }
    mutating func nested() throws(TempoError) -> Arguments {
      Arguments(try members(), name)
    }
  }
}
