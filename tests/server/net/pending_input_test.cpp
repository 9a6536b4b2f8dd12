// SPDX-License-Identifier: BSD-3-Clause
#include "server/net/pending_input.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <random>
#include <string>

using namespace keel;

TEST_CASE("pending input: what was taken and is put back stands first again") {
    PendingInput input;
    input.append("one two three");
    input.take(8);
    CHECK(input.bytes() == "three");
    input.put_back("two ");
    CHECK(input.bytes() == "two three");
    input.put_back("much longer than what was taken, ");
    CHECK(input.bytes() == "much longer than what was taken, two three");
}

TEST_CASE("pending input: holds no memory once it is empty") {
    PendingInput input;
    input.append(std::string(100'000, 'x'));
    CHECK(input.capacity() >= 100'000);
    input.take(100'000);
    CHECK(input.empty());
    CHECK(input.capacity() == 0);
    static_cast<void>(input.room(4096));
    input.filled(0);
    CHECK(input.capacity() == 0);
}

// Truth 1: else a client that sends 64 MiB of small requests at once makes the server move terabytes.
TEST_CASE("pending input: taking all of it in small steps moves each byte at most once") {
    constexpr std::size_t kBytes = 8 * 1024 * 1024;
    constexpr std::size_t kStep = 1024;
    PendingInput input;
    input.append(std::string(kBytes, 'x'));
    std::size_t moved = 0;
    const char* end = input.bytes().data() + kBytes;
    while (input.size() > kStep) {
        input.take(kStep);
        const char* now = input.bytes().data() + input.size();
        if (now != end) moved += input.size();  // they stand elsewhere
        end = now;
    }
    CHECK(moved <= kBytes);
}

TEST_CASE("pending input: agrees with a plain string through anything") {
    const std::uint32_t seed = std::random_device{}();
    INFO("seed " << seed);
    std::mt19937 random{seed};
    const auto below = [&](std::size_t n) { return std::uniform_int_distribution<std::size_t>{0, n - 1}(random); };
    const auto text = [&](std::size_t n) {
        std::string out(n, ' ');
        std::generate(out.begin(), out.end(), [&] { return static_cast<char>('a' + below(26)); });
        return out;
    };
    PendingInput input;
    std::string model;
    for (int step = 0; step < 20'000; ++step) {
        switch (below(4)) {
            case 0: {
                const std::string more = text(below(8000));
                input.append(more);
                model += more;
                break;
            }
            case 1: {
                const std::string more = text(below(3000));
                const std::size_t asked = more.size() + below(3000);
                std::copy(more.begin(), more.end(), input.room(asked));
                input.filled(more.size());
                model += more;
                break;
            }
            case 2: {
                const std::size_t n = below(std::min<std::size_t>(model.size(), 20'000) + 1);
                input.take(n);
                model.erase(0, n);
                break;
            }
            default: {
                const std::string first = text(below(500));
                input.put_back(first);
                model.insert(0, first);
            }
        }
        REQUIRE(input.bytes() == model);
        REQUIRE(input.empty() == model.empty());
    }
}
