import EVM
import MPPServer
import TempoDevnet

/// Where the key of an account comes from: `env:NAME`, a file, `devnet:N`, or the key itself.
enum KeySource: Sendable {
  case environment(String)
  case file(String)
  case devnet(Int)
  case literal(String)

  static let help =
    "Account: a file with its private key, env:NAME, or devnet:N. Default: env:MPP_PRIVATE_KEY."

  init(_ text: String) {
    if text.hasPrefix("env:") {
      self = .environment(String(text.dropFirst(4)))
    } else if text.hasPrefix("file:") {
      self = .file(String(text.dropFirst(5)))
    } else if text.hasPrefix("devnet:"), let number = Int(text.dropFirst(7)) {
      self = .devnet(number)
    } else if Self.mayBeKey(text) {
      self = .literal(text)
    } else {
      self = .file(text)
    }
  }

  /// The key of the option, else of the environment.
  static func key(_ option: String?) async throws -> Secp256k1PrivateKey {
    if let option { return try await KeySource(option).load() }
    guard Environment.value("MPP_PRIVATE_KEY") != nil else {
      throw CommandFailure(
        .usage, "no account to act for",
        hint: "set MPP_PRIVATE_KEY, or pass --key FILE (on a devnet: --key devnet:1)")
    }
    return try await KeySource.environment("MPP_PRIVATE_KEY").load()
  }

  private func load() async throws -> Secp256k1PrivateKey {
    switch self {
    case .environment(let name): try await Self.first(of: .environment(name), "environment variable \(name)")
    case .file(let path): try await Self.first(of: .file(path), "file \(path)")
    case .devnet(let number): try Self.devnetKey(number)
    case .literal(let text):
      try Self.parse(warned(text), "--key")
    }
  }

  private func warned(_ text: String) -> String {
    Output.note("mpp: warning: other users of this machine can see a key on a command line; use a file")
    return text
  }

  private static func first(of source: SecretSource, _ place: String) async throws -> Secp256k1PrivateKey {
    try parse(try await texts(source)[0], place)
  }

  private static func parse(_ text: String, _ place: String) throws(CommandFailure) -> Secp256k1PrivateKey {
    do {
      return try Secp256k1PrivateKey(hex: text.hasPrefix("0x") ? text : "0x" + text)
    } catch {
      throw CommandFailure(.usage, "\(place) does not hold a private key (0x and 64 hex digits)")
    }
  }

  /// The secrets of a place, never empty; the errors say what to do.
  static func texts(_ source: SecretSource) async throws -> [String] {
    do {
      return try await source.load()
    } catch let error as ConfigurationError {
      throw CommandFailure(.usage, error.message)
    }
  }

  private static func devnetKey(_ number: Int) throws -> Secp256k1PrivateKey {
    let accounts = try Devnet().accounts
    guard accounts.indices.contains(number) else {
      throw CommandFailure(.usage, "a devnet has the accounts devnet:0 to devnet:\(accounts.count - 1)")
    }
    return accounts[number].privateKey
  }

  /// Whether somebody may mean a key: one with a wrong digit, or a few too many or too few, is no file whose name may be shown.
  private static func mayBeKey(_ text: String) -> Bool {
    let bytes = text.utf8
    guard !bytes.contains(UInt8(ascii: "/")), !bytes.contains(UInt8(ascii: ".")) else { return false }
    let digits = text.filter(\.isHexDigit).utf8.count
    return bytes.count >= 56 && digits * 4 >= bytes.count * 3
  }
}
