/// What becomes of the transactions of blocks that are taken back.
public enum DevnetReorganisation: Sendable, Hashable {
  /// They vanish: their receipts read `null`, and the same bytes can be sent again while they are valid.
  case drop
  /// They are sealed again in one new block, as far as they are still valid.
  case readd
  /// These raw transactions are sealed instead.
  case replace([[UInt8]])
}
