# SPDX-License-Identifier: BSD-3-Clause
"""Ports for the servers that tests start, beside other tests that do the same at this moment.

A port that nobody listens on is not free yet: another test may have been given it, too, and one of both then talks to the
other's server. So a port is claimed before it is looked at, by an abstract socket with its name: two processes cannot hold
the same, the kernel drops it with the process, and it belongs to the network namespace that the port belongs to.

Always true: a port that was given out is given to nobody else until the process that asked for it has ended.
"""
import os
import random
import socket

_claims = []


def free_port():
    """A port nobody listens on and nobody else was given, from KEEL_TEST_PORTS (first-last); below those that the system
    gives to connections."""
    first, last = (int(x) for x in os.environ.get("KEEL_TEST_PORTS", "21100-28999").split("-"))
    for _ in range(2000):
        port = random.randint(first, last)
        claim = socket.socket(socket.AF_UNIX)
        try:
            claim.bind("\0keel-test-port-%d" % port)
            with socket.socket() as s:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                s.bind(("127.0.0.1", port))
        except OSError:
            claim.close()
            continue
        _claims.append(claim)
        return port
    raise RuntimeError("no free port between %d and %d" % (first, last))
