// SPDX-License-Identifier: BSD-3-Clause
//
// Brings back what a log says: base, then the incremental files, command by command through an Applier. In slices, so
// that the server can answer -LOADING meanwhile.
//
//     Replay replay(folder, manifest, options, applier, preamble, clock);
//     for (;;) { KEEL_TRY(const bool done, replay.step(2 << 20)); if (done) break; serve others; }
//     log.open(manifest, replay.chain())
//
// Always true:
//   1. Nothing is loaded as something else: a file that is damaged, in bad form or missing is an error that names the
//   file,
//      the offset, the reason and the last good offset. The data is then of no use; the caller does not start with it.
//   2. A transaction is applied whole or not at all.
//   3. Only the last file (empty ones may follow) may be cut off (a write that did not get through). With
//   load_truncated it is cut at its last
//      good point, on the disk too, and loading succeeds, as in Redis; else it is an error.
//   4. Commands are parsed where they were read, in batches of up to kBatch.
//
// Not here: reading RDB. The function that does is lent: given the file at its beginning, it loads what is there and
// returns where it ends.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "datatypes/command/applier.h"
#include "persistence/aof/folder.h"
#include "persistence/aof/log_reader.h"
#include "protocol/base/clock.h"

namespace keel::aof {

class Replay {
  public:
    static constexpr std::size_t kBatch = 64;

    using Preamble = std::function<Result<std::uint64_t>(ReadFile& file)>;

    // What is lent must outlive the replay. An empty `preamble` cannot read RDB: such a file is an error.
    Replay(const Folder& folder, Manifest manifest, bool load_truncated, Applier& applier, Preamble preamble,
           const Clock& clock);

    // Goes on for about `budget` bytes of the log. True: all is loaded.
    [[nodiscard]] Result<bool> step(std::uint64_t budget);

    [[nodiscard]] std::uint64_t loaded_bytes() const;
    [[nodiscard]] std::uint64_t total_bytes() const { return total_; }
    [[nodiscard]] std::uint64_t commands() const { return commands_; }
    // The file that is being read.
    [[nodiscard]] Bytes file() const { return index_ < files_.size() ? Bytes{files_[index_].name} : Bytes{}; }

    // When all is loaded: where the log goes on, and whether its end was cut.
    [[nodiscard]] const Chain& chain() const { return chain_; }
    [[nodiscard]] bool truncated() const { return truncated_; }

  private:
    [[nodiscard]] Result<bool> nothing_follows() const;
    [[nodiscard]] bool is_base() const { return index_ == 0 && has_base_; }
    Status measure();
    Status open_file();
    Result<bool> read(std::uint64_t until);
    Status apply();
    Status apply_failed(std::size_t index, const Error& why);
    Status end_of_file(LogReader::Found found);
    Status cut();
    void next_file();
    Error refused(Bytes what) const;

    Folder folder_;
    Applier& applier_;
    Preamble preamble_;
    const Clock& clock_;
    std::vector<LogFile> files_;
    bool has_base_;
    bool load_truncated_;
    std::size_t index_ = 0;
    std::unique_ptr<LogReader> reader_;  // of files_[index_], once it is open
    std::int64_t opened_us_ = 0;
    ArgumentList words_;
    std::vector<Request> batch_;
    std::vector<std::uint64_t> positions_;  // of the requests in batch_
    std::uint64_t commands_ = 0;
    std::uint64_t total_ = 0;
    std::uint64_t before_ = 0;  // bytes of the files that are done
    bool measured_ = false;
    bool truncated_ = false;
    Chain chain_;
};

}  // namespace keel::aof
