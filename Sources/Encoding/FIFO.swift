/// A first-in, first-out queue. Both ends take constant time on average.
public struct FIFO<Element> {
  @usableFromInline
  var elements: [Element] = []
  /// The number of elements at the start of `elements` that were taken.
  @usableFromInline
  var taken = 0

  /// An empty queue.
  @inlinable
  public init() {}

  /// Whether there are no elements.
  @inlinable
  public var isEmpty: Bool { taken == elements.count }

  /// Adds an element at the end.
  @inlinable
  public mutating func append(_ element: Element) { elements.append(element) }

  /// Takes the first element; `nil` where there is none.
  @inlinable
  public mutating func popFirst() -> Element? {
    guard taken < elements.count else { return nil }
    defer {
      taken += 1
      // Not at each call: removing from the front moves all elements behind it.
      if taken == elements.count || taken > 1_024 && taken > elements.count / 2 {
        elements.removeFirst(taken)
        taken = 0
      }
    }
    return elements[taken]
  }

  /// Takes all elements, in order.
  @inlinable
  public mutating func removeAll() -> [Element] {
    defer { (elements, taken) = ([], 0) }
    return Array(elements[taken...])
  }
}

extension FIFO: Sendable where Element: Sendable {}
