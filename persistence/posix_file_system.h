// SPDX-License-Identifier: BSD-3-Clause
//
// The machine's disk. Files are opened close-on-exec, with mode 0644 less the umask, as Redis does.
#pragma once

#include "persistence/file_system.h"

namespace keel {

class PosixFileSystem final : public FileSystem {
  public:
    [[nodiscard]] Result<std::unique_ptr<AppendFile>> open_append(const std::string& path) override;
    [[nodiscard]] Result<std::unique_ptr<AppendFile>> create(const std::string& path) override;
    [[nodiscard]] Result<std::unique_ptr<ReadFile>> open_read(const std::string& path) override;
    [[nodiscard]] Status rename(const std::string& from, const std::string& to) override;
    [[nodiscard]] Status remove(const std::string& path) override;
    [[nodiscard]] Status make_folder(const std::string& path) override;
    [[nodiscard]] Status sync_folder(const std::string& path) override;
    [[nodiscard]] Result<std::vector<std::string>> list(const std::string& folder) override;
    [[nodiscard]] Result<std::uint64_t> size(const std::string& path) override;
    [[nodiscard]] Result<bool> exists(const std::string& path) override;
};

}  // namespace keel
