// SPDX-License-Identifier: BSD-3-Clause
//
// The loops over bits: the wide forms beside the portable one, and all of them beside a std::vector<bool>.
#include "datatypes/string/bitmap.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "protocol/base/random.h"

using namespace keel;
using namespace keel::string;

namespace {

using Bits = std::vector<bool>;

// Runs of bytes of one kind, so that long stretches of zeros and ones occur.
std::string random_bytes(Random& random, std::size_t size) {
    std::string out;
    while (out.size() < size) {
        const std::size_t run = std::min<std::size_t>(1 + random.next() % 90, size - out.size());
        const auto kind = random.next() % 3;
        for (std::size_t i = 0; i < run; ++i)
            out += kind == 0 ? '\0' : kind == 1 ? '\xff' : static_cast<char>(random.next() & 255);
    }
    return out;
}

Bits bits_of(Bytes text, std::size_t bytes) {
    Bits out(bytes * 8);
    for (std::size_t i = 0; i < text.size() * 8; ++i)
        out[i] = (static_cast<unsigned char>(text[i / 8]) >> (7 - i % 8) & 1) != 0;
    return out;
}

bool combined(BitOp op, const std::vector<Bits>& sources, std::size_t at) {
    const auto set = std::ranges::count_if(sources, [&](const Bits& source) { return source[at]; });
    const bool first = sources[0][at];
    const bool others = set - (first ? 1 : 0) > 0;
    switch (op) {
        case BitOp::and_: return set == static_cast<std::ptrdiff_t>(sources.size());
        case BitOp::or_: return set > 0;
        case BitOp::xor_: return set % 2 == 1;
        case BitOp::not_: return !first;
        case BitOp::diff: return first && !others;
        case BitOp::diff1: return !first && others;
        case BitOp::and_or: return first && others;
        case BitOp::one: return set == 1;
    }
    return false;
}

}  // namespace

TEST_CASE("bitmap: ones are counted alike at every length and alignment") {
    Random random{11};
    const std::string text = random_bytes(random, 4000);
    for (int round = 0; round < 3000; ++round) {
        const std::size_t at = random.next() % text.size();
        const std::size_t most = text.size() - at;
        const std::size_t size = random.next() % (std::min<std::size_t>(most, round % 2 == 0 ? 130 : 4000) + 1);
        const Bytes part = Bytes{text}.substr(at, size);
        const Bits bits = bits_of(part, part.size());
        CAPTURE(at, size);
        REQUIRE(count_ones(part, Simd::portable) == static_cast<std::uint64_t>(std::ranges::count(bits, true)));
        REQUIRE(count_ones(part, Simd::best) == count_ones(part, Simd::portable));
    }
    CHECK(count_ones(std::string(100'000, '\xff')) == 800'000);
}

TEST_CASE("bitmap: ranges of bits are counted and searched as a plain loop does it") {
    Random random{12};
    for (int round = 0; round < 3000; ++round) {
        const std::string text = random_bytes(random, 1 + random.next() % 200);
        const Bits bits = bits_of(text, text.size());
        BitRange range{random.next() % bits.size(), random.next() % bits.size()};
        if (range.first > range.last) std::swap(range.first, range.last);
        CAPTURE(round, text.size(), range.first, range.last);
        std::uint64_t ones = 0;
        std::optional<std::uint64_t> first_one;
        std::optional<std::uint64_t> first_zero;
        for (std::uint64_t i = range.first; i <= range.last; ++i) {
            ones += bits[i] ? 1 : 0;
            auto& first = bits[i] ? first_one : first_zero;
            if (!first) first = i;
        }
        REQUIRE(count_ones(text, range) == ones);
        for (const Simd simd : {Simd::portable, Simd::best}) {
            REQUIRE(find_bit(text, true, range, simd) == first_one);
            REQUIRE(find_bit(text, false, range, simd) == first_zero);
        }
    }
}

TEST_CASE("bitmap: combinations are those of the bits, whatever the sources' lengths and alignments") {
    constexpr BitOp kOps[] = {BitOp::and_, BitOp::or_,   BitOp::xor_,   BitOp::not_,
                              BitOp::diff, BitOp::diff1, BitOp::and_or, BitOp::one};
    Random random{13};
    for (int round = 0; round < 600; ++round) {
        const BitOp op = kOps[random.next() % std::size(kOps)];
        const std::size_t count = op == BitOp::not_ ? 1 : 2 + random.next() % 4;
        const std::size_t most = round % 20 == 0 ? 20'000 : 200;  // also more than one piece
        std::vector<std::string> texts;
        std::vector<Bytes> sources;
        std::size_t size = 0;
        for (std::size_t i = 0; i < count; ++i)
            texts.push_back(random.next() % 8 == 0 ? "" : random_bytes(random, random.next() % most + 1));
        for (const std::string& text : texts) {
            sources.push_back(Bytes{text}.substr(std::min<std::size_t>(random.next() % 4, text.size())));
            size = std::max(size, sources.back().size());
        }
        std::vector<Bits> model;
        for (const Bytes source : sources) model.push_back(bits_of(source, size));
        std::string portable(size + 1, '#');
        std::string best(size + 1, '#');
        combine(op, sources, portable.data(), size, Simd::portable);
        combine(op, sources, best.data(), size, Simd::best);
        CAPTURE(round, static_cast<int>(op), count, size);
        REQUIRE(best == portable);
        REQUIRE(best.back() == '#');
        const Bits out = bits_of(Bytes{best}.substr(0, size), size);
        for (std::size_t at = 0; at < out.size(); ++at) {
            if (out[at] != combined(op, model, at)) FAIL("bit " << at);
        }
    }
}

TEST_CASE("bitmap: fields of any width at any place, and nothing beside them") {
    Random random{14};
    std::string text = random_bytes(random, 64);
    Bits model = bits_of(text, text.size());
    for (int round = 0; round < 20'000; ++round) {
        const auto width = static_cast<unsigned>(1 + random.next() % 64);
        const std::uint64_t offset = random.next() % (text.size() * 8 - width + 1);
        const std::uint64_t value = random.next();
        store_bits(text.data(), offset, width, value);
        for (unsigned i = 0; i < width; ++i) model[offset + i] = (value >> (width - 1 - i) & 1) != 0;
        CAPTURE(round, width, offset);
        REQUIRE(load_bits(text, offset, width) == (width == 64 ? value : value & ((std::uint64_t{1} << width) - 1)));
        if (round % 50 == 0) REQUIRE(bits_of(text, text.size()) == model);
    }
    CHECK(bits_of(text, text.size()) == model);
}

TEST_CASE("bitmap: behind the end there are zeros") {
    CHECK(load_bits("\xff", 4, 8) == 0xF0);
    CHECK(load_bits("\xff", 8, 64) == 0);
    CHECK(load_bits("", 1000, 1) == 0);
    CHECK(bit_at("\x01", 7));
    CHECK_FALSE(bit_at("\xff", 8));
}
