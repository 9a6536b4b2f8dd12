// SPDX-License-Identifier: BSD-3-Clause
//
// The folder in which the files of a log lie, and the steps on it that must not be torn.
//
//     dir/appendonly.aof                           the old single file of Redis before 7; moved inside at the first
//     start dir/appendonlydir/appendonly.aof.manifest    which files count
//                      /appendonly.aof.1.base.rdb  ...
//                      /temp-...                   unfinished: removed at start
//
// Always true:
//   1. A file is listed in the manifest only after it is there; it is removed only after the manifest on the disk no
//      longer needs it. So a crash between any two steps leaves a folder that loads.
//   2. The manifest is replaced as a whole (replace_file), never changed in place.
//   3. Where there is no manifest yet, one that lists nothing is there before the first file: whatever lies in a folder
//      without a manifest is of a log that lost it.
//
// A value: it can be copied into a job of the helper thread; it uses the FileSystem it was lent.
#pragma once

#include <string>

#include "persistence/aof/manifest.h"
#include "persistence/file_system.h"

namespace keel::aof {

class Folder {
  public:
    // `dir` is where the data files live ("" or "." for the working directory), `name` appendfilename, `folder`
    // appenddirname.
    Folder(FileSystem& files, Bytes dir, Bytes folder, Bytes name);

    [[nodiscard]] FileSystem& files() const { return *files_; }
    [[nodiscard]] const std::string& prefix() const { return name_; }
    [[nodiscard]] const std::string& path() const { return folder_; }
    [[nodiscard]] std::string path_of(Bytes file) const { return join_path(folder_, file); }
    [[nodiscard]] std::string manifest_path() const { return path_of(name_ + ".manifest"); }
    // Where a child writes the next base, and where changes go while the first base is written. Both are unfinished
    // until the manifest lists them under another name.
    [[nodiscard]] std::string temporary_base(int child) const;
    [[nodiscard]] std::string temporary_incremental() const { return path_of("temp-" + name_ + ".incr"); }

    // The manifest on the disk; an empty one if there is none. An error's text is as Manifest::parse says.
    [[nodiscard]] Result<Manifest> load() const;
    // Writes it, for good. Makes the folder if need be.
    [[nodiscard]] Status save(const Manifest& manifest) const;

    // If the old single file is there and the folder does not yet have a log of its own: takes it in as base, in an
    // order that a crash cannot spoil (manifest first, then the move; a start in between does the move). True: it did.
    [[nodiscard]] Result<bool> upgrade(Manifest& manifest) const;

    // Removes the history files and then has the manifest forget them. What cannot be removed stays listed.
    [[nodiscard]] Status remove_history(Manifest& manifest) const;
    // Removes what a rewrite left that did not come to its end, and no manifest names: bases, and incremental files
    // without a byte. For one whose base was made just now, which holds all that they held. (The next base may have
    // another suffix, so it does not always take the place of such a one.)
    [[nodiscard]] Status remove_unlisted(const Manifest& manifest) const;
    // Removes what is unfinished from an earlier life. Errors are not worth stopping for.
    void remove_temporaries() const;

    // For a folder whose manifest is not there, or lists nothing: an error if a log is in it, which a new one would
    // write over. What a log left that was about to begin is none (truth 3); it goes once another one has begun
    // (remove_unlisted). An incremental file with something in it never is such a one.
    [[nodiscard]] Status refuse_orphans() const;

    // Of all files that are loaded. An error if one is missing.
    [[nodiscard]] Result<std::uint64_t> bytes(const Manifest& manifest) const;

  private:
    FileSystem* files_;
    std::string dir_;
    std::string name_;
    std::string folder_;
};

}  // namespace keel::aof
