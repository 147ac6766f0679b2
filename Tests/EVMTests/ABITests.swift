import EVM
import Testing

/// Words written as hexadecimal text, one to a line, as the ABI specification shows its examples.
private func words(_ text: String...) throws -> [UInt8] {
  try text.flatMap { try Hex.decode("0x" + String(repeating: "0", count: 64 - $0.count) + $0) }
}

private func right(_ text: String) -> String { text + String(repeating: "0", count: 64 - text.count) }

@Suite struct ABITests {
  @Test func selectorsAndTopics() {
    #expect(ABI.selector("transfer(address,uint256)") == [0xa9, 0x05, 0x9c, 0xbb])
    #expect(ABIFunction("transfer", [.address, .uint256]).selector == [0xa9, 0x05, 0x9c, 0xbb])
    #expect(
      ABIFunction("f", [.tuple([.uint96, .array(.bytes32)]), .fixedArray(.bool, 2)]).signature
        == "f((uint96,bytes32[]),bool[2])")
    #expect(
      ABI.eventTopic("Transfer(address,address,uint256)").hex
        == "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef")
  }

  /// The example `f(uint256,uint32[],bytes10,bytes)` of the ABI specification.
  @Test func dynamicArgumentsOfTheSpecification() throws {
    let types: [ABIType] = [.uint256, .array(.uint32), .fixedBytes(10), .bytes]
    let values: [ABIValue] = [
      .uint(0x123), .array([.uint(0x456), .uint(0x789)]),
      .fixedBytes(Array("1234567890".utf8)), .bytes(Array("Hello, world!".utf8)),
    ]
    let encoded = try words(
      "123", "80", right("31323334353637383930"), "e0", "2", "456", "789", "d",
      right("48656c6c6f2c20776f726c6421"))
    #expect(try ABI.encode(types: types, values) == encoded)
    #expect(try ABI.decode(types, encoded) == values)
    #expect(ABI.selector("f(uint256,uint32[],bytes10,bytes)") == [0x8b, 0xe6, 0x52, 0x46])
  }

  /// The example `g(uint256[][],string[])` of the ABI specification.
  @Test func nestedArraysOfTheSpecification() throws {
    let types: [ABIType] = [.array(.array(.uint256)), .array(.string)]
    let values: [ABIValue] = [
      .array([.array([.uint(1), .uint(2)]), .array([.uint(3)])]),
      .array([.string("one"), .string("two"), .string("three")]),
    ]
    let encoded = try words(
      "40", "140", "2", "40", "a0", "2", "1", "2", "1", "3", "3", "60", "a0", "e0", "3", right("6f6e65"),
      "3", right("74776f"), "5", right("7468726565"))
    #expect(try ABI.encode(types: types, values) == encoded)
    #expect(try ABI.decode(types, encoded) == values)
  }

  @Test func staticTuplesAreInlined() throws {
    let types: [ABIType] = [.tuple([.address, .uint96]), .fixedArray(.tuple([.bool, .int(16)]), 2)]
    let values: [ABIValue] = [
      .tuple([.address(.zero), .uint(7)]),
      .array([.tuple([.bool(true), .int(-1)]), .tuple([.bool(false), .int(-32768)])]),
    ]
    let encoded = try ABI.encode(types: types, values)
    #expect(encoded.count == 6 * 32)
    #expect(try ABI.decode(types, encoded) == values)
    #expect(try ABI.decode(types, encoded)[1].members()[1].members()[1].int64() == -32768)
  }

  @Test func narrowIntegersAreRangeChecked() throws {
    for bits in stride(from: 8, through: 248, by: 8) {
      var word = [UInt8](repeating: 0, count: 32)
      word[31 - bits / 8] = 1
      let tooLarge = try UInt256(bigEndian: word)
      #expect(throws: ABIError.outOfRange) { try ABI.encode([(.uint(bits), .uint(tooLarge))]) }
      #expect(throws: ABIError.outOfRange) { try ABI.decode([.uint(bits)], word) }
      let largest = ABIValue.uint(try tooLarge.subtracting(1))
      #expect(try ABI.decode([.uint(bits)], ABI.encode([(.uint(bits), largest)])) == [largest])
    }
    #expect(throws: ABIError.outOfRange) { try ABI.encode([(.int(16), .int(32768))]) }
    #expect(throws: ABIError.outOfRange) { try ABI.encode([(.int(16), .int(-32769))]) }
    #expect(throws: ABIError.outOfRange) { try ABI.decode([.bool], words("2")) }
  }

  @Test func paddingMustBeZero() throws {
    #expect(throws: ABIError.nonZeroPadding) {
      try ABI.decode([.address], words("1" + String(repeating: "0", count: 40)))
    }
    #expect(throws: ABIError.nonZeroPadding) { try ABI.decode([.bytes4], words(right("0102030405"))) }
    #expect(throws: ABIError.nonZeroPadding) { try ABI.decode([.bytes], words("20", "1", right("0102"))) }
    #expect(throws: ABIError.nonZeroPadding) {
      try ABI.decode([.bytes], words("20", "1", right("0102")), form: .inBounds)
    }
  }

  static let hostile: [([ABIType], [String])] = [
    ([.bytes], ["20"]),
    ([.bytes], ["20", "1"]),
    ([.bytes], ["20", "21", "0"]),
    ([.bytes], ["40", "0"]),
    ([.bytes], [String(repeating: "f", count: 64), "0"]),
    ([.bytes], ["20", String(repeating: "f", count: 64)]),
    ([.bytes], ["20", "7fffffffffffffe0", "0"]),
    ([.bytes], ["7fffffffffffffff", "0"]),
    ([.array(.uint256)], ["20", "2", "1"]),
    ([.array(.uint256)], ["20", "7fffffffffffffff", "1"]),
    ([.array(.uint256)], ["20", "40000000000000", "1"]),
    ([.fixedArray(.uint256, 3)], ["1", "2"]),
    ([.tuple([.bytes, .uint256])], ["20", "60", "1"]),
    ([.uint256], []),
    ([.uint256, .uint256], ["1"]),
  ]

  @Test(arguments: hostile) func offsetsAndLengthsStayInside(types: [ABIType], text: [String]) throws {
    let data = try text.flatMap { try words($0) }
    for form in [ABI.Form.canonical, .inBounds] {
      #expect(throws: ABIError.outOfBounds) { try ABI.decode(types, data, form: form) }
    }
  }

  /// Arrays of arrays whose offsets all point to the same place: 2^30 elements out of a kilobyte, if one let
  /// them.
  @Test func sharedTailsCannotMultiplyTheData() throws {
    var type = ABIType.uint256
    var data: [UInt8] = try words("20")
    for _ in 0..<10 {
      type = .array(type)
      data += try words("8", "100", "100", "100", "100", "100", "100", "100", "100")
    }
    #expect(throws: ABIError.outOfBounds) { try ABI.decode([type], data, form: .inBounds) }
  }

  @Test func onlyCanonicalLayoutIsTaken() throws {
    let gap = try words("40", "0", "1", right("aa"))
    #expect(throws: ABIError.nonCanonical) { try ABI.decode([.bytes], gap) }
    #expect(try ABI.decode([.bytes], gap, form: .inBounds) == [.bytes([0xaa])])
    let trailing = try words("7", "0")
    #expect(throws: ABIError.nonCanonical) { try ABI.decode([.uint256], trailing) }
    #expect(throws: ABIError.nonCanonical) { try ABI.decode([.uint256], Array(trailing.dropLast(31))) }
    #expect(try ABI.decode([.uint256], trailing, form: .inBounds) == [.uint(7)])
    let swapped = try words("60", "40", "0", "0")
    #expect(throws: ABIError.nonCanonical) { try ABI.decode([.bytes, .bytes], swapped) }
  }

  @Test func typesAndValuesMustMatch() throws {
    #expect(throws: ABIError.typeMismatch) { try ABI.encode([(.uint256, .bool(true))]) }
    #expect(throws: ABIError.typeMismatch) { try ABI.encode(types: [.uint256], []) }
    #expect(throws: ABIError.typeMismatch) {
      try ABI.encode([(.fixedArray(.bool, 2), .array([.bool(true)]))])
    }
    #expect(throws: ABIError.outOfRange) { try ABI.encode([(.bytes32, .fixedBytes([1]))]) }
    for type in [
      ABIType.uint(7), .uint(264), .uint(0), .fixedBytes(0), .fixedBytes(33), .fixedArray(.bool, -1),
    ] {
      #expect(throws: ABIError.unsupportedType) { try ABI.decode([type], words("0")) }
    }
    #expect(throws: ABIError.unsupportedType) { try ABI.decode([.array(.tuple([]))], words("20", "ffff")) }
    #expect(throws: ABIError.typeMismatch) { try ABIValue.bool(true).uint256() }
    #expect(throws: ABIError.outOfRange) { try ABIValue.uint(UInt256.max).uint128() }
    #expect(throws: ABIError.invalidUTF8) { try ABI.decode([.string], words("20", "1", right("ff"))) }
  }

  @Test func functionsCheckTheirSelector() throws {
    let function = ABIFunction("balanceOf", [.address], returns: [.uint256])
    let call = try function.encode([.address(.zero)])
    #expect(try function.decode(call) == [.address(.zero)])
    #expect(throws: ABIError.wrongSelector) { try function.decode([1] + call.dropFirst()) }
    #expect(throws: ABIError.wrongSelector) { try function.decode(Array(call.prefix(3))) }
    #expect(throws: ABIError.nonCanonical) { try function.decode(call + [0]) }
    #expect(try function.decodeReturn(function.encodeReturn([.uint(5)])) == [.uint(5)])
    #expect(throws: ABIError.outOfBounds) { try function.decodeReturn([]) }
  }

  @Test func eventsSplitTopicsAndData() throws {
    let event = ABIEvent("Moved", [.indexed(.address), .data(.string), .indexed(.uint96), .data(.bool)])
    let values: [ABIValue] = [.address(.zero), .string("x"), .uint(9), .bool(true)]
    let log = try event.encode(values)
    #expect(log.topics.count == 3)
    #expect(log.topics[0] == ABI.eventTopic("Moved(address,string,uint96,bool)"))
    #expect(try event.decode(topics: log.topics, data: log.data) == values)
    #expect(throws: ABIError.wrongSelector) {
      try event.decode(topics: [.zero] + log.topics.dropFirst(), data: log.data)
    }
    #expect(throws: ABIError.wrongSelector) { try event.decode(topics: [], data: log.data) }
    #expect(throws: ABIError.typeMismatch) {
      try event.decode(topics: Array(log.topics.dropLast()), data: log.data)
    }
    #expect(throws: ABIError.nonCanonical) {
      try event.decode(topics: log.topics, data: log.data + [UInt8](repeating: 0, count: 32))
    }
    var wide = log.topics
    wide[2] = UInt256.max.word
    #expect(throws: ABIError.outOfRange) { try event.decode(topics: wide, data: log.data) }
  }

  @Test func revertReasonsAreRead() throws {
    let custom = ABIFunction("InvalidAmount", [.uint256])
    #expect(RevertReason(data: []) == .empty)
    let message = try RevertReason.errorString.encode([.string("no")])
    #expect(Hex.encode(message.prefix(4)) == "0x08c379a0")
    #expect(RevertReason(data: message) == .message("no"))
    let panic = try RevertReason.panicCode.encode([.uint(0x11)])
    #expect(Hex.encode(panic.prefix(4)) == "0x4e487b71")
    #expect(RevertReason(data: panic) == .panic(0x11))
    let named = try custom.encode([.uint(1)])
    #expect(RevertReason(data: named, errors: [custom]).name == "InvalidAmount")
    #expect(RevertReason(data: named) == .unknown(named))
    #expect(
      RevertReason(data: Array(named.dropLast()), errors: [custom]) == .unknown(Array(named.dropLast())))
    #expect(RevertReason(data: Array(message.prefix(30))) == .unknown(Array(message.prefix(30))))
    #expect(RevertReason(data: [1]) == .unknown([1]))
  }
}
