// SPDX-License-Identifier: BSD-3-Clause
#include "datatypes/stream/references.h"

#include <algorithm>

#include "datatypes/stream/lookup.h"

namespace keel::stream {

namespace {

constexpr ErrorText kBadCount{"ERR Number of IDs must be a positive integer"};
constexpr ErrorText kOtherCount{"ERR The `numids` parameter must match the number of arguments"};

}  // namespace

std::optional<References> accept_references(Args& args) {
    if (args.accept("KEEPREF")) return References::keep;
    if (args.accept("DELREF")) return References::erase;
    if (args.accept("ACKED")) return References::acked;
    return std::nullopt;
}

Result<IdsOption> read_ids_option(Args& args) {
    IdsOption out;
    while (args.more()) {
        if (const auto references = accept_references(args)) {
            out.references = *references;
            continue;
        }
        if (!args.accept_with_value("IDS") || !out.ids.empty()) return errors::kSyntax;
        const auto count = args.next<std::int64_t>();
        if (!args.checked() || count < 1) return kBadCount;
        if (static_cast<std::uint64_t>(count) > args.left()) return kOtherCount;
        for (std::int64_t i = 0; i < count; ++i) {
            KEEL_TRY(const StreamId id, read_id(args.next<Bytes>()));
            out.ids.push_back(id);
        }
    }
    if (out.ids.empty()) return errors::kSyntax;
    return out;
}

bool is_referred_to(const Stream& stream, StreamId id) {
    for (const auto& [name, group] : stream.groups()) {
        if (group->last_id < id || group->pending_at(id) != nullptr) return true;
    }
    return false;
}

bool is_pending(const Stream& stream, StreamId id) {
    const auto& groups = stream.groups();
    return std::any_of(groups.begin(), groups.end(),
                       [id](const auto& group) { return group.second->pending_at(id) != nullptr; });
}

void forget_everywhere(Stream& stream, StreamId id) {
    for (const auto& [name, group] : stream.groups()) group->acknowledge(id);
}

Fate delete_entry(Stream& stream, StreamId id, References references) {
    if (references == References::acked && stream.contains(id) && is_referred_to(stream, id))
        return Fate::still_referred_to;
    if (!stream.erase(id)) return Fate::none;
    if (references == References::erase) forget_everywhere(stream, id);
    return Fate::deleted;
}

Trimmed trim_with(Stream& stream, const Trim& trim, References references) {
    if (references == References::keep || stream.groups().empty()) return {.entries = stream.trim(trim)};
    const std::optional<StreamId> stays = stream.trim_bound(trim);
    std::vector<StreamId> going;
    for (Stream::Walk walk{stream, kMinId, kMaxId}; walk.next() && (!stays || walk.id() < *stays);) {
        if (references != References::acked || !is_referred_to(stream, walk.id())) going.push_back(walk.id());
    }
    if (references == References::erase) {
        std::erase_if(going, [&](StreamId id) { return !is_pending(stream, id); });
        for (const StreamId id : going) forget_everywhere(stream, id);
        return {.entries = stream.trim(trim), .chosen = std::move(going)};
    }
    for (const StreamId id : going) stream.erase(id);  // they may leave gaps: so they count as deleted
    return {.entries = going.size(), .chosen = std::move(going)};
}

}  // namespace keel::stream
