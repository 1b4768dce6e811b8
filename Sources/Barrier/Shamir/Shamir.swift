import EngineKit
import SecretMemory

/// Shamir's secret sharing, byte by byte over ``GF256``. A share consists of the values at one point, followed by the
/// point (1 to 255).
enum Shamir {
    /// Splits `secret` into shares. Any `count.threshold` of them give the secret back.
    static func split(_ secret: SecretBytes, _ count: ShareCount, randomness: any Randomness) -> [SecretBytes] {
        let points = shuffledPoints(randomness).prefix(count.shares)
        // For each byte of the secret, the coefficients of its polynomial: the byte itself, then random ones.
        let width = count.threshold
        let coefficients = SecretBytes(count: secret.count * width) { buffer in
            randomness.fill(buffer)
            secret.withBytes { for index in 0..<$0.count { buffer[index * width] = $0[index] } }
        }
        return points.map { point in
            SecretBytes(count: secret.count + 1) { share in
                coefficients.withBytes { coefficients in
                    for index in 0..<secret.count {
                        // Horner's rule, from the highest power down.
                        var value: UInt8 = 0
                        for power in (0..<width).reversed() {
                            value = GF256.multiply(value, point) ^ coefficients[index * width + power]
                        }
                        share[index] = value
                    }
                }
                share[secret.count] = point
            }
        }
    }

    /// Returns the secret if `shares` are enough shares of it, and other bytes if they are not. Returns nil for shares
    /// that cannot belong together: of unequal lengths, with one point twice, or with the point 0.
    static func combine(_ shares: [SecretBytes]) -> SecretBytes? {
        guard let length = shares.first?.count, length >= 2, shares.allSatisfy({ $0.count == length }) else { return nil }
        let points = shares.map(point)
        guard !points.contains(0), Set(points).count == points.count else { return nil }
        // The points are not secret, so comparing them may take a different time; the values are secret.
        let weights = points.map { point in
            points.reduce(UInt8(1)) { weight, other in
                other == point ? weight : GF256.multiply(weight, GF256.multiply(other, GF256.inverse(other ^ point)))
            }
        }
        return SecretBytes(count: length - 1) { secret in
            for (share, weight) in zip(shares, weights) {
                share.withBytes { values in
                    for index in 0..<length - 1 { secret[index] ^= GF256.multiply(values[index], weight) }
                }
            }
        }
    }

    /// Returns the point of a share: its last byte.
    static func point(_ share: SecretBytes) -> UInt8 { share.withBytes { $0.last ?? 0 } }

    /// Returns the numbers from 1 to 255 in random order.
    private static func shuffledPoints(_ randomness: any Randomness) -> [UInt8] {
        var points = [UInt8](1...255)
        for last in stride(from: points.count - 1, to: 0, by: -1) {
            points.swapAt(last, randomness.index(below: last + 1))
        }
        return points
    }
}

extension Randomness {
    /// Returns a number that is uniformly distributed over `0..<bound`. The bound is at most 256.
    func index(below bound: Int) -> Int {
        let limit = 256 - 256 % bound
        while true {
            var byte: UInt8 = 0
            withUnsafeMutableBytes(of: &byte) { fill($0) }
            if Int(byte) < limit { return Int(byte) % bound }
        }
    }
}
