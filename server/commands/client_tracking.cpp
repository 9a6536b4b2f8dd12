// SPDX-License-Identifier: BSD-3-Clause
//
// CLIENT TRACKING, CACHING, TRACKINGINFO and GETREDIR. What they turn on: server/tracking.
#include <fmt/core.h>

#include <algorithm>
#include <vector>

#include "server/commands/client_commands.h"
#include "server/server.h"

namespace keel {

namespace {

bool overlap(Bytes a, Bytes b) { return a.starts_with(b) || b.starts_with(a); }

Error overlapping(Bytes fresh, Bytes kind, Bytes other) {
    return Error{
        fmt::format("ERR Prefix '{}' overlaps with {} prefix '{}'. Prefixes for a single client must not overlap.",
                    fresh, kind, other)};
}

// Whether none begins with another: next to each other in their order if any do.
bool are_apart(const Tracker& wanted, const Tracker* present) {
    std::vector<Bytes> all{wanted.prefixes.begin(), wanted.prefixes.end()};
    if (present != nullptr) all.insert(all.end(), present->prefixes.begin(), present->prefixes.end());
    std::sort(all.begin(), all.end());
    return std::adjacent_find(all.begin(), all.end(), overlap) == all.end();
}

// The first two that overlap, in the order in which Redis comes across them.
Status check_prefixes(const Tracker& wanted, const Tracker* present) {
    if (are_apart(wanted, present)) return {};
    for (std::size_t i = 0; i < wanted.prefixes.size(); ++i) {
        const std::string& prefix = wanted.prefixes[i];
        if (present != nullptr) {
            for (const std::string& old : present->prefixes) {
                if (overlap(prefix, old)) return overlapping(prefix, "an existing", old);
            }
        }
        for (std::size_t j = i + 1; j < wanted.prefixes.size(); ++j) {
            if (overlap(prefix, wanted.prefixes[j])) return overlapping(prefix, "another provided", wanted.prefixes[j]);
        }
    }
    return {};
}

// Whether the options fit each other, and what the client has chosen before.
Status check_options(const Tracker& wanted, const Tracker* present) {
    if (!wanted.broadcast && !wanted.prefixes.empty())
        return Error{"ERR PREFIX option requires BCAST mode to be enabled"};
    if (present != nullptr && present->broadcast != wanted.broadcast) {
        return Error{
            "ERR You can't switch BCAST mode on/off before disabling tracking for this client, and then re-enabling it "
            "with a different mode."};
    }
    if (wanted.broadcast && (wanted.opt_in || wanted.opt_out))
        return Error{"ERR OPTIN and OPTOUT are not compatible with BCAST"};
    if (wanted.opt_in && wanted.opt_out) return Error{"ERR You can't specify both OPTIN mode and OPTOUT mode"};
    if (present != nullptr && ((wanted.opt_in && present->opt_out) || (wanted.opt_out && present->opt_in))) {
        return Error{
            "ERR You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, and then re-enabling it "
            "with a different mode."};
    }
    return check_prefixes(wanted, present);
}

Result<Tracker> read_options(Args& args, const ClientSet& clients) {
    Tracker wanted;
    while (args.more()) {
        if (args.accept_with_value("REDIRECT")) {
            if (wanted.redirect != 0) return Error{"ERR A client can only redirect to a single other client"};
            const auto id = args.next<std::int64_t>();
            KEEL_TRY(args.checked());
            wanted.redirect = static_cast<std::uint64_t>(id);
            if (clients.find(wanted.redirect) == nullptr)
                return Error{"ERR The client ID you want redirect to does not exist"};
        } else if (args.accept_with_value("PREFIX")) {
            wanted.prefixes.emplace_back(args.next<Bytes>());
        } else if (args.accept("BCAST")) {
            wanted.broadcast = true;
        } else if (args.accept("OPTIN")) {
            wanted.opt_in = true;
        } else if (args.accept("OPTOUT")) {
            wanted.opt_out = true;
        } else if (args.accept("NOLOOP")) {
            wanted.no_loop = true;
        } else {
            return errors::kSyntax;
        }
    }
    return wanted;
}

}  // namespace

// CLIENT TRACKING ON|OFF [REDIRECT id] [PREFIX prefix ...] [BCAST] [OPTIN] [OPTOUT] [NOLOOP]
Status ClientCommands::tracking(Context& cx) {
    Session& session = session_of(cx);
    const Bytes status = cx.args.next<Bytes>();
    KEEL_TRY(const Tracker wanted, read_options(cx.args, server_.clients));
    if (equal_nocase(status, "on")) {
        KEEL_TRY(check_options(wanted, session.tracker.get()));
        server_.tracking.enable(session, wanted);
    } else if (equal_nocase(status, "off")) {
        server_.tracking.disable(session);
    } else {
        return errors::kSyntax;
    }
    cx.reply().ok();
    return {};
}

// CLIENT CACHING YES|NO
Status ClientCommands::caching(Context& cx) {
    Tracker* const tracker = session_of(cx).tracker.get();
    if (tracker == nullptr) {
        return Error{
            "ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode "
            "enabled"};
    }
    if (cx.args.accept("YES")) {
        if (!tracker->opt_in)
            return Error{"ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode."};
    } else if (cx.args.accept("NO")) {
        if (!tracker->opt_out)
            return Error{"ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode."};
    } else {
        return errors::kSyntax;
    }
    tracker->caching = true;
    cx.reply().ok();
    return {};
}

// CLIENT TRACKINGINFO
Status ClientCommands::tracking_info(Context& cx) {
    const Tracker* const tracker = session_of(cx).tracker.get();
    std::vector<Bytes> flags{tracker != nullptr ? "on" : "off"};
    if (tracker != nullptr) {
        if (tracker->broadcast) flags.emplace_back("bcast");
        if (tracker->opt_in) flags.emplace_back("optin");
        if (tracker->opt_in && tracker->caching) flags.emplace_back("caching-yes");
        if (tracker->opt_out) flags.emplace_back("optout");
        if (tracker->opt_out && tracker->caching) flags.emplace_back("caching-no");
        if (tracker->no_loop) flags.emplace_back("noloop");
        if (tracker->broken) flags.emplace_back("broken_redirect");
    }
    Reply& reply = cx.reply();
    reply.map(3);
    reply.bulk("flags");
    reply.set(flags.size());
    for (const Bytes flag : flags) reply.bulk(flag);
    reply.bulk("redirect");
    reply.integer(tracker != nullptr ? static_cast<std::int64_t>(tracker->redirect) : -1);
    reply.bulk("prefixes");
    reply.array(tracker != nullptr ? tracker->prefixes.size() : 0);
    if (tracker != nullptr) {
        for (const std::string& prefix : tracker->prefixes) reply.bulk(Bytes{prefix});
    }
    return {};
}

// CLIENT GETREDIR: -1 says that client-side caching is off.
Status ClientCommands::get_redirection(Context& cx) {
    const Tracker* const tracker = session_of(cx).tracker.get();
    cx.reply().integer(tracker != nullptr ? static_cast<std::int64_t>(tracker->redirect) : -1);
    return {};
}

}  // namespace keel
