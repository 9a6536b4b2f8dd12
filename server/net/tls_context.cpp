// SPDX-License-Identifier: BSD-3-Clause
#include "server/net/tls_context.h"

#include <fmt/core.h>
#include <openssl/asn1.h>
#include <openssl/dh.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstring>

#include "protocol/base/log.h"
#include "protocol/base/words.h"
#include "server/net/tls_channel.h"

namespace keel {

namespace {

constexpr Bytes kSessionContext = "keel";

template <auto kFree>
struct Free {
    template <typename T>
    void operator()(T* thing) const {
        kFree(thing);
    }
};
using FilePtr = std::unique_ptr<BIO, Free<BIO_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>>;

// What OpenSSL says of the failure just seen.
std::string openssl_reason() {
    const unsigned long code = ERR_peek_error();  // the first, from which the others follow
    ERR_clear_error();
    if (code == 0) return "unknown reason";
    if (ERR_SYSTEM_ERROR(code)) return std::strerror(ERR_GET_REASON(code));
    const char* reason = ERR_reason_error_string(code);
    return reason != nullptr ? reason : fmt::format("OpenSSL error {:#x}", code);
}

Error failed(Bytes what, Bytes name) { return Error{fmt::format("{}: {}: {}", what, name, openssl_reason())}; }

// Without a passphrase OpenSSL would ask for one on the terminal.
int give_passphrase(char* to, int room, int /*for_writing*/, void* passphrase) {
    const auto& text = *static_cast<const std::string*>(passphrase);
    if (static_cast<std::size_t>(room) < text.size()) return 0;
    std::memcpy(to, text.data(), text.size());
    return static_cast<int>(text.size());
}

struct Version {
    Bytes name;
    std::uint64_t off;
};
constexpr Version kVersions[] = {{"TLSv1", SSL_OP_NO_TLSv1},
                                 {"TLSv1.1", SSL_OP_NO_TLSv1_1},
                                 {"TLSv1.2", SSL_OP_NO_TLSv1_2},
                                 {"TLSv1.3", SSL_OP_NO_TLSv1_3}};

// The options that switch off every version that is not named.
Result<std::uint64_t> versions_off(const std::string& named) {
    std::vector<std::string> words;
    if (!split_words(named.empty() ? Bytes{"TLSv1.2 TLSv1.3"} : Bytes{named}, words) || words.empty())
        return Error{fmt::format("Invalid tls-protocols specified: {}", named)};
    std::uint64_t off = 0;
    for (const Version& version : kVersions) off |= version.off;
    for (const std::string& word : words) {
        const auto* version = std::find_if(std::begin(kVersions), std::end(kVersions),
                                           [&](const Version& v) { return equal_nocase(word, v.name); });
        if (version == std::end(kVersions)) {
            return Error{
                fmt::format("Invalid tls-protocols specified: '{}' is none of TLSv1, TLSv1.1, TLSv1.2, TLSv1.3", word)};
        }
        off &= ~version->off;
    }
    return off;
}

Status set_rules(SSL_CTX* context, const Tls& settings) {
    KEEL_TRY(const std::uint64_t off, versions_off(settings.protocols));
    std::uint64_t options = off | SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION;
    if (settings.prefer_server_ciphers) options |= SSL_OP_CIPHER_SERVER_PREFERENCE;
    SSL_CTX_set_options(context, options);
    // Idle connections hold no buffers.
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
    if (!settings.ciphers.empty() && SSL_CTX_set_cipher_list(context, settings.ciphers.c_str()) != 1)
        return failed("Failed to configure ciphers", settings.ciphers);
    if (!settings.ciphersuites.empty() && SSL_CTX_set_ciphersuites(context, settings.ciphersuites.c_str()) != 1)
        return failed("Failed to configure ciphersuites", settings.ciphersuites);
    SSL_CTX_set_session_cache_mode(context, settings.session_caching ? SSL_SESS_CACHE_SERVER : SSL_SESS_CACHE_OFF);
    SSL_CTX_sess_set_cache_size(context, settings.session_cache_size);
    SSL_CTX_set_timeout(context, settings.session_cache_timeout_s);
    SSL_CTX_set_session_id_context(context, reinterpret_cast<const unsigned char*>(kSessionContext.data()),
                                   kSessionContext.size());
    return {};
}

Status take_certificate(SSL_CTX* context, const Tls& settings) {
    if (settings.cert_file.empty()) return Error{"No tls-cert-file configured!"};
    if (settings.key_file.empty()) return Error{"No tls-key-file configured!"};
    SSL_CTX_set_default_passwd_cb(context, give_passphrase);
    SSL_CTX_set_default_passwd_cb_userdata(context, const_cast<std::string*>(&settings.key_file_pass));
    if (SSL_CTX_use_certificate_chain_file(context, settings.cert_file.c_str()) != 1)
        return failed("Failed to load certificate", settings.cert_file);
    if (SSL_CTX_use_PrivateKey_file(context, settings.key_file.c_str(), SSL_FILETYPE_PEM) != 1)
        return failed("Failed to load private key", settings.key_file);
    SSL_CTX_set_default_passwd_cb_userdata(context, nullptr);
    if (SSL_CTX_check_private_key(context) != 1)
        return failed("The key is not that of the certificate", settings.key_file);
    return {};
}

Status take_authorities(SSL_CTX* context, const Tls& settings) {
    const bool checks = settings.auth_clients != Tls::AuthClients::no || settings.cluster || settings.replication;
    if (settings.ca_cert_file.empty() && settings.ca_cert_dir.empty()) {
        if (!checks) return {};
        return Error{
            "Either tls-ca-cert-file or tls-ca-cert-dir must be specified when tls-cluster, tls-replication or "
            "tls-auth-clients are enabled!"};
    }
    const char* file = settings.ca_cert_file.empty() ? nullptr : settings.ca_cert_file.c_str();
    const char* folder = settings.ca_cert_dir.empty() ? nullptr : settings.ca_cert_dir.c_str();
    if (SSL_CTX_load_verify_locations(context, file, folder) != 1)
        return failed("Failed to configure CA certificate(s) file/directory", file != nullptr ? file : folder);
    return {};
}

Status take_dh_parameters(SSL_CTX* context, const Tls& settings) {
    if (settings.dh_params_file.empty()) {
        SSL_CTX_set_dh_auto(context, 1);
        return {};
    }
    const FilePtr file{BIO_new_file(settings.dh_params_file.c_str(), "r")};
    if (!file) return failed("Failed to read DH parameters", settings.dh_params_file);
    KeyPtr parameters{PEM_read_bio_Parameters(file.get(), nullptr)};
    if (!parameters || SSL_CTX_set0_tmp_dh_pkey(context, parameters.get()) != 1)
        return failed("Failed to read DH parameters", settings.dh_params_file);
    static_cast<void>(parameters.release());  // the context's now
    return {};
}

// What shows that a file is another one than before.
void mark(const std::string& path, std::string& out) {
    if (path.empty()) return;
    struct stat facts {};
    if (::stat(path.c_str(), &facts) != 0) {
        out += "-;";
        return;
    }
    out += fmt::format("{} {} {}.{};", facts.st_ino, facts.st_size, facts.st_mtim.tv_sec, facts.st_mtim.tv_nsec);
}

std::string marks_of(const Tls& settings) {
    std::string out;
    for (const std::string* path : {&settings.cert_file, &settings.key_file, &settings.ca_cert_file,
                                    &settings.ca_cert_dir, &settings.dh_params_file}) {
        mark(*path, out);
    }
    return out;
}

CertificateFacts facts_of(const X509* certificate, std::int64_t now_ms) {
    CertificateFacts out;
    using NumberPtr = std::unique_ptr<BIGNUM, Free<BN_free>>;
    const NumberPtr serial{ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), nullptr)};
    if (serial) {
        char* text = BN_bn2hex(serial.get());
        if (text != nullptr) out.serial = text;
        OPENSSL_free(text);
    }
    int days = 0;
    int seconds = 0;
    using TimePtr = std::unique_ptr<ASN1_TIME, Free<ASN1_TIME_free>>;
    const TimePtr now{ASN1_TIME_set(nullptr, static_cast<time_t>(now_ms / 1000))};
    if (now && ASN1_TIME_diff(&days, &seconds, now.get(), X509_get0_notAfter(certificate)) == 1)
        out.expires_in_s = std::int64_t{days} * 86400 + seconds;
    return out;
}

}  // namespace

TlsContext::TlsContext() = default;
TlsContext::~TlsContext() = default;

Result<TlsContext::ContextPtr> TlsContext::make(const Tls& settings) {
    ERR_clear_error();
    ContextPtr context{SSL_CTX_new(TLS_server_method())};
    if (!context) return Error{fmt::format("Failed to make a TLS context: {}", openssl_reason())};
    KEEL_TRY(set_rules(context.get(), settings));
    KEEL_TRY(take_certificate(context.get(), settings));
    KEEL_TRY(take_authorities(context.get(), settings));
    KEEL_TRY(take_dh_parameters(context.get(), settings));
    int verify = SSL_VERIFY_NONE;
    if (settings.auth_clients != Tls::AuthClients::no) verify = SSL_VERIFY_PEER;
    if (settings.auth_clients == Tls::AuthClients::yes) verify |= SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
    SSL_CTX_set_verify(context.get(), verify, nullptr);
    return context;
}

Status TlsContext::configure(const Tls& settings) {
    marks_ = marks_of(settings);  // before they are read: a change meanwhile shows
    KEEL_TRY(context_, make(settings));
    if (!scratch_) scratch_ = std::make_unique<TlsScratch>();
    return {};
}

std::unique_ptr<TlsChannel> TlsContext::accept() {
    SSL* ssl = SSL_new(context_.get());
    return ssl == nullptr ? nullptr : std::make_unique<TlsChannel>(ssl, *scratch_);
}

void TlsContext::cron(const Tls& settings, std::int64_t now_ms) {
    if (!configured() || settings.auto_reload_interval_s == 0) return;
    if (now_ms - looked_ms_ < std::int64_t{settings.auto_reload_interval_s} * 1000) return;
    looked_ms_ = now_ms;
    if (marks_of(settings) == marks_) return;
    if (const Status read = configure(settings); !read) {
        log_warning("TLS files changed, and cannot be used: {}. What was read before stays in use.",
                    read.error().text());
        return;
    }
    log_notice("TLS materials reloaded successfully");
}

std::optional<CertificateFacts> TlsContext::certificate(std::int64_t now_ms) const {
    const X509* own = configured() ? SSL_CTX_get0_certificate(context_.get()) : nullptr;
    if (own == nullptr) return {};
    return facts_of(own, now_ms);
}

std::optional<CertificateFacts> TlsContext::authority(std::int64_t now_ms) const {
    if (!configured()) return {};
    std::optional<CertificateFacts> first;
    const STACK_OF(X509_OBJECT)* known = X509_STORE_get0_objects(SSL_CTX_get_cert_store(context_.get()));
    for (int i = 0; i < sk_X509_OBJECT_num(known); ++i) {
        const X509* certificate = X509_OBJECT_get0_X509(sk_X509_OBJECT_value(known, i));
        if (certificate == nullptr) continue;
        CertificateFacts facts = facts_of(certificate, now_ms);
        if (!first || facts.expires_in_s < first->expires_in_s) first = std::move(facts);
    }
    return first;
}

}  // namespace keel
