// SPDX-License-Identifier: BSD-3-Clause
#include "persistence/posix_file_system.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace keel {

namespace {

constexpr int kMode = 0644;
constexpr int kFolderMode = 0755;

class Descriptor {
  public:
    explicit Descriptor(int fd) : fd_(fd) {}
    ~Descriptor() { close(fd_); }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    [[nodiscard]] int get() const { return fd_; }

  private:
    int fd_;
};

// A call that a signal may cut short.
template <typename Call>
auto again(Call call) {
    for (;;) {
        const auto result = call();
        if (result != -1 || errno != EINTR) return result;
    }
}

class PosixAppendFile final : public AppendFile {
  public:
    PosixAppendFile(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}

    Result<std::size_t> append(Bytes bytes) override {
        if (bytes.empty()) return std::size_t{0};
        const ssize_t written = again([&] { return write(fd_.get(), bytes.data(), bytes.size()); });
        if (written < 0) return io_error("Can't write to", path_, errno);
        // Of a file on disk nobody gets 0 back; if it came to be, looping on it would never end.
        if (written == 0) return io_error("Can't write to", path_, ENOSPC);
        return static_cast<std::size_t>(written);
    }

    Status sync() override {
        if (again([&] { return fdatasync(fd_.get()); }) == -1) return io_error("Can't sync", path_, errno);
        return {};
    }

    Status truncate(std::uint64_t size) override {
        if (again([&] { return ftruncate(fd_.get(), static_cast<off_t>(size)); }) == -1) {
            return io_error("Can't truncate", path_, errno);
        }
        return {};
    }

    const std::string& path() const override { return path_; }

    Result<std::unique_ptr<AppendFile>> reopen() const override {
        const std::string self = fmt::format("/proc/self/fd/{}", fd_.get());
        const int fd = again([&] { return open(self.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC); });
        if (fd == -1) return io_error("Can't open", path_, errno);
        return std::unique_ptr<AppendFile>{std::make_unique<PosixAppendFile>(fd, path_)};
    }

  private:
    Descriptor fd_;  // opened with O_APPEND: always at the end
    std::string path_;
};

class PosixReadFile final : public ReadFile {
  public:
    PosixReadFile(int fd, std::string path) : fd_(fd), path_(std::move(path)) {
        posix_fadvise(fd_.get(), 0, 0, POSIX_FADV_SEQUENTIAL);
    }

    Result<std::size_t> read(std::span<char> to) override {
        const ssize_t got = again([&] { return ::read(fd_.get(), to.data(), to.size()); });
        if (got < 0) return io_error("Can't read", path_, errno);
        return static_cast<std::size_t>(got);
    }

    Status seek(std::uint64_t offset) override {
        if (lseek(fd_.get(), static_cast<off_t>(offset), SEEK_SET) == -1)
            return io_error("Can't seek in", path_, errno);
        return {};
    }

    Result<std::uint64_t> size() override {
        struct stat facts {};
        if (fstat(fd_.get(), &facts) == -1) return io_error("Can't stat", path_, errno);
        return static_cast<std::uint64_t>(facts.st_size);
    }

    const std::string& path() const override { return path_; }

  private:
    Descriptor fd_;
    std::string path_;
};

Result<std::unique_ptr<AppendFile>> open_for_append(const std::string& path, int flags) {
    const int fd = again([&] { return open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | flags, kMode); });
    if (fd == -1) return io_error("Can't open", path, errno);
    return std::unique_ptr<AppendFile>{std::make_unique<PosixAppendFile>(fd, path)};
}

}  // namespace

Result<std::unique_ptr<AppendFile>> PosixFileSystem::open_append(const std::string& path) {
    return open_for_append(path, 0);
}

Result<std::unique_ptr<AppendFile>> PosixFileSystem::create(const std::string& path) {
    return open_for_append(path, O_EXCL);
}

Result<std::unique_ptr<ReadFile>> PosixFileSystem::open_read(const std::string& path) {
    // Without O_NONBLOCK a named pipe would be waited for, whoever is to write to it.
    const int fd = again([&] { return open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK); });
    if (fd == -1) return io_error("Can't open", path, errno);
    auto file = std::make_unique<PosixReadFile>(fd, path);
    struct stat facts {};
    if (fstat(fd, &facts) == -1) return io_error("Can't stat", path, errno);
    if (S_ISDIR(facts.st_mode)) return io_error("Can't read", path, EISDIR);
    if (!S_ISREG(facts.st_mode))
        return Error{fmt::format("Can't read {}: It is a pipe or a device, and no file", path)};
    return std::unique_ptr<ReadFile>{std::move(file)};
}

Status PosixFileSystem::rename(const std::string& from, const std::string& to) {
    if (::rename(from.c_str(), to.c_str()) == -1)
        return io_error("Can't rename", fmt::format("{} to {}", from, to), errno);
    return {};
}

Status PosixFileSystem::remove(const std::string& path) {
    if (unlink(path.c_str()) == -1) return io_error("Can't remove", path, errno);
    return {};
}

Status PosixFileSystem::make_folder(const std::string& path) {
    if (mkdir(path.c_str(), kFolderMode) == 0) return {};
    const int why = errno;
    struct stat facts {};
    if (why == EEXIST && stat(path.c_str(), &facts) == 0 && S_ISDIR(facts.st_mode)) return {};
    return io_error("Can't make the folder", path, why == EEXIST ? ENOTDIR : why);
}

Status PosixFileSystem::sync_folder(const std::string& path) {
    const int fd = again([&] { return open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); });
    if (fd == -1) return io_error("Can't open the folder", path, errno);
    const Descriptor folder{fd};
    // Some file systems have nothing to sync in a folder and say EINVAL.
    if (again([&] { return fsync(folder.get()); }) == -1 && errno != EINVAL) {
        return io_error("Can't sync the folder", path, errno);
    }
    return {};
}

Result<std::vector<std::string>> PosixFileSystem::list(const std::string& folder) {
    struct Close {
        void operator()(DIR* dir) const { closedir(dir); }
    };
    const std::unique_ptr<DIR, Close> dir{opendir(folder.c_str())};
    if (!dir) return io_error("Can't open the folder", folder, errno);
    std::vector<std::string> names;
    for (;;) {
        errno = 0;
        const dirent* entry = readdir(dir.get());
        if (!entry) break;
        const Bytes name = entry->d_name;
        if (name != "." && name != "..") names.emplace_back(name);
    }
    if (errno != 0) return io_error("Can't read the folder", folder, errno);
    return names;
}

Result<std::uint64_t> PosixFileSystem::size(const std::string& path) {
    struct stat facts {};
    if (stat(path.c_str(), &facts) == -1) return io_error("Can't stat", path, errno);
    return static_cast<std::uint64_t>(facts.st_size);
}

Result<bool> PosixFileSystem::exists(const std::string& path) {
    struct stat facts {};
    if (stat(path.c_str(), &facts) == 0) return true;
    if (errno != ENOENT && errno != ENOTDIR) return io_error("Can't stat", path, errno);
    // A link to nothing: what it led to is gone, a disk that is not mounted perhaps.
    if (lstat(path.c_str(), &facts) == 0) return io_error("Can't follow the link", path, ENOENT);
    return false;
}

}  // namespace keel
