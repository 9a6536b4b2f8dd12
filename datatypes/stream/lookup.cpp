// SPDX-License-Identifier: BSD-3-Clause
#include "datatypes/stream/lookup.h"

#include <fmt/format.h>

namespace keel::stream {

namespace {

constexpr ErrorText kInvalidId{"ERR Invalid stream ID specified as stream command argument"};
constexpr ErrorText kInvalidStart{"ERR invalid start ID for the interval"};
constexpr ErrorText kInvalidEnd{"ERR invalid end ID for the interval"};

// Names in error texts end at a NUL, as in Redis.
Bytes until_nul(Bytes text) { return text.substr(0, text.find('\0')); }

bool is_exclusive(Bytes word) { return word.size() > 1 && word.front() == '('; }

}  // namespace

Result<Stream*> read_stream(Context& cx, const Key& key) {
    Entry* entry = cx.read(key);
    KEEL_TRY(expect_type(entry, Type::stream));
    return stream_of(entry);
}

Result<Stream*> write_stream(Context& cx, const Key& key) {
    Entry* entry = cx.write(key);
    KEEL_TRY(expect_type(entry, Type::stream));
    return stream_of(entry);
}

Stream& create_stream(Context& cx, const Key& key) {
    auto* stream = new Stream;
    cx.db().put(key, nullptr, {.type = Type::stream, .payload = stream}, kNoDeadline);
    cx.appeared(key.text);
    return *stream;
}

Error no_key_or_group(Bytes key, Bytes group, Bytes where) {
    return Error{
        fmt::format("NOGROUP No such key '{}' or consumer group '{}'{}", until_nul(key), until_nul(group), where)};
}

Error no_group(Bytes key, Bytes group) {
    return Error{
        fmt::format("NOGROUP No such consumer group '{}' for key name '{}'", until_nul(group), until_nul(key))};
}

Result<StreamId> read_id(Bytes word, std::uint64_t missing_seq) {
    const auto id = parse_id(word, missing_seq);
    if (!id) return kInvalidId;
    return *id;
}

Result<std::vector<StreamId>> read_ids(std::span<const Bytes> words) {
    std::vector<StreamId> ids;
    ids.reserve(words.size());
    for (const Bytes word : words) {
        KEEL_TRY(const StreamId id, read_id(word));
        ids.push_back(id);
    }
    return ids;
}

Result<StreamId> read_start(Bytes word) {
    if (!is_exclusive(word)) {
        const auto id = parse_bound(word, 0);
        if (!id) return kInvalidId;
        return *id;
    }
    KEEL_TRY(const StreamId id, read_id(word.substr(1)));
    const auto above = id.next();
    if (!above) return kInvalidStart;
    return *above;
}

Result<StreamId> read_end(Bytes word) {
    if (!is_exclusive(word)) {
        const auto id = parse_bound(word, kMaxPart);
        if (!id) return kInvalidId;
        return *id;
    }
    KEEL_TRY(const StreamId id, read_id(word.substr(1), kMaxPart));
    const auto below = id.prev();
    if (!below) return kInvalidEnd;
    return *below;
}

void reply_entry(Reply& reply, const Stream::Walk& walk) {
    reply.array(2);
    reply_id(reply, walk.id());
    reply.array(static_cast<std::size_t>(walk.entry().fields) * 2);
    BulkRun run{reply};
    walk.block().each_field(walk.entry(), [&run](const ListpackItem& name, const ListpackItem& value) {
        name.reply_to(run);
        value.reply_to(run);
    });
}

bool reply_entry(Reply& reply, const Stream& stream, StreamId id) {
    Stream::Walk walk{stream, id, id};
    if (!walk.next()) return false;
    reply_entry(reply, walk);
    return true;
}

}  // namespace keel::stream
