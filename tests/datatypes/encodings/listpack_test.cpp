// SPDX-License-Identifier: BSD-3-Clause
#include "datatypes/encodings/listpack.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <climits>
#include <string>
#include <string_view>
#include <vector>

#include "datatypes/encodings/small_heap.h"
#include "protocol/base/number.h"

using namespace keel;
using namespace std::literals;

namespace {

using Texts = std::vector<std::string>;

std::string text_of(const ListpackItem& item) {
    std::array<char, 24> scratch{};
    return std::string{item.as_text(scratch)};
}

Listpack listpack_of(const Texts& texts) {
    Listpack lp;
    for (const auto& text : texts) lp.append(text);
    return lp;
}

Texts forwards(const ListpackView& lp) {
    Texts out;
    for (auto at = lp.first(); at != nullptr; at = lp.next(at)) out.push_back(text_of(lp.get(at)));
    return out;
}

Texts backwards(const ListpackView& lp) {
    Texts out;
    for (auto at = lp.last(); at != nullptr; at = lp.prev(at)) out.push_back(text_of(lp.get(at)));
    return out;
}

Texts reversed(Texts texts) {
    std::reverse(texts.begin(), texts.end());
    return texts;
}

// The bytes of a list's only entry.
std::string entry_of(Bytes text) {
    Listpack lp;
    lp.append(text);
    return std::string{lp.bytes().substr(6, lp.size_bytes() - 7)};
}

std::string list_bytes(std::string_view entries, unsigned count) {
    std::string out(6, '\0');
    store_le<std::uint32_t>(out.data(), static_cast<std::uint32_t>(entries.size() + 7));
    store_le<std::uint16_t>(out.data() + 4, static_cast<std::uint16_t>(count));
    return out.append(entries) + '\xFF';
}

void same_either_way(const ListpackView& lp, const Texts& expected) {
    CHECK(forwards(lp) == expected);
    CHECK(backwards(lp) == reversed(expected));
    CHECK(lp.count() == expected.size());
    CHECK(ListpackView::is_sound(lp.bytes()));
}

}  // namespace

TEST_CASE("listpack: the bytes are those of RDB files") {
    CHECK(Listpack{}.bytes() == "\x07\0\0\0\0\0\xFF"sv);
    Listpack lp;
    lp.append("hello");
    lp.append("1024");
    lp.append(std::int64_t{-1});
    CHECK(lp.bytes() == list_bytes("\x85hello\x06"
                                   "\xC4\x00\x02"
                                   "\xDF\xFF\x02"sv,
                                   3));
}

TEST_CASE("listpack: every tag at its borders") {
    CHECK(entry_of("0") == "\x00\x01"sv);
    CHECK(entry_of("127") == "\x7F\x01"sv);
    CHECK(entry_of("128") == "\xC0\x80\x02"sv);
    CHECK(entry_of("4095") == "\xCF\xFF\x02"sv);
    CHECK(entry_of("-4096") == "\xD0\x00\x02"sv);
    CHECK(entry_of("4096") == "\xF1\x00\x10\x03"sv);
    CHECK(entry_of("-4097") == "\xF1\xFF\xEF\x03"sv);
    CHECK(entry_of("32767") == "\xF1\xFF\x7F\x03"sv);
    CHECK(entry_of("32768") == "\xF2\x00\x80\x00\x04"sv);
    CHECK(entry_of("-8388608") == "\xF2\x00\x00\x80\x04"sv);
    CHECK(entry_of("8388608") == "\xF3\x00\x00\x80\x00\x05"sv);
    CHECK(entry_of("-2147483648") == "\xF3\x00\x00\x00\x80\x05"sv);
    CHECK(entry_of("2147483648") == "\xF4\x00\x00\x00\x80\x00\x00\x00\x00\x09"sv);
    CHECK(entry_of("-9223372036854775808") == "\xF4\x00\x00\x00\x00\x00\x00\x00\x80\x09"sv);
    CHECK(entry_of("") == "\x80\x01"sv);
    CHECK(entry_of(std::string(63, 'x')) == "\xBF" + std::string(63, 'x') + "\x40");
    CHECK(entry_of(std::string(64, 'x')) == "\xE0\x40" + std::string(64, 'x') + "\x42");
    CHECK(entry_of(std::string(4095, 'x')) == "\xEF\xFF" + std::string(4095, 'x') + "\x20\x81");
    CHECK(entry_of(std::string(4096, 'x')) == "\xF0\x00\x10\x00\x00"s + std::string(4096, 'x') + "\x20\x85");
}

TEST_CASE("listpack: what is not exactly an integer's text stays text") {
    for (const char* text : {"-0", "+1", "01", " 1", "1 ", "-", "1.0", "9223372036854775808", "-9223372036854775809",
                             "99999999999999999999", "123456789012345678901"}) {
        const Listpack lp = listpack_of({text});
        CHECK_FALSE(lp.get(lp.first()).is_integer);
        CHECK(lp.get(lp.first()) == text);
    }
}

TEST_CASE("listpack: integers come back whole at every border") {
    for (const std::int64_t border : {INT64_C(0), INT64_C(127), INT64_C(4095), INT64_C(32767), INT64_C(8388607),
                                      INT64_C(2147483647), INT64_MAX - 1, INT64_MIN + 1}) {
        for (const std::int64_t n : {border - 1, border, border + 1, -border, -border - 1, 0 - (border - 1)}) {
            Listpack lp;
            const auto at = lp.append(n);
            CHECK(lp.get(at).is_integer);
            CHECK(lp.get(at).integer == n);
            CHECK(lp.get(at) == integer_text(n));
            CHECK(lp.bytes() == listpack_of({integer_text(n)}).bytes());
            same_either_way(lp, {integer_text(n)});
        }
    }
}

TEST_CASE("listpack: back-lengths of every width lead back") {
    // Bodies around the widths' borders: 128, 16383, 2097151 (and 268435455, which takes too much memory here).
    for (const std::size_t border : {128U, 16383U, 2097151U}) {
        for (std::size_t body = border - 2; body <= border + 2; ++body) {
            const std::size_t head = border == 128 ? 2 : 5;
            const Texts texts{"a", std::string(body - head, 'x'), "b"};
            same_either_way(listpack_of(texts), texts);
        }
    }
    CHECK(entry_of(std::string(16382 - 5, 'x')).substr(16382) == "\x7F\xFE");
    CHECK(entry_of(std::string(16383 - 5, 'x')).substr(16383) == "\x00\xFF\xFF"sv);
}

TEST_CASE("listpack: an insert in the middle leaves both neighbours readable") {
    Listpack lp = listpack_of({"a", "c"});
    CHECK(lp.get(lp.insert(lp.at(1), "b")) == "b");
    same_either_way(lp, {"a", "b", "c"});
    lp.insert_after(lp.at(2), "d");
    lp.prepend("7");
    lp.prepend(std::int64_t{-70000});
    same_either_way(lp, {"-70000", "7", "a", "b", "c", "d"});
    const auto pair = lp.insert_pair(lp.at(2), "field", "12345");
    CHECK(lp.get(pair) == "field");
    CHECK(lp.get(lp.next(pair)).integer == 12345);
    same_either_way(lp, {"-70000", "7", "field", "12345", "a", "b", "c", "d"});
}

TEST_CASE("listpack: places by index from either end") {
    const Listpack lp = listpack_of({"0", "a", "2", "b", "4"});
    for (std::int64_t i = 0; i < 5; ++i) {
        CHECK(text_of(lp.get(lp.at(i))) == forwards(lp)[static_cast<std::size_t>(i)]);
        CHECK(lp.at(i) == lp.at(i - 5));
    }
    CHECK(lp.at(5) == nullptr);
    CHECK(lp.at(-6) == nullptr);
    CHECK(lp.at(INT64_MAX) == nullptr);
    CHECK(lp.at(INT64_MIN) == nullptr);
    CHECK(Listpack{}.first() == nullptr);
    CHECK(Listpack{}.last() == nullptr);
    CHECK(Listpack{}.at(0) == nullptr);
}

TEST_CASE("listpack: find compares text with text and integers with integers") {
    const Listpack lp = listpack_of({"a", "1", "b", "a", "300", "-1", "", "30000000000"});
    for (std::int64_t i = 0; i < 8; ++i) {
        if (i != 3) CHECK(lp.find(lp.first(), forwards(lp)[static_cast<std::size_t>(i)]) == lp.at(i));
    }
    CHECK(lp.find(lp.at(1), "a") == lp.at(3));
    CHECK(lp.find(lp.first(), "b", 1) == lp.at(2));
    CHECK(lp.find(lp.first(), "a", 2) == lp.at(0));
    CHECK(lp.find(lp.next(lp.first()), "a", 1) == lp.at(3));
    CHECK(lp.find(lp.first(), "1", 1) == nullptr);
    CHECK(lp.find(lp.first(), "01") == nullptr);
    CHECK(lp.find(nullptr, "a") == nullptr);
    CHECK(Listpack{}.find(Listpack{}.first(), "a") == nullptr);
    // Lists of others may hold an integer as text.
    const std::string foreign = list_bytes(
        "\x82"
        "12"
        "\x03"sv,
        1);
    REQUIRE(ListpackView::is_sound(foreign));
    const ListpackView view{foreign.data()};
    CHECK(view.find(view.first(), "12") == view.first());
}

TEST_CASE("listpack: replacing keeps the neighbours, whatever the sizes") {
    for (const auto& text : Texts{"x", "500", std::string(100, 'y'), std::string(20000, 'z'), ""}) {
        for (std::int64_t i = 0; i < 3; ++i) {
            Texts expected{"one", "2", std::string(200, 't')};
            Listpack lp = listpack_of(expected);
            CHECK(lp.get(lp.replace(lp.at(i), text)) == text);
            expected[static_cast<std::size_t>(i)] = text;
            same_either_way(lp, expected);
            lp.replace(lp.at(i), INT64_MAX);
            expected[static_cast<std::size_t>(i)] = integer_text(INT64_MAX);
            same_either_way(lp, expected);
        }
    }
}

TEST_CASE("listpack: erasing gives the place of what is behind") {
    Listpack lp = listpack_of({"a", "b", "c", "d", "e"});
    CHECK(lp.get(lp.erase(lp.at(1), 2)) == "d");
    CHECK(lp.erase(lp.at(2)) == nullptr);
    same_either_way(lp, {"a", "d"});
    CHECK(lp.erase(lp.first(), 100) == nullptr);
    same_either_way(lp, {});
    CHECK(lp.empty());
    CHECK(lp.bytes() == Listpack{}.bytes());
}

TEST_CASE("listpack: text may lie in the list that it goes into") {
    const std::string big(300, 'q');
    const Texts texts{"first", big, "third"};
    for (std::int64_t from = 0; from < 3; ++from) {
        for (std::int64_t to = 0; to < 3; ++to) {
            const std::string& moved = texts[static_cast<std::size_t>(from)];
            Listpack lp = listpack_of(texts);
            for (int grown = 0; grown < 2; ++grown) {  // with a reallocation, and without
                if (grown == 1) lp.reserve(5000);
                Texts expected = forwards(lp);
                lp.insert(lp.at(to), lp.get(lp.at(from)).text);
                expected.insert(expected.begin() + to, expected[static_cast<std::size_t>(from)]);
                same_either_way(lp, expected);
            }
            lp = listpack_of(texts);
            lp.insert_pair(lp.at(to), lp.get(lp.at(from)).text, lp.get(lp.at(2)).text);
            CHECK(lp.get(lp.at(to)) == moved);
            CHECK(lp.get(lp.at(to + 1)) == "third");
            lp = listpack_of(texts);
            lp.replace(lp.at(to), lp.get(lp.at(from)).text);
            Texts expected = texts;
            expected[static_cast<std::size_t>(to)] = moved;
            same_either_way(lp, expected);
            lp.replace(lp.at(to), lp.get(lp.at(to)).text.substr(1));  // a part of what it replaces
            CHECK(lp.get(lp.at(to)) == moved.substr(1));
        }
    }
    Listpack twice = listpack_of(texts);
    twice.append_all(twice);
    same_either_way(twice, {"first", big, "third", "first", big, "third"});
}

TEST_CASE("listpack: a list too long for its count is counted by walking") {
    Listpack lp{70000 * 2};
    for (int i = 0; i < 65534; ++i) lp.append(std::int64_t{1});
    CHECK(load_le<std::uint16_t>(lp.data() + 4) == 65534);
    for (int i = 0; i < 3; ++i) lp.append(std::int64_t{2});
    CHECK(load_le<std::uint16_t>(lp.data() + 4) == 65535);
    CHECK(lp.count() == 65537);
    CHECK(lp.get(lp.at(65533)).integer == 1);
    CHECK(lp.get(lp.at(65534)).integer == 2);
    CHECK(lp.get(lp.at(-3)).integer == 2);
    CHECK(ListpackView::is_sound(lp.bytes()));
    lp.erase(lp.first(), 65000);
    CHECK(lp.count() == 537);
    CHECK(ListpackView::is_sound(lp.bytes()));
    Listpack half{70000 * 2};
    for (int i = 0; i < 40000; ++i) half.append("x");
    half.append_all(half);
    CHECK(half.count() == 80000);
}

TEST_CASE("listpack: every allocation goes back, and its size follows from the bytes") {
    const std::size_t before = small_heap().bytes_used();
    {
        Listpack lp;
        for (std::size_t size = 0; size < 400; ++size) {
            lp.append(std::string(size % 37, 'a'));
            void* raw = lp.release();
            CHECK(Listpack::allocated_bytes(raw) >= ListpackView{raw}.size_bytes());
            CHECK(Listpack::allocated_bytes(raw) <= ListpackView{raw}.size_bytes() * 5 / 4 + 8);
            lp = Listpack::adopt(raw);
        }
        while (!lp.empty()) {
            lp.erase(lp.first(), 3);
            lp = Listpack::adopt(lp.release());
        }
        void* copied = Listpack::copy_of(listpack_of({"a", "b"}).bytes()).release();
        CHECK(ListpackView{copied}.count() == 2);
        Listpack::free(copied);
    }
    CHECK(small_heap().bytes_used() == before);
}

TEST_CASE("listpack: random places are of whole units, and all are met") {
    Random random{7};
    const Listpack lp = listpack_of({"a", "1", "b", "2", "c", "3"});
    std::vector<int> met(6);
    for (int i = 0; i < 3000; ++i) {
        const std::string text = text_of(lp.get(lp.random(random, 2)));
        ++met[static_cast<std::size_t>(text[0] - 'a')];
    }
    for (std::size_t i = 0; i < 3; ++i) CHECK(met[i] > 850);
}

TEST_CASE("listpack: unsound bytes are known as such") {
    CHECK(ListpackView::is_sound(list_bytes("", 0)));
    CHECK(ListpackView::is_sound(list_bytes("\x01\x01", 1)));
    CHECK(ListpackView::is_sound(list_bytes("\x01\x01", 65535)));
    const auto bad = [](const std::string& raw) { CHECK_FALSE(ListpackView::is_sound(raw)); };
    bad("");
    bad("\x07\0\0\0\0\0"s);
    bad("\x06\0\0\0\0\xFF"s);
    bad("\x08\0\0\0\0\0\xFF"s);      // the size is another
    bad("\x07\0\0\0\0\0\xFE"s);      // no end
    bad(list_bytes("\x01\x01", 2));  // count
    bad(list_bytes("\x01\x02", 1));  // back-length
    bad(list_bytes("\x01\x81", 1));  // back-length that goes on
    bad(list_bytes("\x01", 1));      // cut
    bad(list_bytes("\xBF\x01", 1));  // text that leaves the list
    bad(list_bytes("\xE1", 1));      // half a head
    bad(list_bytes("\xF0\xFF\xFF\xFF\xFF\x05", 1));
    bad(list_bytes("\xF0\x01", 1));
    bad(list_bytes("\xF5\x01\x02", 1));  // no such tag
    bad(list_bytes("\xFF\x01\x01", 1));  // an end before the end
    bad(list_bytes("\xF4\x01\x02", 1));
    CHECK(ListpackView::is_sound(list_bytes("\x01\x01\x02\x01", 2), 2));
    bad(list_bytes("\x01\x01", 1).insert(6, "\x01"));
    CHECK_FALSE(ListpackView::is_sound(list_bytes("\x01\x01", 1), 2));
}

TEST_CASE("listpack: as a vector of texts, whatever is done") {
    const std::uint64_t seed = GENERATE(take(6, random(1, 1'000'000'000)));
    INFO("seed " << seed);
    Random random{seed};
    const auto some_text = [&]() -> std::string {
        const std::uint64_t kind = random.below(10);
        if (kind < 4) return integer_text(static_cast<std::int64_t>(random.next() >> random.below(64)));
        if (kind < 6) return integer_text(-static_cast<std::int64_t>(random.next() >> (1 + random.below(63))));
        const std::size_t longest = kind == 9 ? (random.below(20) == 0 ? 20000 : 5000) : 80;
        return std::string(random.below(longest), static_cast<char>('a' + random.below(26)));
    };
    Listpack lp;
    Texts model;
    for (int step = 0; step < 3000; ++step) {
        const auto index = model.empty() ? 0 : random.below(model.size());
        const auto where = lp.empty() ? lp.end() : lp.at(static_cast<std::int64_t>(index));
        const auto spot = model.begin() + static_cast<std::ptrdiff_t>(index);
        const std::string text = some_text();
        std::uint64_t action = random.below(model.size() > 60 ? 10 : 7);
        if (model.empty()) action = 0;
        if (action <= 1) {
            lp.append(text);
            model.push_back(text);
        } else if (action == 2) {
            lp.prepend(text);
            model.insert(model.begin(), text);
        } else if (action == 3) {
            lp.insert(where, text);
            model.insert(spot, text);
        } else if (action == 4) {
            const std::string other = some_text();
            lp.insert_pair(where, text, other);
            model.insert(spot, {text, other});
        } else if (action == 5) {
            lp.replace(where, text);
            *spot = text;
        } else if (action == 6) {
            const auto found = lp.find(lp.first(), *spot);
            if (found == nullptr || text_of(lp.get(found)) != *spot) FAIL("not found: " << *spot);
        } else {
            const std::size_t count = std::min<std::size_t>(1 + random.below(9), model.size() - index);
            lp.erase(where, count);
            model.erase(spot, spot + static_cast<std::ptrdiff_t>(count));
        }
        if (random.below(4) == 0) lp = Listpack::adopt(lp.release());
        if (forwards(lp) != model || backwards(lp) != reversed(model)) FAIL("not the model's after step " << step);
        if (lp.count() != model.size() || !ListpackView::is_sound(lp.bytes())) FAIL("unsound after step " << step);
    }
}
