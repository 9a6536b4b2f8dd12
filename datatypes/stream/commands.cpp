// SPDX-License-Identifier: BSD-3-Clause
//
// Streams: adding, removing, and the counters.
//
//     XADD XLEN XDEL XDELEX XTRIM XSETID
//
// Replicas get the id that an entry was given, and trims that say exactly what stays.
#include "datatypes/stream/add_options.h"
#include "datatypes/stream/families.h"
#include "datatypes/stream/lookup.h"
#include "datatypes/stream/replicate.h"

namespace keel::stream {

namespace {

constexpr ErrorText kZeroId{"ERR The ID specified in XADD must be greater than 0-0"};
constexpr ErrorText kExhausted{"ERR The stream has exhausted the last possible ID, unable to add more items"};
constexpr ErrorText kNotAbove{"ERR The ID specified in XADD is equal or smaller than the target stream top item"};
constexpr ErrorText kTooLarge{"ERR Elements are too large to be stored"};

// ---- XADD ----

Result<StreamId> choose_id(const AddOptions& options, StreamId last, UnixMs now) {
    if (last == kMaxId) return kExhausted;
    if (options.id_given && options.id.seq_given) {
        if (options.id.id <= last) return kNotAbove;
        return options.id.id;
    }
    if (options.id_given) {
        if (options.id.id.ms < last.ms || (options.id.id.ms == last.ms && last.seq == kMaxPart)) return kNotAbove;
        return options.id.id.ms == last.ms ? StreamId{last.ms, last.seq + 1} : options.id.id;
    }
    const auto ms = static_cast<std::uint64_t>(now);
    return ms > last.ms ? StreamId{ms, 0} : *last.next();  // the clock may go back, ids do not
}

// XADD key [NOMKSTREAM] [KEEPREF | DELREF | ACKED] [MAXLEN | MINID [= | ~] threshold [LIMIT count]] <* | id>
//      field value [field value ...]
Status xadd(Context& cx) {
    const Key key = cx.next_key();
    KEEL_TRY(const AddOptions options, read_add_options(cx, For::xadd));
    const FieldWords words = cx.args.rest();
    if (words.size() < 2 || words.size() % 2 == 1) return errors::wrong_arity(cx.command->name());
    if (options.id_given && options.id.seq_given && options.id.id.is_zero()) return kZeroId;
    KEEL_TRY(Stream * stream, write_stream(cx, key));
    if (stream == nullptr && options.no_mkstream) {
        cx.reply().null();
        return {};
    }
    KEEL_TRY(const StreamId id, choose_id(options, stream != nullptr ? stream->last_id : kMinId, cx.now()));
    if (bytes_of(words) > Stream::kMaxEntryBytes) return kTooLarge;

    if (stream == nullptr) stream = &create_stream(cx, key);
    const Encodings& limits = cx.settings.encodings;
    stream->append(id, words, {limits.stream_node_max_bytes, limits.stream_node_max_entries});
    cx.changed(key.text, events::kXAdd);
    Trimmed trimmed;
    if (options.trim.by != Trim::By::none) trimmed = trim_with(*stream, options.trim, options.references);
    if (trimmed.entries != 0) cx.effects.happened(cx.db().index(), key.text, events::kXTrim);
    const bool exact = options.id_given && options.id.seq_given && !options.trim.approximate;
    if (!exact || options.references_given) {
        replicate_exactly(cx, key.text, options, *stream, trimmed);
    }
    reply_id(cx.reply(), id);
    return {};
}

// ---- The rest ----

// XLEN key
Status xlen(Context& cx) {
    KEEL_TRY(const Stream* stream, read_stream(cx, cx.next_key()));
    cx.reply().integer(stream == nullptr ? 0 : static_cast<std::int64_t>(stream->length()));
    return {};
}

void told_deleted(Context& cx, Bytes key, std::uint64_t deleted) {
    if (deleted == 0) return;
    cx.changed(key, events::kXDel);
    cx.effects.count(deleted - 1);
}

// XDEL key id [id ...]
Status xdel(Context& cx) {
    const Key key = cx.next_key();
    KEEL_TRY(Stream * stream, write_stream(cx, key));
    if (stream == nullptr) {
        cx.reply().integer(0);
        return {};
    }
    KEEL_TRY(const std::vector<StreamId> ids, read_ids(cx.args.rest()));
    std::uint64_t deleted = 0;
    for (const StreamId id : ids) deleted += stream->erase(id) ? 1 : 0;
    told_deleted(cx, key.text, deleted);
    cx.reply().integer(static_cast<std::int64_t>(deleted));
    return {};
}

// XDELEX key [KEEPREF | DELREF | ACKED] IDS numids id [id ...]
Status xdelex(Context& cx) {
    const Key key = cx.next_key();
    KEEL_TRY(const IdsOption option, read_ids_option(cx.args));
    KEEL_TRY(Stream * stream, write_stream(cx, key));
    std::vector<StreamId> deleted;
    cx.reply().array(option.ids.size());
    for (const StreamId id : option.ids) {
        const Fate fate = stream == nullptr ? Fate::none : delete_entry(*stream, id, option.references);
        if (fate == Fate::deleted) deleted.push_back(id);
        cx.reply().integer(static_cast<std::int64_t>(fate));
    }
    told_deleted(cx, key.text, deleted.size());
    replicate_deleted(cx, key.text, deleted);
    if (!deleted.empty() && option.references == References::erase) replicate_forgotten(cx, key.text, *stream, deleted);
    return {};
}

// XTRIM key <MAXLEN | MINID> [= | ~] threshold [LIMIT count] [KEEPREF | DELREF | ACKED]
Status xtrim(Context& cx) {
    const Key key = cx.next_key();
    KEEL_TRY(const AddOptions options, read_add_options(cx, For::xtrim));
    KEEL_TRY(Stream * stream, write_stream(cx, key));
    Trimmed trimmed;
    if (stream != nullptr) trimmed = trim_with(*stream, options.trim, options.references);
    if (trimmed.entries != 0) {
        cx.changed(key.text, events::kXTrim);
        cx.effects.count(trimmed.entries - 1);
        if (options.trim.approximate || options.references_given)
            replicate_exactly(cx, key.text, options, *stream, trimmed);
    }
    cx.reply().integer(static_cast<std::int64_t>(trimmed.entries));
    return {};
}

// ---- XSETID ----

constexpr ErrorText kAddedNegative{"ERR entries_added must be positive"};
constexpr ErrorText kBelowGivenDeleted{
    "ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id"};
constexpr ErrorText kBelowDeleted{"ERR The ID specified in XSETID is smaller than current max_deleted_entry_id"};
constexpr ErrorText kBelowTop{"ERR The ID specified in XSETID is smaller than the target stream top item"};
constexpr ErrorText kAddedBelowLength{
    "ERR The entries_added specified in XSETID is smaller than the target stream length"};

struct SetId {
    StreamId id{};
    std::int64_t added = -1;  // -1: stays
    StreamId max_deleted{};   // 0-0: stays
};

Result<SetId> read_setid(Args& args) {
    SetId out;
    KEEL_TRY(out.id, read_id(args.next<Bytes>()));
    while (args.more()) {
        if (args.accept_with_value("ENTRIESADDED")) {
            out.added = args.next<std::int64_t>();
            KEEL_TRY(args.checked());
            if (out.added < 0) return kAddedNegative;
        } else if (args.accept_with_value("MAXDELETEDID")) {
            KEEL_TRY(out.max_deleted, read_id(args.next<Bytes>()));
            if (out.id < out.max_deleted) return kBelowGivenDeleted;
        } else {
            return errors::kSyntax;
        }
    }
    return out;
}

// XSETID key last-id [ENTRIESADDED entries-added] [MAXDELETEDID max-deleted-id]
Status xsetid(Context& cx) {
    const Key key = cx.next_key();
    KEEL_TRY(const SetId wanted, read_setid(cx.args));
    KEEL_TRY(Stream * stream, write_stream(cx, key));
    if (stream == nullptr) return errors::kNoSuchKey;
    if (wanted.id < stream->max_deleted) return kBelowDeleted;
    if (stream->length() != 0) {
        if (wanted.id < *stream->last_live()) return kBelowTop;
        if (wanted.added != -1 && stream->length() > static_cast<std::uint64_t>(wanted.added)) return kAddedBelowLength;
    }
    stream->last_id = wanted.id;
    if (wanted.added != -1) stream->entries_added = static_cast<std::uint64_t>(wanted.added);
    if (!wanted.max_deleted.is_zero()) stream->max_deleted = wanted.max_deleted;
    cx.changed(key.text, events::kXSetId);
    cx.reply().ok();
    return {};
}

// ---- Rows ----

constexpr Bytes kChanging[] = {"nondeterministic_output"};

constexpr CommandSpec kRows[] = {
    {.name = "xadd",
     .run = xadd,
     .arity = at_least(5),
     .flags = Flag::write | Flag::denyoom | Flag::fast,
     .categories = Category::stream,
     .keys = one_key(Use::rw | Use::update).noted("update and not insert as it may trim"),
     .group = keel::Group::stream,
     .since = "5.0.0",
     .complexity = "O(1) to add an entry, O(N) to trim, where N is the number of entries that go",
     .summary = "Adds an entry to a stream, which is made if there is none.",
     .syntax = "key [NOMKSTREAM] [KEEPREF|DELREF|ACKED] trim=[strategy=(MAXLEN|MINID) operator=[=|~] threshold "
               "[LIMIT count:integer]] id-selector=(*|id) field value [field value ...]",
     .tips = kChanging},
    {.name = "xlen",
     .run = xlen,
     .arity = exactly(2),
     .flags = Flag::readonly | Flag::fast,
     .categories = Category::stream,
     .keys = one_key(Use::ro),
     .group = keel::Group::stream,
     .since = "5.0.0",
     .complexity = "O(1)",
     .summary = "Returns the number of entries of a stream.",
     .syntax = "key"},
    {.name = "xdel",
     .run = xdel,
     .arity = at_least(3),
     .flags = Flag::write | Flag::fast,
     .categories = Category::stream,
     .keys = one_key(Use::rw | Use::erase),
     .group = keel::Group::stream,
     .since = "5.0.0",
     .complexity = "O(1) for each id",
     .summary = "Deletes entries of a stream.",
     .syntax = "key id [id ...]"},
    {.name = "xdelex",
     .run = xdelex,
     .arity = at_least(5),
     .flags = Flag::write | Flag::fast,
     .categories = Category::stream,
     .keys = one_key(Use::rw | Use::erase),
     .group = keel::Group::stream,
     .since = "8.2.0",
     .complexity = "O(1) for each id",
     .summary = "Deletes entries of a stream, with or without what consumer groups have pending of them.",
     .syntax = "key [KEEPREF|DELREF|ACKED] IDS numids:integer id [id ...]"},
    {.name = "xtrim",
     .run = xtrim,
     .arity = at_least(4),
     .flags = Flag::write,
     .categories = Category::stream,
     .keys = one_key(Use::rw | Use::erase),
     .group = keel::Group::stream,
     .since = "5.0.0",
     .complexity = "O(N) where N is the number of entries that go; whole blocks of them go at once",
     .summary = "Removes entries from the front of a stream.",
     .syntax = "key trim=(strategy=(MAXLEN|MINID) operator=[=|~] threshold [LIMIT count:integer] "
               "[KEEPREF|DELREF|ACKED])",
     .tips = kChanging},
    {.name = "xsetid",
     .run = xsetid,
     .arity = at_least(3),
     .flags = Flag::write | Flag::denyoom | Flag::fast,
     .categories = Category::stream,
     .keys = one_key(Use::rw | Use::update),
     .group = keel::Group::stream,
     .since = "5.0.0",
     .complexity = "O(1)",
     .summary = "Sets the last id of a stream and its counters: for replication and restoring.",
     .syntax = "key last-id [ENTRIESADDED entries-added:integer] [MAXDELETEDID max-deleted-id]"},
};

}  // namespace

const std::span<const CommandSpec> kCommands{kRows};

}  // namespace keel::stream
