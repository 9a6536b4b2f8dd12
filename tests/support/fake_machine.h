// SPDX-License-Identifier: BSD-3-Clause
//
// A Machine that lives in memory: files by absolute path, a working directory, standard input. Reading, entering
// and replacing can be made to fail.
#pragma once

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "conf/machine.h"
#include "protocol/base/glob.h"

namespace keel {

class FakeMachine final : public Machine {
  public:
    std::map<std::string, std::string> files;
    std::set<std::string> directories{"/", "/srv", "/srv/data"};
    std::string here = "/srv";
    std::string standard_input;
    bool disk_full = false;

    bool exists(const std::string& path) override { return files.contains(absolute(path)); }
    Result<std::string> read(const std::string& path) override {
        const auto found = files.find(absolute(path));
        if (found == files.end()) return Error{std::string{"No such file or directory"}};
        return std::string{found->second};
    }
    Result<std::string> read_standard_input() override { return std::string{standard_input}; }
    std::vector<std::string> matches(const std::string& pattern) override {
        std::vector<std::string> out;
        for (const auto& [path, text] : files) {
            if (glob_match(absolute(pattern), path)) out.push_back(path);
        }
        return out;
    }
    Result<std::string> working_directory() override { return std::string{here}; }
    Status enter(const std::string& directory) override {
        const std::string path = absolute(directory);
        if (!directories.contains(path)) return Error{std::string{"No such file or directory"}};
        here = path;
        return {};
    }
    Status replace(const std::string& path, Bytes text) override {
        if (disk_full) return Error{std::string{"No space left on device"}};
        files[absolute(path)] = std::string{text};
        return {};
    }

  private:
    [[nodiscard]] std::string absolute(const std::string& path) const {
        if (path.starts_with('/')) return path;
        if (path == "." || path == "./") return here;
        return (here == "/" ? "" : here) + "/" + (path.starts_with("./") ? path.substr(2) : path);
    }
};

}  // namespace keel
