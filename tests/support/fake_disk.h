// SPDX-License-Identifier: BSD-3-Clause
//
// A FileSystem that lives in memory and is as unkind as a real one may be: it separates what is written from what is on
// the disk, loses power, fills up, and fails the n-th call of a kind.
//
//     append ─> cache ──sync──> disk            create, rename, remove ─> names ──sync_folder──> names on the disk
//                  `─ a failed sync: forgotten, though reads still see it (as Linux does)
//
// Always true:
//   1. Processes see the cache and the current names. power_loss() leaves what was synced, and of the rest what chance
//      wants: of each file a prefix of what was done to it since, the last write perhaps cut; of the names a prefix of
//      what was done to them.
//   2. Syncing a file says nothing about its name, and syncing a folder nothing about what the files hold.
//   3. sync_folder() keeps all that was done to names up to the last change that touches the folder: a journal has an
//      order.
//   4. Files opened before power_loss() are dead: their calls fail.
//
// For one thread.
#pragma once

#include <array>
#include <cerrno>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "persistence/file_system.h"

namespace keel {

enum class DiskCall {
    open,
    create,
    read,
    append,
    sync,
    truncate,
    rename,
    remove,
    make_folder,
    sync_folder,
    list,
    size
};
inline constexpr std::size_t kDiskCalls = 12;

class FakeDisk final : public FileSystem {
  public:
    explicit FakeDisk(std::uint64_t seed = 1) : random_(seed) {}

    // ---- what goes wrong

    // From the `nth` call of that kind on (the first is 1; counted from now; no kind: of any kind but reads and looks),
    // `times` calls fail with this number.
    void fail(std::optional<DiskCall> kind, std::uint64_t nth, int number = EIO, std::uint64_t times = 1);
    // The nth append from now on writes only so many bytes, without an error.
    void shorten(std::uint64_t nth, std::size_t bytes);
    void heal();
    // Bytes that may still be appended before the disk is full; none: no end.
    std::optional<std::uint64_t> room;
    // How long a sync takes, at least.
    std::size_t sync_us = 0;

    // ---- what is there

    void power_loss();
    // The same, and nothing that was not synced survives.
    void power_loss_strict();
    // As another process would have put it there, for good.
    void put(const std::string& path, Bytes bytes);
    [[nodiscard]] std::string bytes_of(const std::string& path) const;  // of the cache; empty if absent
    [[nodiscard]] std::vector<std::string> names() const;               // all paths, sorted
    [[nodiscard]] std::uint64_t calls(DiskCall kind) const { return counts_[static_cast<std::size_t>(kind)]; }
    [[nodiscard]] std::uint64_t changing_calls() const { return changing_; }  // those that fail() without a kind counts

    // ---- FileSystem

    [[nodiscard]] Result<std::unique_ptr<AppendFile>> open_append(const std::string& path) override;
    [[nodiscard]] Result<std::unique_ptr<AppendFile>> create(const std::string& path) override;
    [[nodiscard]] Result<std::unique_ptr<ReadFile>> open_read(const std::string& path) override;
    [[nodiscard]] Status rename(const std::string& from, const std::string& to) override;
    [[nodiscard]] Status remove(const std::string& path) override;
    [[nodiscard]] Status make_folder(const std::string& path) override;
    [[nodiscard]] Status sync_folder(const std::string& path) override;
    [[nodiscard]] Result<std::vector<std::string>> list(const std::string& folder) override;
    [[nodiscard]] Result<std::uint64_t> size(const std::string& path) override;
    [[nodiscard]] Result<bool> exists(const std::string& path) override;

  private:
    struct Change {
        bool truncates = false;
        std::uint64_t at = 0;  // where the bytes go, or the size to cut to
        std::string bytes;
    };
    struct File {
        std::string cache;
        std::string disk;
        std::vector<Change> pending;
    };
    using FilePtr = std::shared_ptr<File>;
    struct NameChange {
        std::string from;  // gone; empty: none
        std::string to;    // this is what it is now called; empty: removed
        FilePtr file;
    };
    struct Fault {
        std::optional<DiskCall> kind;
        std::uint64_t first = 0;
        std::uint64_t times = 0;
        int number = 0;
    };
    class Appender;
    class Reader;

    // Counts the call; the error if it is to fail.
    [[nodiscard]] Status enter(DiskCall kind, Bytes tried, const std::string& path);
    [[nodiscard]] std::uint64_t chance(std::uint64_t below);  // 0 <= n < below
    static void apply(std::string& bytes, const Change& change, std::size_t most);
    void lose_unsynced(File& file, bool everything);
    void change_name(NameChange change);
    void settle_names(std::size_t count);
    void lose(bool everything);

    std::mt19937_64 random_;
    std::map<std::string, FilePtr> live_;
    std::map<std::string, FilePtr> durable_;
    std::set<std::string> folders_;
    std::vector<NameChange> pending_names_;
    std::array<std::uint64_t, kDiskCalls> counts_{};
    std::uint64_t changing_ = 0;
    std::vector<Fault> faults_;
    std::map<std::uint64_t, std::size_t> short_;  // by the count of appends
    std::uint64_t life_ = 0;                      // grows with each loss of power
};

}  // namespace keel
