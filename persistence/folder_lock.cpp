// SPDX-License-Identifier: BSD-3-Clause
#include "persistence/folder_lock.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>

#include "persistence/file_system.h"

namespace keel {

Status FolderLock::take(const std::string& folder) {
    release();
    fd_ = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd_ == -1) return io_error("Can't open the folder", folder, errno);
    constexpr int kTries = 100;
    for (int i = 0; i < kTries; ++i) {
        if (flock(fd_, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK) return {};
        constexpr timespec kPause{0, 10'000'000};
        nanosleep(&kPause, nullptr);
    }
    release();
    return Error{fmt::format("The folder {} is in use by another server", folder)};
}

void FolderLock::release() {
    if (fd_ != -1) close(fd_);
    fd_ = -1;
}

}  // namespace keel
