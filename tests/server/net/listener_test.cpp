// SPDX-License-Identifier: BSD-3-Clause
#include "server/net/listener.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <cstring>
#include <string>

using namespace keel;

namespace {

// A port that was free a moment ago.
int free_port() {
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof(address);
    REQUIRE(bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0);
    REQUIRE(getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length) == 0);
    close(fd);
    return ntohs(address.sin_port);
}

bool connects(int port) {
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const bool connected = connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
    close(fd);
    return connected;
}

struct Folder {
    std::string path = "/tmp/keel-listener-XXXXXX";
    Folder() { REQUIRE(mkdtemp(path.data()) != nullptr); }
    ~Folder() { rmdir(path.c_str()); }
};

Network only(const std::string& address, int port) {
    Network network;
    network.bind = {address};
    network.port = port;
    return network;
}

}  // namespace

TEST_CASE("listeners: a new set shares the sockets that it keeps") {
    boost::asio::io_context context;
    const Network network = only("127.0.0.1", free_port());
    auto first = Listeners::open(context, network);
    REQUIRE(first);
    CHECK_FALSE(Listeners::open(context, network));  // the port is taken
    auto second = Listeners::open(context, network, 0, first->get());
    REQUIRE(second);
    first->reset();
    CHECK(connects(network.port));
    second->reset();
    CHECK_FALSE(connects(network.port));
}

TEST_CASE("listeners: a set that cannot be had leaves the old one as it was") {
    boost::asio::io_context context;
    const Network network = only("127.0.0.1", free_port());
    const Network taken = only("127.0.0.1", free_port());
    auto other = Listeners::open(context, taken);
    auto first = Listeners::open(context, network);
    REQUIRE(first);
    const auto second = Listeners::open(context, taken, 0, first->get());
    REQUIRE_FALSE(second);
    CHECK(second.error().text().find("Failed listening on port " + std::to_string(taken.port)) != Bytes::npos);
    CHECK(connects(network.port));
}

TEST_CASE("listeners: a set whose addresses overlap opens beside the old one, or not at all") {
    boost::asio::io_context context;
    const int port = free_port();
    auto old = Listeners::open(context, only("127.0.0.1", port));
    REQUIRE(old);
    CHECK_FALSE(Listeners::open(context, only("*", port)));  // who does not know of it may not
    Network wide = only("*", port);
    wide.bind.emplace_back("192.0.2.1");
    CHECK_FALSE(Listeners::open(context, wide, 0, old->get()));
    CHECK(connects(port));
    auto all = Listeners::open(context, only("*", port), 0, old->get());
    REQUIRE(all);
    old->reset();
    CHECK(connects(port));
    auto narrow = Listeners::open(context, only("127.0.0.1", port), 0, all->get());
    REQUIRE(narrow);
    all->reset();
    CHECK(connects(port));
    CHECK_FALSE(Listeners::open(context, only("*", port)));
    Network twice = only("*", port);
    twice.bind.emplace_back("127.0.0.1");
    CHECK_FALSE(Listeners::open(context, twice, 0, narrow->get()));  // as at the start
    twice.bind = {"127.0.0.1", "127.1"};                             // the same in other words
    CHECK_FALSE(Listeners::open(context, twice, 0, narrow->get()));
}

TEST_CASE("listeners: an optional address that is not ours is left out, another one is an error") {
    boost::asio::io_context context;
    Network network = only("127.0.0.1", free_port());
    network.bind = {"127.0.0.1", "-192.0.2.1"};
    const auto opened = Listeners::open(context, network);
    REQUIRE(opened);
    CHECK((*opened)->descriptions().size() == 1);
    network.bind = {"192.0.2.1"};
    network.port = free_port();
    CHECK_FALSE(Listeners::open(context, network));
}

TEST_CASE("listeners: the unix socket's path goes with the last set that has it") {
    boost::asio::io_context context;
    const Folder folder;
    Network network = only("127.0.0.1", 0);
    network.unix_socket = folder.path + "/s";
    auto first = Listeners::open(context, network);
    REQUIRE(first);
    auto second = Listeners::open(context, network, 0, first->get());
    REQUIRE(second);
    first->reset();
    CHECK(access(network.unix_socket.c_str(), F_OK) == 0);
    second->reset();
    CHECK(access(network.unix_socket.c_str(), F_OK) != 0);
}
