// SPDX-License-Identifier: BSD-3-Clause
//
// The functions behind INFO's sections; info.cpp has the list. Each writes the fields of its section, without the
// heading, and changes nothing.
#pragma once

#include "server/info/info_text.h"

namespace keel {

struct Server;

namespace info {

void server(const Server& server, InfoText& out);
void clients(const Server& server, InfoText& out);
void memory(const Server& server, InfoText& out);
void persistence(const Server& server, InfoText& out);
void stats(const Server& server, InfoText& out);
void replication(const Server& server, InfoText& out);
void cpu(const Server& server, InfoText& out);
void modules(const Server& server, InfoText& out);
void command_stats(const Server& server, InfoText& out);
void error_stats(const Server& server, InfoText& out);
void latency_stats(const Server& server, InfoText& out);
void cluster(const Server& server, InfoText& out);
void tls(const Server& server, InfoText& out);
void keyspace(const Server& server, InfoText& out);
void debug(const Server& server, InfoText& out);

}  // namespace info

}  // namespace keel
