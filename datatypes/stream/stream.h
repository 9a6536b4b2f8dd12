// SPDX-License-Identifier: BSD-3-Clause
//
// A stream: entries in the order of their ids, in blocks of about a hundred, and what is remembered of those that are
// gone. Its consumer groups hang on it.
//
//     blocks_:   id of the first entry -> block (block.h)     the last one is appended to, without a search
//
// Always true:
//   1. length() is the sum of the blocks' live entries. Trimming within a block can leave one with none.
//   2. last_id is at or above every id ever added; first_id is that of the first live entry, 0-0 if there is none.
//   3. entries_added counts every entry ever added; max_deleted is the highest id that was taken out by name
//      (XDEL, XDELEX, XACKDEL, trims that ask the groups), or what XSETID said.
//
// Not here: who waits for entries (read_commands.cpp), words of commands.
#pragma once

#include <absl/container/btree_map.h>

#include <memory>

#include "datatypes/core/type.h"
#include "datatypes/stream/block.h"
#include "datatypes/stream/group.h"

namespace keel::stream {

// When a block is full; 0: no such bound.
struct BlockLimits {
    std::uint64_t bytes = 4096;
    std::int64_t entries = 100;
};

struct Trim {
    enum class By : std::uint8_t { none, length, id };
    By by = By::none;
    bool approximate = false;  // whole blocks only
    std::uint64_t length = 0;  // so many entries may stay
    StreamId id{};             // entries below it go
    std::int64_t most = 0;     // entries removed at most; 0: no bound
};

class Stream {
  public:
    using Blocks = absl::btree_map<StreamId, void*>;
    // More than this of names and values is refused: a listpack holds no more.
    static constexpr std::size_t kMaxEntryBytes = std::size_t{1} << 30;

    Stream() = default;
    Stream(const Stream& other);
    Stream& operator=(const Stream&) = delete;
    ~Stream();

    StreamId last_id{};
    StreamId max_deleted{};
    std::uint64_t entries_added = 0;

    [[nodiscard]] std::uint64_t length() const { return length_; }
    [[nodiscard]] StreamId first_id() const { return first_id_; }
    [[nodiscard]] const Blocks& blocks() const { return blocks_; }

    // Takes over a sound block (a released listpack) whose ids are above all others; last_id is the caller's to set.
    // For loading. O(entries of the block).
    void adopt_block(StreamId master, void* raw);
    // Adds an entry; its id is above last_id. Amortised O(bytes).
    void append(StreamId id, FieldWords words, const BlockLimits& limits);
    // Takes the entry out and remembers it as deleted. False if there is none. O(log blocks + entries of a block).
    bool erase(StreamId id);
    // Takes entries out from the front. Returns how many went.
    std::uint64_t trim(const Trim& trim);
    // The lowest id that would stay, without trimming; none if nothing would. O(blocks trimmed).
    [[nodiscard]] std::optional<StreamId> trim_bound(const Trim& trim) const;
    [[nodiscard]] bool contains(StreamId id) const;
    // The id of the last live entry; none in an empty stream.
    [[nodiscard]] std::optional<StreamId> last_live() const;
    // The first entry that would be looked at by a trim (a deleted one too); kMaxId in an empty stream.
    [[nodiscard]] StreamId trim_edge() const;

    // Groups, by name.
    [[nodiscard]] const Groups& groups() const;
    [[nodiscard]] Group* group(Bytes name) const;
    // Null if there is one of that name.
    Group* add_group(Bytes name, StreamId last, std::int64_t entries_read);
    bool remove_group(Bytes name);

    // Whether deleted entries may lie above `from`: then counting from there is not possible.
    [[nodiscard]] bool has_gaps_from(StreamId from) const;
    // How many entries of all ever added come up to `id`; kReadUnknown if that cannot be told.
    [[nodiscard]] std::int64_t distance_to(StreamId id) const;
    // Entries that the group has yet to be given; none if that cannot be told.
    [[nodiscard]] std::optional<std::int64_t> lag(const Group& group) const;

    [[nodiscard]] std::size_t memory(std::size_t samples) const;

    // A walk over the live entries with ids of [from, to], up or down.
    //
    //     for (Stream::Walk walk{s, from, to}; walk.next();) use(walk.id(), walk.entry());
    class Walk {
      public:
        enum class Way : std::uint8_t { up, down };
        Walk(const Stream& stream, StreamId from, StreamId to, Way way = Way::up);
        // Moves on to the next entry; the first call to the first. False: there is none.
        bool next();
        [[nodiscard]] StreamId id() const { return entry_.id; }
        [[nodiscard]] const BlockEntry& entry() const { return entry_; }
        [[nodiscard]] const BlockView& block() const { return *view_; }

      private:
        friend class Stream;
        bool advance();
        bool enter_block();
        const Stream& stream_;
        StreamId from_;
        StreamId to_;
        Way way_;
        bool started_ = false;
        Blocks::const_iterator at_;
        std::optional<BlockView> view_;
        BlockEntry entry_;
    };

  private:
    [[nodiscard]] bool is_full(const BlockView& block, std::size_t more, const BlockLimits& limits) const;
    Blocks::iterator drop_block(Blocks::iterator at);
    std::uint64_t trim_within(Blocks::iterator at, const Trim& trim);
    void find_first();

    Blocks blocks_;
    std::uint64_t length_ = 0;
    StreamId first_id_;
    std::unique_ptr<Groups> groups_;  // most streams have none
};

// serde.cpp
Result<RdbTag> tag_of(const ValueRef& value, const RdbDialect& dialect);
void save(const ValueRef& value, RdbTag tag, Saver& out);
Result<ValueRef> load(RdbTag tag, Loader& in, const Encodings& settings);

}  // namespace keel::stream
