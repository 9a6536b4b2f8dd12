// SPDX-License-Identifier: BSD-3-Clause
//
// The words of a line, with every rule of quoting.
#include "protocol/base/words.h"

#include <catch2/catch.hpp>
#include <memory>

#include "protocol/base/random.h"

namespace keel {
namespace {

using Words = std::vector<std::string>;

Words words_of(Bytes line) {
    Words out;
    REQUIRE(split_words(line, out));
    return out;
}

bool unbalanced(Bytes line) {
    Words out{"left over"};
    const bool ok = split_words(line, out);
    return !ok && out.empty();
}

TEST_CASE("words: blanks part words, and a blank line has none") {
    CHECK(words_of("set key value") == Words{"set", "key", "value"});
    CHECK(words_of("  a \t b\r\n") == Words{"a", "b"});
    CHECK(words_of("").empty());
    CHECK(words_of(" \t\r\n\v\f").empty());
}

TEST_CASE("words: double quotes keep blanks and understand escapes") {
    CHECK(words_of(R"("a b" c)") == Words{"a b", "c"});
    CHECK(words_of(R"("\n\r\t\a\b\"\\")") == Words{"\n\r\t\a\b\"\\"});
    CHECK(words_of(R"("\x41\xfF\x00z")") == Words{std::string("A\xff\0z", 4)});
    CHECK(words_of(R"("\x4g\q")") == Words{"x4gq"});
    CHECK(words_of(R"("")") == Words{""});
}

TEST_CASE("words: single quotes understand only an escaped quote") {
    CHECK(words_of(R"('a b' '\n' 'it\'s')") == Words{"a b", "\\n", "it's"});
    CHECK(words_of("''") == Words{""});
}

TEST_CASE("words: a quote may open inside a word but must end it") {
    CHECK(words_of(R"(foo"bar" x'y z')") == Words{"foobar", "xy z"});
    CHECK(unbalanced(R"("foo"bar)"));
    CHECK(unbalanced(R"('foo'bar)"));
    CHECK(unbalanced(R"("a""b")"));
}

TEST_CASE("words: an open quote is an error, and nothing is handed out") {
    CHECK(unbalanced(R"(set "key)"));
    CHECK(unbalanced("set 'key"));
    CHECK(unbalanced(R"("\)"));
    CHECK(unbalanced(R"("\")"));
    CHECK(unbalanced("\""));
}

TEST_CASE("words: a zero byte ends the line outside quotes") {
    CHECK(words_of(Bytes("a b\0c d", 7)) == Words{"a", "b"});
    CHECK(words_of(Bytes("\0a", 2)).empty());
}

TEST_CASE("words: quoted is readable, and reads back") {
    CHECK(quoted("a b") == R"("a b")");
    CHECK(quoted(Bytes("\x01\"\\\n\xff\0", 6)) == R"("\x01\"\\\n\xff\x00")");
    Random random{0x77};
    for (int i = 0; i < 2000; ++i) {
        std::string bytes;
        for (auto n = random.below(20); n > 0; --n) bytes.push_back(static_cast<char>(random.below(256)));
        INFO("bytes " << quoted(bytes));
        CHECK(words_of(quoted(bytes)) == Words{bytes});
    }
}

TEST_CASE("words: no line makes the splitter read past its end") {
    Random random{0x78};
    constexpr Bytes kAlphabet{"ab \"'\\xn0f\0\t", 12};
    Words out;
    for (int i = 0; i < 20000; ++i) {
        std::string line;
        for (auto n = random.below(12); n > 0; --n) line.push_back(kAlphabet[random.below(kAlphabet.size())]);
        const auto exact = std::make_unique<char[]>(line.size() + 1);  // own allocation: asan sees a step too far
        line.copy(exact.get(), line.size());
        if (!split_words(Bytes{exact.get(), line.size()}, out)) CHECK(out.empty());
    }
}

}  // namespace
}  // namespace keel
