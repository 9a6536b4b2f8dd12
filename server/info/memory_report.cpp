// SPDX-License-Identifier: BSD-3-Clause
#include "server/info/memory_report.h"

#include <algorithm>

#include "datatypes/encodings/used_memory.h"
#include "server/info/info_text.h"
#include "server/script/scripting.h"
#include "server/server.h"

namespace keel {

namespace {
double ratio(std::uint64_t part, std::uint64_t whole) {
    return share(static_cast<double>(part), static_cast<double>(whole));
}
}  // namespace

double MemoryReport::dataset_percent() const { return 100 * ratio(dataset, used > startup ? used - startup : 0); }
double MemoryReport::peak_percent() const { return 100 * ratio(used, peak); }
double MemoryReport::fragmentation() const { return ratio(resident, used); }
double MemoryReport::allocator_fragmentation() const { return ratio(allocator.active, allocator.allocated); }
double MemoryReport::allocator_rss() const { return ratio(allocator.resident, allocator.active); }
double MemoryReport::rss_overhead() const { return ratio(resident, allocator.resident); }

MemoryReport memory_report(const Server& server) {
    MemoryReport out;
    out.used = used_memory();
    out.peak = std::max(server.stats.peak_memory, out.used);
    out.startup = server.facts.memory_at_start;
    out.resident = resident_bytes();
    out.allocator = allocator_figures();
    if (out.allocator.allocated == 0) out.allocator = {out.used, out.resident, out.resident, 0};
    server.clients.each([&out](const Session& session) {
        const bool replica = session.client_class == ClientClass::replica;
        (replica ? out.clients_replica : out.clients_normal) += session.memory_bytes();
    });
    out.eval_scripts = server.scripting->scripts.source_bytes() + server.scripting->scripts.vm_bytes();
    out.libraries = server.scripting->libraries.code_bytes() + server.scripting->libraries.vm_bytes();
    out.log = server.append_log.memory_bytes();
    out.overhead = out.startup + out.clients_normal + out.clients_replica + out.log;
    for (int i = 0; i < server.keyspace.count(); ++i) {
        const Database& db = server.keyspace.db(i);
        if (db.size() == 0) continue;
        out.keys += db.size();
        const std::uint64_t table = db.table().memory_bytes();
        out.dbs.push_back({i, table, db.overhead_bytes() - table});
        out.overhead += db.overhead_bytes();
    }
    out.dataset = out.used > out.overhead ? out.used - out.overhead : 0;
    return out;
}

}  // namespace keel
