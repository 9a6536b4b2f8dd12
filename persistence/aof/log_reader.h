// SPDX-License-Identifier: BSD-3-Clause
//
// Reads one file of a log, command by command, and checks the seals on the way (chain.h). Used to replay it and by
// keel-check-aof.
//
//     for (;;) switch (reader.next(words)) {
//         case Found::command: batch.push_back(reader.request()); break;      // views into the reader's window
//         case Found::drained: apply(batch), words.clear(), reader.refill();  // the window moves: nothing may look
//         into it case Found::end: ...                                                // or one of the bad ends, for
//         good
//     }
//
//     | command | command | comma...           the window: a piece of the file, parsed in place. What is not complete
//     moves base_     at_                end_        to the front when the next piece is read; a longer command makes
//     it grow.
//
// Always true:
//   1. next() accepts what redis-server loads and nothing that it would load as something else, with two exceptions on
//   the
//      strict side: each CRLF must be one, and lengths have no leading zeros or signs.
//   2. Of a file whose seals are intact a changed byte is noticed: as bad form or as `damaged`. What follows the last
//   seal
//      is covered by its form alone.
//   3. good() is the end of the last command that is complete and, if it belongs to a transaction, whose transaction
//   is.
//      A file cut there is a log, with the same commands up to there.
//   4. A file that ends within a command is `truncated`: a write that did not get through. If a seal of this very file
//      follows, something else happened (a length grew and swallowed what stands behind it), and it is `damaged`.
//   5. Memory is bounded by twice the longest command, and a length by the bytes that the file has left.
//
// Not here: which file is next, and running the commands (persistence/aof/replay.h).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "persistence/aof/chain.h"
#include "persistence/file_system.h"
#include "protocol/resp/argument_list.h"
#include "protocol/resp/request_parser.h"

namespace keel::aof {

class LogReader {
  public:
    enum class Found {
        command,    // request() is the next one
        drained,    // call refill()
        end,        // of the file, at a boundary and outside a transaction
        truncated,  // the file ends within a command or a transaction
        bad_format,
        damaged,
        failed,  // the disk would not read
    };
    // What the file's own first and last lines have to say.
    enum class Kind { base, first_incremental, next_incremental };

    // `file` stands at `offset`, behind an RDB preamble if that is not 0. `chain` goes on from the file before.
    LogReader(std::unique_ptr<ReadFile> file, const Chain& chain, Kind kind, std::uint64_t offset);

    // Appends the words of the next command to `words`. A bad end comes again and again.
    [[nodiscard]] Found next(ArgumentList& words);
    // Reads on; views that next() gave are dead. After it, next() again: it reports an error.
    void refill();

    [[nodiscard]] const Request& request() const { return parser_.request(); }
    // Where the command that next() gave begins, or where the bad end is.
    [[nodiscard]] std::uint64_t position() const { return found_at_; }
    [[nodiscard]] std::uint64_t good() const { return good_; }
    [[nodiscard]] std::uint64_t size() const { return size_; }
    // Where the last seal that was right ends; 0: there was none.
    [[nodiscard]] std::uint64_t sealed() const { return sealed_; }
    [[nodiscard]] std::uint64_t seals() const { return seals_; }
    [[nodiscard]] bool in_transaction() const { return in_transaction_; }
    // The last #TS line before the current command, in seconds; and where it begins.
    [[nodiscard]] std::optional<std::int64_t> timestamp() const { return timestamp_; }
    [[nodiscard]] std::uint64_t timestamp_at() const { return timestamp_at_; }
    // Of a bad end: what is wrong at position().
    [[nodiscard]] const std::string& reason() const { return reason_; }

    // The chain at the end of the file.
    [[nodiscard]] const Chain& chain() const { return chain_; }
    // The chain at good(), for a file that will be cut there. Reads again what was not sealed outside a transaction.
    [[nodiscard]] Result<Chain> chain_at_good();

  private:
    [[nodiscard]] Bytes rest() const { return {window_.get() + at_, end_ - at_}; }
    [[nodiscard]] std::uint64_t here() const { return base_ + at_; }
    [[nodiscard]] bool at_end_of_file() const { return base_ + end_ == size_; }
    Found next_command(ArgumentList& words);
    Found cut_off();
    Found end_of_file();
    Found annotation();
    Found our_line(Bytes line);
    Found seal_line(Bytes line, Bytes kind);
    Found start_line(Bytes line);
    void note_command(const ArgumentList& words);
    void advance(std::size_t bytes);
    void hash_up_to_here();
    void keep_good_chain();
    Found bad(Found what, std::string reason);
    [[nodiscard]] bool seal_follows();

    std::unique_ptr<ReadFile> file_;
    std::unique_ptr<char[]> window_;
    std::size_t room_ = 0;
    std::size_t at_ = 0;
    std::size_t end_ = 0;
    std::size_t hashed_ = 0;  // the window up to here was given to the chain
    std::uint64_t base_;      // where the window begins in the file
    std::uint64_t size_ = 0;
    RequestParser parser_;
    Chain chain_;
    Kind kind_;
    Found bad_ = Found::command;  // or the bad end that was met
    std::string reason_;
    std::uint64_t found_at_;
    std::uint64_t good_;
    std::uint64_t good_offset_;  // the stream's, at good_
    Chain good_chain_;           // at good_chain_.position() <= good_
    std::uint64_t sealed_ = 0;
    std::uint64_t seals_ = 0;
    bool ours_ = false;   // the file has a first line of ours
    bool ended_ = false;  // ... and a last one
    bool in_transaction_ = false;
    std::optional<std::int64_t> timestamp_;
    std::uint64_t timestamp_at_ = 0;
};

}  // namespace keel::aof
