// SPDX-License-Identifier: BSD-3-Clause
#include "conf/checks.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

#include "protocol/base/bytes.h"

namespace keel::checks {
namespace {

constexpr ErrorText kRdbEmpty{"dbfilename can't be empty"};
constexpr ErrorText kRdbPath{"dbfilename can't be a path, just a filename"};
constexpr ErrorText kAofPath{"appendfilename can't be a path, just a filename"};
constexpr ErrorText kAofEmpty{"appendfilename can't be empty"};
constexpr ErrorText kAofDirPath{"appenddirname can't be a path, just a dirname"};
constexpr ErrorText kAofDirEmpty{"appenddirname can't be empty"};
constexpr ErrorText kBadTitle{"template format is invalid or contains unknown variables"};
constexpr ErrorText kSaveAndNosave{"shutdown options SAVE and NOSAVE can't be used simultaneously"};
constexpr ErrorText kDirEmpty{"dir can't be empty"};
constexpr ErrorText kHostChars{"Hostnames may only contain alphanumeric characters, hyphens or dots"};
constexpr ErrorText kHostLong{"Hostnames must be less than 256 characters"};
constexpr ErrorText kNodeChars{"Announced human node name contained invalid character"};
constexpr ErrorText kBadIpv4{"Invalid IPv4 address"};
constexpr ErrorText kBadIpv6{"Invalid IPv6 address"};
constexpr ErrorText kClusterFileEmpty{"cluster-config-file can't be empty"};

bool is_path(Bytes name) { return name.find_first_of("/\\") != Bytes::npos; }

constexpr bool is_letter_or_digit(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool said(std::span<const std::string> words, Bytes word) {
    return std::any_of(words.begin(), words.end(), [&](const auto& w) { return equal_nocase(w, word); });
}

bool is_address(int family, const std::string& text) {
    in6_addr room{};  // large enough for either family
    return text.find('\0') == std::string::npos && ::inet_pton(family, text.c_str(), &room) == 1;
}

}  // namespace

Status rdb_file_name(std::span<const std::string> words) {
    if (words[0].empty()) return kRdbEmpty;
    return is_path(words[0]) ? Status{kRdbPath} : Status{};
}

Status aof_file_name(std::span<const std::string> words) {
    if (words[0].empty()) return kAofEmpty;
    return is_path(words[0]) ? Status{kAofPath} : Status{};
}

Status aof_directory_name(std::span<const std::string> words) {
    if (words[0].empty()) return kAofDirEmpty;
    return is_path(words[0]) ? Status{kAofDirPath} : Status{};
}

// Every brace opens a known variable. (What the variables stand for: server/process_title.)
Status title_template(std::span<const std::string> words) {
    constexpr Bytes kVariables[] = {"title",    "listen-addr", "server-mode", "port",
                                    "tls-port", "unixsocket",  "config-file"};
    Bytes rest = words[0];
    if (rest.empty()) return kBadTitle;
    while (true) {
        const auto open = rest.find('{');
        if (open == Bytes::npos) return {};
        const auto close = rest.find('}', open);
        if (close == Bytes::npos) return kBadTitle;
        const Bytes variable = rest.substr(open + 1, close - open - 1);
        if (std::find(std::begin(kVariables), std::end(kVariables), variable) == std::end(kVariables)) return kBadTitle;
        rest.remove_prefix(close + 1);
    }
}

Status shutdown_flags(std::span<const std::string> words) {
    return said(words, "save") && said(words, "nosave") ? Status{kSaveAndNosave} : Status{};
}

Status directory(std::span<const std::string> words) { return words[0].empty() ? Status{kDirEmpty} : Status{}; }

Status host_name(std::span<const std::string> words) {
    const Bytes name = words[0];
    if (name.size() >= 256) return kHostLong;
    const auto allowed = [](char c) { return is_letter_or_digit(c) || c == '-' || c == '.'; };
    return std::all_of(name.begin(), name.end(), allowed) ? Status{} : Status{kHostChars};
}

// The name goes into the cluster's own file, whose separators it must not hold.
Status node_name(std::span<const std::string> words) {
    constexpr Bytes kRefused = "!#$%&()*+:;<>?@[]^{|}~";
    const auto allowed = [&](char c) { return c >= 33 && c <= 126 && kRefused.find(c) == Bytes::npos; };
    return std::all_of(words[0].begin(), words[0].end(), allowed) ? Status{} : Status{kNodeChars};
}

Status ipv4(std::span<const std::string> words) {
    return words[0].empty() || is_address(AF_INET, words[0]) ? Status{} : Status{kBadIpv4};
}

Status ipv6(std::span<const std::string> words) {
    return words[0].empty() || is_address(AF_INET6, words[0]) ? Status{} : Status{kBadIpv6};
}

Status cluster_file(std::span<const std::string> words) {
    return words[0].empty() ? Status{kClusterFileEmpty} : Status{};
}

}  // namespace keel::checks
