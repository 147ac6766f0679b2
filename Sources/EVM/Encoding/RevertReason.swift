/// What a contract says when it reverts.
public enum RevertReason: Sendable, Hashable, CustomStringConvertible {
  /// No data at all.
  case empty
  /// `Error(string)`
  case message(String)
  /// `Panic(uint256)`: 0x11 is arithmetic, 0x01 an assertion, and so on.
  case panic(UInt256)
  /// One of the errors that the caller named.
  case custom(name: String, arguments: [ABIValue])
  /// Anything else, as it came.
  case unknown([UInt8])

  /// What `require` with a text reverts with.
  public static let errorString = ABIFunction("Error", [.string])
  /// What the compiler's own checks revert with.
  public static let panicCode = ABIFunction("Panic", [.uint256])

  /// Reads revert data; never fails. `errors` are the custom errors of the contracts in question.
  public init(data: [UInt8], errors: [ABIFunction] = []) {
    self = Self.read(data, errors)
  }

  private static func read(_ data: [UInt8], _ errors: [ABIFunction]) -> RevertReason {
    guard !data.isEmpty else { return .empty }
    do {
      if errorString.matches(data) {
        return .message(try errorString.decode(data, form: .inBounds)[0].string())
      }
      if panicCode.matches(data) { return .panic(try panicCode.decode(data, form: .inBounds)[0].uint256()) }
      for error in errors where error.matches(data) {
        return .custom(name: error.name, arguments: try error.decode(data, form: .inBounds))
      }
    } catch {
      // Not what its selector promises; the caller gets the bytes.
      return .unknown(data)
    }
    return .unknown(data)
  }

  /// The name of a custom error.
  public var name: String? {
    guard case .custom(let name, _) = self else { return nil }
    return name
  }

  public var description: String {
    switch self {
    case .empty: "reverted without a reason"
    case .message(let text): text
    case .panic(let code): "panic \(code.hexQuantity)"
    case .custom(let name, let arguments): arguments.isEmpty ? "\(name)()" : "\(name)(\(arguments))"
    case .unknown(let data): "reverted with \(Hex.encode(data.prefix(68)))"
    }
  }
}
