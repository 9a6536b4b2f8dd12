// SPDX-License-Identifier: BSD-3-Clause
#include "protocol/base/glob.h"

#include <catch2/catch.hpp>
#include <chrono>

#include "protocol/base/random.h"

using namespace keel;

namespace {

// The definition, by plain recursion over stars; the pieces between stars are '?' and literals only.
bool defined_match(Bytes pattern, Bytes text) {
    if (pattern.empty()) return text.empty();
    if (pattern[0] == '*') {
        return defined_match(pattern.substr(1), text) || (!text.empty() && defined_match(pattern, text.substr(1)));
    }
    if (text.empty() || (pattern[0] != '?' && pattern[0] != text[0])) return false;
    return defined_match(pattern.substr(1), text.substr(1));
}

std::string pick(Random& random, Bytes alphabet, std::uint64_t longest) {
    std::string out(random.below(longest + 1), ' ');
    for (char& c : out) c = alphabet[random.below(alphabet.size())];
    return out;
}

}  // namespace

TEST_CASE("glob: stars take any run, question marks one byte") {
    CHECK(glob_match("*", "anything"));
    CHECK(glob_match("*", ""));
    CHECK(glob_match("***", ""));
    CHECK(glob_match("", ""));
    CHECK_FALSE(glob_match("", "a"));
    CHECK_FALSE(glob_match("?", ""));
    CHECK_FALSE(glob_match("*?", ""));
    CHECK(glob_match("h?llo", "hello"));
    CHECK_FALSE(glob_match("h?llo", "hllo"));
    CHECK(glob_match("h*llo", "hllo"));
    CHECK(glob_match("h*llo", "heeeello"));
    CHECK(glob_match("user:*:name", "user:17:name"));
    CHECK_FALSE(glob_match("user:*:name", "user:17:names"));
    CHECK(glob_match("*ab", "aaab"));
    CHECK(glob_match("*aab*", "aaaab"));
    CHECK_FALSE(glob_match("a*b", "ac"));
    CHECK(glob_match("a**", "a"));
    CHECK(glob_match(Bytes{"a?c", 3}, Bytes{"a\0c", 3}));
    CHECK(glob_match(Bytes{"*\0c", 3}, Bytes{"ab\0c", 4}));
}

TEST_CASE("glob: classes, their ranges and their negation") {
    CHECK(glob_match("h[ae]llo", "hallo"));
    CHECK_FALSE(glob_match("h[ae]llo", "hillo"));
    CHECK_FALSE(glob_match("h[^e]llo", "hello"));
    CHECK(glob_match("h[^e]llo", "hxllo"));
    CHECK(glob_match("h[a-c]llo", "hbllo"));
    CHECK(glob_match("h[c-a]llo", "hbllo"));  // either way round
    CHECK_FALSE(glob_match("h[c-a]llo", "hdllo"));
    CHECK(glob_match("[a-cx-z]", "y"));
    CHECK(glob_match("[\\]]", "]"));
    CHECK(glob_match("[\\^a]", "^"));
    CHECK_FALSE(glob_match("[]", "]"));
    CHECK(glob_match("[^]", "x"));
    CHECK(glob_match("*[0-9]*[0-9]", "a1b2"));
}

TEST_CASE("glob: odd patterns mean what they mean in Redis") {
    CHECK(glob_match("a[bc", "ab"));  // unclosed: ends with the pattern
    CHECK(glob_match("a[bc", "ac"));
    CHECK_FALSE(glob_match("a[", "a["));
    CHECK(glob_match("a[^", "ax"));
    CHECK(glob_match("[\\", "\\"));
    CHECK(glob_match("[a-]", "]"));  // a range from ] to a, still unclosed
    CHECK(glob_match("[a-]", "_"));
    CHECK_FALSE(glob_match("[a-]", "-"));
    CHECK(glob_match("[a-", "-"));  // too short for a range
    CHECK(glob_match("a\\", "a\\"));
    CHECK(glob_match("[\x01-\xff]", Bytes{"\0", 1}));  // signed: from -1 up to 1
    CHECK_FALSE(glob_match("[\x01-\xff]", "a"));
}

TEST_CASE("glob: a backslash makes the next byte plain") {
    CHECK(glob_match("\\*", "*"));
    CHECK_FALSE(glob_match("\\*", "a"));
    CHECK(glob_match("a\\?c", "a?c"));
    CHECK_FALSE(glob_match("a\\?c", "abc"));
    CHECK(glob_match("*\\*", "ab*"));
    CHECK(glob_match("\\[a]", "[a]"));
    CHECK(glob_match("\\\\", "\\"));
}

TEST_CASE("glob: nocase folds ASCII letters") {
    CHECK_FALSE(glob_match("HELLO*", "hello world"));
    CHECK(glob_match("HELLO*", "hello world", true));
    CHECK(glob_match("*WORLD", "hello world", true));
    CHECK(glob_match("[A-C]", "b", true));
    CHECK(glob_match("[abc]", "B", true));
    CHECK(glob_match("\\A", "a", true));
    CHECK_FALSE(glob_match("[\\A]", "a", true));  // truth 3
    CHECK_FALSE(glob_match("\xc4", "\xe4", true));
}

TEST_CASE("glob: stars agree with their definition") {
    Random random{3};
    for (int i = 0; i < 200000; ++i) {
        const std::string pattern = pick(random, "aab*?", 8);
        const std::string text = pick(random, "ab", 9);
        INFO("pattern " << pattern << " text " << text);
        REQUIRE(glob_match(pattern, text) == defined_match(pattern, text));
        REQUIRE(glob_match(pattern, text, true) == defined_match(pattern, text));
    }
}

TEST_CASE("glob: no pattern takes exponential time") {
    std::string stars;
    for (int i = 0; i < 2000; ++i) stars += "a*";
    std::string classes;
    for (int i = 0; i < 500; ++i) classes += "*[a-b]?";
    const std::string text(4000, 'a');
    const auto start = std::chrono::steady_clock::now();
    CHECK_FALSE(glob_match(stars + "b", text));
    CHECK_FALSE(glob_match(classes + "*b", text));
    CHECK_FALSE(glob_match("*" + std::string(2000, '?') + "b", text));
    CHECK_FALSE(glob_match("*" + std::string(2000, 'a') + "b", text));
    CHECK_FALSE(glob_match("*[" + std::string(4000, 'b'), text));
    CHECK(glob_match(stars, text));
    // The squares of these lengths: tens of milliseconds in a slow build. Exponential would not end at all.
    CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds{20});
}

TEST_CASE("glob: plain bytes behind stars take time that is linear") {
    const std::string text(4'000'000, 'a');
    const std::string half(2'000'000, 'a');
    const auto start = std::chrono::steady_clock::now();
    CHECK_FALSE(glob_match("*" + half + "b", text));
    CHECK_FALSE(glob_match("*" + half + "b*", text));
    CHECK_FALSE(glob_match("*" + half + "b*" + half, text));
    CHECK(glob_match("*" + half + "*" + half, text));
    CHECK_FALSE(glob_match("*" + half + "*a" + half, text));
    CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds{20});  // a square of them: an hour
}

TEST_CASE("glob: a literal pattern is recognised") {
    CHECK(glob_is_literal(""));
    CHECK(glob_is_literal("user:17]^-"));
    for (const char* pattern : {"*", "a?", "[a]", "\\a"}) CHECK_FALSE(glob_is_literal(pattern));
}
