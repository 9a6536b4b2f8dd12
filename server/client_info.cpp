// SPDX-License-Identifier: BSD-3-Clause
#include "server/client_info.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "datatypes/command/registry.h"
#include "server/session.h"

namespace keel {

std::string client_flags(const Session& session) {
    std::string out;
    if (session.monitor)
        out += 'O';
    else if (session.client_class == ClientClass::replica)
        out += 'S';
    if (session.client_class == ClientClass::primary) out += 'M';
    if (session.subscribed()) out += 'P';
    if (session.in_transaction()) out += 'x';
    if (session.parked == Parked::paused || session.parked == Parked::blocked) out += 'b';
    if (session.tracker) out += 't';
    if (session.tracker && session.tracker->broken) out += 'R';
    if (session.tracker && session.tracker->broadcast) out += 'B';
    if (session.transaction && session.transaction->broken) out += 'd';
    if (session.close_after_reply) out += 'c';
    if (session.closing) out += 'A';
    if (session.unix_socket) out += 'U';
    if (session.no_evict) out += 'e';
    if (session.no_touch) out += 'T';
    return out.empty() ? "N" : out;
}

std::optional<ClientClass> client_class_of(Bytes word) {
    if (equal_nocase(word, "normal")) return ClientClass::normal;
    if (equal_nocase(word, "slave") || equal_nocase(word, "replica")) return ClientClass::replica;
    if (equal_nocase(word, "pubsub")) return ClientClass::pubsub;
    if (equal_nocase(word, "master") || equal_nocase(word, "primary")) return ClientClass::primary;
    return std::nullopt;
}

namespace {

// Output that fits the first chunk is what Redis calls the reply buffer, all beyond it the reply list.
struct OutputFigures {
    std::size_t buffer_size, buffer_used, list_chunks, list_bytes;
};

OutputFigures output_figures(const OutputBuffer& output) {
    if (output.chunk_count() <= 1 && output.memory_bytes() <= OutputBuffer::kFirstChunk) {
        return {output.memory_bytes(), output.bytes(), 0, 0};
    }
    return {0, 0, output.chunk_count(), output.memory_bytes()};
}

}  // namespace

std::string client_line(const Session& session, std::int64_t now_ms) {
    const auto seconds_since = [now_ms](std::int64_t then_ms) {
        return std::max<std::int64_t>(now_ms - then_ms, 0) / 1000;
    };
    const OutputFigures out = output_figures(session.output);
    std::string line;
    line.reserve(512);
    auto to = std::back_inserter(line);
    fmt::format_to(to, "id={} addr={} laddr={} fd={} name={} age={} idle={} flags={} capa={} db={}", session.id,
                   session.peer_address, session.local_address, session.fd, session.name,
                   seconds_since(session.created_ms), seconds_since(session.last_used_ms), client_flags(session),
                   session.understands_redirect ? "r" : "", session.db_index);
    fmt::format_to(to, " sub={} psub={} ssub={} multi={} watch={}", session.channels, session.patterns,
                   session.shard_channels,
                   session.in_transaction() ? static_cast<std::int64_t>(session.transaction->queue.size()) : -1,
                   session.transaction ? session.transaction->watched.size() : 0);
    fmt::format_to(to, " qbuf={} qbuf-free={} argv-mem={} multi-mem={}", session.input_bytes,
                   session.input_capacity - std::min(session.input_bytes, session.input_capacity),
                   session.argument_bytes + session.waiting_bytes,
                   session.transaction ? session.transaction->memory_bytes() : 0);
    fmt::format_to(to, " rbs={} rbp={} obl={} oll={} omem={} tot-mem={}", out.buffer_size, session.output_peak_bytes,
                   out.buffer_used, out.list_chunks, out.list_bytes, session.memory_bytes());
    fmt::format_to(
        to, " events={}{} cmd={} user={} redir={} resp={}", session.reads ? "r" : "", session.writes ? "w" : "",
        session.last_command == nullptr ? Bytes{"NULL"} : session.last_command->name(), session.user_name(),
        session.tracker ? static_cast<std::int64_t>(session.tracker->redirect) : -1, session.reply.protocol());
    fmt::format_to(to, " lib-name={} lib-ver={} tot-net-in={} tot-net-out={} tot-cmds={}", session.lib_name,
                   session.lib_ver, session.bytes_in, session.bytes_out, session.commands);
    return line;
}

}  // namespace keel
