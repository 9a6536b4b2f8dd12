// SPDX-License-Identifier: BSD-3-Clause
#include "protocol/base/block.h"

#include <catch2/catch.hpp>
#include <string>
#include <thread>
#include <vector>

using namespace keel;

TEST_CASE("block: lives until its last owner releases it") {
    BlockPtr first{Block::copy_of("text", 10)};
    CHECK_FALSE(first->shared());
    BlockPtr second{first->share()};
    CHECK(second.get() == first.get());
    CHECK(first->shared());
    first.reset();
    CHECK_FALSE(second->shared());
    CHECK(second->bytes() == "text");
    CHECK(second->capacity == 10);
}

TEST_CASE("block: owners on other threads may release it") {
    constexpr int kThreads = 4;
    constexpr int kEach = 1000;
    BlockPtr mine{Block::copy_of(std::string(1000, 'x'), 1000)};
    std::vector<std::vector<BlockPtr>> theirs(kThreads);
    for (auto& owners : theirs) {
        for (int i = 0; i < kEach; ++i) owners.emplace_back(mine->share());
    }
    std::vector<std::thread> threads;
    threads.reserve(kThreads);
    for (auto& owners : theirs) threads.emplace_back([&owners] { owners.clear(); });
    for (int i = 0; i < kEach; ++i) BlockPtr{mine->share()}.reset();
    for (std::thread& thread : threads) thread.join();
    CHECK_FALSE(mine->shared());
    CHECK(mine->bytes() == std::string(1000, 'x'));
}
