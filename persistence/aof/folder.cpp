// SPDX-License-Identifier: BSD-3-Clause
#include "persistence/aof/folder.h"

#include <fmt/core.h>

#include <algorithm>

#include "protocol/base/log.h"
#include "protocol/base/number.h"

namespace keel::aof {

namespace {

// Some hundred thousand files: more than any log has, and no danger to memory.
constexpr std::uint64_t kMostManifestBytes = 64 << 20;
constexpr Bytes kRewritePrefix = "temp-rewriteaof-";

// "<prefix>.<number><suffix>".
bool is_file_of(Bytes prefix, Bytes name, Bytes suffix) {
    if (!name.starts_with(prefix) || !name.ends_with(suffix) || name.size() < prefix.size() + suffix.size())
        return false;
    name.remove_prefix(prefix.size());
    name.remove_suffix(suffix.size());
    return name.starts_with('.') && parse_integer(name.substr(1)).value_or(0) > 0;
}

}  // namespace

Folder::Folder(FileSystem& files, Bytes dir, Bytes folder, Bytes name)
    : files_(&files), dir_(dir == "." ? Bytes{} : dir), name_(name), folder_(join_path(dir_, folder)) {}

std::string Folder::temporary_base(int child) const {
    return path_of(fmt::format("{}bg-{}.aof", kRewritePrefix, child));
}

Result<Manifest> Folder::load() const {
    KEEL_TRY(const bool there, files_->exists(manifest_path()));
    if (!there) return Manifest{};
    KEEL_TRY(const std::string text, read_file(*files_, manifest_path(), kMostManifestBytes));
    return Manifest::parse(text);
}

Status Folder::save(const Manifest& manifest) const {
    KEEL_TRY(files_->make_folder(folder_));
    KEEL_TRY(replace_file(*files_, manifest_path(), path_of("temp-" + name_ + ".manifest"), manifest.sealed_text()));
    // The folder itself may be new.
    return files_->sync_folder(dir_.empty() ? "." : dir_);
}

Result<bool> Folder::upgrade(Manifest& manifest) const {
    const std::string old = join_path(dir_, name_);
    const std::string inside = path_of(name_);
    KEEL_TRY(const bool old_there, files_->exists(old));
    if (!old_there) return false;
    KEEL_TRY(const bool moved, files_->exists(inside));
    const bool begun = manifest.base() && manifest.incremental().empty() && manifest.base()->name == name_ && !moved;
    if (!manifest.empty() && !begun) return false;
    // The same name twice, and no word of which one counts: neither is to be lost.
    if (moved) {
        return Error{fmt::format(
            "Can't move the old AOF file {} into the folder {}: there is a file of that name already", old, folder_)};
    }
    Manifest upgraded = manifest;
    upgraded.adopt_old_file(name_);
    KEEL_TRY(save(upgraded));
    KEEL_TRY(files_->rename(old, inside));
    KEEL_TRY(files_->sync_folder(folder_));
    KEEL_TRY(files_->sync_folder(dir_.empty() ? "." : dir_));
    manifest = std::move(upgraded);
    log_notice("Successfully migrated an old-style AOF file ({}) into the AOF directory ({}).", name_, folder_);
    return true;
}

Status Folder::remove_history(Manifest& manifest) const {
    if (manifest.history().empty()) return {};
    Manifest cleaned = manifest;
    const std::vector<LogFile> needed = manifest.files();
    for (const LogFile& file : manifest.history()) {
        cleaned.forget_history(file.name);
        // A manifest that somebody edited may name a file twice.
        if (std::any_of(needed.begin(), needed.end(), [&](const LogFile& n) { return n.name == file.name; })) continue;
        KEEL_TRY(const bool there, files_->exists(path_of(file.name)));
        if (!there) continue;
        log_notice("Removing the history file {} in the background", file.name);
        KEEL_TRY(files_->remove(path_of(file.name)));
    }
    KEEL_TRY(save(cleaned));
    manifest = std::move(cleaned);
    return {};
}

Status Folder::remove_unlisted(const Manifest& manifest) const {
    KEEL_TRY(const std::vector<std::string> names, files_->list(folder_));
    std::vector<LogFile> listed = manifest.files();
    listed.insert(listed.end(), manifest.history().begin(), manifest.history().end());
    for (const std::string& name : names) {
        if (std::any_of(listed.begin(), listed.end(), [&](const LogFile& file) { return file.name == name; })) continue;
        bool left_over = is_file_of(name_, name, ".base.rdb") || is_file_of(name_, name, ".base.aof");
        if (is_file_of(name_, name, ".incr.aof")) {
            KEEL_TRY(const std::uint64_t size, files_->size(path_of(name)));
            left_over = size == 0;
        }
        if (!left_over) continue;
        log_notice("Removing {}, which an AOF rewrite left that did not come to its end", name);
        KEEL_TRY(files_->remove(path_of(name)));
    }
    return {};
}

void Folder::remove_temporaries() const {
    auto names = files_->list(folder_);
    if (!names) return;
    for (const std::string& name : *names) {
        const bool ours = name.starts_with(kRewritePrefix) || name == "temp-" + name_ + ".incr" ||
                          name == "temp-" + name_ + ".manifest";
        if (ours) static_cast<void>(files_->remove(path_of(name)));
    }
}

Status Folder::refuse_orphans() const {
    KEEL_TRY(const bool there, files_->exists(folder_));
    if (!there) return {};
    KEEL_TRY(const bool begun, files_->exists(manifest_path()));
    KEEL_TRY(const std::vector<std::string> names, files_->list(folder_));
    for (const std::string& name : names) {
        const bool base = is_file_of(name_, name, ".base.rdb") || is_file_of(name_, name, ".base.aof");
        if (base && begun) continue;
        if (!base) {
            if (!is_file_of(name_, name, ".incr.aof")) continue;
            KEEL_TRY(const std::uint64_t size, files_->size(path_of(name)));
            if (size == 0) continue;
        }
        return Error{
            fmt::format("The folder {} has {}, but no manifest {}.manifest that says what it is part of: put "
                        "the manifest back, or move the files of the log away to begin without them",
                        folder_, name, name_)};
    }
    return {};
}

Result<std::uint64_t> Folder::bytes(const Manifest& manifest) const {
    std::uint64_t sum = 0;
    for (const LogFile& file : manifest.files()) {
        KEEL_TRY(const std::uint64_t size, files_->size(path_of(file.name)));
        sum += size;
    }
    return sum;
}

}  // namespace keel::aof
