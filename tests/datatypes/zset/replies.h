// SPDX-License-Identifier: BSD-3-Clause
//
// Replies that tests of sorted sets compare with, and sets of a given size.
#pragma once

#include <catch2/catch.hpp>
#include <functional>
#include <string>

#include "tests/support/command_runner.h"

namespace keel::test {

inline std::string bulk(const std::string& text) { return "$" + std::to_string(text.size()) + "\r\n" + text + "\r\n"; }
inline std::string integer(long long value) { return ":" + std::to_string(value) + "\r\n"; }
// Of whole replies.
inline std::string array(const Strings& parts) {
    std::string out = "*" + std::to_string(parts.size()) + "\r\n";
    for (const std::string& part : parts) out += part;
    return out;
}
// Of bulk strings.
inline std::string bulks(const Strings& texts) {
    std::string out = "*" + std::to_string(texts.size()) + "\r\n";
    for (const std::string& text : texts) out += bulk(text);
    return out;
}
inline std::string real(const std::string& text) { return "," + text + "\r\n"; }
inline std::string error(const std::string& text) { return "-" + text + "\r\n"; }

inline const std::string kOk = "+OK\r\n";
inline const std::string kNull = "$-1\r\n";
inline const std::string kNullArray = "*-1\r\n";
inline const std::string kNull3 = "_\r\n";
inline const std::string kNone = "*0\r\n";
inline const std::string kSyntaxError = "-ERR syntax error\r\n";
inline const std::string kWrongTypeError = "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n";

// Members m0, m1, ... with scores 0, 1, ...
inline void fill(CommandRunner& keel, const std::string& key, int members) {
    Strings words{"ZADD", key};
    for (int i = 0; i < members; ++i) {
        words.push_back(std::to_string(i));
        words.push_back("m" + std::to_string(i));
    }
    keel.run(words);
}

// Every fact that does not name a form must hold in both.
inline void in_both_forms(const std::function<void(CommandRunner&)>& fact, int protocol = 2) {
    for (const std::uint64_t most : {std::uint64_t{128}, std::uint64_t{0}}) {
        INFO("zset-max-listpack-entries " << most);
        CommandRunner keel{protocol};
        keel.settings.encodings.zset_max_listpack_entries = most;
        fact(keel);
    }
}

}  // namespace keel::test
