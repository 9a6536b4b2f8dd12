// SPDX-License-Identifier: BSD-3-Clause
//
// What TLS connections are made with: certificate, key, authorities and rules, as the settings and their files said
// when they were last read. OpenSSL does the work; clients are no streams of Asio (client_set.h), so neither is their
// TLS.
//
//     configure(settings) ──> files read, pair checked ──> the new context takes the old one's place
//           ^                             └─> an Error says why; the old one stays
//     CONFIG SET tls-..., or cron(): a file changed (tls-auto-reload-interval)
//
// Always true:
//   1. Connections that are open keep the context they began with; new ones take the newest.
//   2. A change does all of it or nothing.
#pragma once

#include <openssl/ssl.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "conf/settings.h"
#include "protocol/base/result.h"

namespace keel {

class TlsChannel;
struct TlsScratch;

// One certificate, for INFO.
struct CertificateFacts {
    std::string serial;             // hexadecimal
    std::int64_t expires_in_s = 0;  // negative: it has expired
};

class TlsContext {
  public:
    TlsContext();
    ~TlsContext();

    // Reads the files that the settings name. The Error is a sentence for the log: what was wrong with which file or
    // setting.
    Status configure(const Tls& settings);
    // There is a context to make channels from.
    [[nodiscard]] bool configured() const { return context_ != nullptr; }

    // The server's end of a new connection. configured() must be true; null if memory is short.
    [[nodiscard]] std::unique_ptr<TlsChannel> accept();

    // Reads the files anew if they changed since they were last read, at most every `tls-auto-reload-interval` seconds;
    // says in the log what came of it.
    void cron(const Tls& settings, std::int64_t now_ms);

    // Of what is in use at the moment; empty if it is none. The authorities' is the one that expires first.
    [[nodiscard]] std::optional<CertificateFacts> certificate(std::int64_t now_ms) const;
    [[nodiscard]] std::optional<CertificateFacts> authority(std::int64_t now_ms) const;

  private:
    struct FreeContext {
        void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
    };
    using ContextPtr = std::unique_ptr<SSL_CTX, FreeContext>;
    static Result<ContextPtr> make(const Tls& settings);

    ContextPtr context_;
    std::unique_ptr<TlsScratch> scratch_;
    std::string marks_;  // what the files looked like when they were read, or when reading them failed
    std::int64_t looked_ms_ = 0;
};

}  // namespace keel
