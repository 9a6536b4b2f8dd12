// SPDX-License-Identifier: BSD-3-Clause
//
// Many short receives and sends at one entry into the kernel (io_uring), where each would be a system call of its own.
// What entering costs differs much between machines: a tenth of moving a short reply on bare metal, as much as that
// itself on some virtual ones.
//
//     receive(fd, room), receive(fd, room), send(fd, bytes) ...  ->  run()  ->  a result for each, in that order
//
// Always true:
//   1. Nothing waits: each operation is tried once, as recv and send on a non-blocking socket would, and all are over
//      when run() returns. The kernel knows no memory of ours between two runs.
//   2. Where the kernel has no io_uring, or whoever runs us forbids it (many containers do), open() is false, and so it
//      is from then on if a run fails as a whole. Whoever batches can do as well with plain calls.
//
// Not here: what is worth batching (ClientSet).
#pragma once

#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cstddef>
#include <memory>
#include <span>

struct io_uring;

namespace keel {

class IoBatch {
  public:
    static constexpr std::size_t kMost = 256;      // operations in one run
    static constexpr std::size_t kMostPieces = 4;  // of one send
    static constexpr int kNotDone = -0x7fffffff;   // the result of one that was not tried: make a plain call

    IoBatch();
    ~IoBatch();
    IoBatch(const IoBatch&) = delete;
    IoBatch& operator=(const IoBatch&) = delete;

    // Makes it ready, if it is not; asks the kernel once only.
    bool open();

    // Only when open, and at most kMost between two runs.
    void receive(int fd, std::span<char> room);
    // At most kMostPieces, which are copied; what they refer to must stay until run().
    void send(int fd, std::span<const iovec> pieces);
    [[nodiscard]] std::size_t size() const { return count_; }
    // Of each operation: bytes, or -errno. Good until the next operation is added.
    std::span<const int> run();

  private:
    struct Close {
        void operator()(io_uring* ring) const;
    };
    struct Message {
        msghdr header;
        std::array<iovec, kMostPieces> pieces;
    };
    std::unique_ptr<io_uring, Close> ring_;
    std::unique_ptr<std::array<Message, kMost>> messages_;  // of operations that send several pieces
    bool tried_ = false;
    std::size_t count_ = 0;
    std::array<int, kMost> results_{};
};

}  // namespace keel
