// SPDX-License-Identifier: BSD-3-Clause
//
// What follows from CONFIG SET, beyond the new value: most parts read their settings live and need nothing; the
// rest is told here.
//
//     CONFIG SET -> Config::set -> hooks, in the order of this file -> OK
//                                    `- one refuses: all run again with the old values
#pragma once

namespace keel {

struct Server;

// Registers the hooks, once the server listens. It must outlive its Config's last set().
void follow_settings(Server& server);

}  // namespace keel
