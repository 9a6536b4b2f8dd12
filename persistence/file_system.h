// SPDX-License-Identifier: BSD-3-Clause
//
// The door to the disk: everything that persistence writes goes through it, so a test can put a disk in its place that
// fails, fills up or loses power (tests/support/fake_disk.h).
//
//     replace_file:   write a temporary ─> sync it ─> rename over the old ─> sync the folder
//
// Always true:
//   1. An error's text is "<what was tried> <path>: <the system's words>". io_reason() gives the last part, which is
//   what
//      clients see behind MISCONF.
//   2. What append() returned was written is in the file for other processes; only what a later sync() confirmed
//      survives a loss of power. A name (created, renamed, removed) survives when its folder was synced after.
//   3. After a failed sync() nobody knows what of the bytes since the last good one is on the disk, and a second sync()
//      that succeeds says nothing about them (Linux forgets pages that it could not write). Whoever gets the error
//      does not trust those bytes again (persistence/aof/log.h).
//   4. Paths are the system's: relative ones begin at the working directory.
//
// An AppendFile's sync() may run on a helper thread while the loop appends. All other calls on one object come from
// one thread at a time; the FileSystem itself may be called from both threads.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "protocol/base/bytes.h"
#include "protocol/base/result.h"

namespace keel {

// A file that grows at its end. Closed when destroyed.
class AppendFile {
  public:
    virtual ~AppendFile() = default;
    // Writes at the end, with one system call. How many bytes went in: fewer than asked for when the disk is full, at
    // least one unless `bytes` is empty.
    [[nodiscard]] virtual Result<std::size_t> append(Bytes bytes) = 0;
    // Forces what was appended before the call, and the file's size, to the disk.
    [[nodiscard]] virtual Status sync() = 0;
    // Cuts the file; what comes next is appended there. Not a way to grow it.
    [[nodiscard]] virtual Status truncate(std::uint64_t size) = 0;
    [[nodiscard]] virtual const std::string& path() const = 0;
    // The very file, whatever its name is by now, opened once more: errors of writing are told to both (truth 3).
    [[nodiscard]] virtual Result<std::unique_ptr<AppendFile>> reopen() const = 0;
};

// A file that is read from its beginning on.
class ReadFile {
  public:
    virtual ~ReadFile() = default;
    // Fills the front of `to`; how many bytes, 0 only at the end of the file.
    [[nodiscard]] virtual Result<std::size_t> read(std::span<char> to) = 0;
    // The next read() begins at this offset.
    [[nodiscard]] virtual Status seek(std::uint64_t offset) = 0;
    [[nodiscard]] virtual Result<std::uint64_t> size() = 0;
    [[nodiscard]] virtual const std::string& path() const = 0;
};

class FileSystem {
  public:
    virtual ~FileSystem() = default;
    // For appending; made, with nothing in it, if it is not there.
    [[nodiscard]] virtual Result<std::unique_ptr<AppendFile>> open_append(const std::string& path) = 0;
    // A new file: an error if there is one of that name.
    [[nodiscard]] virtual Result<std::unique_ptr<AppendFile>> create(const std::string& path) = 0;
    // An error for a folder, a pipe or a device.
    [[nodiscard]] virtual Result<std::unique_ptr<ReadFile>> open_read(const std::string& path) = 0;
    // Replaces `to` if it is there, in one step.
    [[nodiscard]] virtual Status rename(const std::string& from, const std::string& to) = 0;
    [[nodiscard]] virtual Status remove(const std::string& path) = 0;
    [[nodiscard]] virtual Status make_folder(const std::string& path) = 0;  // good if it is there already
    [[nodiscard]] virtual Status sync_folder(const std::string& path) = 0;
    // Names of the files in a folder, without "." and "..", in no order.
    [[nodiscard]] virtual Result<std::vector<std::string>> list(const std::string& folder) = 0;
    // Of a file, in bytes.
    [[nodiscard]] virtual Result<std::uint64_t> size(const std::string& path) = 0;
    // Whether something of that name is there. An error when that cannot be told (no permission on the way).
    [[nodiscard]] virtual Result<bool> exists(const std::string& path) = 0;
};

// ---- made of the above

// All of `bytes`, with as many calls as it takes. On an error a part may be in the file.
[[nodiscard]] Status append_all(AppendFile& file, Bytes bytes);

// The whole file. An error if it is larger than `most_bytes`.
[[nodiscard]] Result<std::string> read_file(FileSystem& files, const std::string& path, std::uint64_t most_bytes);

// Makes `path` be `bytes`, for good: see the story. `temporary` lies in the same folder; what an earlier try left there
// is removed. On an error `path` is what it was, unless syncing the folder failed: then it may be either after a loss
// of power.
[[nodiscard]] Status replace_file(FileSystem& files, const std::string& path, const std::string& temporary,
                                  Bytes bytes);

// "a/b" for "a" and "b"; "b" for an empty folder.
[[nodiscard]] std::string join_path(Bytes folder, Bytes name);
// The folder that a path lies in: "a" for "a/b", "." for "b".
[[nodiscard]] std::string folder_of(Bytes path);

// The text of an error of this door (truth 1).
[[nodiscard]] Error io_error(Bytes tried, Bytes path, int number);
// The system's words in it: "No space left on device".
[[nodiscard]] Bytes io_reason(const Error& error);

}  // namespace keel
