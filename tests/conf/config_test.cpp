// SPDX-License-Identifier: BSD-3-Clause
//
// CONFIG GET and CONFIG SET: patterns, all or nothing, hooks, and the exact refusals.
#include "conf/config.h"

#include <catch2/catch.hpp>

#include "conf/parameters.h"
#include "tests/support/fake_machine.h"

namespace keel {
namespace {

struct Fixture {
    FakeMachine machine;
    Config config{machine, "keel test"};

    std::string set(std::initializer_list<std::pair<Bytes, Bytes>> pairs, Config::Caller caller = {}) {
        const std::vector<std::pair<Bytes, Bytes>> list{pairs};
        const Status status = config.set(list, caller);
        return status ? "OK" : std::string{status.error().text()};
    }
    std::vector<Config::Pair> get(std::initializer_list<Bytes> patterns) {
        return config.get(std::vector<Bytes>{patterns});
    }
    std::string value(Bytes name) {
        const auto found = get({name});
        return found.size() == 1 ? found[0].second : "(none)";
    }
};

using Pairs = std::vector<Config::Pair>;

TEST_CASE_METHOD(Fixture, "config: get answers names and patterns, sorted and once each") {
    CHECK(get({"hz", "h?", "maxmemory-policy", "HZ*"}) == Pairs{{"hz", "10"}, {"maxmemory-policy", "noeviction"}});
    CHECK(get({"nothing", "no*thing"}).empty());
    CHECK(get({}).empty());
    CHECK(get({"HZ"}) == Pairs{{"HZ", "10"}});  // a name comes back as it was asked
    CHECK(get({"HZ", "hz"}).size() == 1);
    const auto all = get({"*"});
    CHECK(all.size() > 200);
    CHECK(std::is_sorted(all.begin(), all.end()));
}

TEST_CASE_METHOD(Fixture, "config: a pattern shows aliases under their own names") {
    CHECK(get({"slave-pr*"}) == Pairs{{"slave-priority", "100"}});
    CHECK(get({"*-priority"}) == Pairs{{"replica-priority", "100"}, {"slave-priority", "100"}});
}

TEST_CASE_METHOD(Fixture, "config: hidden parameters are answered by name only") {
    CHECK(value("rdb-key-save-delay") == "0");
    CHECK(get({"rdb-key-save-del*"}).empty());
}

TEST_CASE_METHOD(Fixture, "config: set takes several parameters at once") {
    CHECK(set({{"hz", "50"}, {"MAXMEMORY", "1mb"}, {"slave-priority", "7"}}) == "OK");
    CHECK(config.settings().process.hz == 50);
    CHECK(config.settings().memory.max_bytes == 1 << 20);
    CHECK(value("replica-priority") == "7");
    CHECK(set({}) == "OK");
}

TEST_CASE_METHOD(Fixture, "config: one refused value leaves all others alone") {
    CHECK(set({{"hz", "50"}, {"maxmemory-clients", "101%"}}) ==
          "ERR CONFIG SET failed (possibly related to argument 'maxmemory-clients') - percentage argument must be less "
          "or equal to 100");
    CHECK(config.settings().process.hz == 10);
    CHECK(set({{"hz", "50"}, {"bogus", "1"}}) == "ERR Unknown option or number of arguments for CONFIG SET - 'bogus'");
    CHECK(set({{"hz", "50"}, {"databases", "4"}}) ==
          "ERR CONFIG SET failed (possibly related to argument 'databases') - can't set immutable config");
    CHECK(set({{"hz", "50"}, {"Hz", "60"}}) ==
          "ERR CONFIG SET failed (possibly related to argument 'Hz') - duplicate parameter");
    CHECK(config.settings().process.hz == 10);
    // Under its name and again under its alias: as the peers, the last one counts.
    CHECK(set({{"slave-priority", "50"}, {"replica-priority", "60"}}) == "OK");
    CHECK(config.settings().replication.priority == 60);
}

TEST_CASE_METHOD(Fixture, "config: guarded parameters need leave") {
    const std::string refusal =
        "ERR CONFIG SET failed (possibly related to argument 'dbfilename') - can't set protected config";
    CHECK(set({{"dbfilename", "x.rdb"}}) == refusal);
    CHECK(set({{"dbfilename", "x.rdb"}}, {.may_set_guarded = true}) == "OK");
    CHECK(value("dbfilename") == "x.rdb");
}

TEST_CASE_METHOD(Fixture, "config: while loading some parameters wait, and that answer comes first") {
    const Config::Caller loading{.may_set_guarded = true, .loading = true};
    CHECK(set({{"hz", "x"}, {"appendonly", "yes"}}, loading) == "LOADING Redis is loading the dataset in memory");
    CHECK(set({{"hz", "20"}}, loading) == "OK");
}

TEST_CASE_METHOD(Fixture, "config: dir is entered, and shown as an absolute path") {
    const Config::Caller trusted{.may_set_guarded = true};
    CHECK(value("dir") == "/srv");
    CHECK(set({{"dir", "./data"}}, trusted) == "OK");
    CHECK(machine.here == "/srv/data");
    CHECK(value("dir") == "/srv/data");
    CHECK(set({{"dir", "/nope"}}, trusted) ==
          "ERR CONFIG SET failed (possibly related to argument 'dir') - No such file or directory");
    CHECK(value("dir") == "/srv/data");
    CHECK(set({{"dir", ""}}, trusted) ==
          "ERR CONFIG SET failed (possibly related to argument 'dir') - dir can't be empty");
}

TEST_CASE_METHOD(Fixture, "config: hooks run once for a set, after all fields changed, and only if something changed") {
    int calls = 0;
    config.on_change({"port", "bind"}, [&]() -> Status {
        ++calls;
        CHECK(config.settings().network.port == 7000);
        CHECK(config.settings().network.bind == std::vector<std::string>{"127.0.0.1"});
        return {};
    });
    CHECK(set({{"port", "7000"}, {"bind", "127.0.0.1"}}) == "OK");
    CHECK(calls == 1);
    CHECK(set({{"port", "7000"}, {"hz", "20"}}) == "OK");
    CHECK(calls == 1);
}

TEST_CASE_METHOD(Fixture, "config: a certificate named again is read again") {
    int calls = 0;
    config.on_change({"tls-cert-file"}, [&]() -> Status { return ++calls, Status{}; });
    CHECK(set({{"tls-cert-file", "a.pem"}}) == "OK");
    CHECK(set({{"tls-cert-file", "a.pem"}}) == "OK");
    CHECK(calls == 2);
}

TEST_CASE_METHOD(Fixture, "config: a hook that refuses undoes everything, in the hooks before it too") {
    std::vector<std::string> seen;
    config.on_change({"oom-score-adj"}, [&]() -> Status {
        seen.push_back("oom " + value("oom-score-adj"));
        return {};
    });
    config.on_change({"port"}, [&]() -> Status {
        seen.push_back("port " + value("port"));
        if (config.settings().network.port == 1)
            return Error{std::string{"Unable to listen on this port. Check server logs."}};
        return {};
    });
    CHECK(
        set({{"oom-score-adj", "absolute"}, {"dir", "data"}, {"port", "1"}, {"hz", "3"}}, {.may_set_guarded = true}) ==
        "ERR CONFIG SET failed (possibly related to argument 'port') - Unable to listen on this port. Check server "
        "logs.");
    CHECK(seen == std::vector<std::string>{"oom absolute", "port 1", "port 6379", "oom no"});
    CHECK(machine.here == "/srv");
    CHECK(value("dir") == "/srv");
    CHECK(value("hz") == "10");
}

TEST_CASE_METHOD(Fixture, "config: parts keep a reference to their struct") {
    const Memory& memory = config.settings().memory;
    CHECK(set({{"maxmemory", "5mb"}}) == "OK");
    CHECK(memory.max_bytes == 5 << 20);
    CHECK(set({{"maxmemory", "6mb"}, {"hz", "x"}}) != "OK");
    CHECK(memory.max_bytes == 5 << 20);
}

TEST_CASE_METHOD(Fixture, "config: every parameter can be set to what it shows") {
    const Config::Caller trusted{.may_set_guarded = true};
    for (const auto& [name, shown] : get({"*"})) {
        INFO(name << " = " << shown);
        if (find_parameter(name)->is(ParameterFlag::immutable)) continue;
        CHECK(set({{name, shown}}, trusted) == "OK");
        CHECK(value(name) == shown);
    }
}

}  // namespace
}  // namespace keel
