// SPDX-License-Identifier: BSD-3-Clause
#include "persistence/rdb/snapshot_loader.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <thread>

#include "datatypes/keyspace/lazy_free.h"
#include "protocol/base/number.h"
#include "protocol/base/words.h"

namespace keel::rdb {

namespace {

constexpr std::size_t kHeaderBytes = 9;
constexpr std::size_t kMostKeyBytes = 0xFFFFFFFF;

constexpr ErrorText kNoHeader{"this is no RDB file: it begins with neither REDIS nor VALKEY"};
constexpr ErrorText kNothing{"this is no RDB file: it is empty"};
constexpr ErrorText kLongKey{"a key is longer than 4 GiB"};
constexpr ErrorText kKeyTwice{"the key is there twice"};
constexpr ErrorText kBadDatabase{"more databases than the parameter `databases` allows"};
constexpr ErrorText kWrongSum{"the checksum is wrong: the file was damaged"};
constexpr ErrorText kBehindEnd{"bytes follow behind the end"};
constexpr ErrorText kOldFunction{"a library of functions is in the format of a release candidate of Redis 7.0"};
constexpr ErrorText kKeyMeta{"a module keeps something of its own at a key, which keel cannot read"};

}  // namespace

std::string module_name(std::uint64_t id) {
    constexpr Bytes kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    std::string name(9, '?');
    id >>= 10;  // the version of the module's format
    for (std::size_t i = name.size(); i-- > 0; id >>= 6) name[i] = kLetters[id & 63];
    return name;
}

Error unknown_tag(std::uint8_t tag, Loader& in) {
    switch (static_cast<RdbTag>(tag)) {
        case RdbTag::module_old: return Error{"a value of a module, in the format of a release candidate of Redis 4.0"};
        case RdbTag::module: {
            const auto id = in.length();
            if (!id) return id.error();
            return Error{fmt::format("a value of the module type '{}', which keel does not have", module_name(*id))};
        }
        case RdbTag::array: return Error{"an array (Redis 8.8), which keel does not have"};
        case RdbTag::gcra: return Error{"a rate limiter (GCRA, Redis 8.8), which keel does not have"};
        default: break;
    }
    if (tag > static_cast<std::uint8_t>(RdbTag::array) && tag < static_cast<std::uint8_t>(RdbTag::gcra))
        return Error{"a hash with a template (Redis 8.8), which keel does not have"};
    return Error{fmt::format("a value of the unknown type {}", tag)};
}

SnapshotLoader::SnapshotLoader(Reader& in, Keyspace& keyspace, LibrarySink& libraries, const Settings& settings,
                               LoadOptions options)
    : in_(in),
      keyspace_(keyspace),
      libraries_(libraries),
      settings_(settings),
      options_(options),
      db_(&keyspace.db(0)) {
    in_.set_checksum(options.check_sum);
}

SnapshotLoader::~SnapshotLoader() {
    for (std::size_t i = 0; i < waiting_count_; ++i) {
        LazyFree::free_now(waiting_[i].entry->value());
        Entry::release(waiting_[i].entry);
    }
}

Result<bool> SnapshotLoader::step(std::uint64_t bytes) {
    const std::uint64_t until = in_.offset() + bytes;
    while (state_ != State::done && in_.offset() < until) {
        const std::uint64_t offset = in_.offset();
        at_key_ = false;
        if (const Status status = step_once(); !status) return explained(status.error(), offset);
    }
    at_key_ = false;
    if (const Status status = settle(); !status) return explained(status.error(), in_.offset());
    return state_ == State::done;
}

// The offset is that of the record in which it happened.
Error SnapshotLoader::explained(const Error& error, std::uint64_t offset) {
    trouble_ = {.offset = offset,
                .at_key = at_key_,
                .db = db_index_,
                .key = at_key_ ? key_ : std::string{},
                .reason = std::string{error.text()}};
    if (!at_key_) return Error{fmt::format("at byte {}: {}", offset, error.text())};
    return Error{fmt::format("at byte {}, key {} of database {}: {}", offset, quoted(key_), db_index_, error.text())};
}

Status SnapshotLoader::step_once() {
    if (state_ == State::header) return read_header();
    KEEL_TRY(const std::uint8_t code, in_.byte());
    constexpr auto kFirstOpcode = static_cast<std::uint8_t>(Opcode::slot_import);
    return code >= kFirstOpcode ? read_opcode(static_cast<Opcode>(code)) : read_key(static_cast<RdbTag>(code));
}

Status SnapshotLoader::read_header() {
    if (in_.left() == 0) return kNothing;
    const auto header = in_.raw(kHeaderBytes);
    if (!header) return header.error().is(kCutShort) ? Error{kNoHeader} : header.error();
    const bool valkey = header->starts_with("VALKEY");
    if (!valkey && !header->starts_with("REDIS")) return kNoHeader;
    unsigned version = 0;
    for (const char digit : header->substr(valkey ? 6 : 5)) {
        if (digit < '0' || digit > '9') return kNoHeader;
        version = version * 10 + static_cast<unsigned>(digit - '0');
    }
    if (!options_.any_version && !is_known_version(version))
        return Error{fmt::format("version {} of the format is {}", version,
                                 version == 0 ? "none that there is" : "newer than keel knows")};
    version_ = version;
    in_.set_from_valkey(valkey || version >= kFirstValkey);
    state_ = State::body;
    return {};
}

Status SnapshotLoader::read_opcode(Opcode code) {
    switch (code) {
        case Opcode::deadline_ms: {
            KEEL_TRY(const std::uint64_t ms, in_.u64());
            deadline_ = std::max<UnixMs>(static_cast<UnixMs>(ms), 0);
            return {};
        }
        case Opcode::deadline_s: {
            KEEL_TRY(const Bytes raw, in_.raw(4));
            deadline_ =
                std::max<UnixMs>(UnixMs{1000} * static_cast<std::int32_t>(load_le<std::uint32_t>(raw.data())), 0);
            return {};
        }
        case Opcode::idle: {
            KEEL_TRY(const std::uint64_t seconds, in_.length());
            idle_s_ = static_cast<std::int64_t>(std::min<std::uint64_t>(seconds, 0xFFFFFF));
            return {};
        }
        case Opcode::frequency: {
            KEEL_TRY(frequency_, in_.byte());
            return {};
        }
        case Opcode::aux: return read_aux();
        case Opcode::select: return select();
        case Opcode::resize:
            KEEL_TRY(in_.length());
            KEEL_TRY(in_.length());
            return {};
        case Opcode::function2: return read_library();
        case Opcode::function_rc: return kOldFunction;
        case Opcode::module_aux: {
            KEEL_TRY(const std::uint64_t id, in_.length());
            return Error{fmt::format("data of the module '{}', which keel cannot read", module_name(id))};
        }
        case Opcode::slot_info:
            for (int i = 0; i < 3; ++i) KEEL_TRY(in_.length());
            return {};
        case Opcode::slot_import: return in_.from_valkey() ? read_slot_import() : Status{kKeyMeta};
        case Opcode::end: return end();
    }
    return Error{fmt::format("an unknown opcode, {}", static_cast<unsigned>(code))};
}

Status SnapshotLoader::read_aux() {
    constexpr std::size_t kMostFacts = 64;
    KEEL_TRY(const Bytes view, in_.string());
    std::string name{view};
    KEEL_TRY(const Bytes value, in_.string());
    if (facts_.size() < kMostFacts) facts_.emplace_back(std::move(name), std::string{value});
    return {};
}

Status SnapshotLoader::read_library() {
    KEEL_TRY(const Bytes code, in_.string());
    ++figures_.libraries;
    return libraries_.add_library(code);
}

// Slots that were on their way to the server that wrote this: a name, then ranges of slots.
Status SnapshotLoader::read_slot_import() {
    KEEL_TRY(in_.string());
    KEEL_TRY(const std::uint64_t ranges, in_.count(2));
    for (std::uint64_t i = 0; i < ranges; ++i) {
        KEEL_TRY(in_.length());
        KEEL_TRY(in_.length());
    }
    return {};
}

Status SnapshotLoader::select() {
    KEEL_TRY(settle());
    KEEL_TRY(const std::uint64_t index, in_.length());
    constexpr std::uint64_t kMostDatabases = std::numeric_limits<int>::max();
    const bool shown = options_.witness != nullptr;
    if (index >= (shown ? kMostDatabases : static_cast<std::uint64_t>(keyspace_.count()))) return kBadDatabase;
    db_index_ = static_cast<int>(index);
    if (!shown) db_ = &keyspace_.db(db_index_);
    return {};
}

Status SnapshotLoader::end() {
    KEEL_TRY(settle());
    state_ = State::done;
    if (version_ >= kFirstWithChecksum) {
        const std::uint64_t expected = options_.check_sum ? in_.checksum() : 0;
        KEEL_TRY(const std::uint64_t told, in_.u64());
        // 0: whoever wrote the file made none.
        checksum_held_ = options_.check_sum && told != 0;
        if (checksum_held_ && told != expected) return kWrongSum;
    }
    if (options_.more_may_follow) return {};
    KEEL_TRY(const bool nothing_left, in_.at_end());
    return nothing_left ? Status{} : Status{kBehindEnd};
}

// ---- Keys ----

Status SnapshotLoader::read_key(RdbTag tag) {
    const std::uint64_t offset = in_.offset() - 1;
    KEEL_TRY(const Bytes view, in_.string());
    if (view.size() > kMostKeyBytes) return kLongKey;
    key_.assign(view);
    at_key_ = true;
    const auto type = type_of(tag);
    if (!type) return unknown_tag(static_cast<std::uint8_t>(tag), in_);
    std::uint8_t first = 0;
    if (options_.witness != nullptr) {
        KEEL_TRY(first, in_.peek());
    }
    Result<ValueRef> value = type_ops(*type).load(tag, in_, settings_.encodings);
    if (!value && !value.error().is(kEmptyValue)) return std::move(value).error();
    if (options_.witness != nullptr) return show(tag, first, value ? &*value : nullptr, offset);
    if (!value) {
        ++figures_.empty;
        forget_prefixes();
        return {};
    }
    if (options_.drop_due && deadline_ != kNoDeadline && deadline_ <= keyspace_.now()) {
        drop(*value);
        ++figures_.expired;
    } else {
        take(key_, *value);
        ++figures_.loaded;
    }
    forget_prefixes();
    if (options_.key_delay_us > 0) std::this_thread::sleep_for(std::chrono::microseconds{options_.key_delay_us});
    return waiting_count_ == waiting_.size() ? settle() : Status{};
}

Status SnapshotLoader::show(RdbTag tag, std::uint8_t first, const ValueRef* value, std::uint64_t offset) {
    Status status = options_.witness->on_key({.db = db_index_,
                                              .name = key_,
                                              .tag = tag,
                                              .first = first,
                                              .value = value,
                                              .deadline = deadline_,
                                              .offset = offset,
                                              .bytes = in_.offset() - offset});
    if (value != nullptr) drop(*value);
    ++(value != nullptr ? figures_.loaded : figures_.empty);
    forget_prefixes();
    return status;
}

void SnapshotLoader::forget_prefixes() {
    deadline_ = kNoDeadline;
    idle_s_ = -1;
    frequency_ = -1;
}

void SnapshotLoader::drop(const ValueRef& value) {
    if (value.payload != nullptr) LazyFree::free_now(value);
}

std::uint32_t SnapshotLoader::age() const {
    const Ages& ages = keyspace_.ages;
    if (ages.lfu() && frequency_ >= 0) return ages.from_frequency(static_cast<std::uint8_t>(frequency_));
    if (!ages.lfu() && idle_s_ >= 0) return ages.from_idle(static_cast<std::uint64_t>(idle_s_));
    return ages.fresh();
}

// Into the group of those that wait, while the table's memory is fetched.
void SnapshotLoader::take(Bytes key, const ValueRef& value) {
    Waiting& one = waiting_[waiting_count_++];
    one.entry = Entry::make(key, deadline_, value);
    one.entry->set_age(age());
    one.hash = hash_bytes(key);
    db_->table().prefetch_directory(one.hash);
}

Status SnapshotLoader::settle() {
    for (std::size_t i = 0; i < waiting_count_; ++i) db_->table().prefetch_line(waiting_[i].hash);
    while (waiting_count_ > 0) {
        const Waiting& one = waiting_[waiting_count_ - 1];
        const Bytes key = one.entry->key();
        if (Entry* there = db_->table().find(key, one.hash); there != nullptr) {
            if (!options_.replace) {
                key_.assign(key);
                at_key_ = true;
                return kKeyTwice;
            }
            db_->erase(Key{key, one.hash}, there);
        }
        db_->adopt(one.entry, one.hash);
        --waiting_count_;
    }
    return {};
}

}  // namespace keel::rdb
