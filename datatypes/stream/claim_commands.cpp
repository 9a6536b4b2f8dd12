// SPDX-License-Identifier: BSD-3-Clause
//
// Streams: taking over what others have pending.
//
//     XCLAIM XAUTOCLAIM
//
// Both are replicated as one XCLAIM for each id that changed its owner, with the moment and the count it has now. An
// id whose entry is gone is dropped from the group on the way.
#include <limits>

#include "datatypes/stream/families.h"
#include "datatypes/stream/lookup.h"
#include "datatypes/stream/replicate.h"
#include "protocol/base/number.h"

namespace keel::stream {

namespace {

constexpr ErrorText kClaimMinIdle{"ERR Invalid min-idle-time argument for XCLAIM"};
constexpr ErrorText kClaimIdle{"ERR Invalid IDLE option argument for XCLAIM"};
constexpr ErrorText kClaimTime{"ERR Invalid TIME option argument for XCLAIM"};
constexpr ErrorText kClaimRetryCount{"ERR Invalid RETRYCOUNT option argument for XCLAIM"};
constexpr ErrorText kAutoclaimMinIdle{"ERR Invalid min-idle-time argument for XAUTOCLAIM"};
constexpr ErrorText kCount{"ERR COUNT must be > 0"};

Result<std::int64_t> read_number(Args& args, const ErrorText& otherwise) {
    const auto number = parse_integer(args.next<Bytes>());
    if (!number) return otherwise;
    return *number;
}

Result<std::int64_t> read_min_idle(Args& args, const ErrorText& otherwise) {
    KEEL_TRY(const std::int64_t ms, read_number(args, otherwise));
    return std::max<std::int64_t>(ms, 0);
}

// ---- XCLAIM ----

struct Claim {
    std::int64_t min_idle_ms = 0;
    std::vector<StreamId> ids{};
    bool force = false;
    bool just_id = false;
    std::optional<UnixMs> given_at{};
    std::int64_t times = -1;  // below 0: one more than before
    StreamId last_id{};
};

Status read_claim_options(Context& cx, Claim& out) {
    Args& args = cx.args;
    while (args.more()) {
        if (args.accept("FORCE")) {
            out.force = true;
        } else if (args.accept("JUSTID")) {
            out.just_id = true;
        } else if (args.accept_with_value("IDLE")) {
            KEEL_TRY(const std::int64_t idle, read_number(args, kClaimIdle));
            out.given_at = sub_checked(cx.now(), idle).value_or(cx.now());
        } else if (args.accept_with_value("TIME")) {
            KEEL_TRY(out.given_at, read_number(args, kClaimTime));
        } else if (args.accept_with_value("RETRYCOUNT")) {
            KEEL_TRY(out.times, read_number(args, kClaimRetryCount));
        } else if (args.accept_with_value("LASTID")) {
            KEEL_TRY(out.last_id, read_id(args.next<Bytes>()));
        } else {
            const Bytes word = args.peek();
            return Error{"ERR Unrecognized XCLAIM option '" + std::string{word.substr(0, word.find('\0'))} + "'"};
        }
    }
    // Clients reckon with clocks of their own: what cannot be is taken as now.
    if (out.given_at && (*out.given_at < 0 || *out.given_at > cx.now())) out.given_at = cx.now();
    return {};
}

Result<Claim> read_claim(Context& cx) {
    Claim out;
    KEEL_TRY(out.min_idle_ms, read_min_idle(cx.args, kClaimMinIdle));
    // Ids up to the first word that is none: there the options begin.
    while (cx.args.more()) {
        const auto id = parse_id(cx.args.peek(), 0);
        if (!id) break;
        out.ids.push_back(*id);
        cx.args.skip(1);
    }
    KEEL_TRY(read_claim_options(cx, out));
    return out;
}

bool idle_enough(const Nack& nack, std::int64_t min_idle_ms, UnixMs now) {
    return min_idle_ms == 0 || now - nack.given_at >= min_idle_ms;
}

void reply_claimed(Reply& reply, const Stream& stream, StreamId id, bool just_id) {
    if (just_id)
        reply_id(reply, id);
    else
        reply_entry(reply, stream, id);
}

// The entry is gone: so is the id. True if it was pending.
bool drop_gone(Context& cx, const Named& named, StreamId id) {
    const Nack* nack = named.group.pending_at(id);
    if (nack == nullptr) return false;
    replicate_claim(cx, named, id, *nack);
    cx.effects.count(1);
    named.group.acknowledge(id);
    return true;
}

// Whether the claim goes through; then it has been replied.
bool claim_one(Context& cx, const Stream& stream, const Named& named, Consumer& consumer, const Claim& claim,
               StreamId id) {
    Nack* nack = named.group.pending_at(id);
    if (nack == nullptr) {
        if (!claim.force) return false;
        nack = &named.group.give(id, consumer, cx.now());
        nack->times = claim.just_id || claim.times >= 0 ? 1 : 2;
    } else {
        if (!idle_enough(*nack, claim.min_idle_ms, cx.now())) return false;
        if (!claim.just_id) ++nack->times;
    }
    if (claim.times >= 0) nack->times = claim.times;
    nack->given_at = claim.given_at.value_or(cx.now());
    named.group.hand_over(id, *nack, consumer);
    consumer.active_at = cx.now();
    reply_claimed(cx.reply(), stream, id, claim.just_id);
    replicate_claim(cx, named, id, *nack);
    cx.effects.count(1);
    return true;
}

// XCLAIM key group consumer min-idle-time id [id ...] [IDLE ms] [TIME unix-time-ms] [RETRYCOUNT count] [FORCE] [JUSTID]
//        [LASTID id]
Status xclaim(Context& cx) {
    const Key key = cx.next_key();
    const auto name = cx.args.next<Bytes>();
    const auto consumer_name = cx.args.next<Bytes>();
    KEEL_TRY(const Stream* stream, read_stream(cx, key));
    Group* group = stream != nullptr ? stream->group(name) : nullptr;
    if (group == nullptr) return no_key_or_group(key.text, name);
    KEEL_TRY(const Claim claim, read_claim(cx));

    const Named named{key.text, name, *group};
    bool moved = claim.last_id > group->last_id;
    if (moved) group->last_id = claim.last_id;
    Consumer& consumer = see_consumer(cx, named, consumer_name);
    DeferredLength entries = cx.reply().deferred_array();
    std::size_t claimed = 0;
    for (const StreamId id : claim.ids) {
        if (!stream->contains(id)) {
            if (drop_gone(cx, named, id)) moved = false;  // what was said of the id tells the position too
        } else if (claim_one(cx, *stream, named, consumer, claim, id)) {
            ++claimed;
            moved = false;
        }
    }
    entries.end(claimed);
    if (moved) {
        replicate_position(cx, named);
        cx.effects.count(1);
    }
    return {};
}

// ---- XAUTOCLAIM ----

struct AutoClaim {
    std::int64_t min_idle_ms = 0;
    StreamId from{};
    std::int64_t count = 100;
    bool just_id = false;
};

Result<AutoClaim> read_autoclaim(Args& args) {
    constexpr std::int64_t kMostCount = std::numeric_limits<std::int64_t>::max() / 16;
    AutoClaim out;
    KEEL_TRY(out.min_idle_ms, read_min_idle(args, kAutoclaimMinIdle));
    KEEL_TRY(out.from, read_start(args.next<Bytes>()));
    while (args.more()) {
        if (args.accept_with_value("COUNT")) {
            KEEL_TRY(out.count, read_number(args, kCount));
            if (out.count < 1 || out.count > kMostCount) return kCount;
        } else if (args.accept("JUSTID")) {
            out.just_id = true;
        } else {
            return errors::kSyntax;
        }
    }
    return out;
}

// What a pass over the pending ids claims.
struct Claimed {
    std::vector<StreamId> ids;
    std::vector<StreamId> gone;
    StreamId next{};  // where another pass would begin; 0-0: all were seen
};

Claimed claim_idle(Context& cx, const Stream& stream, const Named& named, Consumer& consumer, const AutoClaim& claim) {
    constexpr std::int64_t kLooksPerEntry = 10;
    Claimed out;
    Group& group = named.group;
    std::int64_t left = claim.count;
    std::int64_t looks = claim.count * kLooksPerEntry;
    auto at = group.pending().lower_bound(claim.from);
    while (looks-- > 0 && left > 0 && at != group.pending().end()) {
        const StreamId id = at->first;
        if (!stream.contains(id)) {
            drop_gone(cx, named, id);
            out.gone.push_back(id);
            at = group.pending().lower_bound(id);
            --left;
            continue;
        }
        ++at;
        Nack& nack = *group.pending_at(id);
        if (!idle_enough(nack, claim.min_idle_ms, cx.now())) continue;
        nack.given_at = cx.now();
        if (!claim.just_id) ++nack.times;
        group.hand_over(id, nack, consumer);
        consumer.active_at = cx.now();
        replicate_claim(cx, named, id, nack);
        cx.effects.count(1);
        out.ids.push_back(id);
        --left;
    }
    if (at != group.pending().end()) out.next = at->first;
    return out;
}

// XAUTOCLAIM key group consumer min-idle-time start [COUNT count] [JUSTID]
Status xautoclaim(Context& cx) {
    const Key key = cx.next_key();
    const auto name = cx.args.next<Bytes>();
    const auto consumer_name = cx.args.next<Bytes>();
    KEEL_TRY(const AutoClaim claim, read_autoclaim(cx.args));
    KEEL_TRY(const Stream* stream, read_stream(cx, key));
    Group* group = stream != nullptr ? stream->group(name) : nullptr;
    if (group == nullptr) return no_key_or_group(key.text, name);

    const Named named{key.text, name, *group};
    const Claimed claimed = claim_idle(cx, *stream, named, see_consumer(cx, named, consumer_name), claim);
    cx.reply().array(3);
    reply_id(cx.reply(), claimed.next);
    cx.reply().array(claimed.ids.size());
    for (const StreamId id : claimed.ids) reply_claimed(cx.reply(), *stream, id, claim.just_id);
    cx.reply().array(claimed.gone.size());
    for (const StreamId id : claimed.gone) reply_id(cx.reply(), id);
    return {};
}

// ---- Rows ----

constexpr Bytes kChanging[] = {"nondeterministic_output"};

constexpr CommandSpec kRows[] = {
    {.name = "xclaim",
     .run = xclaim,
     .arity = at_least(6),
     .flags = Flag::write | Flag::fast,
     .categories = Category::stream,
     .keys = one_key(Use::rw | Use::update),
     .group = keel::Group::stream,
     .since = "5.0.0",
     .complexity = "O(log N) for each id, where N is the number of ids pending in the group",
     .summary = "Makes a consumer the owner of ids that others have pending.",
     .syntax = "key group consumer min-idle-time id [id ...] [IDLE ms:integer] "
               "[TIME unix-time-milliseconds:unix-time] [RETRYCOUNT count:integer] [FORCE] [JUSTID] [LASTID lastid]",
     .tips = kChanging},
    {.name = "xautoclaim",
     .run = xautoclaim,
     .arity = at_least(6),
     .flags = Flag::write | Flag::fast,
     .categories = Category::stream,
     .keys = one_key(Use::rw | Use::erase),
     .group = keel::Group::stream,
     .since = "6.2.0",
     .complexity = "O(N) where N is the number of ids looked at",
     .summary = "Makes a consumer the owner of ids that others have had pending for long.",
     .syntax = "key group consumer min-idle-time start [COUNT count:integer] [JUSTID]",
     .tips = kChanging},
};

}  // namespace

const std::span<const CommandSpec> kClaimCommands{kRows};

}  // namespace keel::stream
