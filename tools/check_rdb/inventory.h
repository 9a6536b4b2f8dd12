// SPDX-License-Identifier: BSD-3-Clause
//
// What is in an RDB file, added up while it is read: by database, by type and encoding, and the keys that take most of
// it.
//
// Always true:
//   1. Bytes are those of the file: tag, name and value. What stands in front of a tag (a deadline, an age) is not in
//      them, nor is the memory that a server would need.
//   2. Encodings are those of the file. A server may hold a value in another one.
//   3. A key costs 16 bytes of memory, whatever its value.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "persistence/rdb/snapshot_loader.h"

namespace keel::check_rdb {

struct Sum {
    std::uint64_t keys = 0;
    std::uint64_t expiring = 0;
    std::uint64_t bytes = 0;
    std::uint64_t elements = 0;  // a string is one

    Sum& operator+=(const Sum& other);
};

struct BigKey {
    std::uint64_t bytes;
    std::uint64_t offset;  // the earlier of two of a size comes first
    std::uint64_t elements;
    int db;
    Type type;
    Bytes encoding;
    UnixMs deadline;
    std::string name;
};

class Inventory final : public rdb::Witness, public rdb::LibrarySink {
  public:
    struct Library {
        std::string name;  // empty: its first line does not say
        std::uint64_t bytes;
    };

    // Keeps the `biggest` biggest keys; what was due by `now` counts as expired.
    Inventory(std::size_t biggest, UnixMs now) : most_(biggest), now_(now) {}

    // An error: the key is the one before it.
    Status on_key(const rdb::StoredKey& key) override;
    Status add_library(Bytes code) override;

    [[nodiscard]] Sum total() const;
    [[nodiscard]] std::uint64_t expired() const { return expired_; }
    [[nodiscard]] const std::map<int, Sum>& databases() const { return databases_; }
    // By type and encoding.
    [[nodiscard]] const std::map<std::pair<Type, Bytes>, Sum>& kinds() const { return kinds_; }
    [[nodiscard]] const std::vector<Library>& libraries() const { return libraries_; }
    // The biggest first. Ends the gathering.
    [[nodiscard]] const std::vector<BigKey>& biggest();

    // Pairs of records that may have the same key in the same database: the offsets of the later one and the one before
    // it, in the order of the later ones. Hardly ever is one there for another reason: a hash of 64 bits says so.
    [[nodiscard]] std::vector<std::pair<std::uint64_t, std::uint64_t>> twins();

  private:
    struct Seen {
        std::uint64_t hash;
        std::uint64_t offset;
        auto operator<=>(const Seen&) const = default;
    };
    void note_big(const rdb::StoredKey& key, Bytes encoding, std::uint64_t elements);

    std::size_t most_;
    UnixMs now_;
    std::uint64_t expired_ = 0;
    std::map<int, Sum> databases_;
    std::map<std::pair<Type, Bytes>, Sum> kinds_;
    std::vector<Library> libraries_;
    std::vector<BigKey> biggest_;  // a heap: the smallest is in front
    std::vector<Seen> seen_;
    std::string last_name_;  // of seen_.back()
};

inline constexpr ErrorText kTwice{"the key is there twice"};

// "quicklist2", "intset", ...: how a value under this tag stands in the file. `first` is its first byte.
[[nodiscard]] Bytes encoding_in_file(RdbTag tag, std::uint8_t first);

}  // namespace keel::check_rdb
