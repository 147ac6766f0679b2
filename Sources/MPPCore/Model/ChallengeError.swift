/// Why a header value holds no challenge, or why a challenge cannot be written.
public enum ChallengeError: Error, Hashable, Sendable, CustomStringConvertible {
  /// No `Payment` challenge at all.
  case missingScheme
  /// More than ``ChallengeLimits/maximumHeaderBytes``; nothing was read.
  case headerTooLarge
  /// More than ``ChallengeLimits/maximumChallenges``.
  case tooManyChallenges
  /// More than ``ChallengeLimits/maximumParameters`` in one challenge.
  case tooManyParameters
  /// Something that is no parameter name stands where one must.
  case malformedParameter
  /// A parameter occurs twice; which one counts would be a guess.
  case duplicateParameter(String)
  /// The text ends within quotes.
  case unterminatedQuotedString
  /// The challenge does not say what has to be paid.
  case missingRequest
  /// More than ``ChallengeLimits/maximumRequestCharacters``.
  case requestTooLarge
  /// Not a method name: lower-case letters first, then also digits, `:`, `_` and `-`.
  case invalidMethod(String)
  /// A required field is missing, or a field does not have its form (`01` §3.1).
  case invalidField(String)
  /// A character that may not be in this field: CR and LF anywhere; control characters, non-ASCII and `|` in
  /// everything the id covers.
  case invalidCharacter(field: String)
  /// The server wants the credential in a header field we do not know.
  case unsupportedCredentialHeader

  public var description: String {
    switch self {
    case .missingScheme: "Missing Payment scheme."
    case .headerTooLarge: "Challenge header too large."
    case .tooManyChallenges: "Too many challenges."
    case .tooManyParameters: "Too many parameters."
    case .malformedParameter: "Malformed auth-param."
    case .duplicateParameter(let name): "Duplicate parameter: \(name)"
    case .unterminatedQuotedString: "Unterminated quoted-string."
    case .missingRequest: "Missing request parameter."
    case .requestTooLarge: "Request parameter too large."
    case .invalidMethod(let method): "Invalid method: \"\(method)\". Must be lowercase per spec."
    case .invalidField(let field): "Invalid \(field)."
    case .invalidCharacter(let field): "Invalid character in \(field)."
    case .unsupportedCredentialHeader: "Unsupported credential header."
    }
  }
}
