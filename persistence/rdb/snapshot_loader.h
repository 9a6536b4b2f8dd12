// SPDX-License-Identifier: BSD-3-Clause
//
// Reads a whole file into a keyspace, in steps, so that whoever loads can answer others in between.
//
//     SnapshotLoader loader{reader, keyspace, libraries, options};
//     do { KEEL_TRY(const bool done, loader.step(1 << 20)); } while (!done);
//
//     Header -> Body -> Done          an error ends it: what was loaded so far stays in the keyspace
//
// With a Witness it only shows what the file holds, value by value, and keeps nothing (keel-check-rdb).
//
// Always true:
//   1. A key is in the keyspace, or shown to the witness, only after its whole value was read and found sound.
//   2. An error names the offset, the key if there is one, and the reason.
//   3. Keys wait in small groups before they are looked up and inserted; after an error or the end none waits.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "conf/settings.h"
#include "datatypes/core/rdb_tags.h"
#include "datatypes/keyspace/keyspace.h"
#include "persistence/rdb/format.h"
#include "persistence/rdb/reader.h"

namespace keel::rdb {

// Who takes the libraries of functions that a file holds.
class LibrarySink {
  public:
    virtual ~LibrarySink() = default;
    virtual Status add_library(Bytes code) = 0;
};

// A key as it stands in a file.
struct StoredKey {
    int db;
    Bytes name;
    RdbTag tag;
    std::uint8_t first;     // byte of the value: of a string, how it is encoded (format.h)
    const ValueRef* value;  // null: a collection without members
    UnixMs deadline;
    std::uint64_t offset;  // of the tag
    std::uint64_t bytes;   // of tag, name and value
};

// Is shown each key in the order of the file; views are good during the call. An error ends the loading.
class Witness {
  public:
    virtual ~Witness() = default;
    virtual Status on_key(const StoredKey& key) = 0;
};

struct LoadOptions {
    bool check_sum = true;          // rdbchecksum, unless DEBUG said not to
    bool any_version = false;       // rdb-version-check relaxed
    bool drop_due = true;           // keys that are due are not loaded (a primary's way)
    bool replace = false;           // a key that is there gives way; else that is an error
    bool more_may_follow = false;   // bytes behind the end are not ours to judge (an append-only log)
    std::int32_t key_delay_us = 0;  // key-load-delay, for tests
    Witness* witness = nullptr;     // shown all keys, in as many databases as there are; none is kept
};

// Why a file cannot be loaded, in parts.
struct LoadTrouble {
    std::uint64_t offset = 0;  // of the record in which it happened
    bool at_key = false;       // whether that is a key's: then db and key say which
    int db = 0;
    std::string key;
    std::string reason;
};

class SnapshotLoader {
  public:
    SnapshotLoader(Reader& in, Keyspace& keyspace, LibrarySink& libraries, const Settings& settings,
                   LoadOptions options);
    ~SnapshotLoader();
    SnapshotLoader(const SnapshotLoader&) = delete;
    SnapshotLoader& operator=(const SnapshotLoader&) = delete;

    // Reads on until about so many bytes went by. True: that was all.
    Result<bool> step(std::uint64_t bytes);

    struct Figures {
        std::uint64_t loaded = 0;
        std::uint64_t expired = 0;
        std::uint64_t empty = 0;  // collections without members, passed over
        std::uint64_t libraries = 0;
    };
    [[nodiscard]] const Figures& figures() const { return figures_; }
    // What the file says of itself: "redis-ver", "ctime", ...
    [[nodiscard]] const std::vector<std::pair<std::string, std::string>>& facts() const { return facts_; }
    // The number in its first line; 0 before that was read.
    [[nodiscard]] unsigned version() const { return version_; }
    // At the end: whether there was a checksum to hold all of it against.
    [[nodiscard]] bool checksum_held() const { return checksum_held_; }
    // After an error.
    [[nodiscard]] const LoadTrouble& trouble() const { return trouble_; }

  private:
    enum class State : std::uint8_t { header, body, done };
    struct Waiting {
        Entry* entry;
        std::uint64_t hash;
    };

    Status step_once();
    Status read_header();
    Status read_opcode(Opcode code);
    Status read_key(RdbTag tag);
    Status read_aux();
    Status read_library();
    Status read_slot_import();
    Status select();
    Status end();
    void take(Bytes key, const ValueRef& value);
    Status settle();
    void drop(const ValueRef& value);
    [[nodiscard]] std::uint32_t age() const;
    Status show(RdbTag tag, std::uint8_t first, const ValueRef* value, std::uint64_t offset);
    [[nodiscard]] Error explained(const Error& error, std::uint64_t offset);
    void forget_prefixes();

    Reader& in_;
    Keyspace& keyspace_;
    LibrarySink& libraries_;
    const Settings& settings_;
    LoadOptions options_;
    State state_ = State::header;
    unsigned version_ = 0;
    Database* db_;
    int db_index_ = 0;  // a file that is only shown may have more of them than the keyspace
    // What was said of the key that comes next.
    UnixMs deadline_ = kNoDeadline;
    std::int64_t idle_s_ = -1;
    int frequency_ = -1;
    std::string key_;
    bool at_key_ = false;  // key_ is the one being read
    bool checksum_held_ = false;
    LoadTrouble trouble_;
    std::array<Waiting, 16> waiting_;
    std::size_t waiting_count_ = 0;
    Figures figures_;
    std::vector<std::pair<std::string, std::string>> facts_;
};

// The nine letters that an RDB file knows a module's type by.
[[nodiscard]] std::string module_name(std::uint64_t id);
// Why a value under this tag cannot be read, when type_of() has no type for it. `in` stands behind the key.
[[nodiscard]] Error unknown_tag(std::uint8_t tag, Loader& in);

}  // namespace keel::rdb
