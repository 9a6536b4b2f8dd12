// SPDX-License-Identifier: BSD-3-Clause
//
// Snapshots as files on the disk.
//
//     save:  temp-<pid>.rdb, written and synced -> renamed over the old one -> the folder synced
//
// Always true: under its name there is a whole file at any instant, the old one or the new one.
#pragma once

#include <memory>
#include <string>

#include "persistence/file_system.h"
#include "persistence/rdb/reader.h"
#include "persistence/rdb/snapshot_writer.h"

namespace keel::rdb {

// Writes the snapshot in place of `path`, by way of `temporary`, which lies in the same folder and is gone afterwards
// in any case. Returns the bytes written. The error says what could not be done to which file, or names the key.
Result<std::uint64_t> save_snapshot(FileSystem& files, const std::string& path, const std::string& temporary,
                                    const SnapshotContent& content, KeysWritten tell);

// Writes the snapshot to an open file, which is synced on the way if `incremental_sync`, at its end in any case.
Result<std::uint64_t> write_snapshot_file(AppendFile& file, const SnapshotContent& content, bool incremental_sync,
                                          KeysWritten tell);

// The name of the file that process `pid` writes to, in the folder of `path`.
[[nodiscard]] std::string temporary_for(const std::string& path, int pid);

// A file as a source of bytes.
class FileSource final : public ByteSource {
  public:
    static Result<FileSource> open(FileSystem& files, const std::string& path);
    Result<std::size_t> read(char* to, std::size_t room) override { return file_->read({to, room}); }
    [[nodiscard]] std::uint64_t size() const { return size_; }

  private:
    FileSource(std::unique_ptr<ReadFile> file, std::uint64_t size) : file_(std::move(file)), size_(size) {}
    std::unique_ptr<ReadFile> file_;
    std::uint64_t size_;
};

}  // namespace keel::rdb
