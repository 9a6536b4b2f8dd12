// SPDX-License-Identifier: BSD-3-Clause
#include "datatypes/encodings/lzf.h"

#include <liblzf/lzf.h>

#include <catch2/catch.hpp>
#include <memory>
#include <random>
#include <string>

using namespace keel;

namespace {

// Exactly so large, for the sanitizer to see a byte too many.
struct Exactly {
    explicit Exactly(Bytes bytes) : Exactly(bytes.size()) { bytes.copy(data.get(), bytes.size()); }
    explicit Exactly(std::size_t bytes) : data(new char[bytes]), size(bytes) {}
    [[nodiscard]] Bytes view(std::size_t bytes) const { return {data.get(), bytes}; }
    std::unique_ptr<char[]> data;
    std::size_t size;
};

std::string with_repeats(std::mt19937& random) {
    std::string text;
    const std::size_t bytes = random() % 700 + 1;
    const auto letters = random() % 5 + 1;
    while (text.size() < bytes) {
        if (random() % 3 == 0 && !text.empty())
            text += text.substr(random() % text.size(), random() % 40);
        else
            text += static_cast<char>('a' + random() % letters);
    }
    return text;
}

std::string squeezed_by_library(Bytes text) {
    std::string out(text.size() + 64, '\0');
    out.resize(
        lzf_compress(text.data(), static_cast<unsigned>(text.size()), out.data(), static_cast<unsigned>(out.size())));
    return out;
}

bool unfolds_to(Bytes squeezed, Bytes text, std::size_t spare) {
    const Exactly from{squeezed};
    const Exactly to{text.size() + spare};
    return lzf_unfold(from.view(squeezed.size()), to.data.get(), text.size(), to.size) && to.view(text.size()) == text;
}

}  // namespace

TEST_CASE("lzf: what the library squeezed comes back, with room to spare and without") {
    std::mt19937 random{7};
    for (int i = 0; i < 3000; ++i) {
        const std::string text = with_repeats(random);
        const std::string squeezed = squeezed_by_library(text);
        if (squeezed.empty()) continue;
        REQUIRE(unfolds_to(squeezed, text, 0));
        REQUIRE(unfolds_to(squeezed, text, random() % 80));
        const Exactly less{text.size() - 1};
        REQUIRE_FALSE(lzf_unfold(squeezed, less.data.get(), less.size, less.size));
    }
}

TEST_CASE("lzf: damage is what it is for the library, too") {
    std::mt19937 random{8};
    for (int i = 0; i < 3000; ++i) {
        const std::string text = with_repeats(random);
        std::string squeezed = squeezed_by_library(text);
        if (squeezed.empty()) continue;
        squeezed[random() % squeezed.size()] ^= static_cast<char>(1U << random() % 8);
        std::string expected(text.size(), '\0');
        const unsigned got = lzf_decompress(squeezed.data(), static_cast<unsigned>(squeezed.size()), expected.data(),
                                            static_cast<unsigned>(expected.size()));
        const Exactly to{text.size()};
        const Exactly from{squeezed};
        const bool unfolded = lzf_unfold(from.view(squeezed.size()), to.data.get(), to.size, to.size);
        REQUIRE(unfolded == (got == text.size()));
        if (unfolded) REQUIRE(to.view(to.size) == expected);
    }
}

TEST_CASE("lzf: every form, by hand") {
    CHECK(unfolds_to(Bytes{"\x02"
                           "abc",
                           4},
                     "abc", 0));
    CHECK(unfolds_to(Bytes{"\x00"
                           "a"
                           "\x20\x00",
                           4},
                     "aaaa", 0));  // a copy that reaches into itself
    CHECK(unfolds_to(Bytes{"\x00"
                           "a"
                           "\xE0\x01\x00",
                           5},
                     "aaaaaaaaaaa", 0));  // a long one
    CHECK_FALSE(unfolds_to(Bytes{"\x00"
                                 "a"
                                 "\x20\x01",
                                 4},
                           "aaaa", 0));  // from before the beginning
    CHECK_FALSE(unfolds_to(Bytes{"\x05"
                                 "abc",
                                 4},
                           "abc", 0));  // more than there is
    CHECK_FALSE(unfolds_to(Bytes{"\x00"
                                 "a"
                                 "\xE0\x01",
                                 4},
                           "aaaaaaaaaaa", 0));  // cut short
    CHECK_FALSE(unfolds_to(Bytes{"\x00"
                                 "a"
                                 "\xE0",
                                 3},
                           "a", 0));
    CHECK(unfolds_to({}, {}, 0));
}
