import BenchSupport
import EVM
import Foundation
import HTTPTypes
import MPPCore
import NIOCore

/// The paid server in a process of its own: `mpp-bench serve`.
final class ServerProcess {
  private let process: Process
  private let input: Pipe
  let port: Int
  let channels: [BenchChannel]
  /// Largest amount each channel has authorized so far.
  private var authorized: [UInt128]
  private let load: LoadGenerator

  init(_ store: PaidService.Store, channels count: Int, _ bench: Bench, _ load: LoadGenerator) throws {
    let given = bench.serverProgram.map { URL(fileURLWithPath: $0) }
    guard let executable = given ?? Bundle.main.executableURL else {
      throw BenchFailure("this program does not know where it is")
    }
    process = Process()
    input = Pipe()
    let output = Pipe()
    process.executableURL = executable
    var arguments = [
      "serve", "--store", store.rawValue, "--file", bench.folder + "/http-\(store.rawValue).db",
      "--channels", String(count),
    ]
    if let cores = bench.cores { arguments += ["--processor", String(cores.server)] }
    process.arguments = arguments + bench.threads.arguments
    process.standardInput = input
    process.standardOutput = output
    try process.run()
    self.load = load
    var line: [UInt8] = []
    while line.last != UInt8(ascii: "\n") {
      let data = output.fileHandleForReading.availableData
      guard !data.isEmpty else { throw BenchFailure("the server did not start") }
      line += data
    }
    let ready = try JSONValue(parsing: Array(line.dropLast()))
    guard let port = ready["port"]?.intValue, let chainID = ready["chainId"]?.intValue,
      let list = ready["channels"]?.arrayValue
    else { throw BenchFailure("the server said nothing useful") }
    self.port = Int(port)
    channels = try list.map { try BenchChannel(json: $0, chainID: UInt64(chainID)) }
    authorized = channels.map { _ in PaidService.priceUnits }
  }

  /// Of the process, for profilers.
  var identifier: Int32 { process.processIdentifier }

  /// Ends the process; it goes when its standard input closes.
  func stop() {
    try? input.fileHandleForWriting.close()
    process.waitUntilExit()
  }

  /// Processor time the server has used, in microseconds.
  func usedMicroseconds() async throws -> Double {
    let answer = try await load.run(port: port, [[LoadGenerator.request("/usage")]]).last
    guard let text = answer.components(separatedBy: "\r\n\r\n").last, let used = Double(text) else {
      throw BenchFailure("the server did not tell its processor time")
    }
    return used
  }

  /// A fresh challenge, from a 402 over HTTP.
  func challenge() async throws -> Challenge {
    let request = LoadGenerator.request(PaidService.path)
    let answer = try await load.run(port: port, [[request]], status: 402).last
    for line in answer.components(separatedBy: "\r\n") {
      let parts = line.split(separator: ":", maxSplits: 1)
      guard parts.count == 2, parts[0].lowercased() == "www-authenticate" else { continue }
      let fields: HTTPFields = [.wwwAuthenticate: parts[1].trimmingCharacters(in: .whitespaces)]
      if let challenge = try ChallengeList(fields: fields).challenges.first { return challenge }
    }
    throw BenchFailure("a 402 without a challenge")
  }

  /// `Authorization` values, `count` for each channel, each worth one price more than the one before.
  func credentials(_ challenge: Challenge, count: Int) throws -> [[String]] {
    try channels.indices.map { index in
      try (0..<count).map { _ in
        authorized[index] += PaidService.priceUnits
        return try channels[index].authorization(challenge, authorized[index])
      }
    }
  }

  /// One round of load with what it cost the server.
  func measure(_ requests: [[ByteBuffer]], status: Int = 200) async throws -> LoadRound {
    let before = try await usedMicroseconds()
    let result = try await load.run(port: port, requests, status: status)
    let used = try await usedMicroseconds() - before
    return LoadRound(result: result, processorMicroseconds: used / Double(result.samples.count))
  }
}

/// What a round of load showed.
struct LoadRound: Sendable {
  let result: LoadGenerator.Result
  /// Processor time of the server for one request.
  let processorMicroseconds: Double
}

/// The rounds of one kind of request.
struct LoadRounds: Sendable {
  private(set) var rounds: [LoadRound] = []

  mutating func add(_ round: LoadRound) { rounds.append(round) }

  var perSecond: Double { Samples.median(rounds.map(\.result.perSecond)) }
  var processorMicroseconds: Double { Samples.median(rounds.map(\.processorMicroseconds)) }

  /// Requests a second beside those of `other` in the same round: the median over the rounds.
  func ratio(to other: LoadRounds) -> Double {
    Samples.median(zip(rounds, other.rounds).map { $0.result.perSecond / $1.result.perSecond })
  }

  func measurement(_ name: String) -> Measurement {
    var samples = Samples()
    for round in rounds { samples.add(round.result.samples) }
    return Measurement(name, samples, perSecond: perSecond)
  }
}
