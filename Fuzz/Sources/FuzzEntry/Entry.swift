import FuzzTargets

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// libFuzzer's entry: `--target=NAME` chooses one of ``FuzzTarget``; arguments with two dashes are ours.
@_cdecl("LLVMFuzzerInitialize")
public func initialize(
  _ count: UnsafeMutablePointer<CInt>?,
  _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?>?
) -> CInt {
  guard let count = count?.pointee, let arguments = arguments?.pointee else { return 0 }
  for index in 0..<Int(count) {
    guard let argument = arguments[index] else { continue }
    let text = String(cString: argument)
    guard text.hasPrefix("--target=") else { continue }
    chosen = FuzzTarget(rawValue: String(text.dropFirst("--target=".count)))
  }
  guard chosen != nil else {
    print("--target=NAME, one of: \(FuzzTarget.allCases.map(\.rawValue).joined(separator: " "))")
    exit(2)
  }
  return 0
}

@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
  let bytes = Array(UnsafeBufferPointer(start: data, count: size))
  do {
    try chosen?.run(bytes)
  } catch {
    fatalError("\(error)")
  }
  return 0
}

// Written once, before the first input, on the only thread.
nonisolated(unsafe) private var chosen: FuzzTarget?
