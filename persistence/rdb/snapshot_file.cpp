// SPDX-License-Identifier: BSD-3-Clause
#include "persistence/rdb/snapshot_file.h"

#include <fmt/format.h>

namespace keel::rdb {

namespace {

// To a file, which is synced on the way if that is wanted: so the disk is not flooded at the end, when all else waits.
class FileSink final : public ByteSink {
  public:
    FileSink(AppendFile& file, bool incremental_sync) : file_(file), incremental_sync_(incremental_sync) {}

    Status write(Bytes bytes) override {
        constexpr std::uint64_t kSyncEach = 4 << 20;
        KEEL_TRY(append_all(file_, bytes));
        unsynced_ += bytes.size();
        if (!incremental_sync_ || unsynced_ < kSyncEach) return {};
        unsynced_ = 0;
        return file_.sync();
    }

  private:
    AppendFile& file_;
    bool incremental_sync_;
    std::uint64_t unsynced_ = 0;
};

Result<std::uint64_t> write_new(FileSystem& files, const std::string& path, const SnapshotContent& content,
                                KeysWritten tell) {
    KEEL_TRY(const bool left_over, files.exists(path));
    if (left_over) {
        KEEL_TRY(files.remove(path));
    }
    KEEL_TRY(const auto file, files.create(path));
    return write_snapshot_file(*file, content, content.settings.snapshot.incremental_fsync, tell);
}

}  // namespace

Result<std::uint64_t> write_snapshot_file(AppendFile& file, const SnapshotContent& content, bool incremental_sync,
                                          KeysWritten tell) {
    const auto& settings = content.settings.snapshot;
    FileSink sink{file, incremental_sync};
    Writer writer{{.squeeze = settings.compression, .checksum = settings.checksum}, sink};
    KEEL_TRY(write_snapshot(writer, content, tell));
    KEEL_TRY(file.sync());
    return writer.written();
}

Result<std::uint64_t> save_snapshot(FileSystem& files, const std::string& path, const std::string& temporary,
                                    const SnapshotContent& content, KeysWritten tell) {
    Result<std::uint64_t> bytes = write_new(files, temporary, content, tell);
    Status done = bytes ? files.rename(temporary, path) : Status{bytes.error()};
    if (!done) {
        static_cast<void>(files.remove(temporary));  // what stays is removed by the next try
        return std::move(done).error();
    }
    KEEL_TRY(files.sync_folder(folder_of(path)));
    return bytes;
}

std::string temporary_for(const std::string& path, int pid) {
    return join_path(folder_of(path), fmt::format("temp-{}.rdb", pid));
}

Result<FileSource> FileSource::open(FileSystem& files, const std::string& path) {
    KEEL_TRY(std::unique_ptr<ReadFile> file, files.open_read(path));
    KEEL_TRY(const std::uint64_t size, file->size());
    return FileSource{std::move(file), size};
}

}  // namespace keel::rdb
