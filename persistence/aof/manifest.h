// SPDX-License-Identifier: BSD-3-Clause
//
// The manifest of an append-only log: which files it is made of, in which order. The format is Redis 7's:
//
//     file appendonly.aof.2.base.rdb seq 2 type b      base: the data at the time of the last rewrite, at most one
//     file appendonly.aof.1.incr.aof seq 1 type h      history: no longer needed, to be removed
//     file appendonly.aof.2.incr.aof seq 2 type i      incremental: what was written since, in order
//     # a comment
//     #KEEL-MANIFEST:6d6f...                           ours: a checksum over all lines before it, which Redis skips,
//     and
//                                                      drops when it writes the manifest anew
//
// A name with a blank, a quote or an unprintable byte stands in double quotes with escapes (protocol/base/words.h).
// Keys may come in any order and either case, and there may be keys that are not known here.
//
// Always true:
//   1. parse(text()) gives the same manifest, whatever the names hold; text() is what Redis would write. A manifest
//      with a checksum that is wrong is refused: one letter decides whether a file counts.
//   2. Sequence numbers of the incremental files grow; a new one is larger than any that was ever in this object.
//   3. A name is a plain file name: neither a path nor empty.
//
// Not here: where the file lies and how it gets there (persistence/aof/folder.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "protocol/base/bytes.h"
#include "protocol/base/result.h"

namespace keel::aof {

struct LogFile {
    std::string name;
    std::int64_t seq = 0;
    bool operator==(const LogFile&) const = default;
};

class Manifest {
  public:
    // The most a line may have, its newline included.
    static constexpr std::size_t kMostLineBytes = 1024;

    // The error is what Redis says, several lines: which line of the file, its text, and what is wrong.
    [[nodiscard]] static Result<Manifest> parse(Bytes text);
    [[nodiscard]] std::string text() const;
    // The same with its checksum, as it lies on the disk.
    [[nodiscard]] std::string sealed_text() const;

    [[nodiscard]] const std::optional<LogFile>& base() const { return base_; }
    [[nodiscard]] const std::vector<LogFile>& history() const { return history_; }
    [[nodiscard]] const std::vector<LogFile>& incremental() const { return incremental_; }
    [[nodiscard]] bool empty() const { return !base_ && incremental_.empty(); }
    // Base and incremental files, in the order in which they are loaded.
    [[nodiscard]] std::vector<LogFile> files() const;

    // The next incremental file, "<prefix>.<seq>.incr.aof".
    const LogFile& add_incremental(Bytes prefix);
    // Skips a number: a file of that name was found where none should be.
    void skip_incremental() { ++incremental_seq_; }
    void skip_base() { ++base_seq_; }
    // The name that the next base will have: "<prefix>.<seq>.base.rdb", or .aof.
    [[nodiscard]] std::string next_base_name(Bytes prefix, bool rdb) const;
    // The next base takes the place of the old one and of the incremental files with a number below `first_kept`, which
    // become history.
    void replace_base(Bytes prefix, bool rdb, std::int64_t first_kept);
    // The old single file as base, under its own name, with number 1.
    void adopt_old_file(Bytes name);
    // Incremental files with a number above `last_kept` are no longer part of the log.
    void drop_incremental_after(std::int64_t last_kept);
    void forget_history(Bytes name);

    bool operator==(const Manifest& other) const {
        return base_ == other.base_ && history_ == other.history_ && incremental_ == other.incremental_;
    }

  private:
    Status add_line(Bytes line);
    Status place(LogFile file, char type);

    std::optional<LogFile> base_;
    std::vector<LogFile> history_;
    std::vector<LogFile> incremental_;
    std::int64_t base_seq_ = 0;         // of the last base there was
    std::int64_t incremental_seq_ = 0;  // of the last incremental file there was
};

}  // namespace keel::aof
