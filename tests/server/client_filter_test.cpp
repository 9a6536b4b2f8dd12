// SPDX-License-Identifier: BSD-3-Clause
#include "server/client_filter.h"

#include <catch2/catch.hpp>

#include <vector>

#include "datatypes/command/args.h"

using namespace keel;

namespace {

Result<ClientFilter> parsed(std::vector<Bytes> words, ClientFilter::Verb verb = ClientFilter::Verb::kill) {
    Args args{words, 0};
    return ClientFilter::parse(args, verb, [](Bytes name) { return name == "default"; });
}

Bytes refusal(const std::vector<Bytes>& words, ClientFilter::Verb verb = ClientFilter::Verb::kill) {
    static std::string text;
    const auto filter = parsed(words, verb);
    text = filter ? "" : std::string{filter.error().text()};
    return text;
}

struct TwoClients {
    Session caller{1};
    Session other{2};
    TwoClients() {
        caller.peer_address = "127.0.0.1:1000";
        other.peer_address = "127.0.0.1:2000";
        caller.local_address = other.local_address = "127.0.0.1:6379";
        other.created_ms = 90'000;
        other.client_class = ClientClass::pubsub;
    }
    // Which of the two are meant: bit 0 the caller, bit 1 the other.
    int meant(const std::vector<Bytes>& words, ClientFilter::Verb verb = ClientFilter::Verb::kill) {
        const auto filter = parsed(words, verb);
        REQUIRE(filter);
        return (filter->matches(caller, caller, 100'000) ? 1 : 0) + (filter->matches(other, caller, 100'000) ? 2 : 0);
    }
};

}  // namespace

TEST_CASE("client filter: KILL spares the caller unless told otherwise, LIST does not") {
    TwoClients clients;
    CHECK(clients.meant({"LADDR", "127.0.0.1:6379"}) == 2);
    CHECK(clients.meant({"LADDR", "127.0.0.1:6379", "SKIPME", "no"}) == 3);
    CHECK(clients.meant({"LADDR", "127.0.0.1:6379"}, ClientFilter::Verb::list) == 3);
    CHECK(clients.meant({}, ClientFilter::Verb::list) == 3);
}

TEST_CASE("client filter: all options must hold") {
    TwoClients clients;
    CHECK(clients.meant({"TYPE", "pubsub", "ADDR", "127.0.0.1:2000"}) == 2);
    CHECK(clients.meant({"TYPE", "normal", "ADDR", "127.0.0.1:2000"}) == 0);
    CHECK(clients.meant({"USER", "default", "skipme", "NO"}) == 3);
}

TEST_CASE("client filter: several ids, then other options") {
    TwoClients clients;
    CHECK(clients.meant({"ID", "1", "2", "3", "SKIPME", "no"}) == 3);
    CHECK(clients.meant({"ID", "2", "7"}, ClientFilter::Verb::list) == 2);
}

TEST_CASE("client filter: MAXAGE means at least so old") {
    TwoClients clients;
    CHECK(clients.meant({"MAXAGE", "10", "SKIPME", "no"}) == 3);
    CHECK(clients.meant({"MAXAGE", "11", "SKIPME", "no"}) == 1);
}

TEST_CASE("client filter: what is wrong is said as Redis says it") {
    CHECK(refusal({"ID", "x"}) == "ERR client-id should be greater than 0");
    CHECK(refusal({"ID", "0"}) == "ERR client-id should be greater than 0");
    CHECK(refusal({"ID", "x"}, ClientFilter::Verb::list) == "ERR Invalid client ID");
    CHECK(refusal({"ID"}) == "ERR syntax error");
    CHECK(refusal({"TYPE", "nosuch"}) == "ERR Unknown client type 'nosuch'");
    CHECK(refusal({"USER", "nosuch"}) == "ERR No such user 'nosuch'");
    CHECK(refusal({"SKIPME", "maybe"}) == "ERR syntax error");
    CHECK(refusal({"MAXAGE", "x"}) == "ERR maxage is not an integer or out of range");
    CHECK(refusal({"MAXAGE", "0"}) == "ERR maxage should be greater than 0");
    CHECK(refusal({"NOSUCH", "1"}) == "ERR syntax error");
}
