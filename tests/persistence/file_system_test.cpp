// SPDX-License-Identifier: BSD-3-Clause
#include <sys/stat.h>
#include <unistd.h>
#include <catch2/catch.hpp>

#include <cstdlib>

#include "persistence/posix_file_system.h"
#include "tests/support/fake_disk.h"

using namespace keel;

namespace {

// A folder of its own under /tmp, removed at the end.
struct Folder {
    Folder() {
        char name[] = "/tmp/keel_test_XXXXXX";
        REQUIRE(mkdtemp(name) != nullptr);
        path = name;
    }
    ~Folder() {
        if (auto names = files.list(path)) {
            for (const auto& name : *names) static_cast<void>(files.remove(join_path(path, name)));
        }
        rmdir(path.c_str());
    }
    PosixFileSystem files;
    std::string path;
};

void write_whole(FileSystem& files, const std::string& path, Bytes bytes, bool synced) {
    auto file = files.create(path);
    REQUIRE(file);
    REQUIRE(append_all(**file, bytes));
    if (synced) REQUIRE((*file)->sync());
}

// What both disks have to do alike.
void behaves(FileSystem& files, const std::string& folder) {
    const std::string a = join_path(folder, "a");
    const std::string b = join_path(folder, "b");
    CHECK_FALSE(*files.exists(a));
    write_whole(files, a, "one", true);
    CHECK_FALSE(files.create(a).has_value());  // it is there
    {
        auto file = files.open_append(a);
        REQUIRE(file);
        CHECK(*(*file)->append(" two") == 4);
        CHECK((*file)->truncate(5).has_value());
        CHECK(*(*file)->append("!") == 1);
    }
    CHECK(*read_file(files, a, 100) == "one t!");
    CHECK_FALSE(read_file(files, a, 5).has_value());
    CHECK(*files.size(a) == 6);
    REQUIRE(replace_file(files, b, join_path(folder, "temp-b"), "new"));
    REQUIRE(replace_file(files, b, join_path(folder, "temp-b"), "newer"));
    CHECK(*read_file(files, b, 100) == "newer");
    CHECK(files.list(folder)->size() == 2);
    REQUIRE(files.rename(b, a));
    CHECK(*read_file(files, a, 100) == "newer");
    CHECK(files.list(folder)->size() == 1);
    const auto missing = files.open_read(join_path(folder, "none"));
    REQUIRE_FALSE(missing.has_value());
    CHECK(missing.error().text() == "Can't open " + join_path(folder, "none") + ": No such file or directory");
    CHECK(io_reason(missing.error()) == "No such file or directory");
    CHECK(files.sync_folder(folder).has_value());
}

}  // namespace

TEST_CASE("file system: the machine's disk and the tests' disk do the same") {
    Folder folder;
    behaves(folder.files, folder.path);
    FakeDisk disk;
    behaves(disk, "/data");
}

TEST_CASE("file system: a folder that is there is good, a file of that name is not") {
    Folder folder;
    const std::string inner = join_path(folder.path, "inner");
    REQUIRE(folder.files.make_folder(inner));
    REQUIRE(folder.files.make_folder(inner));
    rmdir(inner.c_str());
    write_whole(folder.files, inner, "x", false);
    const auto made = folder.files.make_folder(inner);
    REQUIRE_FALSE(made.has_value());
    CHECK(io_reason(made.error()) == "Not a directory");
}

TEST_CASE("file system: a folder, a pipe and a device are no files to read, and nobody waits for them") {
    Folder folder;
    const std::string pipe = join_path(folder.path, "pipe");
    REQUIRE(mkfifo(pipe.c_str(), 0600) == 0);
    for (const std::string& path : {folder.path, pipe, std::string{"/dev/zero"}}) {
        INFO(path);
        const auto opened = folder.files.open_read(path);
        REQUIRE_FALSE(opened);
        CHECK(opened.error().text().starts_with("Can't read " + path + ": "));
    }
}

TEST_CASE("fake disk: a loss of power leaves what was synced, under the names that were synced") {
    FakeDisk disk;
    write_whole(disk, "/d/kept", "synced", true);
    REQUIRE(disk.sync_folder("/d"));
    write_whole(disk, "/d/nameless", "synced", true);
    {
        auto file = disk.open_append("/d/kept");
        REQUIRE((*file)->append(" and more"));
        disk.power_loss_strict();
        CHECK_FALSE((*file)->sync().has_value());  // the file of a process that is gone
    }
    CHECK(disk.names() == std::vector<std::string>{"/d/kept"});
    CHECK(disk.bytes_of("/d/kept") == "synced");
}

TEST_CASE("fake disk: of what was not synced a prefix may survive, never anything else") {
    bool some = false;
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
        FakeDisk disk{seed};
        write_whole(disk, "/d/f", "first.", true);
        REQUIRE(disk.sync_folder("/d"));
        auto file = disk.open_append("/d/f");
        for (const Bytes part : {"second.", "third."}) REQUIRE((*file)->append(part));
        disk.power_loss();
        const std::string left = disk.bytes_of("/d/f");
        CHECK(std::string{"first.second.third."}.starts_with(left));
        CHECK(left.starts_with("first."));
        some |= left.size() > 6 && left.size() < 19;
    }
    CHECK(some);
}

TEST_CASE("fake disk: what a failed sync forgot is not saved by the next one") {
    FakeDisk disk;
    write_whole(disk, "/d/f", "ab", true);
    REQUIRE(disk.sync_folder("/d"));
    auto file = disk.open_append("/d/f");
    disk.fail(DiskCall::sync, 1);
    REQUIRE((*file)->append("cd"));
    CHECK_FALSE((*file)->sync().has_value());
    CHECK(disk.bytes_of("/d/f") == "abcd");
    REQUIRE((*file)->append("ef"));
    REQUIRE((*file)->sync());
    disk.power_loss_strict();
    CHECK(disk.bytes_of("/d/f") == Bytes{"ab\0\0ef", 6});
}

TEST_CASE("fake disk: the n-th call fails, writes come out short, the disk fills up") {
    FakeDisk disk;
    disk.fail(DiskCall::append, 2, EIO);
    disk.shorten(3, 1);
    auto file = disk.open_append("/d/f");
    CHECK((*file)->append("one").has_value());
    CHECK(io_reason((*file)->append("two").error()) == "Input/output error");
    CHECK(*(*file)->append("three") == 1);
    disk.room = 2;
    CHECK(*(*file)->append("four") == 2);
    CHECK(io_reason((*file)->append("five").error()) == "No space left on device");
    disk.heal();
    disk.fail(std::nullopt, 1, EIO, 2);
    CHECK_FALSE((*file)->sync().has_value());
    CHECK_FALSE(disk.sync_folder("/d").has_value());
    CHECK((*file)->sync().has_value());
}
