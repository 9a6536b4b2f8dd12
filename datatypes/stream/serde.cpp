// SPDX-License-Identifier: BSD-3-Clause
//
// Streams in files (core/serde.h). Ids are two big-endian u64 where they are raw, two lengths elsewhere:
//
//     blocks     count | id of the block (a string of 16 bytes) | the listpack, as a string | ...
//     facts      length | last id | [first id | highest deleted id | entries added]             [from stream2 on]
//     groups     count | name | last id | [entries read] | pending | consumers | [given back] | ...
//     pending    count | raw id | given at, u64 ms | times | ...
//     consumers  count | name | seen at, u64 ms | [active at, u64 ms] | count | raw id | ...    [from stream3 on]
//     given back count | raw id | ...                                                           [from stream5 on]
//     producers  seconds | most | count | producer | count | message | id | ... | added | twice  [from stream4 on]
//
// Producers' memory of messages that must not come twice (Redis 8.6) is read and forgotten: keel has no such thing.
#include <absl/container/btree_map.h>

#include <limits>

#include "datatypes/core/packed_serde.h"
#include "datatypes/core/rdb_tags.h"
#include "datatypes/stream/stream.h"

namespace keel::stream {

namespace {

constexpr ErrorText kDamagedBlock{"a block of a stream is damaged"};
constexpr ErrorText kBadBlockId{"the id of a stream's block is not 16 bytes"};
constexpr ErrorText kUnsorted{"the entries of a stream are not in the order of their ids"};
constexpr ErrorText kBadLength{"a stream's length is not that of its blocks"};
constexpr ErrorText kBadFacts{"a stream's last id or count of entries contradicts its entries"};
constexpr ErrorText kGroupTwice{"a stream has two groups of one name"};
constexpr ErrorText kConsumerTwice{"a group of a stream has two consumers of one name"};
constexpr ErrorText kPendingTwice{"an entry is pending twice in a group of a stream"};
constexpr ErrorText kNotPending{"a consumer of a stream holds an entry that its group does not know of"};
constexpr ErrorText kNobodys{"an entry is pending in a group of a stream, but at no consumer"};
constexpr ErrorText kGivenBack{"entries that consumers gave back (XNACK) are beyond what keel knows"};
constexpr ErrorText kBadRead{"a group of a stream tells an impossible count of entries read"};

constexpr std::size_t kIdBytes = 16;

std::uint64_t load_big(const char* at) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < 8; ++i) value = value << 8 | static_cast<std::uint8_t>(at[i]);
    return value;
}

void store_big(char* to, std::uint64_t value) {
    for (std::size_t i = 0; i < 8; ++i) to[i] = static_cast<char>(value >> (56 - 8 * i));
}

struct RawId {
    char bytes[kIdBytes];
    explicit RawId(StreamId id) {
        store_big(bytes, id.ms);
        store_big(bytes + 8, id.seq);
    }
    operator Bytes() const { return {bytes, kIdBytes}; }  // NOLINT: it is the bytes
};

StreamId id_of(Bytes raw) { return {load_big(raw.data()), load_big(raw.data() + 8)}; }

// ---- A block from outside ----

// Walks the items of a block from outside and is told what must come.
class BlockChecker {
  public:
    explicit BlockChecker(const ListpackView& list) : list_(list), at_(list.first()) {}

    // Fails unless `last` is below every id, and ids ascend; then it is the last id.
    Status check(StreamId master, StreamId& last, bool first_block) {
        std::int64_t live = 0;
        std::int64_t deleted = 0;
        if (!counter(live) || !counter(deleted) || !integer(fields_) || !skip(fields_)) return kDamagedBlock;
        std::int64_t mark = -1;
        if (!integer(mark) || mark != 0 || live > kMost || deleted > kMost) return kDamagedBlock;
        StreamId before = last;
        bool any = !first_block;
        for (; at_ != nullptr;) {
            Found found;
            if (!entry(master, found)) return kDamagedBlock;
            if ((any && found.id <= before) || found.id < master) return kUnsorted;
            before = found.id;
            any = true;
            --(found.deleted ? deleted : live);
        }
        if (live != 0 || deleted != 0 || before < master) return kDamagedBlock;
        last = before;
        return {};
    }

  private:
    static constexpr std::int64_t kMost = std::int64_t{1} << 32;
    static constexpr std::int64_t kOneByte = 127;
    struct Found {
        StreamId id{};
        bool deleted = false;
    };

    bool integer(std::int64_t& value) {
        if (at_ == nullptr) return false;
        const ListpackItem item = list_.get(at_);
        if (!item.is_integer) return false;
        value = item.integer;
        at_ = list_.next(at_);
        return true;
    }
    // One that is changed in place: a small one is its own tag byte.
    bool counter(std::int64_t& value) {
        const ListpackView::Place here = at_;
        if (!integer(value) || value < 0) return false;
        return value > kOneByte || ListpackView::entry_bytes(here) == 2;
    }
    bool skip(std::int64_t items) {
        if (items < 0) return false;
        for (; items > 0; --items) {
            if (at_ == nullptr) return false;
            at_ = list_.next(at_);
        }
        return true;
    }
    bool entry(StreamId master, Found& found) {
        std::int64_t flags = 0;
        std::int64_t ms = 0;
        std::int64_t seq = 0;
        if (!counter(flags) || flags > 3 || !integer(ms) || !integer(seq)) return false;
        found.deleted = (flags & 1) != 0;
        found.id = {master.ms + static_cast<std::uint64_t>(ms), master.seq + static_cast<std::uint64_t>(seq)};
        std::int64_t items = 3 + fields_;
        if ((flags & 2) == 0) {
            std::int64_t fields = 0;
            if (!integer(fields) || fields < 0 || fields > kMost) return false;
            items = 4 + 2 * fields;
            if (!skip(2 * fields)) return false;
        } else if (!skip(fields_)) {
            return false;
        }
        std::int64_t told = 0;
        return integer(told) && told == items;
    }

    const ListpackView& list_;
    ListpackView::Place at_;
    std::int64_t fields_ = 0;
};

// ---- Loading ----

class StreamLoader {
  public:
    StreamLoader(RdbTag tag, Loader& in) : tag_(tag), in_(in), stream_(std::make_unique<Stream>()) {}

    Result<ValueRef> load() {
        KEEL_TRY(load_blocks());
        KEEL_TRY(load_facts());
        KEEL_TRY(const std::uint64_t groups, in_.count(5));
        for (std::uint64_t i = 0; i < groups; ++i) KEEL_TRY(load_group());
        if (tag_ >= RdbTag::stream4) {
            KEEL_TRY(skip_producers());
        }
        return ValueRef{.type = Type::stream, .payload = stream_.release()};
    }

  private:
    struct Given {
        UnixMs at;
        std::int64_t times;
    };

    Status load_blocks() {
        KEEL_TRY(const std::uint64_t blocks, in_.count(1 + kIdBytes + 1));
        for (std::uint64_t i = 0; i < blocks; ++i) {
            KEEL_TRY(const Bytes raw, in_.string());
            if (raw.size() != kIdBytes) return kBadBlockId;
            const StreamId master = id_of(raw);
            if (i != 0 && master <= last_) return kUnsorted;
            Result<Listpack> loaded = load_listpack(in_, 1);
            if (!loaded) return loaded.error().is(kEmptyValue) ? Error{kDamagedBlock} : std::move(loaded).error();
            Listpack list = *std::move(loaded);
            KEEL_TRY(BlockChecker{list}.check(master, last_, i == 0));
            stream_->adopt_block(master, list.release());
        }
        return {};
    }

    Status load_facts() {
        KEEL_TRY(const std::uint64_t length, in_.length());
        if (length != stream_->length()) return kBadLength;
        KEEL_TRY(stream_->last_id, load_id());
        stream_->entries_added = length;
        if (tag_ != RdbTag::stream) {
            KEEL_TRY(load_id());  // the first, which the blocks tell
            KEEL_TRY(stream_->max_deleted, load_id());
            KEEL_TRY(stream_->entries_added, in_.length());
        }
        constexpr auto kMost = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
        const bool known = stream_->blocks().empty() || last_ <= stream_->last_id;
        if (!known || stream_->entries_added < length || stream_->entries_added > kMost) return kBadFacts;
        return {};
    }

    Status load_group() {
        KEEL_TRY(const Bytes view, in_.string());
        const Blob name{view};
        KEEL_TRY(const StreamId last, load_id());
        std::int64_t read = stream_->distance_to(last);
        if (tag_ != RdbTag::stream) {
            KEEL_TRY(const std::uint64_t told, in_.length());
            read = static_cast<std::int64_t>(told);
            if (read < kReadUnknown) return kBadRead;
        }
        Group* group = stream_->add_group(name, last, read);
        if (group == nullptr) return kGroupTwice;
        absl::btree_map<StreamId, Given> pending;
        KEEL_TRY(load_pending(pending));
        KEEL_TRY(const std::uint64_t consumers, in_.count(1 + 8 + 1));
        for (std::uint64_t i = 0; i < consumers; ++i) KEEL_TRY(load_consumer(*group, pending));
        if (tag_ >= RdbTag::stream5) {
            KEEL_TRY(const std::uint64_t given_back, in_.count(kIdBytes));
            if (given_back != 0) return kGivenBack;
        }
        return pending.empty() ? Status{} : Status{kNobodys};
    }

    Status load_pending(absl::btree_map<StreamId, Given>& pending) {
        KEEL_TRY(const std::uint64_t count, in_.count(kIdBytes + 8 + 1));
        for (std::uint64_t i = 0; i < count; ++i) {
            KEEL_TRY(const Bytes raw, in_.raw(kIdBytes));
            const StreamId id = id_of(raw);
            KEEL_TRY(const UnixMs at, load_time());
            KEEL_TRY(const std::uint64_t times, in_.length());
            const std::size_t before = pending.size();
            pending.try_emplace(pending.end(), id, Given{at, static_cast<std::int64_t>(times)});
            if (pending.size() == before) return kPendingTwice;
        }
        return {};
    }

    Status load_consumer(Group& group, absl::btree_map<StreamId, Given>& pending) {
        KEEL_TRY(const Bytes view, in_.string());
        const Blob name{view};
        if (group.find(name) != nullptr) return kConsumerTwice;
        KEEL_TRY(const UnixMs seen_at, load_time());
        Consumer& consumer = group.add(name, seen_at);
        consumer.active_at = seen_at;
        if (tag_ >= RdbTag::stream3) {
            KEEL_TRY(consumer.active_at, load_time());
        }
        KEEL_TRY(const std::uint64_t count, in_.count(kIdBytes));
        for (std::uint64_t i = 0; i < count; ++i) {
            KEEL_TRY(const Bytes raw, in_.raw(kIdBytes));
            const auto found = pending.find(id_of(raw));
            if (found == pending.end()) return kNotPending;
            group.give(found->first, consumer, found->second.at).times = found->second.times;
            pending.erase(found);
        }
        return {};
    }

    Status skip_producers() {
        KEEL_TRY(in_.length());
        KEEL_TRY(in_.length());
        KEEL_TRY(const std::uint64_t producers, in_.count(2));
        for (std::uint64_t i = 0; i < producers; ++i) {
            KEEL_TRY(in_.string());
            KEEL_TRY(const std::uint64_t messages, in_.count(3));
            for (std::uint64_t m = 0; m < messages; ++m) {
                KEEL_TRY(in_.string());
                KEEL_TRY(load_id());
            }
        }
        KEEL_TRY(in_.length());
        KEEL_TRY(in_.length());
        return {};
    }

    Result<StreamId> load_id() {
        KEEL_TRY(const std::uint64_t ms, in_.length());
        KEEL_TRY(const std::uint64_t seq, in_.length());
        return StreamId{ms, seq};
    }
    Result<UnixMs> load_time() {
        KEEL_TRY(const std::uint64_t raw, in_.u64());
        return static_cast<UnixMs>(raw);
    }

    RdbTag tag_;
    Loader& in_;
    std::unique_ptr<Stream> stream_;
    StreamId last_{};  // of the blocks so far
};

// ---- Saving ----

void save_id(StreamId id, Saver& out) {
    out.length(id.ms);
    out.length(id.seq);
}

void save_consumer(const Consumer& consumer, RdbTag tag, Saver& out) {
    out.string(consumer.name);
    out.u64(static_cast<std::uint64_t>(consumer.seen_at));
    if (tag == RdbTag::stream3) out.u64(static_cast<std::uint64_t>(consumer.active_at));
    out.length(consumer.pending.size());
    for (const StreamId id : consumer.pending) out.raw(RawId{id});
}

void save_group(Bytes name, const Group& group, RdbTag tag, Saver& out) {
    out.string(name);
    save_id(group.last_id, out);
    out.length(static_cast<std::uint64_t>(group.read));
    out.length(group.pending().size());
    for (const auto& [id, nack] : group.pending()) {
        out.raw(RawId{id});
        out.u64(static_cast<std::uint64_t>(nack.given_at));
        out.length(static_cast<std::uint64_t>(nack.times));
    }
    out.length(group.consumers().size());
    for (const auto& [consumer_name, consumer] : group.consumers()) save_consumer(*consumer, tag, out);
}

}  // namespace

Result<RdbTag> tag_of(const ValueRef&, const RdbDialect& dialect) {
    return dialect.consumer_times ? RdbTag::stream3 : RdbTag::stream2;
}

void save(const ValueRef& value, RdbTag tag, Saver& out) {
    const Stream& stream = *static_cast<const Stream*>(value.payload);
    out.length(stream.blocks().size());
    for (const auto& [id, raw] : stream.blocks()) {
        out.string(RawId{id});
        out.string(ListpackView{raw}.bytes());
    }
    out.length(stream.length());
    save_id(stream.last_id, out);
    save_id(stream.first_id(), out);
    save_id(stream.max_deleted, out);
    out.length(stream.entries_added);
    out.length(stream.groups().size());
    for (const auto& [name, group] : stream.groups()) save_group(name, *group, tag, out);
}

Result<ValueRef> load(RdbTag tag, Loader& in, const Encodings&) { return StreamLoader{tag, in}.load(); }

}  // namespace keel::stream
