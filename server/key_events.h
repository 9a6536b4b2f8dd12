// SPDX-License-Identifier: BSD-3-Clause
//
// Keyspace events: what happens to keys, published on channels named after the key and after the event.
//
//     SET user:1 x   in database 0     PUBLISH __keyspace@0__:user:1 set     (K in notify-keyspace-events)
//                                      PUBLISH __keyevent@0__:set user:1     (E)
//
// Which events are worth a message at all is decided before (server/after_command).
#pragma once

#include <string>

#include "conf/settings.h"
#include "server/after_command.h"
#include "server/pubsub.h"

namespace keel {

class KeyEvents final : public KeyEventSink {
  public:
    KeyEvents(PubSub& pubsub, const Notifications& settings) : pubsub_(pubsub), settings_(settings) {}
    void on_key_event(int db, Bytes key, Event event) override;

  private:
    Bytes channel(Bytes prefix, int db, Bytes name);

    PubSub& pubsub_;
    const Notifications& settings_;
    std::string channel_;  // kept for its memory
};

}  // namespace keel
