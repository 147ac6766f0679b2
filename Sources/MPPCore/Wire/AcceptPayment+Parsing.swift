extension AcceptPayment {
  /// Reads a header value (several fields joined with a comma). An entry that cannot be read is dropped and
  /// the others count.
  ///
  /// Throws when there is no entry at all, when none can be read (the error of the first), or when the value
  /// is over its limits.
  public init(parsing header: String) throws(AcceptPaymentError) {
    guard header.utf8.count <= Self.maximumBytes else { throw .tooLarge }
    didLookAt(header.utf8.count)
    var entries: [Entry] = []
    var firstError: AcceptPaymentError?
    var count = 0
    for part in header.utf8.split(separator: UInt8(ascii: ",")) {
      let text = Self.trimmed(part)
      guard !text.isEmpty else { continue }
      count += 1
      guard count <= Self.maximumEntries else { throw .tooLarge }
      do throws(AcceptPaymentError) {
        entries.append(try Self.entry(text))
      } catch {
        firstError = firstError ?? error
      }
    }
    guard !entries.isEmpty else { throw firstError ?? .empty }
    self.init(entries)
  }

  /// `method / intent` and, each after a semicolon, parameters. The last `q` counts, other parameters do not,
  /// but all must be `name=value`.
  private static func entry(_ bytes: Substring.UTF8View) throws(AcceptPaymentError) -> Entry {
    didLookAt(bytes.count)
    let text = String(decoding: bytes, as: UTF8.self)
    let semicolon = bytes.firstIndex(of: UInt8(ascii: ";")) ?? bytes.endIndex
    let names = bytes[..<semicolon].split(
      separator: UInt8(ascii: "/"), maxSplits: 2, omittingEmptySubsequences: false)
    guard names.count == 2 else { throw .invalidEntry(text) }
    let method = trimmed(names[0])
    let intent = trimmed(names[1])
    guard !method.isEmpty, !intent.isEmpty, !method.contains(where: \.isHTTPSpace),
      !intent.contains(where: \.isHTTPSpace)
    else { throw .invalidEntry(text) }
    var weight = PaymentWeight.full
    if semicolon < bytes.endIndex {
      let parameters = bytes[bytes.index(after: semicolon)...]
      guard !trimmed(parameters).isEmpty else { throw .invalidEntry(text) }
      for parameter in parameters.split(separator: UInt8(ascii: ";")) {
        if let value = try Self.weight(trimmed(parameter), of: text) { weight = value }
      }
    }
    return try Entry(
      method: String(decoding: method, as: UTF8.self), intent: String(decoding: intent, as: UTF8.self),
      weight: weight)
  }

  /// The weight of a `q` parameter; nil for an empty one and for other names.
  private static func weight(
    _ parameter: Substring.UTF8View, of entry: String
  ) throws(AcceptPaymentError) -> PaymentWeight? {
    guard !parameter.isEmpty else { return nil }
    didLookAt(parameter.count)
    let text = String(decoding: parameter, as: UTF8.self)
    guard let equals = parameter.firstIndex(of: UInt8(ascii: "=")) else { throw .invalidParameter(text) }
    let name = trimmed(parameter[..<equals])
    let value = trimmed(parameter[parameter.index(after: equals)...])
    guard !name.isEmpty, name.allSatisfy(isNameByte), !value.isEmpty,
      !value.contains(where: \.isHTTPSpace)
    else { throw .invalidParameter(text) }
    guard name.elementsEqual("q".utf8) else { return nil }
    guard let weight = PaymentWeight(qvalue: String(decoding: value, as: UTF8.self)) else {
      throw .invalidWeight(entry: entry)
    }
    return weight
  }

  private static func isNameByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
      true
    default: false
    }
  }

  private static func trimmed(_ bytes: Substring.UTF8View) -> Substring.UTF8View {
    var bytes = bytes
    while let first = bytes.first, first.isHTTPSpace { bytes = bytes.dropFirst() }
    while let last = bytes.last, last.isHTTPSpace { bytes = bytes.dropLast() }
    return bytes
  }
}
