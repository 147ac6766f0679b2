import MPPTempo
import Testing

/// C23: one function decides content or management; the table of `04` §17 over method × query × length ×
/// transfer encoding × body × action.
struct RequestKindTests {
  static let methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
  static let lengths: [String?] = [nil, "0", "000", " 0 ", "5", "00", "abc", ""]

  /// The rules of `04` §17 written down once more, as the document has them.
  static func expected(
    _ method: String, _ hasQuery: Bool, _ length: String?, _ hasTransferEncoding: Bool, _ hasBody: Bool
  ) -> RequestKind {
    if method == "HEAD" { return .management }
    if method != "POST" { return .content }
    if hasQuery { return .content }
    let isZero = length.map { !$0.isEmpty && Int($0.filter { $0 != " " }) == 0 } ?? false
    if isZero && !hasTransferEncoding { return .management }
    if length != nil || hasTransferEncoding { return .content }
    return hasBody ? .content : .management
  }

  @Test func everyCombinationIsDecidedOnce() {
    var count = 0
    for method in Self.methods {
      for hasQuery in [false, true] {
        for length in Self.lengths {
          for hasTransferEncoding in [false, true] {
            for hasBody in [false, true] {
              let framing = RequestKind.Framing(
                method: method, hasQuery: hasQuery, contentLength: length,
                hasTransferEncoding: hasTransferEncoding, hasBody: hasBody)
              let expected = Self.expected(method, hasQuery, length, hasTransferEncoding, hasBody)
              #expect(RequestKind(framing) == expected, "\(framing)")
              #expect(RequestKind(framing, action: .open) == expected)
              #expect(RequestKind(framing, action: .voucher) == expected)
              #expect(RequestKind(framing, action: .topUp) == .management)
              #expect(RequestKind(framing, action: .close) == .management)
              count += 1
            }
          }
        }
      }
    }
    #expect(count == 7 * 2 * 8 * 2 * 2)
  }
}
