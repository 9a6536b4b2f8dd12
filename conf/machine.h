// SPDX-License-Identifier: BSD-3-Clause
//
// What configuration touches of the machine: its own files and the working directory. A test (or the fuzzer)
// hands in another Machine; everything else in conf/ is free of system calls.
//
// Errors carry the reason as the system words it ("No such file or directory"), without the path.
#pragma once

#include <string>
#include <vector>

#include "protocol/base/result.h"

namespace keel {

class Machine {
  public:
    Machine() = default;
    Machine(const Machine&) = delete;
    Machine& operator=(const Machine&) = delete;
    virtual ~Machine() = default;

    virtual bool exists(const std::string& path) = 0;
    virtual Result<std::string> read(const std::string& path) = 0;
    virtual Result<std::string> read_standard_input() = 0;
    // The paths that a shell pattern stands for, sorted; none if nothing matches.
    virtual std::vector<std::string> matches(const std::string& pattern) = 0;
    virtual Result<std::string> working_directory() = 0;
    virtual Status enter(const std::string& directory) = 0;
    // All of the new text or all of the old one, whatever happens: written beside, synced, renamed over, directory
    // synced. The file keeps its permissions; a link keeps pointing at the file.
    virtual Status replace(const std::string& path, Bytes text) = 0;
};

class RealMachine final : public Machine {
  public:
    bool exists(const std::string& path) override;
    Result<std::string> read(const std::string& path) override;
    Result<std::string> read_standard_input() override;
    std::vector<std::string> matches(const std::string& pattern) override;
    Result<std::string> working_directory() override;
    Status enter(const std::string& directory) override;
    Status replace(const std::string& path, Bytes text) override;
};

}  // namespace keel
