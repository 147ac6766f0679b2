#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Where secret texts come from: challenge secrets and private keys (`11` §11). Nothing is read before
/// ``load()``, and the texts never appear in a description.
public struct SecretSource: Sendable, CustomStringConvertible {
  /// Names the place, without its content.
  public let description: String
  private let read: @Sendable () async throws -> [String]

  private init(_ description: String, _ read: @escaping @Sendable () async throws -> [String]) {
    self.description = description
    self.read = read
  }

  /// An environment variable; several secrets are separated by newlines, the first is the current one.
  public static func environment(_ name: String) -> SecretSource {
    SecretSource("environment variable \(name)") {
      guard let value = getenv(name) else { return [] }
      return lines(String(cString: value))
    }
  }

  /// A file with one secret per line, the first is the current one. Refused when others than its owner
  /// may read or write it.
  public static func file(_ path: String) -> SecretSource {
    SecretSource("file \(path)") { lines(try readPrivateFile(path)) }
  }

  /// A closure, for example one that asks a secret manager. Called once at start-up.
  public static func closure(_ read: @escaping @Sendable () async throws -> [String]) -> SecretSource {
    SecretSource("closure", read)
  }

  /// Secrets given directly; for tests and for programs that manage their secrets themselves.
  public static func values(_ secrets: String...) -> SecretSource {
    SecretSource("values") { secrets }
  }

  /// The secrets, current one first. Throws ``ConfigurationError`` when there is none.
  public func load() async throws -> [String] {
    let secrets = try await read().filter { !$0.isEmpty }
    guard !secrets.isEmpty else {
      throw ConfigurationError(.secret, "no secret in \(description); `openssl rand -base64 32` makes one")
    }
    return secrets
  }

  private static func lines(_ text: String) -> [String] {
    text.split(whereSeparator: \.isNewline).map(String.init)
  }

  /// Largest secret file (bytes).
  static let maxFileBytes = 64 * 1024

  private static func readPrivateFile(_ path: String) throws -> String {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      throw ConfigurationError(.secret, "cannot open the secret file \(path)")
    }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      throw ConfigurationError(.secret, "cannot examine the secret file \(path)")
    }
    guard status.st_mode & 0o077 == 0 else {
      throw ConfigurationError(.secret, "the secret file \(path) is open to others: chmod 600")
    }
    guard status.st_size <= maxFileBytes else {
      throw ConfigurationError(.secret, "the secret file \(path) is too large")
    }
    return String(decoding: try readAll(descriptor, path), as: UTF8.self)
  }

  private static func readAll(_ descriptor: Int32, _ path: String) throws -> [UInt8] {
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 4096)
    while bytes.count <= maxFileBytes {
      let count = chunk.withUnsafeMutableBytes { readChunk(descriptor, $0) }
      guard count >= 0 else { throw ConfigurationError(.secret, "cannot read the secret file \(path)") }
      if count == 0 { break }
      bytes.append(contentsOf: chunk[..<count])
    }
    return bytes
  }

  private static func readChunk(_ descriptor: Int32, _ buffer: UnsafeMutableRawBufferPointer) -> Int {
    #if canImport(Glibc)
      Glibc.read(descriptor, buffer.baseAddress, buffer.count)
    #elseif canImport(Musl)
      Musl.read(descriptor, buffer.baseAddress, buffer.count)
    #else
      Darwin.read(descriptor, buffer.baseAddress, buffer.count)
    #endif
  }
}
