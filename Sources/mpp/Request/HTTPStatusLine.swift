import HTTPTypes
import NIOHTTP1

/// A status with its usual words.
enum HTTPStatusLine {
  static func text(_ status: HTTPResponse.Status) -> String {
    "\(status.code) \(HTTPResponseStatus(statusCode: status.code).reasonPhrase)"
  }
}
