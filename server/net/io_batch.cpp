// SPDX-License-Identifier: BSD-3-Clause
#include "server/net/io_batch.h"

#include <liburing.h>

#include <algorithm>
#include <cstring>

#include "protocol/base/check.h"
#include "protocol/base/log.h"

namespace keel {

void IoBatch::Close::operator()(io_uring* ring) const {
    io_uring_queue_exit(ring);
    delete ring;
}

IoBatch::IoBatch() = default;
IoBatch::~IoBatch() = default;

bool IoBatch::open() {
    if (tried_) [[likely]]
        return ring_ != nullptr;
    tried_ = true;
    auto ring = std::make_unique<io_uring>();
    // One operation that fails does not keep those behind it from being tried.
    if (const int failure = io_uring_queue_init(kMost, ring.get(), IORING_SETUP_SUBMIT_ALL); failure < 0) {
        log_verbose("io_uring is not to be had ({}): sockets are read and written one by one", std::strerror(-failure));
        return false;
    }
    ring_.reset(ring.release());
    messages_ = std::make_unique<std::array<Message, kMost>>();
    io_uring_ring_dontfork(ring_.get());
    return true;
}

void IoBatch::receive(int fd, std::span<char> room) {
    KEEL_DCHECK(count_ < kMost);
    io_uring_sqe* entry = io_uring_get_sqe(ring_.get());
    io_uring_prep_recv(entry, fd, room.data(), room.size(), MSG_DONTWAIT);
    io_uring_sqe_set_data64(entry, count_++);
}

void IoBatch::send(int fd, std::span<const iovec> pieces) {
    KEEL_DCHECK(count_ < kMost && pieces.size() <= kMostPieces);
    constexpr int kFlags = MSG_DONTWAIT | MSG_NOSIGNAL;
    io_uring_sqe* entry = io_uring_get_sqe(ring_.get());
    if (pieces.size() == 1) {
        io_uring_prep_send(entry, fd, pieces[0].iov_base, pieces[0].iov_len, kFlags);
    } else {
        Message& message = (*messages_)[count_];
        std::copy(pieces.begin(), pieces.end(), message.pieces.begin());
        message.header = {};
        message.header.msg_iov = message.pieces.data();
        message.header.msg_iovlen = pieces.size();
        io_uring_prep_sendmsg(entry, fd, &message.header, kFlags);
    }
    io_uring_sqe_set_data64(entry, count_++);
}

std::span<const int> IoBatch::run() {
    const auto wanted = static_cast<unsigned>(std::exchange(count_, 0));
    const std::span results{results_.data(), wanted};
    std::fill(results.begin(), results.end(), kNotDone);
    const int taken = io_uring_submit_and_wait(ring_.get(), wanted);
    unsigned done = 0;
    while (done < wanted) {
        io_uring_cqe* completion = nullptr;
        // All have completed by now; a signal may have cut the waiting short, not the trying.
        if (taken < static_cast<int>(wanted) || io_uring_wait_cqe(ring_.get(), &completion) != 0) {
            // Never seen, but then: what it has taken may not outlive this call.
            log_warning("io_uring fails ({} of {}): sockets are read and written one by one", taken, wanted);
            ring_.reset();
            break;
        }
        results[io_uring_cqe_get_data64(completion)] = completion->res;
        io_uring_cqe_seen(ring_.get(), completion);
        ++done;
    }
    return results;
}

}  // namespace keel
