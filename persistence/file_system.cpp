// SPDX-License-Identifier: BSD-3-Clause
#include "persistence/file_system.h"

#include <fmt/core.h>

#include <cstring>

namespace keel {

Status append_all(AppendFile& file, Bytes bytes) {
    while (!bytes.empty()) {
        KEEL_TRY(const std::size_t written, file.append(bytes));
        bytes.remove_prefix(written);
    }
    return {};
}

Result<std::string> read_file(FileSystem& files, const std::string& path, std::uint64_t most_bytes) {
    KEEL_TRY(auto file, files.open_read(path));
    KEEL_TRY(const std::uint64_t size, file->size());
    if (size > most_bytes) {
        return Error{fmt::format("Can't read {}: {} bytes are more than the {} that such a file may have", path, size,
                                 most_bytes)};
    }
    std::string bytes(size, '\0');
    std::size_t filled = 0;
    while (filled < bytes.size()) {
        KEEL_TRY(const std::size_t got, file->read(std::span{bytes}.subspan(filled)));
        if (got == 0) break;
        filled += got;
    }
    bytes.resize(filled);
    return bytes;
}

namespace {

Status write_new(FileSystem& files, const std::string& path, Bytes bytes) {
    KEEL_TRY(const bool left_over, files.exists(path));
    if (left_over) {
        KEEL_TRY(files.remove(path));
    }
    KEEL_TRY(auto file, files.create(path));
    KEEL_TRY(append_all(*file, bytes));
    return file->sync();
}

}  // namespace

Status replace_file(FileSystem& files, const std::string& path, const std::string& temporary, Bytes bytes) {
    Status done = write_new(files, temporary, bytes);
    if (done) done = files.rename(temporary, path);
    if (!done) {
        // Best effort: what stays is removed by the next try, or when the folder is cleaned at start.
        static_cast<void>(files.remove(temporary));
        return done;
    }
    return files.sync_folder(folder_of(path));
}

std::string join_path(Bytes folder, Bytes name) {
    if (folder.empty()) return std::string{name};
    std::string path{folder};
    if (path.back() != '/') path += '/';
    return path += name;
}

std::string folder_of(Bytes path) {
    const std::size_t slash = path.rfind('/');
    if (slash == Bytes::npos) return ".";
    return slash == 0 ? "/" : std::string{path.substr(0, slash)};
}

Error io_error(Bytes tried, Bytes path, int number) {
    char room[128];
    // GNU's form: the text may be in `room` or elsewhere.
    return Error{fmt::format("{} {}: {}", tried, path, strerror_r(number, room, sizeof room))};
}

Bytes io_reason(const Error& error) {
    const Bytes text = error.text();
    const std::size_t colon = text.rfind(": ");
    return colon == Bytes::npos ? text : text.substr(colon + 2);
}

}  // namespace keel
