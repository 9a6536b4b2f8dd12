// SPDX-License-Identifier: BSD-3-Clause
#include "server/client_info.h"

#include <catch2/catch.hpp>

#include <sstream>
#include <string>
#include <vector>

#include "server/session.h"

using namespace keel;

namespace {

std::vector<std::string> names_of(const std::string& line) {
    std::vector<std::string> out;
    std::istringstream words{line};
    for (std::string word; words >> word;) out.push_back(word.substr(0, word.find('=')));
    return out;
}

std::string value_of(const std::string& line, const std::string& name) {
    const auto at = (" " + line).find(" " + name + "=");
    REQUIRE(at != std::string::npos);
    const auto from = at + name.size() + 1;
    return line.substr(from, line.find(' ', from) - from);
}

}  // namespace

TEST_CASE("client info: every field, in the order tools know") {
    Session session{7};
    const std::vector<std::string> expected = {
        "id", "addr", "laddr", "fd", "name", "age", "idle", "flags", "capa", "db", "sub", "psub", "ssub", "multi", "watch", "qbuf",
        "qbuf-free", "argv-mem", "multi-mem", "rbs", "rbp", "obl", "oll", "omem", "tot-mem", "events", "cmd", "user", "redir", "resp",
        "lib-name", "lib-ver", "tot-net-in", "tot-net-out", "tot-cmds"};
    CHECK(names_of(client_line(session, 0)) == expected);
}

TEST_CASE("client info: what a session did and is") {
    Session session{42};
    session.peer_address = "10.0.0.1:5000";
    session.name = "ann";
    session.created_ms = 1'000;
    session.last_used_ms = 61'500;
    session.db_index = 3;
    session.bytes_in = 10;
    session.commands = 2;
    session.understands_redirect = true;
    session.reply.set_protocol(3);
    const std::string line = client_line(session, 63'400);
    CHECK(value_of(line, "id") == "42");
    CHECK(value_of(line, "addr") == "10.0.0.1:5000");
    CHECK(value_of(line, "name") == "ann");
    CHECK(value_of(line, "age") == "62");
    CHECK(value_of(line, "idle") == "1");
    CHECK(value_of(line, "db") == "3");
    CHECK(value_of(line, "capa") == "r");
    CHECK(value_of(line, "cmd") == "NULL");
    CHECK(value_of(line, "resp") == "3");
    CHECK(value_of(line, "tot-net-in") == "10");
    CHECK(value_of(line, "tot-cmds") == "2");
}

TEST_CASE("client info: a clock that goes back makes nobody older than now") {
    Session session{1};
    session.created_ms = session.last_used_ms = 10'000;
    const std::string line = client_line(session, 4'000);
    CHECK(value_of(line, "age") == "0");
    CHECK(value_of(line, "idle") == "0");
}

TEST_CASE("client info: a short reply is in the buffer, a long one in the list") {
    Session session{1};
    session.output.append("+OK\r\n");
    CHECK(value_of(client_line(session, 0), "obl") == "5");
    CHECK(value_of(client_line(session, 0), "omem") == "0");
    session.output.append(std::string(100'000, 'x'));
    CHECK(value_of(client_line(session, 0), "obl") == "0");
    CHECK(std::stoul(value_of(client_line(session, 0), "omem")) >= 100'000);
    CHECK(std::stoul(value_of(client_line(session, 0), "oll")) >= 1);
}

TEST_CASE("client flags: letters in the order of Redis, N for none") {
    Session session{1};
    CHECK(client_flags(session) == "N");
    session.no_touch = session.no_evict = session.unix_socket = true;
    session.parked = Parked::paused;
    session.channels = 1;
    CHECK(client_flags(session) == "PbUeT");
    session.monitor = true;
    session.client_class = ClientClass::replica;  // a monitor is shown as one, whatever else it is
    CHECK(client_flags(session) == "OPbUeT");
}

TEST_CASE("client class: names in any case, old and new") {
    CHECK(client_class_of("NORMAL") == ClientClass::normal);
    CHECK(client_class_of("slave") == ClientClass::replica);
    CHECK(client_class_of("Replica") == ClientClass::replica);
    CHECK(client_class_of("master") == ClientClass::primary);
    CHECK(client_class_of("pubsub") == ClientClass::pubsub);
    CHECK_FALSE(client_class_of("nosuch"));
}
