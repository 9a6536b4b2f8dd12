// SPDX-License-Identifier: BSD-3-Clause
//
// The making of the next incremental file, as a job for the helper: all it needs is in it. Private to the Log.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "persistence/aof/log.h"

namespace keel::aof {

struct Log::NewFile {
    explicit NewFile(const Folder& log_folder) : folder(log_folder) {}

    Folder folder;
    Manifest manifest;  // with the new file as the last one, once made
    std::string bytes;  // what it begins with
    Chain chain;        // behind those bytes

    std::shared_ptr<AppendFile> sync_first;  // the file before it, if it goes on being trusted
    std::string old_path;                    // or, if not, where it is cut; at 0: it is removed
    std::optional<std::uint64_t> cut_old_at;

    // What came of it.
    std::shared_ptr<AppendFile> file;
    bool old_sync_failed = false;
};

}  // namespace keel::aof
