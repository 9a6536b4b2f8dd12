// SPDX-License-Identifier: BSD-3-Clause
#include "server/acl/access_log.h"

#include <algorithm>

namespace keel::acl {

namespace {

constexpr std::ptrdiff_t kLookBack = 10;
constexpr std::int64_t kTogetherMs = 60'000;

void cut(std::string& text) {
    if (text.size() > AccessLog::kMaxText) text.resize(AccessLog::kMaxText);
}

}  // namespace

Bytes reason_name(Denied reason) {
    switch (reason) {
        case Denied::key: return "key";
        case Denied::channel: return "channel";
        case Denied::auth: return "auth";
        case Denied::certificate: return "tls-cert";
        default: return "command";
    }
}

Bytes where_name(Where where) {
    switch (where) {
        case Where::multi:
        case Where::exec: return "multi";
        case Where::lua: return "lua";
        default: return "toplevel";
    }
}

void AccessLog::add(Entry entry, std::int64_t now_ms, std::uint64_t max_entries) {
    cut(entry.object);
    cut(entry.user);
    const auto end = entries_.begin() + std::min(kLookBack, static_cast<std::ptrdiff_t>(entries_.size()));
    const auto same = std::find_if(entries_.begin(), end, [&](const Entry& other) {
        return other.reason == entry.reason && other.where == entry.where && now_ms - other.updated_ms <= kTogetherMs &&
               other.object == entry.object && other.user == entry.user;
    });
    entry.updated_ms = now_ms;
    if (same != end) {
        entry.count = same->count + 1;
        entry.id = same->id;
        entry.created_ms = same->created_ms;
        entries_.erase(same);
    } else {
        entry.id = next_id_++;
        entry.created_ms = now_ms;
    }
    entries_.push_front(std::move(entry));
    while (entries_.size() > max_entries) entries_.pop_back();
}

}  // namespace keel::acl
