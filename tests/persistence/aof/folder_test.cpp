// SPDX-License-Identifier: BSD-3-Clause
#include "persistence/aof/folder.h"

#include <catch2/catch.hpp>

#include "tests/support/fake_disk.h"
#include "tests/support/quiet_log.h"

using namespace keel;
using aof::Folder;
using aof::Manifest;

namespace {

Folder folder_on(FakeDisk& disk) { return Folder{disk, "/srv", "logs", "a.aof"}; }

Manifest with_files(std::initializer_list<int> incremental) {
    Manifest m;
    m.replace_base("a.aof", false, 0);
    for (std::size_t i = 0; i < incremental.size(); ++i) m.add_incremental("a.aof");
    return m;
}

}  // namespace

TEST_CASE("log folder: a manifest that was saved is there after a loss of power") {
    const QuietLog quiet;
    FakeDisk disk;
    const Folder folder = folder_on(disk);
    CHECK(folder.load()->empty());
    const Manifest m = with_files({1, 2});
    REQUIRE(folder.save(m));
    disk.power_loss_strict();
    CHECK(*folder.load() == m);
    CHECK(disk.names() == std::vector<std::string>{"/srv/logs/a.aof.manifest"});
}

TEST_CASE("log folder: whatever call fails while the manifest is replaced, the old one or the new one is there") {
    const QuietLog quiet;
    for (std::uint64_t nth = 1;; ++nth) {
        FakeDisk disk{nth};
        const Folder folder = folder_on(disk);
        const Manifest before = with_files({1});
        const Manifest after = with_files({1, 2});
        REQUIRE(folder.save(before));
        const auto calls = disk.changing_calls();
        disk.fail(std::nullopt, nth);
        const bool saved = folder.save(after).has_value();
        disk.power_loss();
        const auto found = folder.load();
        REQUIRE(found);
        CHECK((*found == before || *found == after));
        if (saved) CHECK(*found == after);
        if (disk.changing_calls() - calls < nth) break;
    }
}

TEST_CASE("log folder: the old single file becomes the base, whichever step is cut off") {
    const QuietLog quiet;
    std::size_t fails = 0;
    for (std::uint64_t nth = 1;; ++nth) {
        FakeDisk disk{nth};
        disk.put("/srv/a.aof", "*1\r\n$4\r\nPING\r\n");
        const Folder folder = folder_on(disk);
        Manifest m;
        disk.fail(std::nullopt, nth, EIO, 1000);
        if (folder.upgrade(m)) break;
        ++fails;
        CHECK(m.empty());
        disk.heal();
        disk.power_loss();
        Manifest again = *folder.load();
        const auto done = folder.upgrade(again);  // false when the move had come through
        REQUIRE(done);
        CHECK(again.text() == "file a.aof seq 1 type b\n");
        CHECK(disk.bytes_of("/srv/logs/a.aof") == "*1\r\n$4\r\nPING\r\n");
        CHECK_FALSE(*disk.exists("/srv/a.aof"));
        CHECK(*folder.load() == again);
    }
    CHECK(fails > 5);
}

TEST_CASE("log folder: an old file beside a log of today is left alone") {
    const QuietLog quiet;
    FakeDisk disk;
    disk.put("/srv/a.aof", "old");
    const Folder folder = folder_on(disk);
    Manifest m = with_files({1});
    CHECK_FALSE(*folder.upgrade(m));
    CHECK(disk.bytes_of("/srv/a.aof") == "old");
    // Two files that both claim to be the log, and no manifest: refused, neither is touched.
    disk.put("/srv/logs/a.aof", "other");
    Manifest none;
    CHECK_FALSE(folder.upgrade(none).has_value());
    CHECK(disk.bytes_of("/srv/a.aof") == "old");
    CHECK(disk.bytes_of("/srv/logs/a.aof") == "other");
}

TEST_CASE("log folder: history goes, what is loaded stays, even if a manifest calls it history as well") {
    const QuietLog quiet;
    FakeDisk disk;
    const Folder folder = folder_on(disk);
    for (const char* name : {"/srv/logs/old", "/srv/logs/base", "/srv/logs/inc"}) disk.put(name, "x");
    Manifest m = *Manifest::parse(
        "file base seq 1 type b\nfile old seq 1 type h\nfile inc seq 2 type h\nfile gone seq 3 type h\n"
        "file inc seq 2 type i\n");
    REQUIRE(folder.save(m));
    REQUIRE(folder.remove_history(m));
    CHECK(m.history().empty());
    CHECK(*folder.load() == m);
    CHECK(disk.names() == std::vector<std::string>{"/srv/logs/a.aof.manifest", "/srv/logs/base", "/srv/logs/inc"});
}

TEST_CASE("log folder: temporaries of an earlier life go, other files stay") {
    const QuietLog quiet;
    FakeDisk disk;
    const Folder folder = folder_on(disk);
    for (const char* name :
         {"temp-rewriteaof-bg-7.aof", "temp-a.aof.incr", "temp-a.aof.manifest", "temp-mine", "a.aof.1.base.rdb"}) {
        disk.put(join_path("/srv/logs", name), "x");
    }
    folder.remove_temporaries();
    CHECK(disk.names() == std::vector<std::string>{"/srv/logs/a.aof.1.base.rdb", "/srv/logs/temp-mine"});
    CHECK(folder.temporary_base(9) == "/srv/logs/temp-rewriteaof-bg-9.aof");
}

TEST_CASE("log folder: without a manifest a log is refused, what one left that was about to begin is not") {
    const QuietLog quiet;
    FakeDisk disk;
    const Folder folder = folder_on(disk);
    REQUIRE(folder.refuse_orphans());
    REQUIRE(disk.make_folder("/srv/logs"));
    disk.put("/srv/logs/a.aof.1.incr.aof", "");
    disk.put("/srv/logs/other.aof.1.incr.aof", "x");
    CHECK(folder.refuse_orphans());
    const auto says = [&](const std::string& what) {
        const Status refused = folder.refuse_orphans();
        return !refused && refused.error().text().find("/srv/logs has " + what + ", but no manifest a.aof.manifest") !=
                               std::string::npos;
    };
    for (const std::string base : {"a.aof.1.base.rdb", "a.aof.1.base.aof"}) {
        disk.put("/srv/logs/" + base, "x");
        CHECK(says(base));  // all that there is of a log to which nothing was added since its last rewrite
        folder.remove_temporaries();
        CHECK(says(base));
        REQUIRE(disk.remove("/srv/logs/" + base));
    }
    // A log that begins has a manifest before it has a base.
    REQUIRE(folder.save(Manifest{}));
    disk.put("/srv/logs/a.aof.1.base.rdb", "x");
    CHECK(folder.load()->empty());
    CHECK(folder.refuse_orphans());
    disk.put("/srv/logs/a.aof.2.incr.aof", "x");
    CHECK(says("a.aof.2.incr.aof"));
}

TEST_CASE("log folder: what a rewrite left that no manifest knows goes, other files stay") {
    const QuietLog quiet;
    FakeDisk disk;
    const Folder folder = folder_on(disk);
    for (const char* name : {"a.aof.1.base.aof", "a.aof.2.base.rdb", "a.aof.2.base.aof", "a.aof.1.incr.aof",
                             "b.aof.1.base.aof", "a.aof.old.base.aof", "a.aof.3.base.rdb", "a.aof.base.rdb"}) {
        disk.put(join_path("/srv/logs", name), "x");
    }
    disk.put("/srv/logs/a.aof.2.incr.aof", "");
    disk.put("/srv/logs/a.aof.3.incr.aof", "");
    REQUIRE(
        folder.remove_unlisted(*Manifest::parse("file a.aof.3.base.rdb seq 3 type b\n"
                                                "file a.aof.2.base.rdb seq 2 type h\n"
                                                "file a.aof.3.incr.aof seq 3 type i\n")));
    CHECK(disk.names() == std::vector<std::string>{"/srv/logs/a.aof.1.incr.aof", "/srv/logs/a.aof.2.base.rdb",
                                                   "/srv/logs/a.aof.3.base.rdb", "/srv/logs/a.aof.3.incr.aof",
                                                   "/srv/logs/a.aof.base.rdb", "/srv/logs/a.aof.old.base.aof",
                                                   "/srv/logs/b.aof.1.base.aof"});
}
