import MPPClient

/// Texts of the libraries, of nodes and of servers, as a person can read them on a terminal.
enum PlainText {
  static let limit = 2_000

  /// One line without control characters. What the libraries tell a program to call is what a person types.
  static func text(_ text: String) -> String {
    printable(text, limit: limit).replacing("recover()", with: "`mpp sessions recover`")
  }
}
