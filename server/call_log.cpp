// SPDX-License-Identifier: BSD-3-Clause
#include "server/call_log.h"

#include <fmt/core.h>

namespace keel {

namespace {

constexpr std::size_t kMaxWords = 32;
constexpr std::size_t kMaxWordBytes = 128;

std::vector<std::string> shortened(std::span<const Bytes> words) {
    std::vector<std::string> out;
    const std::size_t kept = words.size() <= kMaxWords ? words.size() : kMaxWords - 1;
    for (const Bytes word : words.first(kept)) {
        if (word.size() <= kMaxWordBytes)
            out.emplace_back(word);
        else
            out.push_back(
                fmt::format("{}... ({} more bytes)", word.substr(0, kMaxWordBytes), word.size() - kMaxWordBytes));
    }
    if (kept < words.size()) out.push_back(fmt::format("... ({} more arguments)", words.size() - kept));
    return out;
}

}  // namespace

void CallLog::add(std::span<const Bytes> words, std::uint64_t figure, std::int64_t now_s, Bytes peer, Bytes client_name,
                  std::uint64_t max_entries) {
    entries_.push_front({next_id_++, now_s, figure, shortened(words), std::string{peer}, std::string{client_name}});
    trim(max_entries);
}

CallLog* CallLogs::find(Bytes name) {
    if (equal_nocase(name, "slow")) return &slow;
    if (equal_nocase(name, "large-request")) return &large_request;
    if (equal_nocase(name, "large-reply")) return &large_reply;
    return nullptr;
}

}  // namespace keel
