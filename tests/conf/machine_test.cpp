// SPDX-License-Identifier: BSD-3-Clause
//
// The real machine, in a directory of its own below the temporary one.
#include "conf/machine.h"

#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

namespace keel {
namespace {

namespace fs = std::filesystem;

struct Scratch {
    Scratch() {
        std::string path = (fs::temp_directory_path() / "keel-machine-XXXXXX").string();
        REQUIRE(::mkdtemp(path.data()) != nullptr);
        directory = path;
    }
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;
    ~Scratch() { fs::remove_all(directory); }
    [[nodiscard]] std::string path(const std::string& name) const { return (directory / name).string(); }
    fs::path directory;
};

TEST_CASE("machine: reads files and says why it cannot") {
    const Scratch scratch;
    RealMachine machine;
    std::ofstream{scratch.path("a"), std::ios::binary} << std::string(100000, 'x') << '\0';
    const auto content = machine.read(scratch.path("a"));
    REQUIRE(content);
    CHECK(content->size() == 100001);
    CHECK(machine.exists(scratch.path("a")));
    CHECK_FALSE(machine.exists(scratch.path("b")));
    CHECK(machine.read(scratch.path("b")).error().text() == "No such file or directory");
    CHECK(machine.read(scratch.directory.string()).error().text() == "Is a directory");
}

TEST_CASE("machine: patterns match sorted paths") {
    const Scratch scratch;
    RealMachine machine;
    for (const char* name : {"b.conf", "a.conf", "c.txt"}) std::ofstream{scratch.path(name)} << "x";
    CHECK(machine.matches(scratch.path("*.conf")) ==
          std::vector<std::string>{scratch.path("a.conf"), scratch.path("b.conf")});
    CHECK(machine.matches(scratch.path("*.none")).empty());
}

TEST_CASE("machine: replacing keeps permissions and links, and leaves nothing behind") {
    const Scratch scratch;
    RealMachine machine;
    std::ofstream{scratch.path("real")} << "old";
    REQUIRE(::chmod(scratch.path("real").c_str(), 0600) == 0);
    fs::create_symlink("real", scratch.directory / "link");
    REQUIRE(machine.replace(scratch.path("link"), "new text"));
    CHECK(*machine.read(scratch.path("real")) == "new text");
    CHECK(fs::is_symlink(scratch.directory / "link"));
    CHECK(fs::status(scratch.path("real")).permissions() == (fs::perms::owner_read | fs::perms::owner_write));
    REQUIRE(machine.replace(scratch.path("fresh"), "1"));
    CHECK(*machine.read(scratch.path("fresh")) == "1");
    CHECK(std::distance(fs::directory_iterator{scratch.directory}, fs::directory_iterator{}) == 3);
    CHECK_FALSE(machine.replace(scratch.path("no/such/place"), "x"));
    CHECK(machine.replace(scratch.directory.string(), "x").error().text() == "Is a directory");
    CHECK(std::distance(fs::directory_iterator{scratch.directory}, fs::directory_iterator{}) == 3);
}

TEST_CASE("machine: the working directory can be entered and asked") {
    const Scratch scratch;
    RealMachine machine;
    const auto before = machine.working_directory();
    REQUIRE(before);
    REQUIRE(machine.enter(scratch.directory.string()));
    CHECK(fs::equivalent(*machine.working_directory(), scratch.directory));
    CHECK(machine.enter("no such").error().text() == "No such file or directory");
    REQUIRE(machine.enter(*before));
}

}  // namespace
}  // namespace keel
