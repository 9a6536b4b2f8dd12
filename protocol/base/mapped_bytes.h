// SPDX-License-Identifier: BSD-3-Clause
//
// A large room whose pages come from the system as they are first touched, and not through the allocator: what used
// memory tells, and maxmemory limits, is data and what clients hold, not room that is there in case it is needed.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <new>

namespace keel {

class MappedBytes {
  public:
    // Throws std::bad_alloc if the system has no such range of addresses.
    explicit MappedBytes(std::size_t bytes) : bytes_(bytes) {
        void* at = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (at == MAP_FAILED) throw std::bad_alloc{};
        at_ = static_cast<char*>(at);
    }
    ~MappedBytes() { munmap(at_, bytes_); }
    MappedBytes(const MappedBytes&) = delete;
    MappedBytes& operator=(const MappedBytes&) = delete;

    [[nodiscard]] char* data() const noexcept { return at_; }

  private:
    char* at_;
    std::size_t bytes_;
};

}  // namespace keel
