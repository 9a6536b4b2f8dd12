// SPDX-License-Identifier: BSD-3-Clause
//
// A keyspace for fuzz targets, without a server: values come in by RESTORE's way or from a file, and are then read and
// changed by the commands of their type.
#pragma once

#include <string>
#include <vector>

#include "datatypes/all_types.h"
#include "datatypes/command/context.h"
#include "datatypes/core/rdb_tags.h"
#include "datatypes/keyspace/keyspace.h"
#include "persistence/rdb/dump.h"
#include "protocol/base/check.h"
#include "protocol/resp/output_buffer.h"
#include "server/debug/digest.h"

namespace keel::fuzz {

class KeyspaceFixture final : private KeyspaceListener {
  public:
    KeyspaceFixture() {
        settings.snapshot.compatible_with = Snapshot::CompatibleWith::redis74;
        add_data_commands(registry);
    }

    void clear() { keyspace.clear(false); }

    // The value of a payload at the key "k".
    bool restore(Bytes payload) {
        if (!rdb::check_footer(payload, settings, true)) return false;
        std::string scratch;
        const auto value = rdb::restore_value(payload, settings, scratch);
        if (!value) return false;
        Database& db = keyspace.db(0);
        const Key key{"k"};
        db.put(key, db.write(key), *value, kNoDeadline);
        return true;
    }
    std::string dump() {
        const Entry* entry = keyspace.db(0).peek(Key{"k"});
        if (entry == nullptr) return {};
        auto payload = rdb::dump_value(entry->value(), settings);
        KEEL_CHECK(payload.has_value());
        return *std::move(payload);
    }
    std::string digest() {
        Digest digest;
        if (const Entry* entry = keyspace.db(0).peek(Key{"k"})) digest.add_value(*entry);
        return digest.hex();
    }

    // Reads the value whole, and adds and removes members, by the commands of its type.
    void read_and_change() {
        const Entry* entry = keyspace.db(0).peek(Key{"k"});
        if (entry == nullptr) return;
        static_cast<void>(type_ops(entry->type()).memory(entry->value(), 0));
        for (const auto& words : commands_for(entry->type())) run(words);
    }

    Settings settings;
    ManualClock clock;

  private:
    using Words = std::vector<Bytes>;

    static std::vector<Words> commands_for(Type type) {
        switch (type) {
            case Type::string: return {{"GET", "k"}, {"APPEND", "k", "x"}, {"SETRANGE", "k", "1", "y"}};
            case Type::list:
                return {{"LRANGE", "k", "0", "-1"}, {"LINSERT", "k", "BEFORE", "a", "b"},
                        {"LPUSH", "k", "new"},      {"LSET", "k", "-1", "other"},
                        {"LREM", "k", "0", "a"},    {"RPUSH", "k", "last"},
                        {"LPOP", "k", "2"},         {"LTRIM", "k", "1", "-2"}};
            case Type::set:
                return {{"SMEMBERS", "k"}, {"SADD", "k", "new", "7"}, {"SREM", "k", "a", "1"}, {"SPOP", "k", "2"}};
            case Type::zset:
                return {{"ZRANGE", "k", "0", "-1", "WITHSCORES"},
                        {"ZADD", "k", "1.5", "new", "-inf", "a"},
                        {"ZINCRBY", "k", "1", "a"},
                        {"ZREM", "k", "a"},
                        {"ZRANGE", "k", "0", "-1", "REV"},
                        {"ZPOPMIN", "k"}};
            case Type::hash:
                return {{"HGETALL", "k"},
                        {"HSET", "k", "new", "v", "a", "w"},
                        {"HPEXPIRE", "k", "5000", "FIELDS", "1", "new"},
                        {"HDEL", "k", "a"},
                        {"HRANDFIELD", "k", "3", "WITHVALUES"},
                        {"HTTL", "k", "FIELDS", "2", "new", "a"}};
            case Type::stream:
                return {{"XRANGE", "k", "-", "+"},
                        {"XREVRANGE", "k", "+", "-"},
                        {"XINFO", "STREAM", "k", "FULL"},
                        {"XADD", "k", "*", "f", "v"},
                        {"XREADGROUP", "GROUP", "g", "c", "STREAMS", "k", ">"},
                        {"XAUTOCLAIM", "k", "g", "d", "0", "0"},
                        {"XPENDING", "k", "g"},
                        {"XTRIM", "k", "MAXLEN", "1"}};
        }
        return {};
    }

    void run(const Words& words) {
        Command* command = registry.find(words[0]);
        KEEL_CHECK(command != nullptr);
        std::size_t name_words = 1;
        if (Command* sub = command->subcommands().empty() ? nullptr : command->subcommand(words[1])) {
            command = sub;
            name_words = 2;
        }
        cx_.args = Args{words, name_words};
        cx_.command = command;
        cx_.caller = &caller_;
        cx_.out = &reply_;
        cx_.database = &keyspace.db(0);
        cx_.first_key_at = 0;
        static_cast<void>(command->run(cx_));
        effects_.clear();
        output_.clear();
    }

    void on_expired(Database&, const Entry&) override {}
    void on_evicted(Database&, const Entry&) override {}

    LazyFree lazy_free_{nullptr};

  public:
    Keyspace keyspace{16, lazy_free_, *this, clock.wall_ms()};
    Registry registry;

  private:
    Effects effects_;
    Random random_{5};
    Caller caller_;
    OutputBuffer output_;
    Reply reply_{output_, 2};
    Context cx_{.keyspace = keyspace,
                .effects = effects_,
                .settings = settings,
                .registry = registry,
                .random = random_,
                .clock = clock};
};

}  // namespace keel::fuzz
