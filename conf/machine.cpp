// SPDX-License-Identifier: BSD-3-Clause
#include "conf/machine.h"

#include <fcntl.h>
#include <glob.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <utility>

namespace keel {
namespace {

Error last_error() { return Error{std::string{std::strerror(errno)}}; }

class Descriptor {
  public:
    explicit Descriptor(int fd) : fd_(fd) {}
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor() {
        if (fd_ >= 0) ::close(fd_);
    }
    [[nodiscard]] bool open() const { return fd_ >= 0; }
    [[nodiscard]] int get() const { return fd_; }

  private:
    int fd_;
};

Result<std::string> read_all(int fd) {
    std::string out;
    char chunk[16384];
    while (true) {
        const auto n = ::read(fd, chunk, sizeof chunk);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return last_error();
        if (n == 0) return out;
        out.append(chunk, static_cast<std::size_t>(n));
    }
}

Status write_all(int fd, Bytes text) {
    while (!text.empty()) {
        const auto n = ::write(fd, text.data(), text.size());
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return last_error();
        text.remove_prefix(static_cast<std::size_t>(n));
    }
    return {};
}

// The file behind a link, so that renaming replaces the file and not the link.
std::string real_path(const std::string& path) {
    const std::unique_ptr<char, void (*)(void*)> resolved{::realpath(path.c_str(), nullptr), std::free};
    return resolved ? resolved.get() : path;
}

mode_t mode_for(const std::string& path) {
    struct stat info {};
    return ::stat(path.c_str(), &info) == 0 ? info.st_mode & 07777 : 0644;
}

Status sync_directory_of(const std::string& path) {
    const auto slash = path.rfind('/');
    const std::string directory = slash == std::string::npos ? "." : path.substr(0, slash + 1);
    const Descriptor descriptor{::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (!descriptor.open() || ::fsync(descriptor.get()) != 0) return last_error();
    return {};
}

Status write_and_sync(int fd, mode_t mode, Bytes text) {
    KEEL_TRY(write_all(fd, text));
    if (::fchmod(fd, mode) != 0 || ::fsync(fd) != 0) return last_error();
    return {};
}

}  // namespace

bool RealMachine::exists(const std::string& path) {
    struct stat info {};
    return ::stat(path.c_str(), &info) == 0 || errno != ENOENT;  // if in doubt, reading tells why not
}

Result<std::string> RealMachine::read(const std::string& path) {
    const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
    if (!file.open()) return last_error();
    return read_all(file.get());
}

Result<std::string> RealMachine::read_standard_input() { return read_all(STDIN_FILENO); }

std::vector<std::string> RealMachine::matches(const std::string& pattern) {
    glob_t found{};
    std::vector<std::string> out;
    if (::glob(pattern.c_str(), 0, nullptr, &found) == 0) out.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
    ::globfree(&found);
    return out;
}

Result<std::string> RealMachine::working_directory() {
    const std::unique_ptr<char, void (*)(void*)> current{::getcwd(nullptr, 0), std::free};
    if (!current) return last_error();
    return std::string{current.get()};
}

Status RealMachine::enter(const std::string& directory) {
    if (::chdir(directory.c_str()) != 0) return last_error();
    return {};
}

Status RealMachine::replace(const std::string& path, Bytes text) {
    const std::string target = real_path(path);
    std::string beside = target + ".new-XXXXXX";
    const Descriptor file{::mkostemp(beside.data(), O_CLOEXEC)};
    if (!file.open()) return last_error();
    Status written = write_and_sync(file.get(), mode_for(target), text);
    if (written && ::rename(beside.c_str(), target.c_str()) != 0) written = last_error();
    if (!written) {
        ::unlink(beside.c_str());
        return written;
    }
    return sync_directory_of(target);
}

}  // namespace keel
