// SPDX-License-Identifier: BSD-3-Clause
//
// The TLS of one connection, between its socket and its session: receive() and send() are recv and sendmsg with records
// in between. OpenSSL never sees the socket: it reads from bytes that were received, and writes into a block that is
// sent with one call.
//
//     socket ─recv─> scratch.raw ──SSL_read──> where the session's input goes
//                       └─ what found no room: raw_left_
//     socket <─send─ scratch.sealed <─SSL_write── pieces of the session's output
//                       └─ what the socket did not take: unsent_
//
// So a request costs one recv and one send, as without TLS, however many records it has (OpenSSL by itself takes two
// reads for each record in and one write for each out), and what arrives is known to be all if a read came back short.
//
// Always true:
//   1. The handshake goes on by itself inside receive(); until it is over receive() gives nothing, and send() takes
//   none.
//   2. unsent_ holds at most one sealed block (kSealBytes and its records' frames): nothing is sealed before it is
//   gone.
//      What TLS itself has to answer (handshakes, new keys) may come to 512 KiB there; then the connection ends.
//      An end or a failure that came behind data is told by the next receive(): more() says that there is one.
//   3. What more() tells of, the socket will not tell of again.
//   4. A connection that does not begin with a handshake gets one readable line, and ends.
#pragma once

#include <openssl/ssl.h>
#include <sys/types.h>
#include <sys/uio.h>

#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "conf/settings.h"
#include "protocol/base/bytes.h"

namespace keel {

// Lent to all channels of a thread; nothing in it outlives a call.
struct TlsScratch {
    static constexpr std::size_t kRawBytes = 64 * 1024;
    std::array<char, kRawBytes> raw;
    std::array<char, SSL3_RT_MAX_PLAIN_LENGTH> record;  // pieces that go into one record
    std::string sealed;
};

class TlsChannel {
  public:
    // Takes `ssl` over, as the server's end; the scratch is lent.
    TlsChannel(SSL* ssl, TlsScratch& scratch);
    ~TlsChannel();
    TlsChannel(const TlsChannel&) = delete;
    TlsChannel& operator=(const TlsChannel&) = delete;

    // As recv: bytes of plain text, 0 at the end, -1 with errno. EAGAIN: nothing for now, though bytes may have come;
    // EPROTO: the other end did not keep to TLS or to our rules, error() says how, and it has been told.
    ssize_t receive(int fd, std::span<char> room);
    // After a receive(): there is more to be had without news from the socket, or the socket was not read empty.
    [[nodiscard]] bool more() const;
    // The last receive() took bytes from the socket.
    [[nodiscard]] bool took() const { return took_; }
    // True once: the handshake has come to its end.
    [[nodiscard]] bool take_established();
    [[nodiscard]] bool established() const { return established_; }

    // As sendmsg, of at most `most` bytes of plain text: how many are taken over; -1 with EAGAIN: none, as the socket
    // takes no more. What is taken over is gone for the caller, and sent by this call or a later one.
    ssize_t send(int fd, std::span<const iovec> pieces, std::size_t most);
    // Bytes wait here for the socket to take them; send() without pieces tries.
    [[nodiscard]] bool unsent() const { return !unsent_.empty(); }
    // Tells the other end that nothing more comes, as far as its socket takes it.
    void say_goodbye(int fd);

    [[nodiscard]] const std::string& error() const { return error_; }
    // The names under which the other end's certificate may be a user; none if it showed none.
    [[nodiscard]] std::vector<std::string> peer_names(Tls::AuthUser part) const;
    // What the channel holds. OpenSSL's own part is a figure measured once: it tells nobody.
    [[nodiscard]] std::size_t memory_bytes() const { return kOwnBytes + unsent_.capacity() + raw_left_.capacity(); }

  private:
    static constexpr std::size_t kOwnBytes = 15 * 1024;
    static constexpr std::size_t kSealBytes = 64 * 1024;
    static constexpr std::size_t kReceiveBytes = 256 * 1024;  // in one call

    struct Door;  // OpenSSL's side of our bytes
    struct FreeSsl {
        void operator()(SSL* ssl) const { SSL_free(ssl); }
    };

    [[nodiscard]] bool speaks_plainly() const;
    void read_records(std::span<char> room, std::size_t& got);
    bool seal(std::span<const iovec> pieces, std::size_t most, std::size_t& taken);
    bool transmit(int fd);
    void fail(Bytes what);

    std::unique_ptr<SSL, FreeSsl> ssl_;
    TlsScratch& scratch_;
    Bytes raw_;             // what OpenSSL may read from now, during receive()
    std::string raw_left_;  // and what it has left, between two calls
    std::string unsent_;
    std::string error_;
    bool begun_ = false;        // bytes came
    bool established_ = false;  // and it was told
    bool took_ = false;         // it got something from there
    bool emptied_ = false;      // the last receive() has read the socket empty
    bool told_end_ = false;     // receive() has told of the end, or of the failure
    bool ended_ = false;        // the other end said goodbye
    bool failed_ = false;
};

}  // namespace keel
