// SPDX-License-Identifier: BSD-3-Clause
//
// Streams: what consumers have pending.
//
//     XACK XACKDEL XPENDING
#include "datatypes/stream/families.h"
#include "datatypes/stream/lookup.h"
#include "datatypes/stream/references.h"
#include "datatypes/stream/replicate.h"

namespace keel::stream {

namespace {

// XACK key group id [id ...]
Status xack(Context& cx) {
    const Key key = cx.next_key();
    const auto name = cx.args.next<Bytes>();
    KEEL_TRY(const Stream* stream, read_stream(cx, key));
    Group* group = stream != nullptr ? stream->group(name) : nullptr;
    if (group == nullptr) {
        cx.reply().integer(0);
        return {};
    }
    KEEL_TRY(const std::vector<StreamId> ids, read_ids(cx.args.rest()));
    std::uint64_t acknowledged = 0;
    for (const StreamId id : ids) acknowledged += group->acknowledge(id) ? 1 : 0;
    cx.effects.count(acknowledged);
    cx.reply().integer(static_cast<std::int64_t>(acknowledged));
    return {};
}

// XACKDEL key group [KEEPREF | DELREF | ACKED] IDS numids id [id ...]
Status xackdel(Context& cx) {
    const Key key = cx.next_key();
    const auto name = cx.args.next<Bytes>();
    KEEL_TRY(const IdsOption option, read_ids_option(cx.args));
    KEEL_TRY(Stream * stream, write_stream(cx, key));
    Group* group = stream != nullptr ? stream->group(name) : nullptr;
    std::vector<StreamId> acknowledged;
    std::vector<StreamId> deleted;
    cx.reply().array(option.ids.size());
    for (const StreamId id : option.ids) {
        Fate fate = Fate::none;
        if (group != nullptr && group->acknowledge(id)) {
            cx.effects.count(1);
            acknowledged.push_back(id);
            fate = delete_entry(*stream, id, option.references);
            if (fate == Fate::none)
                fate = Fate::deleted;  // acknowledged, and gone before
            else if (fate == Fate::deleted)
                deleted.push_back(id);
        }
        cx.reply().integer(static_cast<std::int64_t>(fate));
    }
    if (acknowledged.empty()) return {};
    if (!deleted.empty()) cx.changed(key.text, events::kXDel);
    replicate_acknowledged(cx, {key.text, name, *group}, acknowledged);
    replicate_deleted(cx, key.text, deleted);
    if (option.references == References::erase) replicate_forgotten(cx, key.text, *stream, deleted);
    return {};
}

// ---- XPENDING ----

struct Question {
    bool detailed = false;
    std::int64_t min_idle_ms = 0;
    std::int64_t count = 0;
    StreamId from{};
    StreamId to{};
    std::optional<Bytes> consumer{};
};

Result<Question> read_question(Args& args) {
    Question out;
    if (!args.more()) return out;
    if (args.left() < 3 || args.left() > 6) return errors::kSyntax;
    out.detailed = true;
    if (args.accept("IDLE")) {
        out.min_idle_ms = args.next<std::int64_t>();
        KEEL_TRY(args.checked());
        if (args.left() < 3) return errors::kSyntax;
    }
    const auto from = args.next<Bytes>();
    const auto to = args.next<Bytes>();
    out.count = args.next<std::int64_t>();
    KEEL_TRY(args.checked());
    KEEL_TRY(out.from, read_start(from));
    KEEL_TRY(out.to, read_end(to));
    if (args.more()) out.consumer = args.next<Bytes>();
    return out;
}

void reply_summary(Reply& reply, const Group& group) {
    const Group::Pending& pending = group.pending();
    reply.array(4);
    reply.integer(static_cast<std::int64_t>(pending.size()));
    if (pending.empty()) {
        reply.null();
        reply.null();
        return reply.null_array();
    }
    reply_id(reply, pending.begin()->first);
    reply_id(reply, std::prev(pending.end())->first);
    DeferredLength consumers = reply.deferred_array();
    std::size_t shown = 0;
    for (const auto& [name, consumer] : group.consumers()) {
        if (consumer->pending.empty()) continue;
        reply.array(2);
        reply.bulk(Bytes{name});
        reply.bulk(static_cast<std::int64_t>(consumer->pending.size()));
        ++shown;
    }
    consumers.end(shown);
}

void reply_pending(Reply& reply, StreamId id, const Nack& nack, UnixMs now) {
    reply.array(4);
    reply_id(reply, id);
    reply.bulk(Bytes{nack.consumer->name});
    reply.integer(std::max<std::int64_t>(now - nack.given_at, 0));
    reply.integer(nack.times);
}

void reply_details(Context& cx, Group& group, const Question& question) {
    const Consumer* consumer = question.consumer ? group.find(*question.consumer) : nullptr;
    if (question.consumer && consumer == nullptr) return cx.reply().empty_array();
    DeferredLength entries = cx.reply().deferred_array();
    std::int64_t shown = 0;
    const auto show = [&](StreamId id, const Nack& nack) {
        if (question.min_idle_ms != 0 && cx.now() - nack.given_at < question.min_idle_ms) return;
        reply_pending(cx.reply(), id, nack, cx.now());
        ++shown;
    };
    if (consumer != nullptr) {
        const auto& ids = consumer->pending;
        for (auto at = ids.lower_bound(question.from); at != ids.end() && *at <= question.to && shown < question.count;
             ++at)
            show(*at, *group.pending_at(*at));
    } else {
        const auto& ids = group.pending();
        for (auto at = ids.lower_bound(question.from);
             at != ids.end() && at->first <= question.to && shown < question.count; ++at)
            show(at->first, at->second);
    }
    entries.end(static_cast<std::size_t>(shown));
}

// XPENDING key group [[IDLE min-idle-time] start end count [consumer]]
Status xpending(Context& cx) {
    const Key key = cx.next_key();
    const auto name = cx.args.next<Bytes>();
    KEEL_TRY(const Question question, read_question(cx.args));
    KEEL_TRY(const Stream* stream, read_stream(cx, key));
    Group* group = stream != nullptr ? stream->group(name) : nullptr;
    if (group == nullptr) return no_key_or_group(key.text, name);
    if (question.detailed)
        reply_details(cx, *group, question);
    else
        reply_summary(cx.reply(), *group);
    return {};
}

// ---- Rows ----

constexpr Bytes kChanging[] = {"nondeterministic_output"};

constexpr CommandSpec kRows[] = {
    {.name = "xack",
     .run = xack,
     .arity = at_least(4),
     .flags = Flag::write | Flag::fast,
     .categories = Category::stream,
     .keys = one_key(Use::rw | Use::update),
     .group = keel::Group::stream,
     .since = "5.0.0",
     .complexity = "O(1) for each id",
     .summary = "Acknowledges entries: they are no longer pending in the group.",
     .syntax = "key group id [id ...]"},
    {.name = "xackdel",
     .run = xackdel,
     .arity = at_least(6),
     .flags = Flag::write | Flag::fast,
     .categories = Category::stream,
     .keys = one_key(Use::rw | Use::erase),
     .group = keel::Group::stream,
     .since = "8.2.0",
     .complexity = "O(1) for each id",
     .summary = "Acknowledges entries and deletes them.",
     .syntax = "key group [KEEPREF|DELREF|ACKED] IDS numids:integer id [id ...]"},
    {.name = "xpending",
     .run = xpending,
     .arity = at_least(3),
     .flags = Flag::readonly,
     .categories = Category::stream,
     .keys = one_key(Use::read),
     .group = keel::Group::stream,
     .since = "5.0.0",
     .complexity = "O(N) where N is the number of entries looked at; O(consumers) without a range",
     .summary = "Tells what the consumers of a group have pending.",
     .syntax = "key group filters=[[IDLE min-idle-time:integer] start end count:integer [consumer]]",
     .tips = kChanging},
};

}  // namespace

const std::span<const CommandSpec> kPendingCommands{kRows};

}  // namespace keel::stream
