import HTTPTypes
import MPPCore

/// Steps 1 and 2 of the pipeline (`11` §5): the Payment credential of a request, bounded.
enum CredentialFinder {
  /// `nil` when the request has none. Two credentials are an error: nothing is executed (DESIGN §4).
  static func find(
    in headers: HTTPFields, limits: ServerLimits
  ) throws(CredentialError) -> Credential? {
    guard let header = headers[.authorization] else { return nil }
    guard let text = try Credential.extract(fromAuthorization: header) else { return nil }
    return try Credential(parsing: text, maximumTokenCharacters: limits.maxCredentialBytes)
  }
}
