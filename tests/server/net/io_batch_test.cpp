// SPDX-License-Identifier: BSD-3-Clause
#include "server/net/io_batch.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>
#include <utility>

using namespace keel;

namespace {

bool opens(IoBatch& batch) {
    if (batch.open()) return true;
    WARN("no io_uring here");
    return false;
}

iovec piece(const std::string& bytes) { return {const_cast<char*>(bytes.data()), bytes.size()}; }

struct Pair {
    Pair() { REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) == 0); }
    ~Pair() {
        for (const int end : ends) close(end);
    }
    Pair(const Pair&) = delete;
    Pair& operator=(const Pair&) = delete;

    int ends[2];
};

}  // namespace

TEST_CASE("io batch: each operation has its own result, in the order they were asked for") {
    IoBatch batch;
    if (!opens(batch)) return;
    Pair heard;
    Pair silent;
    Pair ended;
    REQUIRE(::send(heard.ends[1], "hello", 5, 0) == 5);
    REQUIRE(shutdown(ended.ends[1], SHUT_WR) == 0);
    for (int round = 0; round < 3; ++round) {
        std::array<std::array<char, 3>, 4> rooms{};
        batch.receive(silent.ends[0], rooms[0]);
        batch.receive(heard.ends[0], rooms[1]);
        batch.receive(ended.ends[0], rooms[2]);
        batch.receive(-1, rooms[3]);
        const std::array words{std::string{"to the "}, std::string{"other"}, std::string{" end"}};
        const std::array pieces{piece(words[0]), piece(words[1]), piece(words[2])};
        batch.send(silent.ends[0], pieces);
        CHECK(batch.size() == 5);
        const auto results = batch.run();
        REQUIRE(results.size() == 5);
        CHECK(batch.size() == 0);
        CHECK(results[0] == -EAGAIN);  // and nobody waited for it
        CHECK(results[1] == std::array{3, 2, -EAGAIN}[static_cast<std::size_t>(round)]);
        CHECK(results[2] == 0);
        CHECK(results[3] == -EBADF);
        CHECK(results[4] == 16);
        CHECK(std::string{rooms[1].data(), 3} ==
              std::array<std::string, 3>{"hel", {"lo\0", 3}, {"\0\0\0", 3}}[static_cast<std::size_t>(round)]);
    }
    std::array<char, 100> got{};
    REQUIRE(recv(silent.ends[1], got.data(), got.size(), 0) == 48);
    CHECK(std::string{got.data(), 32} == "to the other endto the other end");
}

TEST_CASE("io batch: a send takes what the socket takes, and one whose reader went away raises no signal") {
    IoBatch batch;
    if (!opens(batch)) return;
    Pair slow;
    Pair gone;
    close(std::exchange(gone.ends[1], -1));
    const std::string much(8 << 20, 'x');
    const std::array all{piece(much)};
    for (const int fd : {gone.ends[0], slow.ends[0], slow.ends[0]}) batch.send(fd, all);
    const auto results = batch.run();
    CHECK(results[0] == -EPIPE);
    CHECK(results[1] > 0);
    CHECK(results[1] < static_cast<int>(much.size()));
    CHECK(results[2] == -EAGAIN);
}

TEST_CASE("io batch: as many operations as it takes, again and again") {
    IoBatch batch;
    if (!opens(batch)) return;
    Pair pair;
    char room[IoBatch::kMost];
    const std::string letter = "x";
    const std::array one{piece(letter)};
    for (int round = 0; round < 20; ++round) {
        for (std::size_t i = 0; i < IoBatch::kMost; ++i) {
            if (i % 2 == 0)
                batch.send(pair.ends[0], one);
            else
                batch.receive(pair.ends[1], {room + i, 1});
        }
        const auto results = batch.run();
        CHECK(std::count(results.begin(), results.end(), 1) == static_cast<std::ptrdiff_t>(IoBatch::kMost));
    }
}
