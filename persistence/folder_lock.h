// SPDX-License-Identifier: BSD-3-Clause
//
// A folder that only one server may write to: two that append to the same files, in an upgrade that overlaps perhaps,
// leave a log that neither wrote.
//
// The lock is the kernel's (flock on the folder itself, no file is left), and ends with the process. Forked children
// give up theirs at once (become_child). Where a file system has no locks there is none.
#pragma once

#include <string>

#include "protocol/base/result.h"

namespace keel {

class FolderLock {
  public:
    FolderLock() = default;
    ~FolderLock() { release(); }
    FolderLock(const FolderLock&) = delete;
    FolderLock& operator=(const FolderLock&) = delete;

    // The folder is there. Waits for a second if another process has it: it may be on its way out.
    [[nodiscard]] Status take(const std::string& folder);
    void release();

  private:
    int fd_ = -1;
};

}  // namespace keel
