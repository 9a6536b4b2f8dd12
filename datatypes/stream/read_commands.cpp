// SPDX-License-Identifier: BSD-3-Clause
//
// Streams: what is new, for one reader or for the consumers of a group.
//
//     XREAD XREADGROUP
//
// A command with BLOCK that finds nothing waits (command/blocking.h), and is run again when one of its streams
// changes: "$" and "+" have then been put into the id they meant, and "COUNT" may be met by more than one entry.
//
// What a group gives out is replicated as XCLAIMs and the group's new position; an XREADGROUP itself never is.
#include <fmt/format.h>

#include "datatypes/stream/families.h"
#include "datatypes/stream/lookup.h"
#include "datatypes/stream/replicate.h"

namespace keel::stream {

namespace {

constexpr ErrorText kGroupInXread{"ERR The GROUP option is only supported by XREADGROUP. You called XREAD instead."};
constexpr ErrorText kNoAckInXread{"ERR The NOACK option is only supported by XREADGROUP. You called XREAD instead."};
constexpr ErrorText kMissingGroup{"ERR Missing GROUP option for XREADGROUP"};
constexpr ErrorText kDollarInGroup{
    "ERR The $ ID is meaningless in the context of XREADGROUP: you want to read the history of this consumer by "
    "specifying "
    "a proper ID, or use the > ID to get new messages. The $ ID would just return an empty result set."};
constexpr ErrorText kPlusInGroup{
    "ERR The + ID is meaningless in the context of XREADGROUP: you want to read the history of this consumer by "
    "specifying "
    "a proper ID, or use the > ID to get new messages. The + ID would just return an empty result set."};
constexpr ErrorText kNewInXread{
    "ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> <consumer> option."};

struct Request {
    bool of_group = false;
    Bytes group{};
    Bytes consumer{};
    bool no_ack = false;
    std::uint64_t count = 0;                 // 0: all
    std::optional<std::int64_t> block_ms{};  // 0: without end
    std::span<const Bytes> keys{};
    std::span<const Bytes> ids{};
    std::size_t ids_at = 0;  // where the ids stand in the request
};

// One stream to read from.
struct Source {
    Stream* stream = nullptr;  // null: no such key
    Group* group = nullptr;
    StreamId after{};       // entries above this one are wanted
    bool fresh = false;     // ">": those that the group has given to no one
    bool resolved = false;  // "$" or "+": stood for `after`
};

Status read_streams(Context& cx, Request& out) {
    const std::span<const Bytes> words = cx.args.rest();
    if (words.size() % 2 != 0) {
        return Error{fmt::format("ERR Unbalanced '{}' list of streams: for each stream key an ID{} must be specified.",
                                 out.of_group ? "xreadgroup" : "xread", out.of_group ? " or '>'" : ", '+', or '$'")};
    }
    out.keys = words.first(words.size() / 2);
    out.ids = words.subspan(words.size() / 2);
    out.ids_at = cx.args.words().size() - out.ids.size();
    return {};
}

Result<Request> read_request(Context& cx, bool of_group) {
    Args& args = cx.args;
    Request out{.of_group = of_group};
    while (args.more() && out.keys.empty()) {
        if (args.accept_with_value("BLOCK")) {
            KEEL_TRY(out.block_ms, parse_timeout_ms(args.next<Bytes>()));
        } else if (args.accept_with_value("COUNT")) {
            const auto count = args.next<std::int64_t>();
            KEEL_TRY(args.checked());
            out.count = count < 0 ? 0 : static_cast<std::uint64_t>(count);
        } else if (args.accept_with_value("STREAMS")) {
            KEEL_TRY(read_streams(cx, out));
        } else if (args.left() >= 3 && args.accept("GROUP")) {
            if (!of_group) return kGroupInXread;
            out.group = args.next<Bytes>();
            out.consumer = args.next<Bytes>();
        } else if (args.accept("NOACK")) {
            if (!of_group) return kNoAckInXread;
            out.no_ack = true;
        } else {
            return errors::kSyntax;
        }
    }
    if (out.keys.empty()) return errors::kSyntax;
    if (of_group && out.group.data() == nullptr) return kMissingGroup;
    return out;
}

Status read_position(Bytes word, bool of_group, Source& out) {
    const StreamId last = out.stream != nullptr ? out.stream->last_id : kMinId;
    if (word == "$") {
        if (of_group) return kDollarInGroup;
        out.after = last;
        out.resolved = true;
    } else if (word == "+") {
        if (of_group) return kPlusInGroup;
        // The last entry that is there, if one is.
        const auto live = out.stream != nullptr ? out.stream->last_live() : std::nullopt;
        out.after = live ? live->prev().value_or(kMinId) : last;
        out.resolved = !live;
    } else if (word == ">") {
        if (!of_group) return kNewInXread;
        out.fresh = true;
    } else {
        KEEL_TRY(out.after, read_id(word));
        out.fresh = of_group && out.after == kMaxId;  // as in Redis, the last id of all says the same as ">"
    }
    return {};
}

Result<std::vector<Source>> find_sources(Context& cx, const Request& request) {
    std::vector<Source> out;
    out.reserve(request.keys.size());
    for (std::size_t i = 0; i < request.keys.size(); ++i) {
        Source source;
        KEEL_TRY(source.stream, read_stream(cx, Key{request.keys[i]}));
        if (request.of_group) {
            source.group = source.stream != nullptr ? source.stream->group(request.group) : nullptr;
            if (source.group == nullptr) {
                return no_key_or_group(request.keys[i], request.group, " in XREADGROUP with GROUP option");
            }
        }
        KEEL_TRY(read_position(request.ids[i], request.of_group, source));
        out.push_back(source);
    }
    return out;
}

// Whether there is something to answer with.
bool is_served(const Source& source) {
    if (source.stream == nullptr) return false;
    if (source.group != nullptr && !source.fresh) return true;  // history is answered, even an empty one
    const auto last = source.stream->last_live();
    return last && *last > (source.fresh ? source.group->last_id : source.after);
}

// ---- Replying ----

void reply_entries(Context& cx, const Request& request, const Source& source) {
    DeferredLength entries = cx.reply().deferred_array();
    std::size_t shown = 0;
    if (const auto from = source.after.next()) {
        for (Stream::Walk walk{*source.stream, *from, kMaxId}; walk.next();) {
            reply_entry(cx.reply(), walk);
            if (++shown == request.count) break;
        }
    }
    entries.end(shown);
}

// What the consumer was given before and has not acknowledged. Counts as one more delivery.
void reply_history(Context& cx, const Request& request, const Source& source, Consumer& consumer) {
    DeferredLength entries = cx.reply().deferred_array();
    std::size_t shown = 0;
    const auto from = source.after.next();
    auto at = from ? consumer.pending.lower_bound(*from) : consumer.pending.end();
    for (; at != consumer.pending.end() && (request.count == 0 || shown < request.count); ++at, ++shown) {
        if (reply_entry(cx.reply(), *source.stream, *at)) {
            Nack& nack = *source.group->pending_at(*at);
            nack.given_at = cx.now();
            ++nack.times;
            continue;
        }
        cx.reply().array(2);
        reply_id(cx.reply(), *at);
        cx.reply().null_array();
    }
    entries.end(shown);
}

// The group's position moves on to this entry.
void move_on(const Stream& stream, Group& group, StreamId id) {
    if (group.read != kReadUnknown && !stream.has_gaps_from(group.last_id))
        ++group.read;
    else if (stream.entries_added != 0)
        group.read = stream.distance_to(id);
    group.last_id = id;
}

void reply_fresh(Context& cx, const Request& request, const Source& source, const Named& named, Consumer& consumer) {
    DeferredLength entries = cx.reply().deferred_array();
    std::size_t shown = 0;
    const auto from = source.group->last_id.next();
    for (Stream::Walk walk{*source.stream, from.value_or(kMaxId), kMaxId}; from && walk.next();) {
        move_on(*source.stream, *source.group, walk.id());
        reply_entry(cx.reply(), walk);
        if (!request.no_ack) {
            const Nack& nack = source.group->give(walk.id(), consumer, cx.now());
            consumer.active_at = cx.now();
            replicate_claim(cx, named, walk.id(), nack);
        }
        if (++shown == request.count) break;
    }
    entries.end(shown);
    if (shown == 0) return;
    replicate_position(cx, named);
    cx.effects.count(1);
}

// Puts what "$" meant into the words to run again with.
std::vector<std::string> resolved_words(const Context& cx, const Request& request, std::span<const Source> sources) {
    std::vector<std::string> words{cx.args.words().begin(), cx.args.words().end()};
    for (std::size_t i = 0; i < sources.size(); ++i) {
        if (sources[i].resolved) words[request.ids_at + i] = IdText{sources[i].after}.str();
    }
    return words;
}

Status wait_or_leave(Context& cx, const Request& request, std::span<const Source> sources) {
    if (!request.block_ms) {
        cx.reply().null_array();
        return {};
    }
    return cx.wait({.keys = request.keys,
                    .type = Type::stream,
                    .timeout_ms = *request.block_ms,
                    .also_when_gone = request.of_group,
                    .instead = request.of_group ? std::vector<std::string>{} : resolved_words(cx, request, sources)});
}

void reply_source(Context& cx, const Request& request, std::size_t i, const Source& source, Consumer* consumer) {
    if (cx.reply().protocol() == 2) cx.reply().array(2);
    cx.reply().bulk(request.keys[i]);
    if (source.group == nullptr) return reply_entries(cx, request, source);
    if (!source.fresh) return reply_history(cx, request, source, *consumer);
    reply_fresh(cx, request, source, {request.keys[i], request.group, *source.group}, *consumer);
}

Status read(Context& cx, bool of_group) {
    KEEL_TRY(const Request request, read_request(cx, of_group));
    KEEL_TRY(const std::vector<Source> sources, find_sources(cx, request));
    std::size_t served = 0;
    std::vector<Consumer*> consumers(sources.size(), nullptr);
    for (std::size_t i = 0; i < sources.size(); ++i) {
        served += is_served(sources[i]) ? 1 : 0;
        if (of_group) {
            consumers[i] = &see_consumer(cx, {request.keys[i], request.group, *sources[i].group}, request.consumer);
        }
    }
    if (served == 0) return wait_or_leave(cx, request, sources);
    // The same key may be named twice, and what the first got is not left for the second: so the length comes last.
    DeferredLength streams = cx.reply().protocol() == 2 ? cx.reply().deferred_array() : cx.reply().deferred_map();
    std::size_t shown = 0;
    for (std::size_t i = 0; i < sources.size(); ++i) {
        if (!is_served(sources[i])) continue;
        reply_source(cx, request, i, sources[i], consumers[i]);
        ++shown;
    }
    streams.end(shown);
    return {};
}

// XREAD [COUNT count] [BLOCK milliseconds] STREAMS key [key ...] id [id ...]
Status xread(Context& cx) { return read(cx, false); }

// XREADGROUP GROUP group consumer [COUNT count] [BLOCK milliseconds] [NOACK] STREAMS key [key ...] id [id ...]
Status xreadgroup(Context& cx) { return read(cx, true); }

// ---- Rows ----

constexpr KeySpecs streams_of(std::int16_t start_from) {
    return {.at = {{.use = Use::read, .keyword = "STREAMS", .start_from = start_from, .last = -1, .limit = 2}},
            .count = 1};
}

constexpr CommandSpec kRows[] = {
    {.name = "xread",
     .run = xread,
     .arity = at_least(4),
     .flags = Flag::readonly | Flag::blocking | Flag::movablekeys,
     .categories = Category::stream,
     .keys = streams_of(1),
     .group = keel::Group::stream,
     .since = "5.0.0",
     .complexity = "O(N) for each stream, where N is the number of entries returned",
     .summary = "Returns the entries of streams with ids above those given, or waits for them.",
     .syntax = "[COUNT count:integer] [BLOCK milliseconds:integer] streams=(STREAMS key [key ...] id [id ...])"},
    {.name = "xreadgroup",
     .run = xreadgroup,
     .arity = at_least(7),
     .flags = Flag::write | Flag::blocking | Flag::movablekeys,
     .categories = Category::stream,
     .keys = streams_of(4),
     .group = keel::Group::stream,
     .since = "5.0.0",
     .complexity = "O(N) for each stream, where N is the number of entries returned",
     .summary = "Returns entries of streams that no consumer of the group was given, or waits for them; or those that "
                "this consumer has pending.",
     .syntax = "group-block=(GROUP group consumer) [COUNT count:integer] [BLOCK milliseconds:integer] [NOACK] "
               "streams=(STREAMS key [key ...] id [id ...])"},
};

}  // namespace

const std::span<const CommandSpec> kReadCommands{kRows};

}  // namespace keel::stream
