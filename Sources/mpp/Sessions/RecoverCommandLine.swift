/// `mpp sessions recover` as it is typed for the same account, journal and node. What may be a secret is left out, as `…`.
enum RecoverCommandLine {
  static func text(chain: ChainOptions, key: String?, journal: String?) -> String {
    var words = ["mpp", "sessions", "recover"]
    if let journal { words += ["--journal", quoted(journal)] }
    if let key {
      if case .literal = KeySource(key) { words += ["--key", "…"] } else { words += ["--key", quoted(key)] }
    }
    if let rpc = chain.rpc {
      let shown = ChainOptions.shown(rpc)
      words += ["--rpc", rpc == shown || rpc == shown + "/" ? quoted(rpc) : "…"]
    }
    if let chainID = chain.chainID { words += ["--chain-id", String(chainID)] }
    return words.joined(separator: " ")
  }

  /// A word of a shell's command line.
  private static func quoted(_ text: String) -> String {
    let isPlain = text.utf8.allSatisfy { byte in
      (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
        || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
        || "0123456789_@%+=:,./-".utf8.contains(byte)
    }
    guard text.isEmpty || !isPlain else { return text }
    return "'" + text.replacing("'", with: #"'\''"#) + "'"
  }
}
