// SPDX-License-Identifier: BSD-3-Clause
#include "persistence/aof/manifest.h"

#include <catch2/catch.hpp>

#include <random>

using namespace keel;
using namespace std::string_literals;
using aof::LogFile;
using aof::Manifest;

namespace {

std::string refusal(Bytes text) {
    const auto parsed = Manifest::parse(text);
    return parsed ? "" : std::string{parsed.error().text()};
}

}  // namespace

TEST_CASE("manifest: the text is Redis' text") {
    Manifest m;
    m.add_incremental("appendonly.aof");
    m.replace_base("appendonly.aof", true, 1);
    CHECK(m.text() ==
          "file appendonly.aof.1.base.rdb seq 1 type b\n"
          "file appendonly.aof.1.incr.aof seq 1 type i\n");
    m.add_incremental("appendonly.aof");
    m.add_incremental("appendonly.aof");
    m.replace_base("appendonly.aof", false, 3);
    CHECK(m.text() ==
          "file appendonly.aof.2.base.aof seq 2 type b\n"
          "file appendonly.aof.2.incr.aof seq 2 type h\n"
          "file appendonly.aof.1.incr.aof seq 1 type h\n"
          "file appendonly.aof.1.base.rdb seq 1 type h\n"
          "file appendonly.aof.3.incr.aof seq 3 type i\n");
    CHECK(*Manifest::parse(m.text()) == m);
}

TEST_CASE("manifest: comments, unknown keys, any order of keys, any case") {
    const auto m = Manifest::parse(
        "# made by hand\n"
        "SEQ 7 Type i FILE a.7.incr.aof later-key later-value\n"
        "  file \"b c\" seq 1 type b  \r\n");
    REQUIRE(m);
    CHECK(m->base() == LogFile{"b c", 1});
    CHECK(m->incremental() == std::vector<LogFile>{{"a.7.incr.aof", 7}});
    CHECK(m->files().front().name == "b c");
    Manifest next = *Manifest::parse(m->text());
    CHECK(next.add_incremental("a").name == "a.8.incr.aof");
    CHECK(next.next_base_name("a", false) == "a.2.base.aof");
}

TEST_CASE("manifest: strange names survive the round") {
    std::mt19937_64 random{7};
    for (int round = 0; round < 2000; ++round) {
        std::string prefix;
        for (std::size_t i = random() % 12 + 1; i > 0; --i) {
            char c = static_cast<char>(random() % 255 + 1);
            if (c == '/' || c == '\\') c = ' ';
            prefix += c;
        }
        Manifest m;
        m.replace_base(prefix, true, 0);
        m.add_incremental(prefix);
        m.add_incremental(prefix);
        m.replace_base(prefix, false, 2);
        const auto again = Manifest::parse(m.text());
        INFO(m.text());
        REQUIRE(again);
        CHECK(*again == m);
    }
}

TEST_CASE("manifest: refusals in Redis' words, with the line") {
    const std::string at2 = "Reading the manifest file, at line 2\n>>> '";
    const std::string good = "file a.1.base.rdb seq 1 type b\n";
    CHECK(refusal("") == "Found an empty AOF manifest");
    CHECK(refusal(good + "\n") == "Invalid AOF manifest file format");
    CHECK(refusal(good + "file a seq 1 type i") == "The AOF manifest file contains too long line");
    CHECK(refusal(good + std::string(1024, 'x') + "\n") == "The AOF manifest file contains too long line");
    CHECK(refusal("#" + std::string(5000, 'x') + "\n" + good) == "");
    for (const std::string line : {"file a seq 1", "file a seq 1 type", "file a seq 0 type i", "file a seq x type i",
                                   "file \"\" seq 1 type i", "file a seq 1 type \"\"", "file \"a seq 1 type i",
                                   "file .. seq 1 type i", "file \"a\\x00b\" seq 1 type i", "file a seq 1x type i"}) {
        CHECK(refusal(good + line + "\n") == at2 + line + "'\nInvalid AOF manifest file format");
    }
    CHECK(refusal(good + "file a seq 1 type i key\0 more\n"s) != "");
    CHECK(refusal(good + "file a/b seq 1 type i\n") ==
          at2 + "file a/b seq 1 type i'\nFile can't be a path, just a filename");
    CHECK(refusal(good + "file b seq 2 type b\n") ==
          at2 + "file b seq 2 type b'\nFound duplicate base file information");
    CHECK(refusal(good + "file b seq 2 type x\n") == at2 + "file b seq 2 type x'\nUnknown AOF file type");
    CHECK(refusal("file b seq 2 type i\nfile c seq 2 type i\n") ==
          at2 + "file c seq 2 type i'\nFound a non-monotonic sequence number");
}

TEST_CASE("manifest: numbers are not used twice") {
    Manifest m = *Manifest::parse("file a.4.incr.aof seq 4 type i\nfile a.9.incr.aof seq 9 type i\n");
    m.drop_incremental_after(4);
    CHECK(m.incremental().size() == 1);
    CHECK(m.add_incremental("a").seq == 10);
    m.skip_incremental();
    CHECK(m.add_incremental("a").seq == 12);
}
