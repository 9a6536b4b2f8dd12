// SPDX-License-Identifier: BSD-3-Clause
#include "server/info/info.h"

#include <algorithm>

#include "server/info/sections.h"

namespace keel {

namespace {

// Which words ask for a section beside its own name.
enum class Shown { usually, if_all, by_name_only };

struct Section {
    Bytes name;
    Bytes heading;
    Shown shown;
    void (*write)(const Server&, InfoText&);
};

constexpr Section kSections[] = {
    {"server", "Server", Shown::usually, info::server},
    {"clients", "Clients", Shown::usually, info::clients},
    {"memory", "Memory", Shown::usually, info::memory},
    {"persistence", "Persistence", Shown::usually, info::persistence},
    {"stats", "Stats", Shown::usually, info::stats},
    {"replication", "Replication", Shown::usually, info::replication},
    {"cpu", "CPU", Shown::usually, info::cpu},
    {"modules", "Modules", Shown::usually, info::modules},
    {"commandstats", "Commandstats", Shown::if_all, info::command_stats},
    {"errorstats", "Errorstats", Shown::usually, info::error_stats},
    {"latencystats", "Latencystats", Shown::if_all, info::latency_stats},
    {"cluster", "Cluster", Shown::usually, info::cluster},
    {"tls", "TLS", Shown::if_all, info::tls},
    {"keyspace", "Keyspace", Shown::usually, info::keyspace},
    {"debug", "Debug", Shown::by_name_only, info::debug},
};

bool asks_for(Bytes word, const Section& section) {
    if (equal_nocase(word, section.name)) return true;
    if (equal_nocase(word, "default")) return section.shown == Shown::usually;
    const bool all = equal_nocase(word, "all") || equal_nocase(word, "everything");
    return all && section.shown != Shown::by_name_only;
}

}  // namespace

std::string info_text(const Server& server, std::span<const Bytes> wanted) {
    static constexpr Bytes kDefault[] = {"default"};
    if (wanted.empty()) wanted = kDefault;
    InfoText out;
    for (const Section& section : kSections) {
        const bool asked =
            std::any_of(wanted.begin(), wanted.end(), [&section](Bytes word) { return asks_for(word, section); });
        if (!asked) continue;
        out.heading(section.heading);
        section.write(server, out);
    }
    return out.text();
}

}  // namespace keel
