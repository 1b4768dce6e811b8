import Testing

@testable import Server

@Suite struct AllocatorTests {
    @Test func `adds its setting to those that are there`() {
        #expect(Allocator.tuned("") == "glibc.malloc.tcache_count=120")
        #expect(Allocator.tuned("glibc.malloc.arena_max=2") == "glibc.malloc.arena_max=2:glibc.malloc.tcache_count=120")
    }

    @Test(arguments: ["glibc.malloc.tcache_count=120", "glibc.malloc.arena_max=2:glibc.malloc.tcache_count=0"])
    func `leaves alone what somebody has set, so that no program starts itself for ever`(given: String) {
        #expect(Allocator.tuned(given) == nil)
    }
}
