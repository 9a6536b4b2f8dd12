// SPDX-License-Identifier: BSD-3-Clause
//
// Streams: making and removing groups and consumers.
//
//     XGROUP CREATE | SETID | DESTROY | CREATECONSUMER | DELCONSUMER | HELP
#include "datatypes/command/help.h"
#include "datatypes/stream/families.h"
#include "datatypes/stream/lookup.h"
#include "datatypes/stream/replicate.h"

namespace keel::stream {

namespace {

constexpr ErrorText kKeyMustExist{
    "ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the MKSTREAM option "
    "to "
    "create an empty stream automatically."};
constexpr ErrorText kBusyGroup{"BUSYGROUP Consumer Group name already exists"};
constexpr ErrorText kEntriesRead{"ERR value for ENTRIESREAD must be positive or -1"};

struct GroupOptions {
    bool mkstream = false;
    std::int64_t entries_read = kReadUnknown;
};

Result<GroupOptions> read_options(Context& cx, bool with_mkstream) {
    GroupOptions out;
    while (cx.args.more()) {
        if (with_mkstream && cx.args.accept("MKSTREAM")) {
            out.mkstream = true;
        } else if (cx.args.accept_with_value("ENTRIESREAD")) {
            out.entries_read = cx.args.next<std::int64_t>();
            KEEL_TRY(cx.args.checked());
            if (out.entries_read < 0 && out.entries_read != kReadUnknown) return kEntriesRead;
        } else {
            return errors::subcommand_syntax("XGROUP", cx.args.words()[1]);
        }
    }
    return out;
}

void told(Context& cx, Bytes key, Event event) {
    cx.effects.happened(cx.db().index(), key, event);
    cx.effects.count(1);
}

// The id from which a group starts: "$" is the last one there was.
Result<StreamId> read_position(Bytes word, const Stream* stream) {
    if (word == "$") return stream != nullptr ? stream->last_id : kMinId;
    return read_id(word);
}

// XGROUP CREATE key group <id | $> [MKSTREAM] [ENTRIESREAD entries-read]
Status create(Context& cx) {
    const Key key = cx.next_key();
    const auto name = cx.args.next<Bytes>();
    const auto position = cx.args.next<Bytes>();
    KEEL_TRY(const GroupOptions options, read_options(cx, true));
    KEEL_TRY(Stream * stream, write_stream(cx, key));
    if (stream == nullptr && !options.mkstream) return kKeyMustExist;
    KEEL_TRY(const StreamId id, read_position(position, stream));
    if (stream != nullptr && stream->group(name) != nullptr) return kBusyGroup;
    const bool made = stream == nullptr;
    if (made) stream = &create_stream(cx, key);
    stream->add_group(name, id, options.entries_read);
    if (made)
        cx.changed(key.text, events::kXGroupCreate);
    else
        told(cx, key.text, events::kXGroupCreate);
    cx.reply().ok();
    return {};
}

// The stream, which must be there, and its group.
struct Found {
    Stream* stream;
    Group* group;  // null if there is none of that name
};

Result<Found> find(Context& cx, const Key& key, Bytes name) {
    KEEL_TRY(Stream * stream, write_stream(cx, key));
    if (stream == nullptr) return kKeyMustExist;
    return Found{stream, stream->group(name)};
}

// XGROUP SETID key group <id | $> [ENTRIESREAD entries-read]
Status setid(Context& cx) {
    const Key key = cx.next_key();
    const auto name = cx.args.next<Bytes>();
    const auto position = cx.args.next<Bytes>();
    KEEL_TRY(const GroupOptions options, read_options(cx, false));
    KEEL_TRY(const Found found, find(cx, key, name));
    if (found.group == nullptr) return no_group(key.text, name);
    std::optional<StreamId> id = found.stream->last_id;
    if (position != "$") {
        id = parse_bound(position, 0);
        if (!id) return read_id("").error();
    }
    found.group->last_id = *id;
    found.group->read = options.entries_read;
    told(cx, key.text, events::kXGroupSetId);
    cx.reply().ok();
    return {};
}

// XGROUP DESTROY key group
Status destroy(Context& cx) {
    const Key key = cx.next_key();
    const auto name = cx.args.next<Bytes>();
    KEEL_TRY(const Found found, find(cx, key, name));
    const bool removed = found.stream->remove_group(name);
    if (removed) cx.changed(key.text, events::kXGroupDestroy);  // those who wait in the group must be told
    cx.reply().integer(removed ? 1 : 0);
    return {};
}

// XGROUP CREATECONSUMER key group consumer
Status create_consumer(Context& cx) {
    const Key key = cx.next_key();
    const auto name = cx.args.next<Bytes>();
    const auto consumer = cx.args.next<Bytes>();
    KEEL_TRY(const Found found, find(cx, key, name));
    if (found.group == nullptr) return no_group(key.text, name);
    const bool made = found.group->find(consumer) == nullptr;
    if (made) {
        found.group->add(consumer, cx.now());
        told(cx, key.text, events::kXGroupCreateConsumer);
    }
    cx.reply().integer(made ? 1 : 0);
    return {};
}

// XGROUP DELCONSUMER key group consumer
Status delete_consumer(Context& cx) {
    const Key key = cx.next_key();
    const auto name = cx.args.next<Bytes>();
    const auto word = cx.args.next<Bytes>();
    KEEL_TRY(const Found found, find(cx, key, name));
    if (found.group == nullptr) return no_group(key.text, name);
    Consumer* consumer = found.group->find(word);
    const std::size_t pending = consumer == nullptr ? 0 : consumer->pending.size();
    if (consumer != nullptr) {
        found.group->remove(*consumer);
        told(cx, key.text, events::kXGroupDelConsumer);
    }
    cx.reply().integer(static_cast<std::int64_t>(pending));
    return {};
}

// ---- Rows ----

constexpr CommandSpec on_group(Bytes name, Handler run, Arity arity, Flag flags, Use use, Bytes since, Bytes summary,
                               Bytes syntax) {
    return {.name = name,
            .run = run,
            .arity = arity,
            .flags = flags,
            .categories = Category::stream,
            .keys = one_key(use, 2),
            .group = keel::Group::stream,
            .since = since,
            .complexity = "O(1)",
            .summary = summary,
            .syntax = syntax};
}

constexpr CommandSpec kSubcommands[] = {
    on_group("create", create, at_least(5), Flag::write | Flag::denyoom, Use::rw | Use::insert, "5.0.0",
             "Makes a consumer group.", "key group id-selector=(id|$) [MKSTREAM] [ENTRIESREAD entries-read:integer]"),
    on_group("setid", setid, at_least(5), Flag::write, Use::rw | Use::update, "5.0.0",
             "Sets the last id that a consumer group was given.",
             "key group id-selector=(id|$) [ENTRIESREAD entries-read:integer]"),
    on_group("destroy", destroy, exactly(4), Flag::write, Use::rw | Use::erase, "5.0.0", "Removes a consumer group.",
             "key group"),
    on_group("createconsumer", create_consumer, exactly(5), Flag::write | Flag::denyoom, Use::rw | Use::insert, "6.2.0",
             "Makes a consumer in a group.", "key group consumer"),
    on_group("delconsumer", delete_consumer, exactly(5), Flag::write, Use::rw | Use::erase, "5.0.0",
             "Removes a consumer of a group, with all it has pending.", "key group consumer"),
    help_row(keel::Group::stream),
};

constexpr CommandSpec kRows[] = {
    {.name = "xgroup",
     .arity = at_least(2),
     .group = keel::Group::stream,
     .since = "5.0.0",
     .complexity = "Depends on subcommand.",
     .summary = "Makes and removes consumer groups.",
     .subcommands = kSubcommands},
};

}  // namespace

const std::span<const CommandSpec> kGroupCommands{kRows};

}  // namespace keel::stream
