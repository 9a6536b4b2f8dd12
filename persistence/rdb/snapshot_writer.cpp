// SPDX-License-Identifier: BSD-3-Clause
#include "persistence/rdb/snapshot_writer.h"

#include <fmt/format.h>

#include <chrono>
#include <thread>

#include "persistence/rdb/format.h"
#include "protocol/base/words.h"

namespace keel::rdb {

namespace {

enum class Ages : std::uint8_t { none, idle, frequency };

// Which of an entry's ages the eviction policy would miss.
Ages ages_of(EvictionPolicy policy) {
    switch (policy) {
        case EvictionPolicy::allkeys_lru:
        case EvictionPolicy::volatile_lru: return Ages::idle;
        case EvictionPolicy::allkeys_lfu:
        case EvictionPolicy::volatile_lfu: return Ages::frequency;
        default: return Ages::none;
    }
}

// For tests (rdb-key-save-delay): so many microseconds after each key; below 0, one after that many keys.
void delay(std::int32_t setting_us, std::uint64_t keys) {
    if (setting_us == 0) [[likely]]
        return;
    if (setting_us < 0 && keys % static_cast<std::uint64_t>(-std::int64_t{setting_us}) != 0) return;
    std::this_thread::sleep_for(std::chrono::microseconds{setting_us < 0 ? 1 : setting_us});
}

class SnapshotWriter {
  public:
    SnapshotWriter(Writer& out, const SnapshotContent& content, KeysWritten tell)
        : out_(out),
          content_(content),
          tell_(tell),
          dialect_(dialect_for(content.settings, content.keyspace)),
          ages_(ages_of(content.settings.memory.policy)) {}

    Status write() {
        out_.raw(dialect_.valkey_magic ? fmt::format("VALKEY{:03}", dialect_.version)
                                       : fmt::format("REDIS{:04}", dialect_.version));
        for (const auto& [name, value] : content_.facts) {
            put(Opcode::aux);
            out_.string(name);
            out_.string(value);
        }
        for (const std::string& code : content_.libraries) {
            put(Opcode::function2);
            out_.string(code);
        }
        for (int i = 0; i < content_.keyspace.count(); ++i) KEEL_TRY(write_database(content_.keyspace.db(i)));
        put(Opcode::end);
        out_.u64(out_.checksum());  // 0 without one
        out_.flush();
        tell_(std::exchange(untold_, 0));
        return out_.status();
    }

  private:
    void put(Opcode code) { out_.byte(static_cast<std::uint8_t>(code)); }

    Status write_database(const Database& db) {
        if (db.size() == 0) return {};
        put(Opcode::select);
        out_.length(static_cast<std::uint64_t>(db.index()));
        put(Opcode::resize);
        out_.length(db.size());
        out_.length(db.deadline_count());
        Status status;
        db.table().each([&](const Entry* entry) {  // those that are due too: who loads drops them
            if (status) status = write_key(*entry);
        });
        return status;
    }

    Status write_key(const Entry& entry) {
        const ValueRef value = entry.value();
        const TypeOps& ops = type_ops(value.type);
        Result<RdbTag> tag = ops.tag(value, dialect_);
        if (!tag) return Error{fmt::format("key {}: {}", quoted(entry.key()), tag.error().text())};
        if (entry.has_deadline()) {
            put(Opcode::deadline_ms);
            out_.u64(static_cast<std::uint64_t>(entry.deadline()));
        }
        if (ages_ != Ages::none) write_age(entry);
        out_.byte(static_cast<std::uint8_t>(*tag));
        out_.string(entry.key());
        ops.save(value, *tag, out_);
        constexpr std::uint64_t kTellEach = 1024;
        if (++untold_ == kTellEach) {
            tell_(std::exchange(untold_, 0));
            if (!out_.status()) return out_.status().error();
        }
        delay(content_.settings.snapshot.key_save_delay_us, ++written_);
        return {};
    }

    void write_age(const Entry& entry) {
        if (ages_ == Ages::idle) {
            put(Opcode::idle);
            out_.length(content_.keyspace.ages.idle_seconds(entry));
        } else {
            put(Opcode::frequency);
            out_.byte(content_.keyspace.ages.frequency(entry));
        }
    }

    Writer& out_;
    const SnapshotContent& content_;
    KeysWritten tell_;
    RdbDialect dialect_;
    Ages ages_;
    std::uint64_t untold_ = 0;
    std::uint64_t written_ = 0;
};

// Null: whatever is the oldest that can hold the data.
const RdbDialect* chosen(const Settings& settings) {
    switch (settings.snapshot.compatible_with) {
        case Snapshot::CompatibleWith::redis70: return &kRedis70;
        case Snapshot::CompatibleWith::redis72: return &kRedis72;
        case Snapshot::CompatibleWith::redis74: return &kRedis74;
        case Snapshot::CompatibleWith::valkey9: return &kValkey9;
        case Snapshot::CompatibleWith::oldest: break;
    }
    return nullptr;
}

}  // namespace

RdbDialect dialect_for(const Settings& settings, const Keyspace& keyspace) {
    if (const RdbDialect* dialect = chosen(settings)) return *dialect;
    for (int i = 0; i < keyspace.count(); ++i) {
        if (keyspace.db(i).member_deadline_count() != 0) return kRedis74;
    }
    return kRedis70;
}

RdbDialect dialect_for(const Settings& settings, const ValueRef& value) {
    if (const RdbDialect* dialect = chosen(settings)) return *dialect;
    return members_may_expire(value.type) && type_ops(value.type).next_deadline(value) != kNoDeadline ? kRedis74
                                                                                                      : kRedis70;
}

Status write_snapshot(Writer& out, const SnapshotContent& content, KeysWritten tell) {
    return SnapshotWriter{out, content, tell}.write();
}

}  // namespace keel::rdb
