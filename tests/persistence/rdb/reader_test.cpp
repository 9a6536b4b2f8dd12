// SPDX-License-Identifier: BSD-3-Clause
//
// Writer and Reader: the words of RDB both ways.
#include "persistence/rdb/reader.h"

#include <catch2/catch.hpp>

#include <algorithm>

#include "persistence/crc64.h"
#include "persistence/rdb/writer.h"
#include "tests/support/rdb_bytes.h"

using namespace keel;
using namespace keel::rdb;
using namespace keel::test;

namespace {

// Gives its bytes some at a time.
class SlowSource final : public ByteSource {
  public:
    SlowSource(std::string bytes, std::size_t at_once) : bytes_(std::move(bytes)), at_once_(at_once) {}
    Result<std::size_t> read(char* to, std::size_t room) override {
        const std::size_t here = std::min({room, at_once_, bytes_.size() - at_});
        std::copy_n(bytes_.data() + at_, here, to);
        at_ += here;
        return here;
    }
    [[nodiscard]] std::size_t size() const { return bytes_.size(); }

  private:
    std::string bytes_;
    std::size_t at_once_;
    std::size_t at_ = 0;
};

std::string written(void (*write)(Writer&), bool squeeze = true) {
    Writer out{{.squeeze = squeeze, .checksum = true}};
    write(out);
    return std::string{out.bytes()};
}

}  // namespace

TEST_CASE("rdb words: a length takes as few bytes as it can, and reads back") {
    const std::pair<std::uint64_t, std::size_t> lengths[] = {
        {0, 1}, {63, 1}, {64, 2}, {16383, 2}, {16384, 5}, {0xFFFFFFFF, 5}, {0x100000000, 9}, {~std::uint64_t{0}, 9}};
    for (const auto& [value, bytes] : lengths) {
        Writer out{{}};
        out.length(value);
        CHECK(out.bytes().size() == bytes);
        CHECK(Bytes{RdbBytes{}.length(value)} == out.bytes());
        Reader in{out.bytes()};
        CHECK(*in.length() == value);
        CHECK(in.left() == 0);
    }
}

TEST_CASE("rdb words: strings that are integers of 32 bits are held as those") {
    const std::pair<const char*, std::size_t> texts[] = {
        {"0", 2},          {"-128", 2},        {"127", 2}, {"128", 3}, {"-32768", 3}, {"32768", 5},
        {"2147483647", 5}, {"2147483648", 11}, {"-0", 3},  {"007", 4}, {"", 1},       {"12345678901", 12}};
    for (const auto& [text, bytes] : texts) {
        Writer out{{}};
        out.string(text);
        INFO(text);
        CHECK(out.bytes().size() == bytes);
        Reader in{out.bytes()};
        CHECK(*in.string() == text);
    }
}

TEST_CASE("rdb words: long text is squeezed if that is wanted and pays") {
    const auto write = [](Writer& out) { out.string(std::string(1000, 'a')); };
    const std::string squeezed = written(write);
    CHECK(squeezed.size() < 40);
    CHECK(squeezed[0] == '\xC3');
    CHECK(*Reader{squeezed}.string() == std::string(1000, 'a'));
    CHECK(written(write, false).size() == 1002);
    CHECK(written([](Writer& out) { out.string("abcdefghijklmnopqrstuvwxyz0123456789"); }).size() == 37);
}

TEST_CASE("rdb words: a source that gives a byte at a time gives the same") {
    std::string large(700'000, 'x');
    for (std::size_t i = 0; i < large.size(); ++i) large[i] = static_cast<char>(i * i >> 3);
    Writer out{{.squeeze = true, .checksum = true}};
    out.length(70000);
    out.string("short");
    out.string(large);
    out.string(std::string(5000, 'z'));
    out.integer_string(-5);
    out.u64(77);
    const std::string bytes{out.bytes()};
    for (const std::size_t at_once : {1, 7, 100'000}) {
        SlowSource source{bytes, at_once};
        Reader in{source, source.size()};
        in.set_checksum(true);
        CHECK(*in.length() == 70000);
        CHECK(*in.string() == "short");
        auto text = in.text(1024);
        REQUIRE(text);
        CHECK(text->block != nullptr);
        CHECK(text->view == large);
        CHECK(*in.string() == std::string(5000, 'z'));
        CHECK(*in.string() == "-5");
        CHECK(*in.u64() == 77);
        CHECK(in.offset() == bytes.size());
        CHECK(in.checksum() == crc64(bytes));
        CHECK(*in.at_end());
    }
}

TEST_CASE("rdb words: what claims more than is there is refused before memory is taken") {
    CHECK(Reader{RdbBytes{}.length(std::uint64_t{1} << 40).raw("abc")}.string().error().is(kCutShort));
    CHECK(Reader{RdbBytes{}.length(std::uint64_t{1} << 30).raw("abc")}.count(1).error().is(kImpossibleCount));
    // Three bytes of LZF do not make a gigabyte.
    CHECK_FALSE(Reader{RdbBytes{}.byte(0xC3).length(3).length(1 << 30).raw("abc")}.string());
    CHECK_FALSE(Reader{RdbBytes{}.byte(0xC3).length(3).length(0).raw("abc")}.string());
    CHECK_FALSE(Reader{Bytes{"\x82"}}.length());
    CHECK_FALSE(Reader{Bytes{"\xC0\x05", 2}}.length());
    CHECK_FALSE(Reader{Bytes{"\xC4\x05", 2}}.string());
    CHECK_FALSE(Reader{Bytes{}}.length());
}
