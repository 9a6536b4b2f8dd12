// SPDX-License-Identifier: BSD-3-Clause
//
// An entry gives back what it was made of, for every length of key and every form of value, and is overwritten in
// place only where the allocation stays what it is.
#include "datatypes/keyspace/entry.h"

#include <catch2/catch.hpp>

#include <memory>
#include <string>
#include <vector>

#include "datatypes/encodings/small_heap.h"
#include "datatypes/keyspace/lazy_free.h"

using namespace keel;

namespace {

constexpr std::size_t kKeyLengths[] = {0, 1, 16, 125, 126, 127, 128, 255, 65535, 65536};
constexpr std::size_t kTextLengths[] = {0, 1, 7, 8, 44, 45, 200, 253, 254, 255, 256, 257, 1023, 1024, 1025, 5000};
constexpr std::int64_t kIntegers[] = {0,
                                      -1,
                                      127,
                                      -128,
                                      128,
                                      -129,
                                      32767,
                                      -32768,
                                      32768,
                                      -32769,
                                      8388607,
                                      -8388608,
                                      8388608,
                                      -8388609,
                                      2147483647,
                                      -2147483648LL,
                                      2147483648LL,
                                      -2147483649LL,
                                      (1LL << 47) - 1,
                                      -(1LL << 47),
                                      1LL << 47,
                                      -(1LL << 47) - 1,
                                      std::numeric_limits<std::int64_t>::max(),
                                      std::numeric_limits<std::int64_t>::min()};
constexpr UnixMs kDeadlines[] = {kNoDeadline, 0, 1'700'000'000'000, std::numeric_limits<UnixMs>::max()};

// Text that tells positions apart.
std::string text_of(std::size_t length, char first) {
    std::string out(length, first);
    for (std::size_t i = 0; i < length; ++i) out[i] = static_cast<char>(first + static_cast<char>(i % 23));
    return out;
}

ValueRef text_value(Bytes text) { return {.form = static_cast<std::uint8_t>(StringForm::text), .text = text}; }
ValueRef integer_value(std::int64_t n) { return {.form = static_cast<std::uint8_t>(integer_form(n)), .integer = n}; }

void end(Entry* entry) {
    LazyFree::free_now(entry->value());
    Entry::release(entry);
}
using Owned = std::unique_ptr<Entry, decltype(&end)>;
Owned make(Bytes key, UnixMs deadline, const ValueRef& value) { return {Entry::make(key, deadline, value), &end}; }

std::string text_in(const Entry& entry) {
    IntegerText scratch;
    return std::string{entry.text(scratch)};
}

}  // namespace

TEST_CASE("entry: key, deadline and text come back as they were given") {
    for (const std::size_t key_length : kKeyLengths) {
        const std::string key = text_of(key_length, 'A');
        for (const UnixMs deadline : kDeadlines) {
            for (const std::size_t length : kTextLengths) {
                const std::string text = text_of(length, 'a');
                const Owned entry = make(key, deadline, text_value(text));
                REQUIRE(entry->key() == key);
                REQUIRE(entry->deadline() == deadline);
                REQUIRE(entry->has_deadline() == (deadline != kNoDeadline));
                REQUIRE(text_in(*entry) == text);
                REQUIRE(entry->type() == Type::string);
                REQUIRE((entry->value().payload != nullptr) == (length > kInlineTextMax));
                REQUIRE(entry->allocated_bytes() >= entry->size());
            }
        }
    }
}

TEST_CASE("entry: integers come back from the smallest form that holds them") {
    for (const std::int64_t n : kIntegers) {
        for (const std::size_t key_length : kKeyLengths) {
            const std::string key = text_of(key_length, 'A');
            const Owned entry = make(key, 5, integer_value(n));
            REQUIRE(entry->key() == key);
            REQUIRE(entry->value().integer == n);
            REQUIRE(entry->value().is_integer());
            REQUIRE(text_in(*entry) == std::to_string(n));
        }
    }
    CHECK(make(std::string(16, 'k'), kNoDeadline, integer_value(8388607))->size() == 24);
    CHECK(make(std::string(16, 'k'), kNoDeadline, integer_value(-128))->size() == 22);
}

TEST_CASE("entry: the age is beside the type and disturbs nothing") {
    const Owned entry = make("key", 77, text_value("value"));
    CHECK(entry->age() == 0);
    for (const std::uint32_t age : {1U, 0xFFFFFFU, 0x123456U, 0U}) {
        entry->set_age(age);
        CHECK(entry->age() == age);
        CHECK(entry->key() == "key");
        CHECK(entry->deadline() == 77);
        CHECK(text_in(*entry) == "value");
        CHECK(entry->value().string_form() == StringForm::text);
    }
    CHECK(entry->overwrite(text_value("VALUE")));
    entry->set_age(9);
    CHECK(entry->overwrite(text_value("valuE")));
    CHECK(entry->age() == 9);
}

TEST_CASE("entry: a moment is due when it has come") {
    const Owned entry = make("key", 1000, integer_value(1));
    CHECK_FALSE(entry->due(999));
    CHECK(entry->due(1000));
    CHECK(entry->due(1001));
    entry->set_deadline(2000);
    CHECK_FALSE(entry->due(1999));
    const Owned forever = make("key", kNoDeadline, integer_value(1));
    CHECK_FALSE(forever->due(std::numeric_limits<UnixMs>::max()));
}

// Truth 1: what is freed at the end is what was allocated at the start, so a size class is never left in place.
TEST_CASE("entry: overwriting in place keeps to the size class and to the bytes of the allocation") {
    std::size_t in_place = 0;
    for (const std::size_t key_length : {0, 3, 126, 300}) {
        const std::string key = text_of(static_cast<std::size_t>(key_length), 'A');
        for (std::size_t before = 0; before < 400; before += 7) {
            for (std::size_t after = 0; after < 400; after += 5) {
                const std::string text = text_of(after, 'a');
                const Owned entry = make(key, 5, text_value(text_of(before, 'b')));
                const std::size_t allocated = entry->allocated_bytes();
                const bool done = entry->overwrite(text_value(text));
                in_place += done ? 1 : 0;
                REQUIRE(entry->allocated_bytes() == allocated);
                REQUIRE(text_in(*entry) == (done ? text : text_of(before, 'b')));
                REQUIRE(entry->key() == key);
                REQUIRE(entry->deadline() == 5);
                if (before == after) REQUIRE(done);
            }
        }
    }
    CHECK(in_place > 500);  // classes of 8 bytes alone give so many; larger ones, where there are such, more
}

TEST_CASE("entry: text and integers take each other's place where they fit") {
    const Owned entry = make("key", kNoDeadline, text_value("1234567"));  // 5 + 3 + 1 + 7 bytes
    for (const std::int64_t n : kIntegers) {
        if (!entry->overwrite(integer_value(n))) continue;
        CHECK(text_in(*entry) == std::to_string(n));
        CHECK(entry->overwrite(text_value("abcdefg")));
        CHECK(text_in(*entry) == "abcdefg");
    }
    CHECK(entry->overwrite(integer_value(1LL << 40)));
}

TEST_CASE("entry: a part of its own text may be put in its place") {
    for (const std::size_t length : {20UL, 250UL, 254UL, 255UL, 256UL, 300UL, 1000UL}) {
        const std::string text = text_of(length, 'a');
        for (std::size_t from = 0; from <= length; from += 3) {
            for (const std::size_t size : {length - from, (length - from) / 2}) {
                const Owned entry = make("key", kNoDeadline, text_value(text));
                const Bytes held = entry->value().text.substr(from, size);
                if (entry->overwrite(text_value(held)))
                    REQUIRE(text_in(*entry) == text.substr(from, size));
                else
                    REQUIRE(text_in(*entry) == text);
            }
        }
    }
}

TEST_CASE("entry: a payload of another type is handed in and back, never freed with the entry") {
    int structure = 0;
    Entry* entry = Entry::make("key", 12, {.type = Type::hash, .form = 3, .payload = &structure});
    CHECK(entry->type() == Type::hash);
    CHECK(entry->form() == 3);
    CHECK_FALSE(entry->is_string());
    CHECK(entry->value().payload == &structure);
    CHECK(entry->payload() == &structure);
    CHECK(entry->key() == "key");
    Entry::release(entry);
}

TEST_CASE("entry: what it takes is given back to the heap") {
    const std::size_t before = small_heap().bytes_used();
    for (const std::size_t length : kTextLengths) {
        const Owned entry = make("some key", 1, text_value(text_of(length, 'x')));
        if (entry->size() <= SmallHeap::kLargestSmall)
            CHECK(small_heap().bytes_used() == before + entry->allocated_bytes());
    }
    CHECK(small_heap().bytes_used() == before);
}
