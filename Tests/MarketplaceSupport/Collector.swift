import Synchronization

/// Gathers what callbacks report.
public final class Collector<Element: Sendable>: Sendable {
  private let elements = Mutex<[Element]>([])

  public init() {}

  public func add(_ element: Element) { elements.withLock { $0.append(element) } }

  public var all: [Element] { elements.withLock { $0 } }
}
