// SPDX-License-Identifier: BSD-3-Clause
#include "protocol/resp/output_buffer.h"

#include <catch2/catch.hpp>
#include <random>
#include <string>
#include <vector>

#include "protocol/base/random.h"

using namespace keel;

namespace {

std::string pending(const OutputBuffer& out) {
    std::vector<iovec> pieces(out.chunk_count());
    const std::size_t count = out.gather(pieces.data(), pieces.size());
    std::string all;
    for (std::size_t i = 0; i < count; ++i) all.append(static_cast<char*>(pieces[i].iov_base), pieces[i].iov_len);
    return all;
}

std::string noise(Random& random, std::size_t size) {
    std::string text(size, ' ');
    for (char& c : text) c = static_cast<char>('a' + random.below(26));
    return text;
}

void write(OutputBuffer& out, Bytes text) {  // by hand, as Reply does
    if (!text.empty()) std::memcpy(out.reserve(text.size()), text.data(), text.size());
    out.commit(text.size());
}

}  // namespace

TEST_CASE("output buffer: holds nothing before the first byte and after the last was written out") {
    OutputBuffer out;
    CHECK(out.empty());
    CHECK(out.memory_bytes() == 0);
    out.append("+OK\r\n");
    CHECK(out.bytes() == 5);
    CHECK(out.memory_bytes() == OutputBuffer::kFirstChunk);
    CHECK(out.chunk_count() == 1);
    out.consume(2);
    CHECK(pending(out) == "K\r\n");
    out.consume(3);
    CHECK(out.memory_bytes() == 0);
    CHECK(out.chunk_count() == 0);
}

TEST_CASE("output buffer: chunks grow with what waits") {
    OutputBuffer out;
    std::string expected;
    for (int i = 0; i < 20'000; ++i) {
        out.append("0123456789");
        expected += "0123456789";
    }
    CHECK(pending(out) == expected);
    CHECK(out.chunk_count() == 8);  // 4, 16, then 32 KiB each
    CHECK(out.memory_bytes() < expected.size() + OutputBuffer::kLargestChunk);
}

TEST_CASE("output buffer: a large value gets a chunk of its own, little larger than itself") {
    OutputBuffer out;
    out.append("head");
    const std::string large(1'000'000, 'x');
    out.append(large);
    CHECK(out.chunk_count() == 2);
    CHECK(out.memory_bytes() < OutputBuffer::kFirstChunk + large.size() + 8192);
    out.append("tail");  // in what is left of its last page
    CHECK(out.chunk_count() == 2);
    CHECK(pending(out) == "head" + large + "tail");
}

TEST_CASE("output buffer: a shared block is referred to, and lives as long as anyone needs it") {
    const std::string text(5000, 's');
    OutputBuffer first;
    OutputBuffer second;
    const char* where = nullptr;
    {
        const SharedChunk shared{text};
        where = shared.bytes().data();
        first.append("a");
        first.append_shared(shared);
        first.append("z");
        second.append_shared(shared);
    }
    iovec pieces[3];
    REQUIRE(first.gather(pieces, 3) == 3);
    CHECK(pieces[1].iov_base == where);
    CHECK(first.memory_bytes() > 2 * OutputBuffer::kFirstChunk + text.size());
    CHECK(pending(first) == "a" + text + "z");
    first.clear();
    CHECK(first.memory_bytes() == 0);
    second.consume(1);
    CHECK(pending(second) == text.substr(1));
}

TEST_CASE("output buffer: a short shared block is copied where there is room") {
    OutputBuffer out;
    out.append("a");
    out.append_shared(SharedChunk{"message"});
    CHECK(out.chunk_count() == 1);
    CHECK(pending(out) == "amessage");
    out.append_shared(SharedChunk{Bytes{}});
    CHECK(out.bytes() == 8);
}

TEST_CASE("output buffer: a block is referred to as far as it is asked for") {
    BlockPtr block{Block::copy_of("text\r\nmore", 10)};
    OutputBuffer out;
    out.append("a");
    out.append_block(*block, 6);
    out.append("z");
    CHECK(block->shared());
    iovec pieces[3];
    REQUIRE(out.gather(pieces, 3) == 3);
    CHECK(pieces[1].iov_base == block->data());
    CHECK(pending(out) == "atext\r\nz");
    out.consume(6);
    CHECK(block->shared());
    out.consume(1);
    CHECK_FALSE(block->shared());
    CHECK(pending(out) == "z");
}

TEST_CASE("output buffer: gather fills at most what it is given") {
    OutputBuffer out;
    const SharedChunk shared{std::string(1000, 's')};
    for (int i = 0; i < 5; ++i) out.append_shared(shared);
    iovec pieces[5];
    CHECK(out.gather(pieces, 3) == 3);
    CHECK(out.gather(pieces, 0) == 0);
    CHECK(out.gather(pieces, 5) == 5);
}

TEST_CASE("output buffer: moving takes everything along") {
    OutputBuffer one;
    one.append("text");
    OutputBuffer two{std::move(one)};
    CHECK(pending(two) == "text");
    CHECK(one.empty());  // NOLINT: moved from is empty, and usable
    one.append("x");
    CHECK(pending(one) == "x");
}

TEST_CASE("output buffer: a deferred header stands before what followed it") {
    OutputBuffer out;
    SECTION("as the first thing") {
        const auto mark = out.begin_deferred();
        out.append("abc");
        out.end_deferred(mark, "*3\r\n");
        CHECK(pending(out) == "*3\r\nabc");
    }
    SECTION("with nothing in it") {
        out.append("x");
        out.end_deferred(out.begin_deferred(), "*0\r\n");
        CHECK(pending(out) == "x*0\r\n");
    }
    SECTION("few bytes stay in one chunk") {
        out.append("x");
        for (int i = 0; i < 100; ++i) {
            const auto mark = out.begin_deferred();
            out.append("abc");
            out.end_deferred(mark, "*3\r\n");
        }
        CHECK(out.chunk_count() == 1);
        CHECK(out.memory_bytes() == OutputBuffer::kFirstChunk);
    }
    SECTION("large content") {
        const std::string large(100'000, 'y');
        out.append("x");
        const auto mark = out.begin_deferred();
        for (int i = 0; i < 3; ++i) out.append(large);
        out.end_deferred(mark, "*1234567890123456789012345678\r\n");
        CHECK(pending(out) == "x*1234567890123456789012345678\r\n" + large + large + large);
        out.consume(out.bytes() - 1);
        CHECK(pending(out) == "y");
    }
    SECTION("nested") {
        const auto outer = out.begin_deferred();
        out.append("a");
        const auto inner = out.begin_deferred();
        out.append("b");
        out.end_deferred(inner, "<");
        out.append("c");
        out.end_deferred(outer, "[");
        CHECK(pending(out) == "[a<bc");
        CHECK(out.chunk_count() == 1);
    }
}

namespace {

// Writes random text, with deferred headers nested up to `depth`, to both.
void write_random(OutputBuffer& out, std::string& model, Random& random, int depth) {
    static const SharedChunk kShared{std::string(700, 's')};
    switch (random.below(depth > 0 ? 7 : 5)) {
        case 0: {
            const std::string text = noise(random, random.below(40));
            write(out, text);
            model += text;
            break;
        }
        case 1: {
            const std::string text = noise(random, random.below(6000));
            out.append(text);
            model += text;
            break;
        }
        case 2: {
            const std::string text = noise(random, random.below(random.below(8) == 0 ? 60'000 : 300));
            out.append(text);
            model += text;
            break;
        }
        case 3: {
            const bool small = random.below(2) == 0;
            const SharedChunk shared = small ? SharedChunk{noise(random, random.below(100))} : kShared;
            out.append_shared(shared);
            model += shared.bytes();
            break;
        }
        case 4: {
            const std::string text = noise(random, random.below(30'000));
            char* to = random.below(2) == 0 ? out.reserve_large(text.size()) : out.reserve(text.size());
            std::memcpy(to, text.data(), text.size());
            out.commit(text.size());
            model += text;
            break;
        }
        default: {
            const std::string header = noise(random, random.below(OutputBuffer::kDeferredRoom + 1));
            const auto mark = out.begin_deferred();
            std::string inside;
            for (std::uint64_t n = random.below(6); n > 0; --n) write_random(out, inside, random, depth - 1);
            out.end_deferred(mark, header);
            model += header + inside;
        }
    }
}

}  // namespace

TEST_CASE("output buffer: random writing and consuming agree with a plain string") {
    const std::uint64_t seed = std::random_device{}();
    INFO("seed " << seed);
    Random random{seed};
    for (int round = 0; round < 60; ++round) {
        OutputBuffer out;
        std::string model;
        for (int step = 0; step < 60; ++step) {
            if (random.below(3) != 0) {
                write_random(out, model, random, 4);
            } else {
                const std::size_t n = random.below(5) == 0 ? model.size() : random.below(model.size() + 1);
                out.consume(n);
                model.erase(0, n);
            }
            REQUIRE(out.bytes() == model.size());
            REQUIRE(pending(out) == model);
            REQUIRE(out.memory_bytes() >= out.chunk_count() * 8);
            REQUIRE((!model.empty() || out.chunk_count() <= 1));
        }
        out.consume(model.size());
        REQUIRE(out.memory_bytes() == 0);
        REQUIRE(out.chunk_count() == 0);
    }
}
