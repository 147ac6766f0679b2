import HTTPTypes
import MPPClient

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The request as the command line describes it, curl's way.
enum RequestTarget {
  static let maximumBodyBytes = 64 << 20

  static func request(
    url: String, method: String?, headers: [String], data: String?
  ) throws -> ClientRequest {
    var fields = HTTPFields()
    for header in headers { fields.append(try field(header)) }
    let body = try data.map { try self.body($0) }
    if body != nil, fields[.contentType] == nil {
      fields[.contentType] = "application/x-www-form-urlencoded"
    }
    guard let method = HTTPRequest.Method(rawValue: method ?? (body == nil ? "GET" : "POST")) else {
      throw CommandFailure(.usage, "\(method ?? "") is not an HTTP method")
    }
    return ClientRequest(method, try RequestURL(complete(url)).description, headers: fields, body: body)
  }

  /// A URL without a scheme is http on this machine and https elsewhere.
  static func complete(_ url: String) -> String {
    guard !hasScheme(url) else { return url }
    let host = url.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
    let name = host.hasPrefix("[") ? host.prefix { $0 != "]" } + "]" : host.prefix { $0 != ":" }
    let isLocal = name == "localhost" || name == "[::1]" || name.hasPrefix("127.")
    return (isLocal ? "http://" : "https://") + url
  }

  /// At the front only: a query may have an address in it.
  private static func hasScheme(_ url: String) -> Bool {
    let rest = url.utf8.drop { byte in
      byte < 0x80 && (UnicodeScalar(byte).properties.isAlphabetic || "0123456789+-.".utf8.contains(byte))
    }
    return rest.startIndex > url.startIndex && rest.starts(with: "://".utf8)
  }

  private static func field(_ header: String) throws -> HTTPField {
    let parts = header.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, let name = HTTPField.Name(String(parts[0])) else {
      throw CommandFailure(.usage, "not a header: \(header)", hint: "write -H 'Name: value'")
    }
    let value = parts[1].drop { $0 == " " || $0 == "\t" }
    guard HTTPField.isValidValue(String(value)) else {
      throw CommandFailure(
        .usage, "the value of the header \(parts[0]) has characters that headers cannot have")
    }
    return HTTPField(name: name, value: String(value))
  }

  /// The text itself, `@FILE`, or `@-` for stdin.
  private static func body(_ data: String) throws -> [UInt8] {
    guard data.hasPrefix("@") else { return Array(data.utf8) }
    let path = String(data.dropFirst())
    let descriptor = path == "-" ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw CommandFailure(.usage, "cannot open \(path)") }
    defer { if descriptor != STDIN_FILENO { close(descriptor) } }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 64 * 1024)
    while true {
      let count = read(descriptor, &chunk, chunk.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw CommandFailure(.usage, "cannot read \(path)") }
      guard count > 0 else { return bytes }
      bytes += chunk[..<count]
      guard bytes.count <= maximumBodyBytes else {
        throw CommandFailure(.usage, "the body is larger than \(maximumBodyBytes) bytes")
      }
    }
  }
}
