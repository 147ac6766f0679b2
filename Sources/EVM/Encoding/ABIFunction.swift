/// A function, or a custom error, of a contract: name, argument types and the selector that follows from
/// them.
public struct ABIFunction: Sendable, Hashable {
  /// Without the list of types.
  public let name: String
  /// Types of the arguments.
  public let inputs: [ABIType]
  /// Types of what is returned; empty for errors.
  public let outputs: [ABIType]
  /// Four bytes.
  public let selector: [UInt8]

  /// Computes ``selector`` from the name and the types of the arguments.
  public init(_ name: String, _ inputs: [ABIType] = [], returns outputs: [ABIType] = []) {
    self.name = name
    self.inputs = inputs
    self.outputs = outputs
    self.selector = ABI.selector(name + ABIType.list(inputs))
  }

  /// `name(T,U,…)`
  public var signature: String { name + ABIType.list(inputs) }

  /// Selector and arguments.
  public func encode(_ arguments: [ABIValue]) throws(ABIError) -> [UInt8] {
    selector + (try ABI.encode(types: inputs, arguments))
  }

  /// The arguments in calldata (or in the data of an error). `wrongSelector` when it calls something else.
  public func decode(_ data: [UInt8], form: ABI.Form = .canonical) throws(ABIError) -> [ABIValue] {
    guard matches(data) else { throw ABIError.wrongSelector }
    return try ABI.decode(inputs, data[4...], form: form)
  }

  /// Whether calldata calls this function, by its first four bytes alone.
  public func matches(_ data: [UInt8]) -> Bool { data.starts(with: selector) }

  /// What the function returns; `encode` of the devnet, `decode` of everybody else.
  public func encodeReturn(_ values: [ABIValue]) throws(ABIError) -> [UInt8] {
    try ABI.encode(types: outputs, values)
  }

  /// The values in return data. Bytes behind the known outputs are ignored: a later contract may return
  /// more.
  public func decodeReturn(_ data: [UInt8], form: ABI.Form = .inBounds) throws(ABIError) -> [ABIValue] {
    try ABI.decode(outputs, data, form: form)
  }
}
