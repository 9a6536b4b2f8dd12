// SPDX-License-Identifier: BSD-3-Clause
//
// The longest common subsequence: the algorithm against a plain one, and the command.
#include "datatypes/string/lcs.h"

#include <algorithm>
#include <catch2/catch.hpp>

#include "tests/datatypes/string/texts.h"
#include "tests/support/command_runner.h"

using namespace keel;
using namespace keel::test;

namespace {

// By trying every subsequence of the shorter text.
std::size_t length_by_trying(const std::string& a, const std::string& b) {
    std::size_t best = 0;
    for (unsigned chosen = 0; chosen < 1U << a.size(); ++chosen) {
        std::size_t at = 0;
        std::size_t taken = 0;
        for (std::size_t i = 0; i < a.size() && at != std::string::npos; ++i) {
            if ((chosen >> i & 1) == 0) continue;
            at = b.find(a[i], at);
            if (at == std::string::npos) break;
            ++at, ++taken;
        }
        if (at != std::string::npos) best = std::max(best, taken);
    }
    return best;
}

std::string random_text(Random& random, std::size_t most) {
    std::string out(random.next() % (most + 1), ' ');
    for (char& c : out) c = static_cast<char>('a' + random.next() % 3);
    return out;
}

}  // namespace

TEST_CASE("lcs: ranges are runs of equal bytes, from the last to the first, and as long as can be") {
    Random random{7};
    for (int round = 0; round < 400; ++round) {
        const std::string a = random_text(random, 9);
        const std::string b = random_text(random, 12);
        CAPTURE(a, b);
        std::size_t sum = 0;
        std::size_t a_end = a.size();
        std::size_t b_end = b.size();
        for (const string::SharedRange& range : string::lcs_ranges(a, b)) {
            REQUIRE(range.a_last < a_end);
            REQUIRE(range.b_last < b_end);
            REQUIRE(a.substr(range.a_first, range.size()) == b.substr(range.b_first, range.size()));
            REQUIRE(range.b_last - range.b_first == range.a_last - range.a_first);
            a_end = range.a_first;
            b_end = range.b_first;
            sum += range.size();
        }
        REQUIRE(sum == length_by_trying(a, b));
        REQUIRE(string::lcs_length(a, b) == sum);
    }
}

TEST_CASE("lcs: texts wider than a word of bits") {
    const std::string a(200, 'x');
    const std::string b = std::string(130, 'y') + std::string(70, 'x');
    const auto ranges = string::lcs_ranges(a, b);
    REQUIRE(ranges.size() == 1);
    CHECK(ranges[0].b_first == 130);
    CHECK(ranges[0].a_last == 199);
    CHECK(ranges[0].size() == 70);
}

TEST_CASE("lcs: the text, its length, its ranges") {
    CommandRunner keel;
    keel("MSET key1 ohmytext key2 mynewtext");
    CHECK(keel("LCS key1 key2") == bulk("mytext"));
    CHECK(keel("LCS key1 key2 LEN") == ":6\r\n");
    const std::string text_range = "*2\r\n:4\r\n:7\r\n*2\r\n:5\r\n:8\r\n";
    const std::string my_range = "*2\r\n:2\r\n:3\r\n*2\r\n:0\r\n:1\r\n";
    const std::string len = bulk("len") + ":6\r\n";
    CHECK(keel("LCS key1 key2 IDX") ==
          "*4\r\n" + bulk("matches") + "*2\r\n*2\r\n" + text_range + "*2\r\n" + my_range + len);
    CHECK(keel("LCS key1 key2 IDX MINMATCHLEN 4") == "*4\r\n" + bulk("matches") + "*1\r\n*2\r\n" + text_range + len);
    CHECK(keel("LCS key1 key2 idx minmatchlen 4 withmatchlen") ==
          "*4\r\n" + bulk("matches") + "*1\r\n*3\r\n" + text_range + ":4\r\n" + len);
    CHECK(keel("LCS key1 key2 IDX MINMATCHLEN -3 MINMATCHLEN 9") == "*4\r\n" + bulk("matches") + "*0\r\n" + len);
}

TEST_CASE("lcs: a map in RESP3") {
    CommandRunner keel{3};
    keel("MSET a 12 b 2");
    CHECK(keel("LCS a b IDX") ==
          "%2\r\n" + bulk("matches") + "*1\r\n*2\r\n*2\r\n:1\r\n:1\r\n*2\r\n:0\r\n:0\r\n" + bulk("len") + ":1\r\n");
}

TEST_CASE("lcs: a key that is not there is an empty string, one of another type an error") {
    CommandRunner keel;
    keel("SET a 123");
    CHECK(keel("LCS a none") == bulk(""));
    CHECK(keel("LCS none a LEN") == ":0\r\n");
    CHECK(keel("LCS none none IDX") == "*4\r\n" + bulk("matches") + "*0\r\n" + bulk("len") + ":0\r\n");
    keel.hold_other_type("other");
    CHECK(keel("LCS a other") == "-ERR The specified keys must contain string values\r\n");
    CHECK(keel("LCS other a foo") == "-ERR The specified keys must contain string values\r\n");
}

TEST_CASE("lcs: what it refuses") {
    CommandRunner keel;
    CHECK(keel("LCS a b FOO") == kSyntaxError);
    CHECK(keel("LCS a b MINMATCHLEN") == kSyntaxError);
    CHECK(keel("LCS a b MINMATCHLEN x") == kNotAnInteger);
    CHECK(keel("LCS a b MINMATCHLEN x FOO") == kNotAnInteger);
    CHECK(keel("LCS a b LEN IDX") == "-ERR If you want both the length and indexes, please just use IDX.\r\n");
    keel.settings.clients.max_bulk_bytes = 4 * 11 * 11;
    keel.run({"SET", "a", std::string(10, 'a')});
    keel.run({"SET", "b", std::string(11, 'a')});
    CHECK(keel("LCS a a LEN") == ":10\r\n");
    CHECK(keel("LCS a b LEN") == "-ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len\r\n");
}
