public import HTTPTypes

/// What the payment engine sees of an HTTP request. A framework adapter captures it once; every later
/// step reads this copy and never the live request (`04` §14 step 3).
public struct PaymentRequest: Sendable {
  /// As received, also for management requests, whose method is not the declared one.
  public var method: HTTPRequest.Method
  /// `http` or `https`, as the adapter knows it. Never used to derive a realm.
  public var scheme: String
  /// `Host` or `:authority`. Chosen by the peer, so nothing that is signed depends on it.
  public var authority: String?
  /// The path without the query, as it stood in the request target.
  public var path: String
  /// The query without `?`; `nil` and empty both mean there is none.
  public var query: String?
  /// All fields, `Authorization` and the framing of the body (`Content-Length`, `Transfer-Encoding`) among
  /// them.
  public var headers: HTTPFields
  /// The whole body when the adapter has collected it (bytes), else `nil`.
  public var body: [UInt8]?
  /// Whether the request carries a body: its framing says so, or a stream delivered bytes. An adapter
  /// whose framework always hands out a stream sets it from the framing headers (`04` §17).
  public var hasBody: Bool

  /// - Parameters:
  ///   - path: without the query.
  ///   - body: the whole body in bytes; `nil` when it was not collected.
  ///   - hasBody: `nil`: whether `body` has bytes.
  public init(
    method: HTTPRequest.Method, scheme: String = "https", authority: String? = nil, path: String,
    query: String? = nil, headers: HTTPFields = [:], body: [UInt8]? = nil, hasBody: Bool? = nil
  ) {
    self.method = method
    self.scheme = scheme
    self.authority = authority
    self.path = path
    self.query = query
    self.headers = headers
    self.body = body
    self.hasBody = hasBody ?? body.map { !$0.isEmpty } ?? false
  }

  /// Splits a request target such as `/items?page=2` (origin form) into path and query.
  public init(
    method: HTTPRequest.Method, target: String, scheme: String = "https", authority: String? = nil,
    headers: HTTPFields = [:], body: [UInt8]? = nil, hasBody: Bool? = nil
  ) {
    var path = target
    var query: String?
    if let mark = target.utf8.firstIndex(of: UInt8(ascii: "?")) {
      path = String(target[..<mark])
      query = String(target[target.utf8.index(after: mark)...])
    }
    self.init(
      method: method, scheme: scheme, authority: authority, path: path, query: query, headers: headers,
      body: body, hasBody: hasBody)
  }

  /// Whether the request target has a non-empty query.
  public var hasQuery: Bool { query.map { !$0.isEmpty } ?? false }
}
