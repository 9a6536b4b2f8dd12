// SPDX-License-Identifier: BSD-3-Clause
//
// Every kind of value: what it takes, what it shows, how it is written to a file, and the words of a refusal.
#include "conf/parameter.h"

#include <catch2/catch.hpp>

#include "conf/parameters.h"
#include "conf/special_kinds.h"

namespace keel {
namespace {

// A fresh Settings with one parameter under test.
class Trial {
  public:
    explicit Trial(Bytes name) : parameter_(*find_parameter(name)) {}

    std::string set(Bytes value) {
        const Status status = parameter_.set_text(settings, value);
        return status ? "OK" : std::string{status.error().text()};
    }
    std::string set_words(Words words) {
        const Status status = parameter_.set(settings, words, Origin::file);
        return status ? "OK" : std::string{status.error().text()};
    }
    // What is shown after `value` was set.
    std::string shown(Bytes value) {
        const std::string said = set(value);
        return said == "OK" ? parameter_.text(settings) : said;
    }
    std::vector<std::string> written() { return parameter_.file_values(settings); }

    Settings settings;

  private:
    const Parameter& parameter_;
};

TEST_CASE("parameter: yes or no, in either case") {
    Trial trial{"appendonly"};
    CHECK(trial.shown("yes") == "yes");
    CHECK(trial.settings.aof.enabled);
    CHECK(trial.shown("NO") == "no");
    for (const Bytes bad : {"", "1", "true", "yes "}) CHECK(trial.set(bad) == "argument must be 'yes' or 'no'");
}

TEST_CASE("parameter: an integer keeps to its range") {
    Trial hz{"hz"};
    CHECK(hz.shown("100") == "100");
    CHECK(hz.settings.process.hz == 100);
    for (const Bytes bad : {"", "abc", "1.5", " 1", "01", "+1", "0x10", "1 2", "99999999999999999999"}) {
        CHECK(hz.set(bad) == "argument couldn't be parsed into an integer");
    }
    CHECK(hz.set("-1") == "argument must be between 0 and 2147483647 inclusive");
    CHECK(hz.set("2147483648") == "argument must be between 0 and 2147483647 inclusive");
    CHECK(hz.shown("2147483647") == "500");  // the nearest sensible number is kept
    CHECK(hz.shown("0") == "1");
    CHECK(Trial{"timeout"}.shown("2147483647") == "2147483647");
    CHECK(Trial{"maxclients"}.set("0") == "argument must be between 1 and 4294967295 inclusive");
    CHECK(Trial{"maxclients"}.shown("4294967295") == "4294967295");
    CHECK(Trial{"slowlog-log-slower-than"}.set("-2") ==
          "argument must be between -1 and 9223372036854775807 inclusive");
    CHECK(Trial{"slowlog-log-slower-than"}.shown("-1") == "-1");
    CHECK(Trial{"rdb-key-save-delay"}.shown("-2147483648") == "-2147483648");
    CHECK(Trial{"port"}.set("65536") == "argument must be between 0 and 65535 inclusive");
}

TEST_CASE("parameter: an octal number") {
    Trial mode{"unixsocketperm"};
    CHECK(mode.shown("700") == "700");
    CHECK(mode.settings.network.unix_socket_mode == 0700);
    CHECK(mode.set("888") == "argument couldn't be parsed as an octal number");
    CHECK(mode.set("") == "argument couldn't be parsed as an octal number");
    CHECK(mode.set("7777") == "argument must be between 0 and 777 inclusive");
}

TEST_CASE("parameter: memory sizes in every unit") {
    Trial trial{"maxmemory"};
    CHECK(trial.shown("700mb") == "734003200");
    CHECK(trial.written() == Words{"700mb"});
    CHECK(trial.shown("1k") == "1000");
    CHECK(trial.written() == Words{"1000"});
    CHECK(trial.shown("1Kb") == "1024");
    CHECK(trial.written() == Words{"1kb"});
    CHECK(trial.shown("2g") == "2000000000");
    CHECK(trial.shown("2GB") == "2147483648");
    CHECK(trial.written() == Words{"2gb"});
    CHECK(trial.shown("9223372036854775808") == "9223372036854775808");
    CHECK(trial.written() == Words{"8589934592gb"});
    CHECK(trial.shown("18446744073709551615") == "18446744073709551615");
    CHECK(trial.shown("0") == "0");
    CHECK(trial.written() == Words{"0"});
    for (const Bytes bad : {"abc", "-1", "1.5gb", "1xb", "1 gb", "0x10", "99999999999gb"}) {
        CHECK(trial.set(bad) == "argument must be a memory value");
    }
    CHECK(Trial{"repl-backlog-size"}.set("0") == "argument must be between 1 and 9223372036854775807 inclusive");
    CHECK(Trial{"proto-max-bulk-len"}.set("1k") ==
          "argument must be between 1048576 and 9223372036854775807 inclusive");
}

TEST_CASE("parameter: -1 is a memory size only where it is allowed") {
    Trial trial{"slot-migration-max-failover-repl-bytes"};
    CHECK(trial.shown("-1") == "-1");
    CHECK(trial.written() == Words{"-1"});
    CHECK(trial.shown("1mb") == "1048576");
    CHECK(trial.set("-2") == "argument must be a memory value");
}

TEST_CASE("parameter: memory, or a share of it") {
    Trial trial{"maxmemory-clients"};
    CHECK(trial.shown("5%") == "5%");
    CHECK(trial.settings.clients.max_memory.of(1000) == 50);
    CHECK(trial.written() == Words{"5%"});
    CHECK(trial.shown("100%") == "100%");
    CHECK(trial.settings.clients.max_memory.of(UINT64_MAX) == UINT64_MAX);
    CHECK(trial.shown("64mb") == "67108864");
    CHECK(trial.settings.clients.max_memory.of(1000) == 64 << 20);
    CHECK(trial.written() == Words{"64mb"});
    CHECK(trial.shown("0%") == "0");
    CHECK(trial.set("101%") == "percentage argument must be less or equal to 100");
    for (const Bytes bad : {"xx", "-1", "%", "-5%", ""}) {
        CHECK(trial.set(bad) == "argument must be a memory or percent value");
    }
}

TEST_CASE("parameter: one word of a list, and the first of two names is shown") {
    Trial fsync{"appendfsync"};
    CHECK(fsync.shown("ALWAYS") == "always");
    CHECK(fsync.settings.aof.fsync == Aof::Fsync::always);
    CHECK(fsync.set("foo") == "argument(s) must be one of the following: everysec, always, no");
    CHECK(Trial{"oom-score-adj"}.shown("relative") == "yes");
    CHECK(Trial{"maxmemory-policy"}.set("lru") ==
          "argument(s) must be one of the following: volatile-lru, volatile-lfu, volatile-random, volatile-ttl, "
          "allkeys-lru, allkeys-lfu, allkeys-random, noeviction");
    CHECK(Trial{"acl-pubsub-default"}.shown("allchannels") == "allchannels");
}

TEST_CASE("parameter: flags in any order are shown in one") {
    Trial trial{"shutdown-on-sigterm"};
    CHECK(trial.shown("nosave force now") == "nosave now force");
    CHECK(trial.shown("default") == "default");
    CHECK(trial.settings.process.shutdown_on_sigterm == 0);
    CHECK(trial.set("save nosave") == "shutdown options SAVE and NOSAVE can't be used simultaneously");
    const std::string refusal = "argument(s) must be one of the following: default, save, nosave, now, force";
    for (const Bytes bad : {"", "foo", "save  now", "default now"}) CHECK(trial.set(bad) == refusal);
}

TEST_CASE("parameter: a text is quoted in a file") {
    Trial trial{"requirepass"};
    CHECK(trial.shown("a \"b\"\n") == "a \"b\"\n");
    CHECK(trial.written() == Words{R"("a \"b\"\n")"});
    CHECK(trial.set_words({"two", "words"}) == "wrong number of arguments");
    CHECK(trial.set_words({}) == "wrong number of arguments");
}

TEST_CASE("parameter: names of files are names, not paths") {
    CHECK(Trial{"dbfilename"}.set("a/b") == "dbfilename can't be a path, just a filename");
    CHECK(Trial{"dbfilename"}.set("a.rdb") == "OK");
    CHECK(Trial{"appendfilename"}.set("") == "appendfilename can't be empty");
    CHECK(Trial{"appendfilename"}.set("a/b") == "appendfilename can't be a path, just a filename");
    CHECK(Trial{"appenddirname"}.set("a/b") == "appenddirname can't be a path, just a dirname");
    CHECK(Trial{"appenddirname"}.set("") == "appenddirname can't be empty");
}

TEST_CASE("parameter: what is announced is checked") {
    CHECK(Trial{"cluster-announce-hostname"}.set("a_b") ==
          "Hostnames may only contain alphanumeric characters, hyphens or dots");
    CHECK(Trial{"cluster-announce-hostname"}.set("a-1.example") == "OK");
    CHECK(Trial{"cluster-announce-hostname"}.set(std::string(256, 'a')) ==
          "Hostnames must be less than 256 characters");
    CHECK(Trial{"cluster-announce-human-nodename"}.set("a,b") == "OK");
    CHECK(Trial{"cluster-announce-human-nodename"}.set("a@b") ==
          "Announced human node name contained invalid character");
    CHECK(Trial{"cluster-announce-client-ipv4"}.set("1.2.3") == "Invalid IPv4 address");
    CHECK(Trial{"cluster-announce-client-ipv4"}.set("1.2.3.4") == "OK");
    CHECK(Trial{"cluster-announce-client-ipv4"}.set(Bytes("1.2.3.4\0x", 9)) == "Invalid IPv4 address");
    CHECK(Trial{"cluster-announce-client-ipv6"}.set("cafe::1") == "OK");
    CHECK(Trial{"cluster-announce-client-ipv6"}.set("1.2.3.4") == "Invalid IPv6 address");
}

TEST_CASE("parameter: a process title knows its variables") {
    Trial trial{"proc-title-template"};
    CHECK(trial.set("{title} {listen-addr} {server-mode} {port} {tls-port} {unixsocket} {config-file}") == "OK");
    CHECK(trial.set("plain") == "OK");
    for (const Bytes bad : {"", "{foo}", "{title", "a {title} {", "{}"}) {
        CHECK(trial.set(bad) == "template format is invalid or contains unknown variables");
    }
}

TEST_CASE("parameter: save points replace in a command and add up in a file") {
    Trial trial{"save"};
    CHECK(trial.shown("900 1 300 10") == "900 1 300 10");
    CHECK(trial.set_words({"60", "5"}) == "OK");
    CHECK(trial.shown("900 1") == "900 1");
    CHECK(trial.set_words({"60", "5", "30", "2"}) == "OK");
    CHECK(trial.written() == Words{"900 1", "60 5", "30 2"});
    CHECK(trial.shown("") == "");
    CHECK(trial.written() == Words{"\"\""});
    for (const Bytes bad : {"1 2 3", "a b", "0 1", "10 -1", " ", "  3600  1 "}) {
        CHECK(trial.set(bad) == "Invalid save parameters");
    }
    CHECK(trial.set_words({"3600 1 60 1000"}) == "OK");  // one quoted word in the file
    CHECK(trial.settings.snapshot.save == std::vector<SavePoint>{{3600, 1}, {60, 1000}});
}

TEST_CASE("parameter: output limits of some classes leave the others alone") {
    Trial trial{"client-output-buffer-limit"};
    CHECK(trial.shown("pubsub 1mb 2mb 3 slave 1k 1kb 0") == "normal 0 0 0 slave 1000 1024 0 pubsub 1048576 2097152 3");
    CHECK(trial.shown("replica 5 6 7") == "normal 0 0 0 slave 5 6 7 pubsub 1048576 2097152 3");
    CHECK(trial.written() == Words{"normal 0 0 0", "replica 5 6 7", "pubsub 1mb 2mb 3"});
    CHECK(trial.set("normal 1") == "Wrong number of arguments in buffer limit configuration.");
    CHECK(trial.set("foo 1 1 1") == "Invalid client class specified in buffer limit configuration.");
    const std::string bad_value = "Error in hard, soft or soft_seconds setting in buffer limit configuration.";
    CHECK(trial.set("normal a 1 1") == bad_value);
    CHECK(trial.set("normal 1 1 -1") == bad_value);
    CHECK(trial.set("normal 9 9 9 pubsub 1 1 x") == bad_value);
    CHECK(trial.settings.clients.normal_output == OutputLimit{});
}

TEST_CASE("parameter: three oom scores") {
    Trial trial{"oom-score-adj-values"};
    CHECK(trial.shown("-2000 0 2000") == "-2000 0 2000");
    CHECK(trial.set("1 2") == "wrong number of arguments");
    const std::string refusal = "Invalid oom-score-adj-values, elements must be between -2000 and 2000.";
    for (const Bytes bad : {"1 2 3000", "1 x 3", "-2001 0 0"}) CHECK(trial.set(bad) == refusal);
}

TEST_CASE("parameter: addresses to bind, or none") {
    Trial trial{"bind"};
    CHECK(trial.shown("127.0.0.1 -::1") == "127.0.0.1 -::1");
    CHECK(trial.written() == Words{"127.0.0.1 -::1"});
    CHECK(trial.shown("") == "");
    CHECK(trial.settings.network.bind.empty());
    CHECK(trial.written() == Words{"\"\""});
    CHECK(trial.set("1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17") == "Too many bind addresses specified.");
}

TEST_CASE("parameter: a primary to follow") {
    Trial trial{"slaveof"};
    CHECK(trial.written().empty());
    CHECK(trial.shown("10.0.0.1 6380") == "10.0.0.1 6380");
    CHECK(trial.written() == Words{"10.0.0.1 6380"});
    CHECK(trial.set("10.0.0.1 abc") == "Invalid master port");
    CHECK(trial.set("10.0.0.1 65536") == "Invalid master port");
    CHECK(trial.set("10.0.0.1") == "wrong number of arguments");
    CHECK(trial.shown("NO ONE") == "");
    CHECK(trial.set_words({"host\nhz 1", "1"}) == "OK");
    CHECK(trial.written() == Words{R"("host\nhz 1" 1)"});  // no line of its own
}

TEST_CASE("parameter: keyspace events in the canonical order") {
    Trial trial{"notify-keyspace-events"};
    CHECK(trial.shown("KEA") == "AKE");
    CHECK(trial.shown("exzhsl$gK") == "g$lshzxeK");
    CHECK(trial.shown("g$lshzxetd") == "A");
    CHECK(trial.shown("KgEnmt") == "gtnKEm");
    CHECK(trial.shown("AKEmn") == "AnKEm");  // new keys are not among "all", and must survive a rewrite
    CHECK(trial.written() == Words{"\"AnKEm\""});
    CHECK(trial.shown("") == "");
    CHECK(trial.written() == Words{"\"\""});
    CHECK(trial.set("foo") == "Invalid event class character. Use 'Ag$lshzxeKEtmdn'.");
}

TEST_CASE("parameter: percentiles of latency") {
    Trial trial{"latency-tracking-info-percentiles"};
    CHECK(trial.shown("50 99.99 100.0") == "50 99.99 100");
    CHECK(trial.shown("") == "");
    CHECK(trial.written() == Words{"\"\""});
    CHECK(trial.set("a") == "Invalid latency-tracking-info-percentiles parameters");
    CHECK(trial.set("nan") == "Invalid latency-tracking-info-percentiles parameters");
    CHECK(trial.set("101") == "latency-tracking-info-percentiles parameters should sit between [0.0,100.0]");
    CHECK(trial.set("-1") == "latency-tracking-info-percentiles parameters should sit between [0.0,100.0]");
}

TEST_CASE("parameter: defragmentation is noted from a file and refused to a client") {
    Trial trial{"activedefrag"};
    CHECK(trial.set("yes").starts_with("Active defragmentation cannot be enabled"));
    CHECK_FALSE(trial.settings.foreign.active_defrag);
    CHECK(trial.set_words({"yes"}) == "OK");
    CHECK(trial.set("yes") == "OK");  // nothing changes
    CHECK(trial.set("no") == "OK");
}

}  // namespace
}  // namespace keel
