import Testing

@testable import Server

@Suite struct AllocatorTests {
    @Test func `adds its settings to those that are there`() {
        #expect(Allocator.tuned("") == "glibc.malloc.tcache_count=120:glibc.malloc.hugetlb=1")
        #expect(
            Allocator.tuned("glibc.malloc.arena_max=2")
                == "glibc.malloc.arena_max=2:glibc.malloc.tcache_count=120:glibc.malloc.hugetlb=1")
    }

    @Test func `leaves alone what somebody has set`() {
        #expect(Allocator.tuned("glibc.malloc.hugetlb=0") == "glibc.malloc.hugetlb=0:glibc.malloc.tcache_count=120")
        #expect(Allocator.tuned("glibc.malloc.tcache_count=0") == "glibc.malloc.tcache_count=0:glibc.malloc.hugetlb=1")
    }

    @Test(arguments: ["", "glibc.malloc.arena_max=2", "glibc.malloc.hugetlb=0"])
    func `adds nothing twice, so that no program starts itself for ever`(given: String) throws {
        #expect(Allocator.tuned(try #require(Allocator.tuned(given))) == nil)
    }

    @Test func `silences the report of a crash, unless somebody asked for it`() throws {
        #expect(CrashReport.silenced("") == "enable=no")
        #expect(CrashReport.silenced("color=no") == "enable=no,color=no")
        #expect(CrashReport.silenced("enable=yes,color=no") == nil)
        #expect(CrashReport.silenced(try #require(CrashReport.silenced("threads=all"))) == nil)
    }
}
