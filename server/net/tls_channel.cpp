// SPDX-License-Identifier: BSD-3-Clause
#include "server/net/tls_channel.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>

#include "protocol/base/check.h"

namespace keel {

namespace {

constexpr Bytes kSpeakTls =
    "-ERR This port speaks TLS. Connect with TLS (redis-cli --tls), or to the port of plain connections.\r\n";
constexpr std::size_t kUnsentLimit = 512 * 1024;
constexpr char kHandshakeRecord = 22;  // the first byte of every TLS connection (RFC 8446, 5.1)

std::string reason_of_failure() {
    const unsigned long code = ERR_peek_error();
    if (code == 0) return "connection lost";
    std::array<char, 256> text{};
    ERR_error_string_n(code, text.data(), text.size());
    return text.data();
}

}  // namespace

// The BIO through which OpenSSL reads raw_ and writes into scratch_.sealed.
struct TlsChannel::Door {
    static TlsChannel& of(BIO* bio) { return *static_cast<TlsChannel*>(BIO_get_data(bio)); }

    static int read(BIO* bio, char* to, std::size_t room, std::size_t* got) {
        Bytes& raw = of(bio).raw_;
        BIO_clear_retry_flags(bio);
        if (raw.empty()) {
            BIO_set_retry_read(bio);
            return 0;
        }
        *got = std::min(room, raw.size());
        std::memcpy(to, raw.data(), *got);
        raw.remove_prefix(*got);
        return 1;
    }
    static int write(BIO* bio, const char* from, std::size_t size, std::size_t* taken) {
        of(bio).scratch_.sealed.append(from, size);
        BIO_clear_retry_flags(bio);
        *taken = size;
        return 1;
    }
    static long control(BIO* /*bio*/, int what, long /*number*/, void* /*pointer*/) {
        return what == BIO_CTRL_FLUSH ? 1 : 0;
    }

    static const BIO_METHOD* method() {
        static const BIO_METHOD* const kMethod = [] {
            BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "keel");
            KEEL_CHECK(made != nullptr);
            BIO_meth_set_read_ex(made, read);
            BIO_meth_set_write_ex(made, write);
            BIO_meth_set_ctrl(made, control);
            return made;
        }();
        return kMethod;
    }
};

TlsChannel::TlsChannel(SSL* ssl, TlsScratch& scratch) : ssl_(ssl), scratch_(scratch) {
    BIO* door = BIO_new(Door::method());
    KEEL_CHECK(door != nullptr);
    BIO_set_data(door, this);
    BIO_set_init(door, 1);
    SSL_set_bio(ssl, door, door);
    SSL_set_accept_state(ssl);
}

TlsChannel::~TlsChannel() = default;

// ---- In ----

ssize_t TlsChannel::receive(int fd, std::span<char> room) {
    std::size_t got = 0;
    took_ = emptied_ = false;
    while (got < room.size() && got < kReceiveBytes && !ended_ && !failed_) {
        if (raw_left_.empty() && SSL_pending(ssl_.get()) == 0) {
            const ssize_t came = ::recv(fd, scratch_.raw.data(), scratch_.raw.size(), 0);
            emptied_ = came < static_cast<ssize_t>(scratch_.raw.size());
            if (came <= 0) {
                if (got > 0) break;  // the next call sees it again
                return came;
            }
            took_ = true;
            raw_ = {scratch_.raw.data(), static_cast<std::size_t>(came)};
            if (!begun_ && speaks_plainly()) {
                static_cast<void>(::send(fd, kSpeakTls.data(), kSpeakTls.size(), MSG_NOSIGNAL));
                fail("the other end does not speak TLS");
                break;
            }
            begun_ = true;
        } else {
            raw_ = raw_left_;
        }
        read_records(room, got);
        // raw_ may lie in raw_left_.
        std::string left{raw_};
        raw_left_.swap(left);
        raw_ = {};
        if (!scratch_.sealed.empty()) transmit(fd);
        if (unsent_.size() > kUnsentLimit) fail("the other end wants answers that it does not read");
        if (emptied_ || got == 0) break;  // whoever sends much that is no data has to take turns, too
    }
    if (got > 0) return static_cast<ssize_t>(got);
    told_end_ = ended_ || failed_;
    if (ended_) return 0;
    errno = failed_ ? EPROTO : EAGAIN;
    return -1;
}

// From raw_ into the room, behind what is there, until one of them is used up.
void TlsChannel::read_records(std::span<char> room, std::size_t& got) {
    while (got < room.size()) {
        std::size_t bytes = 0;
        ERR_clear_error();
        const int outcome = SSL_read_ex(ssl_.get(), room.data() + got, room.size() - got, &bytes);
        if (outcome == 1) {
            got += bytes;
            continue;
        }
        const int why = SSL_get_error(ssl_.get(), outcome);
        if (why == SSL_ERROR_ZERO_RETURN) ended_ = true;
        if (why != SSL_ERROR_ZERO_RETURN && why != SSL_ERROR_WANT_READ) fail(reason_of_failure());
        return;
    }
}

bool TlsChannel::more() const {
    if (ended_ || failed_) return !told_end_;  // it came behind data
    return !emptied_ || !raw_left_.empty() || SSL_pending(ssl_.get()) > 0;
}

bool TlsChannel::take_established() {
    if (established_ || SSL_is_init_finished(ssl_.get()) != 1) return false;
    return established_ = true;
}

bool TlsChannel::speaks_plainly() const { return raw_.front() != kHandshakeRecord; }

void TlsChannel::fail(Bytes what) {
    failed_ = true;
    error_ = what;
    raw_ = {};
}

// ---- Out ----

ssize_t TlsChannel::send(int fd, std::span<const iovec> pieces, std::size_t most) {
    if (failed_) {
        errno = EPROTO;
        return -1;
    }
    if (!transmit(fd)) return -1;
    if (SSL_is_init_finished(ssl_.get()) != 1) {  // receive() will tell when it is
        errno = EAGAIN;
        return -1;
    }
    std::size_t taken = 0;
    if (!seal(pieces, std::min(most, kSealBytes), taken)) {
        scratch_.sealed.clear();  // what stands there belongs to nobody else
        errno = EPROTO;
        return -1;
    }
    if (!transmit(fd) && errno != EAGAIN) return -1;
    return static_cast<ssize_t>(taken);
}

// Into records, as few as will do. A piece that fills a record goes as it is; small ones are put together.
bool TlsChannel::seal(std::span<const iovec> pieces, std::size_t most, std::size_t& taken) {
    std::size_t gathered = 0;
    const auto write = [&](const char* from, std::size_t size) {
        std::size_t written = 0;
        ERR_clear_error();
        if (SSL_write_ex(ssl_.get(), from, size, &written) == 1) return true;
        fail(reason_of_failure());
        return false;
    };
    for (const iovec& piece : pieces) {
        const char* from = static_cast<const char*>(piece.iov_base);
        std::size_t left = std::min(piece.iov_len, most - taken);
        taken += left;
        while (left > 0) {
            if (gathered == 0 && (left >= scratch_.record.size() || pieces.size() == 1)) {
                const std::size_t size = std::min(left, scratch_.record.size());
                if (!write(from, size)) return false;
                from += size;
                left -= size;
                continue;
            }
            const std::size_t size = std::min(left, scratch_.record.size() - gathered);
            std::memcpy(scratch_.record.data() + gathered, from, size);
            gathered += size;
            from += size;
            left -= size;
            if (gathered < scratch_.record.size()) continue;
            if (!write(scratch_.record.data(), gathered)) return false;
            gathered = 0;
        }
        if (taken == most) break;
    }
    return gathered == 0 || write(scratch_.record.data(), gathered);
}

// Sends what waits here, then what was just sealed. False: some of it is left, with errno (EAGAIN: the socket is full).
bool TlsChannel::transmit(int fd) {
    if (!scratch_.sealed.empty() && unsent_.empty()) {
        unsent_.swap(scratch_.sealed);
    } else {
        unsent_ += scratch_.sealed;
    }
    scratch_.sealed.clear();
    std::size_t sent = 0;
    int failure = 0;
    while (sent < unsent_.size() && failure == 0) {
        const ssize_t went = ::send(fd, unsent_.data() + sent, unsent_.size() - sent, MSG_NOSIGNAL);
        if (went >= 0)
            sent += static_cast<std::size_t>(went);
        else if (errno != EINTR)
            failure = errno;
    }
    unsent_.erase(0, sent);
    if (!unsent_.empty()) {
        errno = failure;
        return false;
    }
    // The block goes back to where all can use it; a second one, that waited here, goes.
    if (scratch_.sealed.capacity() < unsent_.capacity()) unsent_.swap(scratch_.sealed);
    std::string{}.swap(unsent_);
    return true;
}

void TlsChannel::say_goodbye(int fd) {
    if (failed_ || !established_) return;
    ERR_clear_error();
    SSL_shutdown(ssl_.get());
    transmit(fd);
}

// ---- Who ----

namespace {

std::string text_of(const ASN1_STRING* string) {
    unsigned char* utf8 = nullptr;
    const int size = ASN1_STRING_to_UTF8(&utf8, string);
    if (size < 0) return {};
    std::string out{reinterpret_cast<const char*>(utf8), static_cast<std::size_t>(size)};
    OPENSSL_free(utf8);
    return out;
}

std::vector<std::string> common_names(const X509* certificate) {
    std::vector<std::string> out;
    const X509_NAME* subject = X509_get_subject_name(certificate);
    for (int at = -1; (at = X509_NAME_get_index_by_NID(subject, NID_commonName, at)) >= 0;) {
        out.push_back(text_of(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at))));
    }
    return out;
}

std::vector<std::string> uris(const X509* certificate) {
    std::vector<std::string> out;
    auto* names = static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
    for (int i = 0; i < sk_GENERAL_NAME_num(names); ++i) {
        const GENERAL_NAME* name = sk_GENERAL_NAME_value(names, i);
        if (name->type == GEN_URI) out.push_back(text_of(name->d.uniformResourceIdentifier));
    }
    GENERAL_NAMES_free(names);
    return out;
}

}  // namespace

std::vector<std::string> TlsChannel::peer_names(Tls::AuthUser part) const {
    const X509* certificate = SSL_get0_peer_certificate(ssl_.get());
    if (certificate == nullptr || part == Tls::AuthUser::off) return {};
    if (SSL_get_verify_result(ssl_.get()) != X509_V_OK) return {};
    std::vector<std::string> out = part == Tls::AuthUser::uri ? uris(certificate) : common_names(certificate);
    // A name with a zero byte in it is not the name that it looks like.
    std::erase_if(out, [](const std::string& name) { return name.empty() || name.find('\0') != std::string::npos; });
    return out;
}

}  // namespace keel
