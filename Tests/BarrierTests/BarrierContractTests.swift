import Barrier
import EngineKit
import TestSupport
import Testing

@Suite struct BarrierContractTests {
    /// These put records with version 0 and expect it back; the barrier takes 0 for "choose one".
    static let ofBareStores: Set = [
        "gives back a record exactly as it was put", "loses none of 64 concurrent increments",
    ]

    /// What every store must do, the barrier does too.
    @Test(arguments: StorageContract.checks.filter { !ofBareStores.contains($0.testDescription) })
    func `keeps the contract of a store`(_ check: StorageContract.Check) async throws {
        let base = MemoryStorage()
        let randomness = SeededRandomness(seed: 1)
        let barrier = Barrier(base: base, randomness: randomness, time: ManualTime())
        let controller = SealController(
            barrier: barrier, base: base, seal: ShamirSeal(), randomness: randomness, time: ManualTime())
        let made = try await controller.initialize(secret: ShareCount(shares: 1, threshold: 1))
        try await controller.unseal(share: made.unsealShares[0].hex)
        try await check.run(barrier)
    }

    @Test func `leaves out just two checks of the contract`() {
        #expect(StorageContract.checks.filter { Self.ofBareStores.contains($0.testDescription) }.count == 2)
    }
}
