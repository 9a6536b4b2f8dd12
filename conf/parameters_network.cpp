// SPDX-License-Identifier: BSD-3-Clause
//
// Rows: network, clients, TLS.
#include "conf/parameters.h"
#include "conf/special_kinds.h"

namespace keel {
namespace {

template <auto Member>
constexpr auto net = field<&Settings::network, Member>;
template <auto Member>
constexpr auto client = field<&Settings::clients, Member>;
template <auto Member>
constexpr auto tls = field<&Settings::tls, Member>;

constexpr Named<Tls::AuthClients> kAuthClients[] = {
    {"no", Tls::AuthClients::no}, {"yes", Tls::AuthClients::yes}, {"optional", Tls::AuthClients::optional}};

constexpr Named<Tls::AuthUser> kAuthUser[] = {
    {"off", Tls::AuthUser::off}, {"CN", Tls::AuthUser::common_name}, {"URI", Tls::AuthUser::uri}};

void add_listening(Rows& rows) {
    rows.push_back(bind_addresses(ParameterFlag::multi_word,
                                  "Addresses to listen on; one that may be missing has a '-' before it."));
    rows.push_back(string("bind-source-addr", net<&Network::bind_source_address>, {},
                          "Address that our own links (to a primary, on the cluster bus) come from."));
    rows.push_back(integer("port", net<&Network::port>, kPort, {}, "TCP port; 0 turns TCP off."));
    rows.push_back(integer("tcp-backlog", net<&Network::tcp_backlog>, {0, kMaxInt}, ParameterFlag::immutable,
                           "Connections the kernel keeps waiting until they are accepted."));
    rows.push_back(yes_no("io-uring", net<&Network::io_uring>, {},
                          "Read and write many sockets with one system call, where the kernel offers io_uring."));
    rows.push_back(string("unixsocket", net<&Network::unix_socket>, ParameterFlag::immutable,
                          "Path of a unix socket to listen on."));
    rows.push_back(string("unixsocketgroup", net<&Network::unix_socket_group>, ParameterFlag::immutable,
                          "Group that owns the unix socket."));
    rows.push_back(octal("unixsocketperm", net<&Network::unix_socket_mode>, {0, 0777}, ParameterFlag::immutable,
                         "Permissions of the unix socket, in octal; 0 leaves them to the umask."));
    rows.push_back(integer("tcp-keepalive", net<&Network::tcp_keepalive_s>, {0, kMaxInt}, {},
                           "Seconds of silence before the kernel probes a client; 0 never."));
    rows.push_back(yes_no("protected-mode", net<&Network::protected_mode>, {},
                          "Answer only the local machine while no password is set."));
    rows.push_back(integer("max-new-connections-per-cycle", net<&Network::new_connections_per_cycle>, {1, 1000}, {},
                           "Connections accepted in one turn of the loop."));
    rows.push_back(integer("max-new-tls-connections-per-cycle", net<&Network::new_tls_connections_per_cycle>, {1, 1000},
                           {}, "TLS connections accepted in one turn of the loop."));
}

void add_clients(Rows& rows) {
    rows.push_back(
        integer("maxclients", client<&Clients::max_clients>, {1, kMaxUint}, {}, "Clients at the same time."));
    rows.push_back(integer("timeout", client<&Clients::idle_timeout_s>, {0, kMaxInt}, {},
                           "Seconds after which an idle client is closed; 0 never."));
    rows.push_back(output_limits(ParameterFlag::multi_word, "How much unread output a class of clients may pile up."));
    rows.push_back(memory("client-query-buffer-limit", client<&Clients::query_buffer_limit_bytes>, {1 << 20, kMaxLong},
                          {}, "How much unprocessed input a client may pile up."));
    rows.push_back(memory("proto-max-bulk-len", client<&Clients::max_bulk_bytes>, {1 << 20, kMaxLong}, {},
                          "The longest argument of a command."));
    rows.push_back(
        memory_or_percent("maxmemory-clients", client<&Clients::max_memory>, {},
                          "Memory of all clients together, in bytes or as a share of maxmemory; 0 unlimited."));
    rows.push_back(integer("tracking-table-max-keys", client<&Clients::tracking_table_max_keys>, {0, kMaxLong}, {},
                           "Keys remembered for client-side caching."));
}

void add_tls_files(Rows& rows) {
    rows.push_back(string("tls-cert-file", tls<&Tls::cert_file>, ParameterFlag::reread, "Our certificate (PEM)."));
    rows.push_back(
        string("tls-key-file", tls<&Tls::key_file>, ParameterFlag::reread, "The key of our certificate (PEM)."));
    rows.push_back(
        string("tls-key-file-pass", tls<&Tls::key_file_pass>, ParameterFlag::sensitive, "Passphrase of tls-key-file."));
    rows.push_back(string("tls-client-cert-file", tls<&Tls::client_cert_file>, ParameterFlag::reread,
                          "Certificate for links that we open; without it tls-cert-file serves."));
    rows.push_back(string("tls-client-key-file", tls<&Tls::client_key_file>, ParameterFlag::reread,
                          "The key of tls-client-cert-file."));
    rows.push_back(string("tls-client-key-file-pass", tls<&Tls::client_key_file_pass>, ParameterFlag::sensitive,
                          "Passphrase of tls-client-key-file."));
    rows.push_back(string("tls-dh-params-file", tls<&Tls::dh_params_file>, ParameterFlag::reread,
                          "Diffie-Hellman parameters, for old OpenSSL."));
    rows.push_back(string("tls-ca-cert-file", tls<&Tls::ca_cert_file>, ParameterFlag::reread,
                          "Authorities that peers are checked against."));
    rows.push_back(
        string("tls-ca-cert-dir", tls<&Tls::ca_cert_dir>, ParameterFlag::reread, "The same, as a directory."));
    rows.push_back(integer("tls-auto-reload-interval", tls<&Tls::auto_reload_interval_s>, {0, kMaxInt}, {},
                           "Seconds between looks for renewed certificates; 0 never."));
}

void add_tls(Rows& rows) {
    rows.push_back(integer("tls-port", tls<&Tls::port>, kPort, {}, "TLS port; 0 turns TLS off."));
    rows.push_back(choice("tls-auth-clients", tls<&Tls::auth_clients>, kAuthClients, {},
                          "Whether clients must show a certificate."));
    rows.push_back(choice("tls-auth-clients-user", tls<&Tls::auth_clients_user>, kAuthUser, {},
                          "Part of a client's certificate that names its ACL user."));
    rows.push_back(yes_no("tls-replication", tls<&Tls::replication>, {}, "Use TLS on the link to a primary."));
    rows.push_back(yes_no("tls-cluster", tls<&Tls::cluster>, {}, "Use TLS on the cluster bus."));
    rows.push_back(
        string("tls-protocols", tls<&Tls::protocols>, {}, "Versions to speak, such as \"TLSv1.2 TLSv1.3\"."));
    rows.push_back(string("tls-ciphers", tls<&Tls::ciphers>, {}, "Ciphers up to TLS 1.2, as OpenSSL names them."));
    rows.push_back(string("tls-ciphersuites", tls<&Tls::ciphersuites>, {}, "Cipher suites of TLS 1.3."));
    rows.push_back(yes_no("tls-prefer-server-ciphers", tls<&Tls::prefer_server_ciphers>, {},
                          "Our order of ciphers decides, not the client's."));
    rows.push_back(yes_no("tls-session-caching", tls<&Tls::session_caching>, {}, "Let clients resume sessions."));
    rows.push_back(integer("tls-session-cache-size", tls<&Tls::session_cache_size>, {0, kMaxInt}, {},
                           "Sessions kept for resuming; 0 unlimited."));
    rows.push_back(integer("tls-session-cache-timeout", tls<&Tls::session_cache_timeout_s>, {0, kMaxInt}, {},
                           "Seconds a session can be resumed."));
}

}  // namespace

void add_network_rows(Rows& rows) {
    add_listening(rows);
    add_clients(rows);
    add_tls(rows);
    add_tls_files(rows);
}

}  // namespace keel
