// SPDX-License-Identifier: BSD-3-Clause
#include "tests/support/fake_disk.h"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <thread>

namespace keel {

namespace {

bool changes(DiskCall kind) { return kind != DiskCall::read && kind != DiskCall::list && kind != DiskCall::size; }

}  // namespace

class FakeDisk::Appender final : public AppendFile {
  public:
    Appender(FakeDisk& disk, FilePtr file, std::string path)
        : disk_(disk), file_(std::move(file)), path_(std::move(path)), life_(disk.life_) {}

    Result<std::size_t> append(Bytes bytes) override {
        if (dead()) return io_error("Can't write to", path_, EBADF);
        const std::uint64_t number = disk_.calls(DiskCall::append) + 1;
        KEEL_TRY(disk_.enter(DiskCall::append, "Can't write to", path_));
        std::size_t most = bytes.size();
        if (const auto found = disk_.short_.find(number); found != disk_.short_.end())
            most = std::min(most, found->second);
        if (disk_.room) {
            if (*disk_.room == 0 && !bytes.empty()) return io_error("Can't write to", path_, ENOSPC);
            most = std::min<std::size_t>(most, *disk_.room);
            *disk_.room -= most;
        }
        const Change change{false, file_->cache.size(), std::string{bytes.substr(0, most)}};
        apply(file_->cache, change, most);
        file_->pending.push_back(change);
        return most;
    }

    Status sync() override {
        if (dead()) return io_error("Can't sync", path_, EBADF);
        if (disk_.sync_us > 0) std::this_thread::sleep_for(std::chrono::microseconds{disk_.sync_us});
        const Status allowed = disk_.enter(DiskCall::sync, "Can't sync", path_);
        for (const Change& change : file_->pending) {
            // Of a failed sync the cuts survive (they are in the journal), the bytes are forgotten.
            if (allowed || change.truncates) apply(file_->disk, change, change.bytes.size());
        }
        file_->pending.clear();
        return allowed ? Status{} : Status{allowed.error()};
    }

    Status truncate(std::uint64_t size) override {
        if (dead()) return io_error("Can't truncate", path_, EBADF);
        KEEL_TRY(disk_.enter(DiskCall::truncate, "Can't truncate", path_));
        const Change change{true, size, {}};
        apply(file_->cache, change, 0);
        file_->pending.push_back(change);
        return {};
    }

    const std::string& path() const override { return path_; }
    Result<std::unique_ptr<AppendFile>> reopen() const override {
        if (dead()) return io_error("Can't open", path_, EBADF);
        KEEL_TRY(disk_.enter(DiskCall::open, "Can't open", path_));
        return std::unique_ptr<AppendFile>{std::make_unique<Appender>(disk_, file_, path_)};
    }

  private:
    [[nodiscard]] bool dead() const { return life_ != disk_.life_; }

    FakeDisk& disk_;
    FilePtr file_;
    std::string path_;
    std::uint64_t life_;
};

class FakeDisk::Reader final : public ReadFile {
  public:
    Reader(FakeDisk& disk, FilePtr file, std::string path)
        : disk_(disk), file_(std::move(file)), path_(std::move(path)) {}

    Result<std::size_t> read(std::span<char> to) override {
        KEEL_TRY(disk_.enter(DiskCall::read, "Can't read", path_));
        const std::size_t left = file_->cache.size() - std::min(at_, file_->cache.size());
        const std::size_t got = std::min(to.size(), left);
        std::copy_n(file_->cache.data() + (file_->cache.size() - left), got, to.data());
        at_ += got;
        return got;
    }
    Status seek(std::uint64_t offset) override {
        at_ = offset;
        return {};
    }
    Result<std::uint64_t> size() override { return std::uint64_t{file_->cache.size()}; }
    const std::string& path() const override { return path_; }

  private:
    FakeDisk& disk_;
    FilePtr file_;
    std::string path_;
    std::size_t at_ = 0;
};

// ---- what goes wrong

void FakeDisk::fail(std::optional<DiskCall> kind, std::uint64_t nth, int number, std::uint64_t times) {
    const std::uint64_t before = kind ? calls(*kind) : changing_;
    faults_.push_back({kind, before + nth, times, number});
}

void FakeDisk::shorten(std::uint64_t nth, std::size_t bytes) { short_[calls(DiskCall::append) + nth] = bytes; }

void FakeDisk::heal() {
    faults_.clear();
    short_.clear();
    room.reset();
}

Status FakeDisk::enter(DiskCall kind, Bytes tried, const std::string& path) {
    const std::uint64_t of_kind = ++counts_[static_cast<std::size_t>(kind)];
    const bool counted = changes(kind);
    if (counted) ++changing_;
    for (const Fault& fault : faults_) {
        if (fault.kind ? *fault.kind != kind : !counted) continue;
        const std::uint64_t number = fault.kind ? of_kind : changing_;
        if (number >= fault.first && number - fault.first < fault.times) return io_error(tried, path, fault.number);
    }
    return {};
}

std::uint64_t FakeDisk::chance(std::uint64_t below) { return random_() % below; }

// ---- what is there

void FakeDisk::apply(std::string& bytes, const Change& change, std::size_t most) {
    if (change.truncates) {
        bytes.resize(std::min<std::size_t>(bytes.size(), change.at));
        return;
    }
    // A gap (bytes before it were forgotten by a failed sync) reads as zeros.
    if (bytes.size() < change.at + most) bytes.resize(change.at + most, '\0');
    std::copy_n(change.bytes.data(), most, bytes.data() + change.at);
}

void FakeDisk::lose_unsynced(File& file, bool everything) {
    const std::size_t kept = everything ? 0 : chance(file.pending.size() + 1);
    for (std::size_t i = 0; i < kept; ++i) {
        const Change& change = file.pending[i];
        const bool last = i + 1 == kept;
        apply(file.disk, change, last ? chance(change.bytes.size() + 1) : change.bytes.size());
    }
    file.pending.clear();
    file.cache = file.disk;
}

void FakeDisk::settle_names(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
        const NameChange& change = pending_names_[i];
        if (!change.from.empty()) durable_.erase(change.from);
        if (!change.to.empty()) durable_[change.to] = change.file;
    }
    pending_names_.erase(pending_names_.begin(), pending_names_.begin() + static_cast<std::ptrdiff_t>(count));
}

void FakeDisk::lose(bool everything) {
    settle_names(everything ? 0 : chance(pending_names_.size() + 1));
    pending_names_.clear();
    live_ = durable_;
    std::set<File*> seen;
    for (auto& [path, file] : live_) {
        if (seen.insert(file.get()).second) lose_unsynced(*file, everything);
    }
    ++life_;
}

void FakeDisk::power_loss() { lose(false); }
void FakeDisk::power_loss_strict() { lose(true); }

void FakeDisk::put(const std::string& path, Bytes bytes) {
    auto file = std::make_shared<File>();
    file->cache = file->disk = std::string{bytes};
    live_[path] = durable_[path] = file;
}

std::string FakeDisk::bytes_of(const std::string& path) const {
    const auto found = live_.find(path);
    return found == live_.end() ? std::string{} : found->second->cache;
}

std::vector<std::string> FakeDisk::names() const {
    std::vector<std::string> out;
    for (const auto& [path, file] : live_) out.push_back(path);
    return out;
}

// ---- FileSystem

void FakeDisk::change_name(NameChange change) {
    if (!change.from.empty()) live_.erase(change.from);
    if (!change.to.empty()) live_[change.to] = change.file;
    pending_names_.push_back(std::move(change));
}

Result<std::unique_ptr<AppendFile>> FakeDisk::open_append(const std::string& path) {
    KEEL_TRY(enter(DiskCall::open, "Can't open", path));
    auto found = live_.find(path);
    if (found == live_.end()) {
        change_name({{}, path, std::make_shared<File>()});
        found = live_.find(path);
    }
    return std::unique_ptr<AppendFile>{std::make_unique<Appender>(*this, found->second, path)};
}

Result<std::unique_ptr<AppendFile>> FakeDisk::create(const std::string& path) {
    KEEL_TRY(enter(DiskCall::create, "Can't open", path));
    if (live_.contains(path)) return io_error("Can't open", path, EEXIST);
    auto file = std::make_shared<File>();
    change_name({{}, path, file});
    return std::unique_ptr<AppendFile>{std::make_unique<Appender>(*this, file, path)};
}

Result<std::unique_ptr<ReadFile>> FakeDisk::open_read(const std::string& path) {
    KEEL_TRY(enter(DiskCall::read, "Can't open", path));
    const auto found = live_.find(path);
    if (found == live_.end()) return io_error("Can't open", path, ENOENT);
    return std::unique_ptr<ReadFile>{std::make_unique<Reader>(*this, found->second, path)};
}

Status FakeDisk::rename(const std::string& from, const std::string& to) {
    const std::string both = fmt::format("{} to {}", from, to);
    KEEL_TRY(enter(DiskCall::rename, "Can't rename", both));
    const auto found = live_.find(from);
    if (found == live_.end()) return io_error("Can't rename", both, ENOENT);
    change_name({from, to, FilePtr{found->second}});
    return {};
}

Status FakeDisk::remove(const std::string& path) {
    KEEL_TRY(enter(DiskCall::remove, "Can't remove", path));
    if (!live_.contains(path)) return io_error("Can't remove", path, ENOENT);
    change_name({path, {}, nullptr});
    return {};
}

Status FakeDisk::make_folder(const std::string& path) {
    KEEL_TRY(enter(DiskCall::make_folder, "Can't make the folder", path));
    folders_.insert(path);  // folders themselves are not lost: an empty one and none at all are alike to us
    return {};
}

Status FakeDisk::sync_folder(const std::string& path) {
    KEEL_TRY(enter(DiskCall::sync_folder, "Can't sync the folder", path));
    std::size_t count = 0;
    for (std::size_t i = 0; i < pending_names_.size(); ++i) {
        const NameChange& change = pending_names_[i];
        const bool touches = (!change.from.empty() && folder_of(change.from) == path) ||
                             (!change.to.empty() && folder_of(change.to) == path);
        if (touches) count = i + 1;
    }
    settle_names(count);
    return {};
}

Result<std::vector<std::string>> FakeDisk::list(const std::string& folder) {
    KEEL_TRY(enter(DiskCall::list, "Can't open the folder", folder));
    std::vector<std::string> out;
    for (const auto& [path, file] : live_) {
        if (folder_of(path) == folder) out.push_back(path.substr(path.rfind('/') + 1));
    }
    if (out.empty() && !folders_.contains(folder))
        return io_error("Can't open the folder", folder, live_.contains(folder) ? ENOTDIR : ENOENT);
    return out;
}

Result<std::uint64_t> FakeDisk::size(const std::string& path) {
    KEEL_TRY(enter(DiskCall::size, "Can't stat", path));
    const auto found = live_.find(path);
    if (found == live_.end()) return io_error("Can't stat", path, ENOENT);
    return std::uint64_t{found->second->cache.size()};
}

Result<bool> FakeDisk::exists(const std::string& path) {
    KEEL_TRY(enter(DiskCall::size, "Can't stat", path));
    return live_.contains(path) || folders_.contains(path);
}

}  // namespace keel
