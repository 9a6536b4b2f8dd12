// SPDX-License-Identifier: BSD-3-Clause
//
// The table of DEBUG's subcommands, and those that look at data.
#include "server/commands/debug_commands.h"

#include <fmt/format.h>

#include <algorithm>

#include "datatypes/list/families.h"
#include "protocol/base/log.h"
#include "protocol/base/number.h"
#include "server/debug/digest.h"
#include "server/debug/populate.h"
#include "server/server.h"

namespace keel {

struct DebugCommands::Subcommand {
    Bytes name;
    std::size_t least;  // words behind the name
    std::size_t most;
    Status (DebugCommands::*run)(Context&);
    Bytes syntax;
    Bytes summary;
};

std::span<const DebugCommands::Subcommand> DebugCommands::table() {
    using C = DebugCommands;
    static constexpr std::size_t kAny = 1 << 20;
    static constexpr Subcommand kTable[] = {
        {"ASSERT", 0, 0, &C::fail_check, "", "Fails a check of the server: it reports and dies."},
        {"CHANGE-REPL-ID", 0, 0, &C::change_replication_id, "", "Draws another replication id."},
        {"CLIENT-ENFORCE-REPLY-LIST", 1, 1, &C::no_op_switch, "<0|1>", "Accepted: replies have one form here."},
        {"CLIENT-EVICTION", 0, 0, &C::client_eviction, "", "Shows how much memory how many clients take."},
        {"CONFIG-REWRITE-FORCE-ALL", 0, 0, &C::rewrite_config, "", "CONFIG REWRITE of all settings, defaults too."},
        {"CRASH-AND-RECOVER", 0, 1, &C::crash_and_recover, "[<milliseconds>]",
         "Ends without saving anything, and starts again after a while."},
        {"DICT-RESIZING", 1, 1, &C::table_resizing, "<0|1>",
         "Lets tables grow and shrink (1), or holds them back (0)."},
        {"DIGEST", 0, 0, &C::digest, "", "A number that is equal for equal data."},
        {"DIGEST-VALUE", 1, kAny, &C::digest_value, "<key> [<key> ...]", "The same for single values."},
        {"ERROR", 1, 1, &C::error, "<message>", "Replies with this error."},
        {"HASHTABLE-CAN-ABORT-SHRINK", 1, 1, &C::no_op_switch, "<0|1>", "Accepted: tables shrink in small steps here."},
        {"HTSTATS", 1, 2, &C::table_stats, "<database> [full]", "Figures of a database's tables."},
        {"HTSTATS-KEY", 1, 2, &C::table_stats_of_key, "<key> [full]", "Figures of a value's table."},
        {"LEAK", 1, 1, &C::leak, "<text>", "Forgets to free a copy of the text."},
        {"LOADAOF", 0, 0, &C::load_log, "",
         "Writes the append-only log out, and loads it again over nothing; if it is off, what lies in its folder."},
        {"LOG", 1, 1, &C::log, "<message>", "Writes a line to the log."},
        {"MALLCTL", 1, 2, &C::allocator_number, "<name> [<value>]", "Reads or sets a number of the allocator."},
        {"MALLCTL-STR", 1, 2, &C::allocator_text, "<name> [<value>|VOID]", "Reads or sets a text of the allocator."},
        {"OBJECT", 1, 2, &C::object, "<key>", "How a value is held."},
        {"OOM", 0, 0, &C::out_of_memory, "", "Runs out of memory: the server reports and dies."},
        {"PANIC", 0, 0, &C::panic, "", "Gives up: the server reports and dies."},
        {"PAUSE-CRON", 1, 1, &C::pause_cron, "<0|1>", "Stops periodic work (1), or goes on with it (0)."},
        {"POPULATE", 1, 3, &C::populate, "<count> [<prefix>] [<size>]",
         "Makes keys prefix:0, prefix:1, ... with values value:0, value:1, ..., filled up with zero bytes."},
        {"PROTOCOL", 1, 1, &C::protocol, "<type>",
         "A reply of this type: string, integer, double, bignum, null, array, set, map, attrib, push, verbatim, true, "
         "false."},
        {"QUICKLIST-PACKED-THRESHOLD", 1, 1, &C::packed_threshold, "<size>",
         "Elements of lists from this size on get a node of their own (0: those that no node holds)."},
        {"RELOAD", 0, kAny, &C::reload, "[MERGE] [NOFLUSH] [NOSAVE]",
         "Saves a snapshot and loads it again; NOSAVE: the one that is there, NOFLUSH: without emptying all before, "
         "MERGE: over keys that are there."},
        {"REPLYBUFFER", 2, 2, &C::reply_buffer, "PEAK-RESET-TIME <NEVER|RESET|milliseconds> or RESIZING <0|1>",
         "Accepted: reply buffers have one size here."},
        {"RESTART", 0, 1, &C::restart, "[<milliseconds>]", "Ends in order, and starts again after a while."},
        {"SDSLEN", 1, 1, &C::sds_length, "<key>", "Lengths of a key and of its value, and what they take."},
        {"SEGFAULT", 0, 0, &C::segfault, "", "Touches memory it may not touch: the server reports and dies."},
        {"SET-ACTIVE-EXPIRE", 1, 1, &C::set_active_expire, "<0|1>",
         "Removes due keys by itself (1), or on access only (0)."},
        {"SET-DISABLE-DENY-SCRIPTS", 1, 1, &C::deny_scripts, "<0|1>",
         "Lets scripts call commands of administrators (1)."},
        {"SET-SKIP-CHECKSUM-VALIDATION", 1, 1, &C::checksums, "<0|1>", "Loads payloads with wrong checksums (1)."},
        {"SLEEP", 1, 1, &C::sleep, "<seconds>", "Stops the whole server for a while; decimals are allowed."},
        {"STRINGMATCH-LEN", 2, 2, &C::string_match, "<length> <pattern>",
         "Matches the pattern with so many letters a."},
        {"STRINGMATCH-TEST", 0, 0, &C::string_match_test, "", "Matches random patterns with random texts."},
        {"STRUCTSIZE", 0, 0, &C::struct_size, "", "Sizes of structures in bytes."},
        {"HELP", 0, 0, &C::help, "", "Prints this help."},
    };
    return kTable;
}

// DEBUG subcommand [argument ...]
Status DebugCommands::debug(Context& cx) {
    const Bytes name = cx.args.next<Bytes>();
    for (const Subcommand& subcommand : table()) {
        if (!equal_nocase(name, subcommand.name)) continue;
        if (cx.args.left() < subcommand.least || cx.args.left() > subcommand.most) break;
        return (this->*subcommand.run)(cx);
    }
    return errors::subcommand_syntax("debug", name);
}

// HELP
Status DebugCommands::help(Context& cx) {
    cx.reply().array(1 + 2 * table().size());
    cx.reply().simple("DEBUG <subcommand> [<arg> [value] [opt] ...]. Subcommands are:");
    for (const Subcommand& subcommand : table()) {
        cx.reply().simple(
            fmt::format("{}{}{}", subcommand.name, subcommand.syntax.empty() ? "" : " ", subcommand.syntax));
        cx.reply().simple(fmt::format("    {}", subcommand.summary));
    }
    return {};
}

std::span<const CommandSpec> DebugCommands::rows() {
    static constexpr CommandSpec kRows[] = {
        {.name = "debug",
         .run = method<&DebugCommands::debug>,
         .arity = at_least(2),
         .flags = Flag::admin | Flag::noscript | Flag::loading | Flag::stale | Flag::is_protected,
         .group = Group::server,
         .since = "1.0.0",
         .complexity = "Depends on subcommand.",
         .summary = "Looks inside the server, and provokes what should not happen.",
         .syntax = "subcommand [argument [argument ...]]",
         .internal = true},
    };
    return kRows;
}

// ---- Data ----

namespace {

// Length of a string in the snapshot format, uncompressed.
std::size_t serialized_length(const ValueRef& value) {
    if (value.is_integer() && integer_form(value.integer) <= StringForm::int32) {
        const StringForm form = integer_form(value.integer);
        return form == StringForm::int8 ? 2 : form == StringForm::int16 ? 3 : 5;
    }
    const std::size_t length = value.is_integer() ? integer_text(value.integer).size() : value.text.size();
    return length + (length < 64 ? 1 : length < 16384 ? 2 : 5);
}

std::string describe_table(std::size_t slots, std::size_t elements, std::size_t segments, std::size_t bytes) {
    if (elements == 0) return "No stats available for empty dictionaries\n";
    return fmt::format(
        " table size: {}\n number of elements: {}\n segments: {}\n elements per segment: {:.2f}\n"
        " fill: {:.2f}\n bytes: {}\n",
        slots, elements, segments, static_cast<double>(elements) / static_cast<double>(segments),
        static_cast<double>(elements) / static_cast<double>(slots), bytes);
}

}  // namespace

// OBJECT key
Status DebugCommands::object(Context& cx) {
    const Entry* entry = cx.db().peek(Key{cx.args.next<Bytes>()});
    if (entry == nullptr) return errors::kNoSuchKey;
    const ValueRef value = entry->value();
    const TypeOps& ops = type_ops(value.type);
    const std::size_t length = value.type == Type::string ? serialized_length(value) : ops.memory(value, 0);
    std::string text = fmt::format("Value at:{} refcount:1 encoding:{} serializedlength:{} lru:{} lru_seconds_idle:{}",
                                   fmt::ptr(entry), ops.encoding_name(value), length, entry->age(),
                                   cx.keyspace.ages.idle_seconds(*entry));
    if (const auto chain = list::chain_figures(value)) {
        const Encodings& limits = cx.settings.encodings;
        text +=
            fmt::format(" ql_nodes:{} ql_avg_node:{:.2f} ql_listpack_max:{} ql_compressed:{} ql_uncompressed_size:{}",
                        chain->nodes, static_cast<double>(chain->elements) / static_cast<double>(chain->nodes),
                        limits.list_max_listpack_size, limits.list_compress_depth > 0 ? 1 : 0, chain->plain_bytes);
    }
    cx.reply().simple(text);
    return {};
}

// SDSLEN key
Status DebugCommands::sds_length(Context& cx) {
    const Entry* entry = cx.db().peek(Key{cx.args.next<Bytes>()});
    if (entry == nullptr) return errors::kNoSuchKey;
    const ValueRef value = entry->value();
    if (value.type != Type::string || value.is_integer()) return Error{"ERR Not an sds encoded string."};
    const auto* block = static_cast<const Block*>(value.payload);
    const std::size_t spare = block == nullptr ? 0 : block->capacity - block->size;
    const std::size_t held = block == nullptr ? 0 : block->memory_bytes();
    cx.reply().simple(
        fmt::format("key_sds_len:{}, key_sds_avail:0, key_zmalloc: {}, val_sds_len:{}, val_sds_avail:{}, "
                    "val_zmalloc: {}",
                    entry->key().size(), entry->allocated_bytes(), value.text.size(), spare, held));
    return {};
}

// POPULATE count [prefix] [size]. Existing keys stay. Replicas and the log are told nothing.
Status DebugCommands::populate(Context& cx) {
    const auto count = cx.args.next<std::int64_t>();
    const Bytes prefix = cx.args.more() ? cx.args.next<Bytes>() : Bytes{"key"};
    const std::int64_t size = cx.args.more() ? cx.args.next<std::int64_t>() : 0;
    KEEL_TRY(cx.args.done());
    if (count < 0 || size < 0) return errors::kMustBePositive;
    if (server_.loading.active()) return errors::kLoading;
    keel::populate(cx.db(), count, prefix, size);
    server_.append_log.note_unsaid();
    cx.effects.flushed(cx.db().index());
    cx.effects.replicate_nothing();
    cx.reply().ok();
    return {};
}

// RELOAD [MERGE] [NOFLUSH] [NOSAVE]
Status DebugCommands::reload(Context& cx) {
    bool save = true;
    bool flush = true;
    bool merge = false;
    while (cx.args.more()) {
        if (cx.args.accept("NOSAVE"))
            save = false;
        else if (cx.args.accept("NOFLUSH"))
            flush = false;
        else if (cx.args.accept("MERGE"))
            merge = true;
        else
            return Error{"ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options."};
    }
    if (server_.loading.active()) return errors::kLoading;
    const Status reloaded = server_.snapshots.reload(save, flush, merge);
    server_.append_log.note_unsaid();
    cx.effects.flushed(-1);  // whatever anybody knew of any key
    cx.effects.replicate_nothing();
    if (!reloaded) {
        log_warning("DEBUG RELOAD: {}", reloaded.error().text());
        return Error{"ERR Error trying to load the RDB dump, check server logs."};
    }
    log_warning("DB reloaded by DEBUG RELOAD");
    cx.reply().ok();
    return {};
}

// LOADAOF
Status DebugCommands::load_log(Context& cx) {
    if (server_.loading.active()) return errors::kLoading;
    KEEL_TRY(server_.append_log.reload());
    cx.effects.flushed(-1);
    cx.effects.replicate_nothing();
    log_warning("Append Only File loaded by DEBUG LOADAOF");
    cx.reply().ok();
    return {};
}

// DIGEST
Status DebugCommands::digest(Context& cx) {
    cx.reply().simple(digest_of(cx.keyspace).hex());
    return {};
}

// DIGEST-VALUE key [key ...]
Status DebugCommands::digest_value(Context& cx) {
    const auto keys = cx.args.rest();
    cx.reply().array(keys.size());
    for (const Bytes key : keys) {
        Digest digest;
        if (const Entry* entry = cx.db().peek(Key{key})) digest.add_value(*entry);
        cx.reply().simple(digest.hex());
    }
    return {};
}

// HTSTATS database [full]
Status DebugCommands::table_stats(Context& cx) {
    const auto index = cx.args.next<std::int64_t>();
    KEEL_TRY(cx.args.checked());
    if (index < 0 || index >= cx.keyspace.count()) return Error{"ERR Out of range database"};
    const Database& db = cx.keyspace.db(static_cast<int>(index));
    const auto& table = db.table();
    const auto slots =
        static_cast<std::size_t>(static_cast<double>(table.size()) / std::max(table.fill(), 0.001) + 0.5);
    std::string text = "[Dictionary HT]\nHash table 0 stats (main hash table):\n";
    text += describe_table(slots, table.size(), table.segments(), table.memory_bytes());
    // Deadlines are no hash table: an ordered index, whose elements and bytes are told in the same words.
    text += "[Expires HT]\nHash table 0 stats (main hash table):\n";
    const std::size_t deadline_bytes = db.overhead_bytes() - table.memory_bytes();
    text += describe_table(db.deadline_count(), db.deadline_count(), 1, deadline_bytes);
    cx.reply().verbatim("txt", text);
    return {};
}

// HTSTATS-KEY key [full]
Status DebugCommands::table_stats_of_key(Context& cx) {
    const Entry* entry = cx.db().peek(Key{cx.args.next<Bytes>()});
    if (entry == nullptr) return errors::kNoSuchKey;
    return Error{"ERR The value stored at the specified key is not represented using an hash table"};
}

}  // namespace keel
