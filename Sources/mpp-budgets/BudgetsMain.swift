import BenchSupport
import MPPCore
import MPPServer

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// What `scripts/check-budgets` runs under valgrind, and what compares its counts with `Benchmarks/thresholds.json`.
///
///     mpp-budgets list                      names of what is counted
///     mpp-budgets run NAME COUNT            does it so often; everything before it costs the same whatever COUNT is
///     mpp-budgets compare FILE [--update]   reads "NAME INSTRUCTIONS ALLOCATIONS" lines
@main
struct BudgetsMain {
  /// Not as an asynchronous `main`: that one ends the first thread, which valgrind 3.19 does not survive. And not on the main actor.
  nonisolated static func main() {
    Task.detached {
      do {
        exit(try await perform(Array(CommandLine.arguments.dropFirst())))
      } catch {
        print("mpp-budgets: \(error)")
        exit(1)
      }
    }
    while true { pause() }
  }

  private static func perform(_ arguments: [String]) async throws -> Int32 {
    switch arguments.first {
    case "list" where arguments.count == 1:
      let service = try await service()
      print("paid")
      print("refusal")
      for workload in try await Workload.all(service) { print(workload.name) }
      return 0
    case "run" where arguments.count == 3:
      guard let count = Int(arguments[2]), (1...Self.prepared).contains(count) else { break }
      try await run(arguments[1], count)
      return 0
    case "compare" where arguments.count == 2 || arguments.last == "--update":
      return try Budgets.compare(path: arguments[1], updates: arguments.count > 2)
    default: break
    }
    print("usage: mpp-budgets list | run NAME COUNT | compare FILE [--update]")
    return 64
  }

  /// Most operations of one run; that many paid requests are always prepared.
  private static let prepared = 500

  private static func service() async throws -> PaidService {
    // Nothing is written by the clock: counts must not depend on how quick the machine is.
    var limits = LedgerLimits()
    limits.unawaitedDelay = .seconds(24 * 3600)
    let ledger = try Ledger(MemoryStore(), allowVolatileLedger: true, limits: limits)
    return try await PaidService(ledger: ledger, channels: 1)
  }

  private static func run(_ name: String, _ count: Int) async throws {
    let service = try await service()
    let workloads = try await Workload.all(service)
    guard name != "paid" else { return try await pay(service, count) }
    guard name != "refusal" else { return try await refuse(service, count) }
    guard let workload = workloads.first(where: { $0.name == name }) else {
      throw BenchFailure("there is no \(name)")
    }
    var sum = 0
    for _ in 0..<count { sum &+= try workload.run() }
    print(sum)
  }

  /// A whole 402, from the request to the response.
  private static func refuse(_ service: PaidService, _ count: Int) async throws {
    for _ in 0..<count { try await service.refuse() }
  }

  private static func pay(_ service: PaidService, _ count: Int) async throws {
    let challenge = try await service.challenge()
    let requests = try (0..<Self.prepared).map {
      try service.request(service.channels[0], challenge, UInt128($0 + 2) * PaidService.priceUnits)
    }
    for request in requests.prefix(count) { try await service.pay(request) }
  }
}
